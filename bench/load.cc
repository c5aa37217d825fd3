// A scraper without pause: CLIENTS connections, each with one request on its way, until SCRAPES
// replies have come. Each must be a 200 with about BYTES bytes (a tenth more or less). Prints how
// long they took, as a line of JSON.
// Usage: load PORT CLIENTS SCRAPES BYTES ACCEPT ACCEPT_ENCODING
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "wire.h"

namespace {

using namespace ecs_exporter::bench;
using Clock = std::chrono::steady_clock;

struct Client {
  Socket socket;
  Reader reader;
  Clock::time_point sent;
};

void check(const Message& reply, std::size_t expected) {
  if (!reply.head.starts_with("HTTP/1.1 200 ")) {
    fail("a reply is not a 200: " + std::string(reply.head.substr(0, 60)));
  }
  if (reply.body_bytes > expected + expected / 10 || reply.body_bytes < expected - expected / 10) {
    fail("a reply has " + std::to_string(reply.body_bytes) + " bytes, not about " +
         std::to_string(expected));
  }
}

double percentile(std::vector<double>& sorted, double share) {
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

class Load {
 public:
  Load(std::uint16_t port, std::size_t clients, std::size_t scrapes, std::size_t bytes,
       std::string request)
      : scrapes_(scrapes), bytes_(bytes), request_(std::move(request)) {
    clients_.reserve(clients);
    latencies_us_.reserve(scrapes);
    while (clients_.size() < clients) clients_.push_back({connected_to(port), Reader(), {}});
  }

  std::vector<double> run() {
    for (Client& client : clients_) send(client);
    std::vector<pollfd> waits;
    for (const Client& client : clients_) waits.push_back({client.socket.fd(), POLLIN, 0});
    while (latencies_us_.size() < scrapes_) {
      if (::poll(waits.data(), waits.size(), -1) < 0) fail_system("cannot wait");
      for (std::size_t i = 0; i < waits.size(); ++i) {
        if (waits[i].revents != 0) receive(clients_[i]);
      }
    }
    return std::move(latencies_us_);
  }

 private:
  void send(Client& client) {
    if (sent_ == scrapes_) return;
    ++sent_;
    client.sent = Clock::now();
    if (!client.socket.write(request_)) fail("the exporter has hung up");
  }

  void receive(Client& client) {
    if (!client.reader.fill(client.socket)) fail("the exporter has hung up");
    const auto reply = client.reader.next();
    if (!reply) return;
    check(*reply, bytes_);
    latencies_us_.push_back(
        std::chrono::duration<double, std::micro>(Clock::now() - client.sent).count());
    send(client);
  }

  std::size_t scrapes_;
  std::size_t bytes_;
  std::string request_;
  std::vector<Client> clients_;
  std::size_t sent_ = 0;
  std::vector<double> latencies_us_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) fail("usage: load PORT CLIENTS SCRAPES BYTES ACCEPT ACCEPT_ENCODING");
  const std::string request = std::string("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: ") +
                              argv[5] + "\r\nAccept-Encoding: " + argv[6] +
                              "\r\nUser-Agent: load\r\n\r\n";
  const std::size_t scrapes = std::max<std::size_t>(number(argv[3], "a number of scrapes"), 1);
  Load load(static_cast<std::uint16_t>(number(argv[1], "a port")),
            number(argv[2], "a number of clients"), scrapes, number(argv[4], "a number of bytes"),
            request);
  const auto begin = Clock::now();
  std::vector<double> latencies_us = load.run();
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  std::ranges::sort(latencies_us);
  std::printf("{\"scrapes\":%zu,\"seconds\":%.6f,\"p50_us\":%.1f,\"p99_us\":%.1f}\n", scrapes,
              seconds, percentile(latencies_us, 0.50), percentile(latencies_us, 0.99));
}
