// Which records OpenSSL does not see.
#include "tls_records.h"

#include <gtest/gtest.h>

#include <string>

namespace ecs_exporter {
namespace {

constexpr char kChangeCipherSpec = 20;
constexpr char kHandshake = 22;
constexpr char kData = 23;
constexpr std::string_view kHelloTooLarge = "a ClientHello of more than 16 KiB";

std::string record(char type, const std::string& content) {
  const auto size = content.size();
  return std::string{type, 3, 3, static_cast<char>(size >> 8U), static_cast<char>(size & 0xffU)} +
         content;
}

// The beginning of a handshake message that announces so many bytes.
std::string message(char type, std::size_t size) {
  return {type, static_cast<char>(size >> 16U), static_cast<char>(size >> 8U & 0xffU),
          static_cast<char>(size & 0xffU)};
}
std::string hello(std::size_t size) { return message(1, size); }

std::string_view take_all(TlsRecords& records, const std::string& bytes, bool is_tls13 = true) {
  return records.take(bytes, is_tls13);
}

TEST(TlsRecords, AHelloIsRefusedAsSoonAsItsLengthIsKnown) {
  for (const std::size_t size : {16385U, 65536U, 131000U, 0xffffffU}) {
    TlsRecords records;
    const std::string bytes = record(kHandshake, hello(size));
    EXPECT_EQ(take_all(records, bytes.substr(0, bytes.size() - 1)), "");
    EXPECT_EQ(take_all(records, bytes.substr(bytes.size() - 1)), kHelloTooLarge) << size;
  }
  TlsRecords records;
  EXPECT_EQ(take_all(records, record(kHandshake, hello(16384))), "");
}

TEST(TlsRecords, AHelloInPiecesIsKnownToo) {
  TlsRecords records;
  for (const char byte : hello(16385).substr(0, 3)) {
    EXPECT_EQ(take_all(records, record(kHandshake, {byte})), "");
  }
  EXPECT_EQ(take_all(records, record(kHandshake, "\1")), kHelloTooLarge);
}

TEST(TlsRecords, SoIsASecondHello) {
  TlsRecords records;
  EXPECT_EQ(take_all(records, record(kHandshake, hello(300) + std::string(300, 'x'))), "");
  EXPECT_EQ(take_all(records, record(kChangeCipherSpec, "\1")), "");
  EXPECT_EQ(take_all(records, record(kHandshake, hello(131000))), kHelloTooLarge);
}

TEST(TlsRecords, OtherMessagesAreLeftToOpenSsl) {
  constexpr char kCertificate = 11;
  TlsRecords records;
  EXPECT_EQ(take_all(records, record(kHandshake, hello(2) + "xx" + message(kCertificate, 100'000))),
            "");
}

TEST(TlsRecords, WhatIsEncryptedIsNotRead) {
  TlsRecords records;
  EXPECT_EQ(take_all(records, record(kHandshake, hello(2) + "xx"), false), "");
  EXPECT_EQ(take_all(records, record(kChangeCipherSpec, "\1"), false), "");
  EXPECT_EQ(take_all(records, record(kHandshake, hello(131000)), false), "");
  TlsRecords data;
  EXPECT_EQ(take_all(data, record(kData, hello(131000))), "");
}

TEST(TlsRecords, SoManyWithoutDataAreTaken) {
  TlsRecords records;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < TlsRecords::kMostWithoutData; ++i) {
      EXPECT_EQ(take_all(records, record(kData, i % 2 == 0 ? "" : "x")), "");
    }
    records.progress();
  }
  for (std::size_t i = 0; i < TlsRecords::kMostWithoutData; ++i) {
    take_all(records, record(kData, "x"));
  }
  EXPECT_EQ(take_all(records, record(kData, "x")), "too many records without data");
}

TEST(TlsRecords, AHelloOfSsl2IsNoRecord) {
  TlsRecords records;
  EXPECT_EQ(take_all(records, "\x80\x2e\x01\x03\x03"), "a hello in the format of SSL 2");
}

TEST(TlsRecords, PlainHttpIsLeftToOpenSsl) {
  TlsRecords records;
  EXPECT_EQ(take_all(records, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "");
}

}  // namespace
}  // namespace ecs_exporter
