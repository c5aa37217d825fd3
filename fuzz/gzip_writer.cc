// Calls of the writer of gzip: each begins with a byte, which says what to write. The member that
// comes of them, as libdeflate reads it, is the text that was written, and nothing more.
#include "gzip_writer.h"

#include <libdeflate.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "demand.h"

namespace ecs_exporter::fuzz {
namespace {

constexpr std::size_t kLongestText = 70'000;

// Numbers from the front of the input: 0 once it is used up.
class Numbers {
 public:
  explicit Numbers(std::string_view input) : left_(input) {}
  bool any() const { return !left_.empty(); }
  std::string_view bytes(std::size_t count) {
    const std::string_view taken = left_.substr(0, count);
    left_.remove_prefix(taken.size());
    return taken;
  }
  std::size_t number(std::size_t count) {
    std::size_t out = 0;
    for (const char c : bytes(count)) out = out << 8U | static_cast<unsigned char>(c);
    return out;
  }

 private:
  std::string_view left_;
};

void demand_round_trip(GzipWriter writer, std::string_view text) {
  demand(writer.position() == text.size(), "another position");
  const std::string gzip = writer.finish();
  const std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)> decompressor(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  std::string unpacked(text.size() + 1, '\0');
  std::size_t read = 0;
  std::size_t size = 0;
  const auto result = libdeflate_gzip_decompress_ex(decompressor.get(), gzip.data(), gzip.size(),
                                                    unpacked.data(), unpacked.size(), &read, &size);
  demand(result == LIBDEFLATE_SUCCESS, "no gzip");
  demand(read == gzip.size(), "something after the end");
  unpacked.resize(size);
  demand(unpacked == text, "another text");
}

void write_again(GzipWriter& writer, std::string& text, std::size_t distance, std::size_t size) {
  if (distance == 0 || distance > text.size()) return;
  const std::size_t position = text.size() - distance;
  demand(writer.reaches(position) == (distance <= 32768), "a window of another size");
  if (!writer.reaches(position)) return;
  const std::size_t begin = text.size();
  for (std::size_t i = 0; i < size; ++i) text += text[position + i];
  writer.write_again(std::string_view(text).substr(begin), position);
}

}  // namespace
}  // namespace ecs_exporter::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ecs_exporter;
  fuzz::Numbers numbers(fuzz::text_of(data, size));
  GzipWriter writer;
  std::string text;
  int copies = 0;
  while (numbers.any() && text.size() < fuzz::kLongestText) {
    const std::size_t call = numbers.number(1);
    if (call < 128) {
      const std::string_view bytes = numbers.bytes(call);
      writer.write(bytes);
      text += bytes;
    } else if (call < 160) {  // more than the input could have: one byte, over and over
      const std::string same(numbers.number(2), static_cast<char>(call));
      writer.write(same);
      text += same;
    } else if (call < 250) {
      const std::size_t length = call < 200 ? call - 160 : numbers.number(2);
      fuzz::write_again(writer, text, numbers.number(2), length);
    } else if (++copies <= 2) {  // what is written after it leaves the copy as it is
      fuzz::demand_round_trip(writer, text);
    }
  }
  fuzz::demand_round_trip(writer, text);
  return 0;
}
