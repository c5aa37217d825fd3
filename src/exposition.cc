// The text format and OpenMetrics.
#include "exposition.h"

#include <array>
#include <charconv>
#include <cstring>

#include "gzip_writer.h"
#include "quote.h"

namespace ecs_exporter {
namespace {

// True for each byte that stands for itself wherever it is.
constexpr auto kIsPlain = [] {
  std::array<bool, 256> plain{};
  for (unsigned c = ' '; c < 0x7F; ++c) plain[c] = c != '\\' && c != '"';
  return plain;
}();

void append_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    // Nearly always that is all.
    std::size_t plain = 0;
    while (plain < text.size() && kIsPlain[static_cast<unsigned char>(text[plain])]) ++plain;
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) return;

    const std::size_t length = utf8_length(text);
    const char c = text.front();
    if (length == 0) {
      out += kReplacementCharacter;
    } else if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"') {
      out += "\\\"";
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

// A piece of the text that comes more than once.
struct Piece {
  std::string_view text;
  Piece* begin = nullptr;  // of the text, if that is another one's
  std::size_t at = 0;      // where it was last written, if it was `written`
  bool written = false;
};

// Room for a few families more than are known of, as growing means copying.
constexpr std::size_t kMore = 16384;

// The two ways to write: `once` what does not come again, `again` what may have been there.
class PlainText {
 public:
  // Appends to `out` what comes to about `expected` bytes. It has them when this ends.
  PlainText(std::string& out, std::size_t expected) : out_(out) { make_room(out.size(), expected); }
  PlainText(const PlainText&) = delete;
  PlainText& operator=(const PlainText&) = delete;
  ~PlainText() { out_.resize(used()); }

  void once(std::string_view text) {
    if (text.size() > static_cast<std::size_t>(end_ - next_)) make_room(used(), text.size());
    std::memcpy(next_, text.data(), text.size());
    next_ += text.size();
  }
  void again(const Piece& piece) { once(piece.text); }

 private:
  std::size_t used() const { return static_cast<std::size_t>(next_ - out_.data()); }
  void make_room(std::size_t used, std::size_t wanted) {
    const bool fits = used + wanted <= out_.capacity();
    out_.resize_and_overwrite(fits ? out_.capacity() : used + wanted + kMore,
                              [](char*, std::size_t size) { return size; });
    next_ = out_.data() + used;
    end_ = out_.data() + out_.size();
  }

  std::string& out_;
  char* next_ = nullptr;
  char* end_ = nullptr;
};

struct GzippedText {
  GzipWriter& out;

  void once(std::string_view text) { out.write(text); }
  void again(Piece& piece) {
    const std::size_t at = out.position();
    if (piece.written && out.reaches(piece.at)) {
      out.write_again(piece.text, piece.at);
    } else if (piece.begin != nullptr) {
      again(*piece.begin);
      out.write(piece.text.substr(piece.begin->text.size()));
    } else {
      out.write(piece.text);
    }
    for (Piece* part = &piece; part != nullptr; part = part->begin) {
      part->at = at;
      part->written = true;
    }
  }
};

// The label sets as they stand in front of the closing brace, each made once however many samples
// have it.
class LabelPieces {
 public:
  explicit LabelPieces(const std::vector<LabelSet>& sets) : pieces_(sets.size()) {
    std::vector<std::size_t> ends(sets.size());
    const auto begin_of = [&](std::size_t set) { return set == 0 ? 0 : ends[set - 1]; };
    for (std::size_t i = 0; i < sets.size(); ++i) {
      const std::size_t begin = text_.size();
      if (const std::size_t parent = sets[i].parent; parent != LabelSet::kNoParent) {
        text_.append(text_, begin_of(parent), ends[parent] - begin_of(parent));
      }
      for (const Label& label : sets[i].labels) {
        if (label.value.empty()) continue;
        text_ += text_.size() == begin ? '{' : ',';
        text_ += label.name;
        text_ += "=\"";
        append_escaped(text_, label.value);
        text_ += '"';
      }
      ends[i] = text_.size();
    }
    for (std::size_t i = 0; i < sets.size(); ++i) {
      const std::size_t parent = sets[i].parent;
      pieces_[i] = {.text = std::string_view(text_).substr(begin_of(i), ends[i] - begin_of(i)),
                    .begin = parent == LabelSet::kNoParent ? nullptr : &pieces_[parent]};
    }
  }

  Piece& operator[](std::size_t set) { return pieces_[set]; }

 private:
  std::string text_;  // of all of them
  std::vector<Piece> pieces_;
};

// A number as its line ends with it: at most 20 digits of a whole one, 24 characters of a real one.
constexpr std::size_t kLongestEnd = 32;
template <class Out>
void write_end(Out& out, bool labelled, const Value& value) {
  std::array<char, kLongestEnd> text{};
  char* begin = text.data();
  if (labelled) *begin++ = '}';
  *begin++ = ' ';
  char* end = std::visit(
      [&](auto number) { return std::to_chars(begin, text.data() + text.size() - 1, number).ptr; },
      value);
  *end++ = '\n';
  out.once({text.data(), end});
}

// "# TYPE name gauge" and its like.
template <class Out>
void write_metadata(Out& out, std::string_view keyword, Piece& name, std::string_view text) {
  out.once(keyword);
  out.again(name);
  out.once(" ");
  out.once(text);
  out.once("\n");
}

// `base` is the family's name in the metadata.
template <class Out>
void write_text_metadata(Out& out, const Family& family, Piece& base) {
  base.text = family.name;
  write_metadata(out, "# HELP ", base, family.help);
  write_metadata(out, "# TYPE ", base, family.type == FamilyType::kCounter ? "counter" : "gauge");
}

// In OpenMetrics that is the name of the samples without what the type adds to it.
template <class Out>
void write_openmetrics_metadata(Out& out, const Family& family, Piece& base) {
  base.text = family.name;
  std::string_view type = "gauge";
  if (family.type == FamilyType::kCounter) {
    type = "counter";
    base.text.remove_suffix(std::string_view("_total").size());
  } else if (family.name.ends_with("_info")) {
    type = "info";
    base.text.remove_suffix(std::string_view("_info").size());
  }
  write_metadata(out, "# HELP ", base, family.help);
  write_metadata(out, "# TYPE ", base, type);
  for (const std::string_view unit : {"bytes", "seconds"}) {
    if (base.text.ends_with(unit)) write_metadata(out, "# UNIT ", base, unit);
  }
}

template <class Out>
void write(Out& out, const Families& families, LabelPieces& labels, bool openmetrics) {
  for (const Family& family : families.families) {
    Piece base;
    if (openmetrics) {
      write_openmetrics_metadata(out, family, base);
    } else {
      write_text_metadata(out, family, base);
    }
    Piece name{.text = family.name, .begin = &base};
    for (const Sample& sample : family.samples) {
      Piece& set = labels[sample.labels];
      out.again(name);
      out.again(set);
      write_end(out, !set.text.empty(), sample.value);
    }
  }
}

// At least what the text comes to.
std::size_t expected_size(const Families& families, LabelPieces& labels) {
  constexpr std::size_t kMetadata = 3 * std::string_view("# HELP  seconds\n").size();
  std::size_t size = 8;
  for (const Family& family : families.families) {
    size += kMetadata + 3 * family.name.size() + family.help.size();
    for (const Sample& sample : family.samples) {
      size += family.name.size() + labels[sample.labels].text.size() + kLongestEnd;
    }
  }
  return size;
}

}  // namespace

Exposition::Exposition(ExpositionFormat format, bool gzipped) : format_(format) {
  if (gzipped) out_.emplace<GzipWriter>();
}

Exposition::Exposition(const Exposition& other) : format_(other.format_) {
  if (const auto* const gzip = std::get_if<GzipWriter>(&other.out_)) {
    out_.emplace<GzipWriter>(*gzip);
    return;
  }
  const std::string& begun = std::get<std::string>(other.out_);
  std::string& text = std::get<std::string>(out_);
  text.reserve(begun.size() + kMore);
  text = begun;
}

void Exposition::add(const Families& families) {
  LabelPieces labels(families.label_sets);
  const bool openmetrics = format_ == ExpositionFormat::kOpenMetrics;
  if (auto* const gzip = std::get_if<GzipWriter>(&out_)) {
    GzippedText out{*gzip};
    return write(out, families, labels, openmetrics);
  }
  PlainText out(std::get<std::string>(out_), expected_size(families, labels));
  write(out, families, labels, openmetrics);
}

std::string Exposition::finish() {
  const std::string_view end = format_ == ExpositionFormat::kOpenMetrics ? "# EOF\n" : "";
  if (auto* const gzip = std::get_if<GzipWriter>(&out_)) {
    gzip->write(end);
    return gzip->finish();
  }
  return std::move(std::get<std::string>(out_) += end);
}

std::string exposition(const Families& families, ExpositionFormat format) {
  Exposition out(format, false);
  out.add(families);
  return out.finish();
}

}  // namespace ecs_exporter
