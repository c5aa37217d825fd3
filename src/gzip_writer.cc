// Deflate (RFC 1951) in one block, with codes that are made when this is compiled.
#include "gzip_writer.h"

#include <libdeflate.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>
#include <utility>

namespace ecs_exporter {
namespace {

static_assert(std::endian::native == std::endian::little, "bits are stored eight bytes at a time");

constexpr std::size_t kLiterals = 286;  // bytes, the end of the block, and lengths
constexpr std::size_t kEndOfBlock = 256;
constexpr std::size_t kDistances = 30;
constexpr std::size_t kShortestMatch = 3;
constexpr std::size_t kLongestMatch = 258;
constexpr unsigned kLongestCode = 15;
constexpr std::size_t kUsualSize = 16384;  // of an answer's gzip

struct Code {
  std::uint32_t bits = 0;  // the first to be sent is the lowest
  std::uint32_t count = 0;
};

// How often each is met in an exposition, roughly: the code is right for any text and short for
// this kind.
constexpr auto kLiteralWeights = [] {
  std::array<int, kLiterals> weights{};
  weights.fill(1);
  const auto set = [&](std::string_view bytes, int weight) {
    for (const char c : bytes) weights[static_cast<unsigned char>(c)] = weight;
  };
  set(" ", 160);
  set("e", 130);
  set("0ats", 80);
  set("\n}123456789cnroidf", 45);
  set("\"uhblm_", 25);
  set("p-k=.gPE,w:#T", 14);
  set("DNRACLHY/vyxIS;{Z", 6);
  for (std::size_t symbol = 265; symbol < 282; ++symbol) weights[symbol] = 8;         // names
  for (std::size_t symbol = 282; symbol < kLiterals; ++symbol) weights[symbol] = 30;  // labels
  return weights;
}();

constexpr auto kDistanceWeights = [] {
  std::array<int, kDistances> weights{};
  weights.fill(1);
  for (std::size_t symbol = 12; symbol < 26; ++symbol) weights[symbol] = 10;
  return weights;
}();

// Huffman's lengths. The lightest of what has no parent yet is the next leaf or the next node above
// leaves, as both come by weight.
template <std::size_t Size>
constexpr std::array<unsigned, Size> code_lengths(const std::array<int, Size>& weights) {
  constexpr std::size_t kNodes = 2 * Size - 1;
  std::array<std::size_t, Size> leaves{};
  std::iota(leaves.begin(), leaves.end(), 0U);
  std::ranges::sort(leaves, {}, [&](std::size_t leaf) { return std::pair(weights[leaf], leaf); });

  std::array<int, kNodes> weight{};
  std::array<std::size_t, kNodes> parent{};
  std::ranges::copy(weights, weight.begin());
  std::size_t next_leaf = 0;
  std::size_t next_node = Size;
  for (std::size_t node = Size; node < kNodes; ++node) {
    for (int child = 0; child < 2; ++child) {
      const bool is_leaf =
          next_leaf < Size && (next_node == node || weight[leaves[next_leaf]] <= weight[next_node]);
      const std::size_t lightest = is_leaf ? leaves[next_leaf++] : next_node++;
      parent[lightest] = node;
      weight[node] += weight[lightest];
    }
  }
  std::array<unsigned, Size> lengths{};
  for (std::size_t symbol = 0; symbol < Size; ++symbol) {
    for (std::size_t node = symbol; parent[node] != 0; node = parent[node]) ++lengths[symbol];
  }
  return lengths;
}

constexpr std::uint32_t reversed(std::uint32_t bits, unsigned count) {
  std::uint32_t out = 0;
  for (unsigned i = 0; i < count; ++i) out |= (bits >> i & 1U) << (count - 1 - i);
  return out;
}

// The codes of RFC 1951, section 3.2.2.
template <std::size_t Size>
constexpr std::array<Code, Size> codes(const std::array<unsigned, Size>& lengths) {
  std::array<Code, Size> out{};
  std::uint32_t next = 0;
  for (unsigned length = 1; length <= kLongestCode; ++length, next <<= 1U) {
    for (std::size_t symbol = 0; symbol < Size; ++symbol) {
      if (lengths[symbol] == length) out[symbol] = {reversed(next++, length), length};
    }
  }
  return out;
}

constexpr auto kLiteralLengths = code_lengths(kLiteralWeights);
constexpr auto kDistanceLengths = code_lengths(kDistanceWeights);
static_assert(std::ranges::max(kLiteralLengths) <= kLongestCode);
static_assert(std::ranges::max(kDistanceLengths) <= kLongestCode);
constexpr auto kLiteralCodes = codes(kLiteralLengths);
constexpr auto kDistanceCodes = codes(kDistanceLengths);

// A number from `steps` symbols to each power of two, and what of it the symbol does not say.
struct Bucket {
  std::size_t symbol;
  std::uint32_t extra;
  std::uint32_t extra_count;
};
constexpr Bucket bucket(std::size_t number, unsigned steps_log2) {
  const auto width = static_cast<unsigned>(std::bit_width(number));
  if (width <= steps_log2 + 1) return {number, 0, 0};
  const unsigned extra_count = width - 1 - steps_log2;
  return {(std::size_t{extra_count} << steps_log2) + (number >> extra_count),
          static_cast<std::uint32_t>(number) & ((1U << extra_count) - 1), extra_count};
}

constexpr Code with_extra(const Code& code, const Bucket& in) {
  return {code.bits | in.extra << code.count, code.count + in.extra_count};
}

constexpr Code length_code(std::size_t length) {
  constexpr Bucket kOfLongest{28, 0, 0};
  const Bucket in = length == kLongestMatch ? kOfLongest : bucket(length - kShortestMatch, 2);
  return with_extra(kLiteralCodes[kEndOfBlock + 1 + in.symbol], in);
}

constexpr Code distance_code(std::size_t distance) {
  const Bucket in = bucket(distance - 1, 1);
  return with_extra(kDistanceCodes[in.symbol], in);
}

}  // namespace

inline void GzipWriter::End::put(std::uint64_t more, unsigned more_count) {
  bits |= more << count;
  count += more_count;
  std::memcpy(at, &bits, sizeof bits);
  at += count / 8;
  bits >>= count / 8 * 8;
  count %= 8;
}

GzipWriter::GzipWriter() : GzipWriter(begun()) {}

const GzipWriter& GzipWriter::begun() {
  static const GzipWriter writer{std::string(kUsualSize, '\0')};
  return writer;
}

GzipWriter::GzipWriter(std::string room) : out_(std::move(room)), end_{.at = out_.data()} {
  // Deflate; no name, no time, no system.
  constexpr std::string_view kHeader("\x1F\x8B\x08\0\0\0\0\0\0\xFF", 10);
  kHeader.copy(end_.at, kHeader.size());
  end_.at += kHeader.size();

  end_.put(1, 1);  // the last block
  end_.put(2, 2);  // with codes of its own
  end_.put(kLiterals - 257, 5);
  end_.put(kDistances - 1, 5);
  // Their lengths are said in four bits each: 0 to 15 have a code, those for repeats have none.
  constexpr std::array<unsigned, 19> kSaid = {0, 0, 0, 4, 4, 4, 4, 4, 4, 4,
                                              4, 4, 4, 4, 4, 4, 4, 4, 4};
  end_.put(kSaid.size() - 4, 4);
  for (const unsigned length : kSaid) end_.put(length, 3);
  for (const unsigned length : kLiteralLengths) end_.put(reversed(length, 4), 4);
  for (const unsigned length : kDistanceLengths) end_.put(reversed(length, 4), 4);
}

GzipWriter::GzipWriter(const GzipWriter& other)
    : out_(other.out_),
      end_(other.end_),
      position_(other.position_),
      checksum_(other.checksum_),
      unchecked_(other.unchecked_),
      unchecked_size_(other.unchecked_size_) {
  end_.at = out_.data() + (other.end_.at - other.out_.data());
}

void GzipWriter::write(std::string_view text) {
  check(text);
  make_room(2 * text.size());
  const auto code_of = [](char c) { return kLiteralCodes[static_cast<unsigned char>(c)]; };
  End end = end_;
  std::size_t i = 0;
  // As many at once as there is surely room for in the bits.
  static_assert(3 * kLongestCode + 7 <= 64);
  for (; i + 3 <= text.size(); i += 3) {
    const Code first = code_of(text[i]);
    const Code second = code_of(text[i + 1]);
    const Code third = code_of(text[i + 2]);
    const unsigned two = first.count + second.count;
    end.put(
        first.bits | std::uint64_t{second.bits} << first.count | std::uint64_t{third.bits} << two,
        two + third.count);
  }
  for (; i < text.size(); ++i) end.put(code_of(text[i]).bits, code_of(text[i]).count);
  end_ = end;
}

void GzipWriter::write_again(std::string_view text, std::size_t position) {
  const std::size_t distance = position_ - position;
  std::size_t left = text.size();
  if (left < kShortestMatch) return write(text);
  check(text);
  make_room(8 * (left / (kLongestMatch - kShortestMatch) + 1));
  const Code of_distance = distance_code(distance);
  End end = end_;
  while (left > 0) {
    // None so long that what is left is too short.
    const std::size_t length = left <= kLongestMatch                   ? left
                               : left < kLongestMatch + kShortestMatch ? left - kShortestMatch
                                                                       : kLongestMatch;
    const Code of_length = length_code(length);
    end.put(of_length.bits | std::uint64_t{of_distance.bits} << of_length.count,
            of_length.count + of_distance.count);
    left -= length;
  }
  end_ = end;
}

std::string GzipWriter::finish() {
  make_room(16);
  end_.put(kLiteralCodes[kEndOfBlock].bits, kLiteralCodes[kEndOfBlock].count);
  if (end_.count > 0) end_.put(0, 8 - end_.count);
  checksum_ = libdeflate_crc32(checksum_, unchecked_.data(), unchecked_size_);
  end_.put(checksum_, 32);
  end_.put(position_ & 0xFFFFFFFFU, 32);
  return {out_.data(), end_.at};
}

void GzipWriter::check(std::string_view text) {
  position_ += text.size();
  if (text.size() > unchecked_.size() - unchecked_size_) {
    checksum_ = libdeflate_crc32(checksum_, unchecked_.data(), unchecked_size_);
    unchecked_size_ = 0;
  }
  if (text.size() > unchecked_.size()) {
    checksum_ = libdeflate_crc32(checksum_, text.data(), text.size());
    return;
  }
  text.copy(unchecked_.data() + unchecked_size_, text.size());
  unchecked_size_ += text.size();
}

// For so many, and the eight that are stored at once.
void GzipWriter::make_room(std::size_t bytes) {
  const auto used = static_cast<std::size_t>(end_.at - out_.data());
  if (out_.size() - used >= bytes + 8) return;
  out_.resize(2 * out_.size() + bytes + 8);
  end_.at = out_.data() + used;
}

}  // namespace ecs_exporter
