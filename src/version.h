// Which build this is.
#pragma once

#include <string_view>

namespace ecs_exporter {

/// The release, as "0.1.0".
std::string_view version();

/// The short git revision it was built from, or "unknown" outside of a git checkout.
std::string_view revision();

/// The compiler, as "gcc 12.2.0".
std::string_view compiler();

/// The machine it was built for, as "x86_64".
std::string_view architecture();

}  // namespace ecs_exporter
