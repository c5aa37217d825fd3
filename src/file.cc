// open() and read(), with a bound.
#include "file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace ecs_exporter {
namespace {

// A file that is closed in the end.
struct Descriptor {
  explicit Descriptor(int opened) : number(opened) {}
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number;
};

std::unexpected<Error> failed(const std::string& why) {
  return std::unexpected(Error{ErrorKind::kSystem, why});
}

// An open file to its end. Reading counts, as the size of one in /proc or of a pipe is 0.
Result<std::string> read_to_end(int descriptor, std::size_t most) {
  std::string text;
  std::array<char, 4096> part{};
  while (true) {
    const ssize_t size = ::read(descriptor, part.data(), part.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return failed(std::strerror(errno));
    if (size == 0) return text;
    text.append(part.data(), static_cast<std::size_t>(size));
    if (text.size() > most) return failed("it is over " + std::to_string(most) + " bytes");
  }
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t most) {
  // O_NONBLOCK: a pipe would wait for someone to write to it. A regular file is read as ever.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat what{};
  if (file.number < 0 || ::fstat(file.number, &what) != 0) return failed(std::strerror(errno));
  if (S_ISDIR(what.st_mode)) return failed(std::strerror(EISDIR));
  if (!S_ISREG(what.st_mode)) return failed("it is not a regular file");
  return read_to_end(file.number, most);
}

Result<std::string> read_stream(const std::string& path, std::size_t most) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NOCTTY | O_CLOEXEC));
  if (file.number < 0) return failed(std::strerror(errno));
  return read_to_end(file.number, most);
}

}  // namespace ecs_exporter
