// stdio: a folder is opened by it, and refused when it is read.
#include "file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace ecs_exporter {

Result<std::string> read_file(const std::string& path) {
  const auto failed = [&] {
    return std::unexpected(
        Error{ErrorKind::kSystem, "cannot read " + path + ": " + std::strerror(errno)});
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             std::fclose);
  if (!file) return failed();
  std::string text;
  std::array<char, 4096> part{};
  while (const std::size_t size = std::fread(part.data(), 1, part.size(), file.get())) {
    text.append(part.data(), size);
  }
  if (std::ferror(file.get()) != 0) return failed();
  return text;
}

}  // namespace ecs_exporter
