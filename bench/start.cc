// From exec to the first reply: starts the program PROCESSES times, waits for the line in which it
// says where it listens, scrapes it once, ends it. Prints the median time, and each, as JSON.
// Usage: start PROCESSES PROGRAM [ARGUMENT...]
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "wire.h"

namespace {

using namespace ecs_exporter::bench;
using Clock = std::chrono::steady_clock;

// A child whose stderr is a pipe to here. It ends with this.
class Child {
 public:
  explicit Child(char** arguments) : stderr_(start(arguments)) {}
  Child(const Child&) = delete;
  ~Child() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }

  std::uint16_t port() const {
    constexpr std::string_view kBefore = "\"address\":\"";
    std::string log;
    std::array<char, 4096> part{};
    while (true) {
      const std::size_t at = log.find(kBefore);
      const std::size_t end = at == std::string::npos ? at : log.find('"', at + kBefore.size());
      if (end != std::string::npos) {
        const std::size_t colon = log.rfind(':', end) + 1;
        return static_cast<std::uint16_t>(number(log.substr(colon, end - colon), "a port"));
      }
      const ssize_t size = ::read(stderr_.fd(), part.data(), part.size());
      if (size <= 0) fail("the program ended, and said: " + log);
      log.append(part.data(), static_cast<std::size_t>(size));
    }
  }

 private:
  Socket start(char** arguments) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail_system("cannot make a pipe");
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    errno = ::posix_spawn(&pid_, arguments[0], &actions, nullptr, arguments, environ);
    if (errno != 0) fail_system(std::string("cannot start ") + arguments[0]);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    return Socket(ends[0]);
  }

  pid_t pid_ = 0;
  Socket stderr_;
};

double first_reply_ms(char** arguments) {
  const auto begin = Clock::now();
  const Child child(arguments);
  const Socket socket = connected_to(child.port());
  Reader reader;
  if (!socket.write("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")) fail("it has hung up");
  const auto reply = reader.wait(socket);
  const auto end = Clock::now();
  if (!reply || !reply->head.starts_with("HTTP/1.1 200 ")) fail("the first reply is not a 200");
  return std::chrono::duration<double, std::milli>(end - begin).count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) fail("usage: start PROCESSES PROGRAM [ARGUMENT...]");
  const std::size_t processes = std::max<std::size_t>(number(argv[1], "a number of processes"), 1);
  std::vector<double> times_ms;
  while (times_ms.size() < processes) times_ms.push_back(first_reply_ms(argv + 2));
  std::ranges::sort(times_ms);
  std::printf("{\"median_ms\":%.3f,\"least_ms\":%.3f,\"most_ms\":%.3f}\n",
              times_ms[times_ms.size() / 2], times_ms.front(), times_ms.back());
}
