// The `healthcheck` command: asks the exporter beside it, in the same container, whether it lives.
#pragma once

#include "error.h"
#include "options.h"
#include "web_config.h"

namespace ecs_exporter {

/// Asks for /-/healthy at the first listen address (loopback for a wildcard one), over TLS if `web`
/// says so, within 2 seconds. Who answers there is not checked, as it is this container itself.
/// Alive is who answers 200 or 401 (it wants a password that only scrapers know), and who refuses
/// us for the client certificate that it wants and we have not. A `web` that cannot be read, as of
/// a file that is just being changed, is no reason to be called dead: then any answer to plain HTTP
/// will do. Errors: kConnect, kTimeout, kStatus, kShape, kUsage (no address to ask).
Result<void> check_health(const Options& options, const WebSource& web);

}  // namespace ecs_exporter
