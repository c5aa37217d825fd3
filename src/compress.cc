// libdeflate.
#include "compress.h"

#include <libdeflate.h>

#include <memory>
#include <new>

namespace ecs_exporter {

std::string gzip(std::string_view text) {
  constexpr int kFastest = 1;
  // Made once: its tables are larger than most answers.
  static const std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)> compressor(
      libdeflate_alloc_compressor(kFastest), libdeflate_free_compressor);
  if (!compressor) throw std::bad_alloc();
  std::string out(libdeflate_gzip_compress_bound(compressor.get(), text.size()), '\0');
  out.resize(
      libdeflate_gzip_compress(compressor.get(), text.data(), text.size(), out.data(), out.size()));
  out.shrink_to_fit();
  return out;
}

}  // namespace ecs_exporter
