// Text to gzip while it is written, by someone who knows what in it repeats. The one room that
// knows the compression library.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ecs_exporter {

/// Makes one gzip member (RFC 1952). Nothing is searched for: a text becomes small where its writer
/// says that it was written before.
class GzipWriter {
 public:
  GzipWriter();
  /// Goes on from where `other` is.
  GzipWriter(const GzipWriter& other);
  GzipWriter& operator=(const GzipWriter&) = delete;

  /// The bytes of text so far.
  std::size_t position() const { return position_; }

  void write(std::string_view text);

  /// True if what was written at `position` is near enough to be written again.
  bool reaches(std::size_t position) const { return position_ - position <= kWindow; }

  /// Writes `text` as what it is: the bytes that were written at `position`, which must be in
  /// reach.
  void write_again(std::string_view text, std::size_t position);

  /// The member, once all is written. The writer is of no use then.
  std::string finish();

 private:
  static constexpr std::size_t kWindow = 32768;

  explicit GzipWriter(std::string room);
  /// One with what every member begins with.
  static const GzipWriter& begun();

  void check(std::string_view text);
  void make_room(std::size_t bytes);

  /// Where the next bits go. Small, so that a loop can have its own copy in registers.
  struct End {
    char* at = nullptr;
    std::uint64_t bits = 0;  // those that do not fill a byte yet, `count` of them
    unsigned count = 0;

    void put(std::uint64_t more, unsigned more_count);
  };

  std::string out_;  // used up to `end_`, and with room for eight bytes more
  End end_;
  std::size_t position_ = 0;
  // The checksum is that of `unchecked_` in larger pieces than the text comes in, which is faster.
  std::uint32_t checksum_ = 0;
  std::array<char, 4096> unchecked_{};
  std::size_t unchecked_size_ = 0;
};

}  // namespace ecs_exporter
