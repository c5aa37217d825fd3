// Runs a fuzz target on files instead of with a fuzzer: each argument is a file, or a folder of
// them. Ends as the target does where it finds something wrong.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_in(const fs::path& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  return files;
}

bool replay(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> read{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad()) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    return false;
  }
  // Of exactly this size, so that a read past the end is seen.
  const std::vector<std::uint8_t> data(read.begin(), read.end());
  std::fprintf(stderr, "%s\n", path.c_str());  // so that what ends the process is known
  LLVMFuzzerTestOneInput(data.data(), data.size());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t replayed = 0;
  for (const std::string& path : std::vector<std::string>(argv + 1, argv + argc)) {
    if (!fs::exists(path)) continue;  // nothing was found for this target
    for (const fs::path& file : files_in(path)) {
      if (!replay(file)) return 1;
      ++replayed;
    }
  }
  std::printf("%zu inputs\n", replayed);
  return replayed == 0 ? 1 : 0;  // a test of nothing proves nothing
}
