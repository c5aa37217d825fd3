// Sockets and the framing of HTTP/1.1.
#include "wire.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace ecs_exporter::bench {
namespace {

constexpr std::string_view kEndOfLine = "\r\n";

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// What follows `name` (written as "\r\nname: ") in a head; "" if it is not there.
std::string_view field(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find(kEndOfLine); at + name.size() <= head.size();
       at = head.find(kEndOfLine, at + 1)) {
    if (strncasecmp(head.data() + at, name.data(), name.size()) != 0) continue;
    const std::string_view rest = head.substr(at + name.size());
    return rest.substr(0, rest.find(kEndOfLine));
  }
  return {};
}

std::size_t size_in(std::string_view text, int base) {
  std::size_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (ec != std::errc()) fail("not the size of a body: " + std::string(text.substr(0, 40)));
  return value;
}

// How long the chunks at `at` are together, with and without their frames; absent if they have not
// all come.
struct Chunks {
  std::size_t framed = 0;
  std::size_t data = 0;
};
std::optional<Chunks> chunks(std::string_view text) {
  Chunks all;
  while (true) {
    const std::size_t line_end = text.find(kEndOfLine, all.framed);
    if (line_end == std::string_view::npos) return std::nullopt;
    const std::size_t size = size_in(text.substr(all.framed, line_end - all.framed), 16);
    all.framed = line_end + kEndOfLine.size() + size + kEndOfLine.size();
    if (all.framed > text.size()) return std::nullopt;
    if (size == 0) return all;
    all.data += size;
  }
}

}  // namespace

void fail(const std::string& message) {
  std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, message.c_str());
  std::exit(1);
}

void fail_system(const std::string& what) { fail(what + ": " + std::strerror(errno)); }

std::uint64_t number(const std::string& text, const std::string& what) {
  std::uint64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size()) {
    fail("\"" + text + "\" is not " + what);
  }
  return value;
}

Socket::~Socket() {
  if (fd_ >= 0) ::close(fd_);
}

bool Socket::write(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

Socket connected_to(std::uint16_t port) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  if (::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail_system("cannot connect to port " + std::to_string(port));
  }
  const int on = 1;
  ::setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

Socket listening() {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket.fd(), any, size) != 0 || ::listen(socket.fd(), SOMAXCONN) != 0 ||
      ::getsockname(socket.fd(), any, &size) != 0) {
    fail_system("cannot listen");
  }
  std::fprintf(stderr, "{\"msg\":\"listening\",\"address\":\"127.0.0.1:%u\"}\n",
               static_cast<unsigned>(ntohs(address.sin_port)));
  return socket;
}

Socket accepted(const Socket& listener) {
  Socket socket(::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
  if (socket.fd() < 0) fail_system("cannot accept a connection");
  const int on = 1;
  ::setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

bool Reader::fill(const Socket& socket) {
  if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == size_) {
    auto larger = std::make_unique_for_overwrite<char[]>(2 * size_);
    std::memcpy(larger.get(), buffer_.get(), end_);
    buffer_ = std::move(larger);
    size_ *= 2;
  }
  ssize_t got = 0;
  do {
    got = ::recv(socket.fd(), buffer_.get() + end_, size_ - end_, 0);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) return false;
  end_ += static_cast<std::size_t>(got);
  return true;
}

std::optional<Message> Reader::next() {
  const std::string_view text(buffer_.get() + begin_, end_ - begin_);
  const std::size_t head_end = text.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return std::nullopt;
  Message message{.head = text.substr(0, head_end + 4)};
  message.body_offset = message.head.size();
  std::size_t size = message.body_offset;
  if (const auto length = field(message.head, "\r\nContent-Length: "); !length.empty()) {
    message.body_bytes = size_in(length, 10);
    size += message.body_bytes;
  } else if (field(message.head, "\r\nTransfer-Encoding: ") == "chunked") {
    const auto all = chunks(text.substr(size));
    if (!all) return std::nullopt;
    message.body_bytes = all->data;
    size += all->framed;
  }
  if (size > text.size()) return std::nullopt;
  begin_ += size;
  return message;
}

std::optional<Message> Reader::wait(const Socket& socket) {
  while (true) {
    if (auto message = next()) return message;
    if (!fill(socket)) return std::nullopt;
  }
}

}  // namespace ecs_exporter::bench
