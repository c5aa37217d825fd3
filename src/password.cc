// bcrypt, by libxcrypt.
#include "password.h"

#include <crypt.h>

#include <algorithm>
#include <cstddef>
#include <memory>

namespace ecs_exporter {

bool is_bcrypt_hash(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_letter = [&](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '/';
  };
  if (text.size() != 60 || text[6] != '$') return false;
  const std::string_view version = text.substr(0, 4);
  if (version != "$2a$" && version != "$2b$" && version != "$2y$") return false;
  if (!is_digit(text[4]) || !is_digit(text[5])) return false;
  const int cost = bcrypt_cost(text);
  return cost >= 4 && cost <= 31 && std::ranges::all_of(text.substr(7), is_letter);
}

int bcrypt_cost(std::string_view hash) { return (hash[4] - '0') * 10 + (hash[5] - '0'); }

bool password_matches(const std::string& password, const std::string& hash) {
  constexpr std::size_t kMaxBytes = 72;  // what bcrypt looks at
  const std::string used = password.substr(0, kMaxBytes);
  // It would end there for libxcrypt, and so be another's password.
  const bool has_nul = used.contains('\0');
  const auto work = std::make_unique<crypt_data>();
  const char* const made =
      crypt_rn(used.c_str(), hash.c_str(), work.get(), static_cast<int>(sizeof(crypt_data)));
  if (made == nullptr) return false;
  // Without an end at the first difference, which would tell how much is right.
  const std::string_view computed = made;
  unsigned difference = computed.size() != hash.size() ? 1 : 0;
  for (std::size_t i = 0; i < std::min(computed.size(), hash.size()); ++i) {
    difference |= static_cast<unsigned char>(computed[i]) ^ static_cast<unsigned char>(hash[i]);
  }
  return difference == 0 && !has_nul;
}

}  // namespace ecs_exporter
