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
  const std::size_t most = libdeflate_gzip_compress_bound(compressor.get(), text.size());
  const auto out = std::make_unique_for_overwrite<char[]>(most);
  const std::size_t size =
      libdeflate_gzip_compress(compressor.get(), text.data(), text.size(), out.get(), most);
  return {out.get(), size};
}

}  // namespace ecs_exporter
