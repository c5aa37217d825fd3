// Which members of a JSON text are zero, found without the exporter's own reader.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace ecs_exporter::fuzz {

/// The keys of all members, and of the arrays around elements, that are a number so near to 0 that
/// it may become 0 (less than 1e-300), or a text that says the first second of 1970. `text` need
/// not be JSON.
std::set<std::string, std::less<>> keys_of_zeros(std::string_view text);

}  // namespace ecs_exporter::fuzz
