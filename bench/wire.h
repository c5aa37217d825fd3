// HTTP/1.1 over plain sockets of 127.0.0.1: just what the programs of this folder need, so that
// they cost next to nothing beside what they measure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ecs_exporter::bench {

/// Ends the program with exit code 1 and `message` on stderr.
[[noreturn]] void fail(const std::string& message);
/// The same for a system call that failed: what was tried, and why not (errno).
[[noreturn]] void fail_system(const std::string& what);

/// `text` as a number; ends the program where it is none, saying what it should have been.
std::uint64_t number(const std::string& text, const std::string& what);

/// A file descriptor, closed with it.
class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Socket& operator=(Socket&&) = delete;
  ~Socket();

  int fd() const { return fd_; }
  /// Writes all of it, and blocks as long as that takes. False if the peer has gone.
  bool write(std::string_view bytes) const;

 private:
  int fd_;
};

Socket connected_to(std::uint16_t port);
/// Listens on a free port, and says on stderr on which, in the words of the exporter.
Socket listening();
Socket accepted(const Socket& listener);

struct Message {
  std::string_view head;        // with the empty line
  std::size_t body_offset = 0;  // of the body as it came, chunks and all
  std::size_t body_bytes = 0;   // without what frames the chunks
};

/// Cuts what comes over a connection into HTTP messages.
class Reader {
 public:
  /// One read; blocks until something comes. False at the end of the connection.
  bool fill(const Socket& socket);
  /// The next message, if it is here as a whole. Good until the next `fill`.
  std::optional<Message> next();
  /// The next message; absent at the end of the connection.
  std::optional<Message> wait(const Socket& socket);

 private:
  // Not a vector: memory that nothing was read into is never touched.
  std::size_t size_ = 64UZ * 1024;
  std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(size_);
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace ecs_exporter::bench
