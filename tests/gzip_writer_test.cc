// Text to gzip by one who knows what repeats, read back by libdeflate.
#include "gzip_writer.h"

#include <gtest/gtest.h>
#include <libdeflate.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace ecs_exporter {
namespace {

// What a reader makes of it: exactly `expected_size` bytes, with the right checksum.
std::string unpacked(std::string_view gzip, std::size_t expected_size) {
  std::string text(expected_size + 1, '\0');
  libdeflate_decompressor* const decompressor = libdeflate_alloc_decompressor();
  std::size_t read = 0;
  std::size_t size = 0;
  const auto result = libdeflate_gzip_decompress_ex(decompressor, gzip.data(), gzip.size(),
                                                    text.data(), text.size(), &read, &size);
  libdeflate_free_decompressor(decompressor);
  EXPECT_EQ(result, LIBDEFLATE_SUCCESS);
  EXPECT_EQ(read, gzip.size());
  text.resize(size);
  return text;
}

// Writes texts, and remembers them.
class Writing {
 public:
  void write(std::string_view text) {
    writer_.write(text);
    text_ += text;
  }
  // Writes what stands at `position`, also where it overlaps what it makes.
  void write_again(std::size_t position, std::size_t size) {
    ASSERT_TRUE(writer_.reaches(position));
    const std::size_t begin = text_.size();
    for (std::size_t i = 0; i < size; ++i) text_ += text_[position + i];
    writer_.write_again(std::string_view(text_).substr(begin), position);
  }
  const std::string& text() const { return text_; }
  const GzipWriter& writer() const { return writer_; }
  std::string packed() { return writer_.finish(); }

  void expect_round_trip() { EXPECT_EQ(unpacked(packed(), text_.size()), text_); }

 private:
  GzipWriter writer_;
  std::string text_;
};

TEST(GzipWriter, OfNothingIsAnEmptyMember) { Writing().expect_round_trip(); }

TEST(GzipWriter, EveryByteStandsForItself) {
  Writing writing;
  for (int c = 0; c < 256; ++c) writing.write(std::string(3, static_cast<char>(c)));
  writing.expect_round_trip();
}

TEST(GzipWriter, EveryLengthCanBeWrittenAgain) {
  Writing writing;
  writing.write("an odd number of bytes, which all differ from those after them: 0123456789");
  for (std::size_t size = 0; size < 1100; ++size) {
    writing.write_again(writing.text().size() - 73, size);
  }
  writing.expect_round_trip();
}

TEST(GzipWriter, EveryDistanceIsReached) {
  std::minstd_rand random(1);
  std::string noise;
  while (noise.size() < 33000) noise += static_cast<char>(random() % 256);
  Writing writing;
  writing.write(noise);
  for (std::size_t distance = 1; distance <= 32768; distance += distance < 300 ? 1 : 97) {
    writing.write_again(writing.text().size() - distance, 3 + distance % 17);
  }
  writing.write_again(writing.text().size() - 32768, 300);
  writing.expect_round_trip();
}

TEST(GzipWriter, WindowIs32KiB) {
  Writing writing;
  writing.write(std::string(100, 'a') + std::string(32768, 'b'));
  EXPECT_EQ(writing.writer().position(), 32868U);
  EXPECT_FALSE(writing.writer().reaches(99));
  EXPECT_TRUE(writing.writer().reaches(100));
}

TEST(GzipWriter, MixOfAllIsReadBack) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    std::minstd_rand random(seed);
    Writing writing;
    for (int step = 0; step < 400; ++step) {
      const std::size_t size = random() % (step % 50 == 0 ? 9000 : 400);
      const std::size_t written = writing.text().size();
      if (written == 0 || random() % 3 == 0) {
        std::string text;
        while (text.size() < size) text += static_cast<char>(random() % (seed % 2 ? 256 : 'a'));
        writing.write(text);
      } else {
        writing.write_again(written - 1 - random() % std::min<std::size_t>(written, 32768), size);
      }
    }
    writing.expect_round_trip();
  }
}

TEST(GzipWriter, RepeatedLinesBecomeSmall) {
  const std::string line =
      "ecs_container_cpu_usage{Cluster=\"prod\",ContainerName=\"web\"} 0.125\n";
  Writing writing;
  writing.write(line);
  for (int i = 0; i < 1000; ++i)
    writing.write_again(writing.text().size() - line.size(), line.size());
  EXPECT_LT(writing.packed().size(), 4000U);
}

}  // namespace
}  // namespace ecs_exporter
