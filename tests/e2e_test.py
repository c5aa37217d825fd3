"""Proves what the release programs do, with a mock endpoint, Prometheus and promtool around them.

Takes the programs from the variables EXPORTER and MOCK. Each e2e_*.py beside this is one part.
"""

import signal
import sys
import unittest

PARTS = ["e2e_bounds", "e2e_catalogue", "e2e_command_line", "e2e_endpoints", "e2e_faults",
         "e2e_hostile", "e2e_http", "e2e_image", "e2e_keys", "e2e_limits", "e2e_monitoring", "e2e_process",
         "e2e_prometheus", "e2e_recorded", "e2e_run", "e2e_sandbox", "e2e_tls",
         "e2e_wrong_types"]

if __name__ == "__main__":
    # A shell's background job has SIGINT ignored, and would hand that down to what is tested.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.dont_write_bytecode = True
    arguments = sys.argv[1:] or PARTS
    unittest.main(module=None, argv=[sys.argv[0], *arguments])
