// Passwords against their bcrypt hashes. The one room that knows crypt.h.
#pragma once

#include <string>
#include <string_view>

namespace ecs_exporter {

/// True for a bcrypt hash: $2a$, $2b$ or $2y$, a cost from 04 to 31, and 53 letters.
bool is_bcrypt_hash(std::string_view text);

/// The cost of a bcrypt hash: one more doubles the time that it takes.
int bcrypt_cost(std::string_view hash);

/// True if `hash`, a bcrypt hash, is that of `password`. Takes as long as the hash's cost makes it,
/// the same for a right and a wrong password.
bool password_matches(const std::string& password, const std::string& hash);

}  // namespace ecs_exporter
