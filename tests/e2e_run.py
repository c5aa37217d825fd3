"""`make run`: the exporter on the mock, until Ctrl-C."""

import os
import signal

from e2e_programs import (ProgramsTest, Running, Samples, ask, environment, free_port,
                          on_a_free_port)

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scripts", "run")


def is_there(pid):
    return os.path.exists(f"/proc/{pid}")


class ScriptOfMakeRun(ProgramsTest):
    def running(self):
        """The script, the port of its exporter, and the process ids of its two programs."""
        def start(port):
            mock_port = free_port()
            script = self.started(Running(
                [SCRIPT], environment(PORT=str(port), MOCK_PORT=str(mock_port))))
            script.wait_for_line(f'127.0.0.1:{mock_port}"')
            script.wait_for_line(f':{port}"')
            with open(f"/proc/{script.pid}/task/{script.pid}/children") as file:
                return script, port, [int(pid) for pid in file.read().split()]

        return on_a_free_port(start)

    def test_the_metrics_can_be_read_until_an_interrupt_ends_both(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number.name):
                script, port, programs = self.running()
                self.assertEqual(len(programs), 2)
                self.assert_complete(Samples(ask(port, "/metrics").body))
                script.send(number)
                self.assertEqual(script.wait(), 0)
                self.assertEqual([pid for pid in programs if is_there(pid)], [])

    def test_when_one_of_the_two_ends_the_other_does_too(self):
        for which in (0, 1):
            with self.subTest(which):
                script, _, programs = self.running()
                os.kill(programs[which], signal.SIGTERM)
                script.wait()
                self.assertEqual([pid for pid in programs if is_there(pid)], [])
