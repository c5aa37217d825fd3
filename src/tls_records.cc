// Records (RFC 8446, section 5.1; RFC 5246, section 6.2) and the handshake messages in them.
#include "tls_records.h"

#include <algorithm>

namespace ecs_exporter {
namespace {

constexpr unsigned char kChangeCipherSpec = 20;
constexpr unsigned char kHandshake = 22;
constexpr unsigned char kClientHello = 1;

}  // namespace

std::string_view TlsRecords::take(std::string_view bytes, bool is_tls13) {
  while (!bytes.empty()) {
    if (content_left_ > 0) {
      const std::string_view content = bytes.substr(0, content_left_);
      bytes.remove_prefix(content.size());
      content_left_ -= content.size();
      // In TLS 1.3 it means nothing, and a second hello may follow it.
      if (header_[0] == kChangeCipherSpec && !is_tls13) is_encrypted_ = true;
      if (header_[0] == kHandshake && !is_encrypted_ && announces_too_much(content)) {
        return "a ClientHello of more than 16 KiB";
      }
      continue;
    }
    header_[header_size_++] = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    if ((header_[0] & 0x80U) != 0) return "a hello in the format of SSL 2";
    if (header_size_ < header_.size()) continue;
    header_size_ = 0;
    content_left_ = header_[3] * 256UZ + header_[4];
    if (++without_data_ > kMostWithoutData) return "too many records without data";
  }
  return {};
}

bool TlsRecords::announces_too_much(std::string_view content) {
  while (!content.empty()) {
    if (message_left_ > 0) {
      const std::size_t size = std::min(message_left_, content.size());
      content.remove_prefix(size);
      message_left_ -= size;
      continue;
    }
    message_[message_size_++] = static_cast<unsigned char>(content.front());
    content.remove_prefix(1);
    if (message_size_ < message_.size()) continue;
    message_size_ = 0;
    message_left_ = message_[1] * 65536UZ + message_[2] * 256UZ + message_[3];
    if (message_[0] == kClientHello && message_left_ > kMostHelloBytes) return true;
  }
  return false;
}

}  // namespace ecs_exporter
