// A metadata endpoint that is light: it answers from memory with the bytes of files. DIR has
// task-0.json, task-1.json and so on, and stats-0.json and so on; each request gets the next one,
// and after the last the first. So one file is a reply that never changes. Framed as an ECS agent
// frames it. GET /requests says how many requests came.
// Usage: endpoint DIR
#include <poll.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "wire.h"

namespace {

using namespace ecs_exporter::bench;

// The replies of one path, in turn.
class Replies {
 public:
  Replies(const std::string& dir, const std::string& name) {
    while (true) {
      const std::string path = dir + "/" + name + "-" + std::to_string(texts_.size()) + ".json";
      std::ifstream file(path, std::ios::binary);
      if (!file) break;
      texts_.push_back(framed({std::istreambuf_iterator<char>(file), {}}));
    }
    if (texts_.empty()) fail(dir + " has no " + name + "-0.json");
  }

  const std::string& next() { return texts_[count_++ % texts_.size()]; }
  std::size_t count() const { return count_; }

 private:
  // The agent's server counts bodies up to 2 kB, and sends a longer one as a chunk.
  static std::string framed(const std::string& body) {
    std::string text =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Rate-Limit-Duration: 1\r\n"
        "X-Rate-Limit-Limit: 40.00\r\nX-Rate-Limit-Request-Forwarded-For: \r\n"
        "X-Rate-Limit-Request-Remote-Addr: 127.0.0.1:40000\r\n"
        "Date: Wed, 12 Aug 2026 12:00:00 GMT\r\n";
    if (body.size() <= 2048) {
      return text + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    }
    std::array<char, 20> size{};
    std::snprintf(size.data(), size.size(), "%zx", body.size());
    return text + "Transfer-Encoding: chunked\r\n\r\n" + size.data() + "\r\n" + body +
           "\r\n0\r\n\r\n";
  }

  std::vector<std::string> texts_;
  std::size_t count_ = 0;
};

struct Connection {
  Socket socket;
  Reader reader;
};

class Endpoint {
 public:
  explicit Endpoint(const std::string& dir) : task_(dir, "task"), stats_(dir, "stats") {}

  // False when the connection has ended, or is to end.
  bool serve(Connection& connection) {
    if (!connection.reader.fill(connection.socket)) return false;
    while (const auto request = connection.reader.next()) {
      if (!answer(connection.socket, request->head)) return false;
      if (request->head.find("\r\nConnection: close\r\n") != std::string_view::npos) return false;
    }
    return true;
  }

 private:
  bool answer(const Socket& socket, std::string_view head) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    if (line.find("/requests ") != std::string_view::npos) {
      const std::string body = std::to_string(task_.count() + stats_.count());
      return socket.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                          "\r\n\r\n" + body);
    }
    const bool stats = line.find("/stats ") != std::string_view::npos;
    return socket.write((stats ? stats_ : task_).next());
  }

  Replies task_;
  Replies stats_;
};

void run(const std::string& dir) {
  Endpoint endpoint(dir);
  const Socket listener = listening();
  std::list<Connection> connections;
  std::vector<pollfd> waits;
  while (true) {
    waits.assign(1, {listener.fd(), POLLIN, 0});
    for (const Connection& connection : connections) {
      waits.push_back({connection.socket.fd(), POLLIN, 0});
    }
    if (::poll(waits.data(), waits.size(), -1) < 0) fail_system("cannot wait");
    auto wait = waits.begin() + 1;
    for (auto connection = connections.begin(); connection != connections.end(); ++wait) {
      const bool gone = wait->revents != 0 && !endpoint.serve(*connection);
      connection = gone ? connections.erase(connection) : std::next(connection);
    }
    if (waits.front().revents != 0) connections.push_back({accepted(listener), Reader()});
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) fail("usage: endpoint DIR");
  run(argv[1]);
}
