// The least that an exporter of this kind can do: for each request it fetches the two bodies as
// they come, over a connection that it keeps, and writes an answer that is always the same. It
// reads nothing, computes nothing, waits for nothing else; one scraper at a time. Usage: floor
// ENDPOINT_PORT ANSWER_BYTES
#include <string>

#include "wire.h"

namespace {

using namespace ecs_exporter::bench;

void serve(const Socket& scraper, const Socket& endpoint, const std::string& answer) {
  Reader requests;
  Reader bodies;
  while (requests.wait(scraper)) {
    for (const char* path : {"/task", "/task/stats"}) {
      const std::string request =
          std::string("GET ") + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
      if (!endpoint.write(request) || !bodies.wait(endpoint)) fail("the endpoint has hung up");
    }
    if (!scraper.write(answer)) return;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) fail("usage: floor ENDPOINT_PORT ANSWER_BYTES");
  const Socket endpoint = connected_to(static_cast<std::uint16_t>(number(argv[1], "a port")));
  const std::size_t size = number(argv[2], "a number of bytes");
  const std::string answer =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(size) +
      "\r\n\r\n" + std::string(size, 'x');
  const Socket listener = listening();
  while (true) serve(accepted(listener), endpoint, answer);
}
