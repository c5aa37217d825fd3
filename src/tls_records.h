// The records that a TLS peer sends, as far as they can be read without a key.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace ecs_exporter {

/// Sees the bytes of a peer before OpenSSL does, and says where OpenSSL would do too much for them:
/// it takes records that bring nothing (key updates, alerts, pieces of one byte) without an end,
/// and reserves 175 kB for a ClientHello as soon as that announces its length.
class TlsRecords {
 public:
  static constexpr std::size_t kMostHelloBytes = 16UZ * 1024;
  /// A hello of 16 KiB and certificates of 32 KiB in records of 512 bytes, the smallest that a
  /// client can ask for, are fewer.
  static constexpr std::size_t kMostWithoutData = 128;

  /// Why these bytes, which follow those before, must not reach OpenSSL; "" if they may.
  /// `is_tls13`: the peers have agreed on TLS 1.3, or on nothing yet.
  std::string_view take(std::string_view bytes, bool is_tls13);

  /// The peer has sent something for us: a handshake is done, or there is data.
  void progress() { without_data_ = 0; }

 private:
  bool announces_too_much(std::string_view content);

  std::size_t without_data_ = 0;  // records
  std::array<unsigned char, 5> header_{};
  std::size_t header_size_ = 0;  // of what came of it
  std::size_t content_left_ = 0;
  std::array<unsigned char, 4> message_{};  // the header of a handshake message
  std::size_t message_size_ = 0;
  std::size_t message_left_ = 0;
  bool is_encrypted_ = false;
};

}  // namespace ecs_exporter
