#!/usr/bin/env python3
"""The harness itself: what it must not overlook."""
import os
import signal
import sys
import unittest

import programs
from harness import E2eTest, main

# What each sanitizer says, as it was seen.
REPORTS = {
    "address": "==7==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602000000fdc",
    "leak": "==7==ERROR: LeakSanitizer: detected memory leaks",
    "undefined": "common/wire/frame.cpp:31:9: runtime error: signed integer overflow",
    "thread": "WARNING: ThreadSanitizer: data race (pid=7)",
    "signal": "ThreadSanitizer:DEADLYSIGNAL",
}
# Says it among other things, serves until it is killed if it is to serve, and ends as if nothing had been.
SPEAKER = """
import signal, sys
print('one', sys.argv[1], 'three', sep='\\n', file=sys.stderr, flush=True)
print('ready', flush=True)
if 'serve' in sys.argv: signal.pause()
"""


class Harness(E2eTest):
    def verdict(self, body):
        """What the harness says of a test that is nothing but `body`: a text, empty if all is well."""

        class Inner(E2eTest):
            def runTest(self):
                body(self)

            def _show_logs(self):
                pass

        result = unittest.TestResult()
        Inner().run(result)
        return "\n".join(text for _, text in result.failures + result.errors)

    def as_node(self, test, command):
        """Starts `command` for a node, up to its first line."""
        node = test.node("node0")
        node.command = lambda: command
        node.start()
        self.assertTrue(os.read(node.process.stdout.fileno(), 1000), node.log())
        return node

    def test_reports_are_found(self):
        """a sanitizer's report by a node or a client fails the test, whatever the exit code, even after kill -9"""
        for name, report in REPORTS.items():
            command = [sys.executable, "-c", SPEAKER, report]
            with self.subTest(name):
                self.assertIn(report, self.verdict(lambda test: self.as_node(test, [*command, "serve"]).kill()))
                self.assertIn(report, self.verdict(lambda test: programs.run(command, test.folder)))

                def in_a_batch(test):
                    batch = test.batch("127.0.0.1:1")
                    with open(test.folder / "batch.err", "ab") as said:
                        said.write(f"one\n{report}\nthree\n".encode())
                    batch.close()

                self.assertIn(report, self.verdict(in_a_batch))
        harmless = [sys.executable, "-c", SPEAKER, "this build has a sanitizer; error: none", "serve"]
        self.assertEqual(self.verdict(lambda test: self.as_node(test, harmless).kill()), "")

    def test_planted_defects(self):
        """a planted leak, overflow or race is reported by a node that is stopped by the test or at its end"""
        if not programs.SANITIZED:
            self.skipTest("the programs are built without a sanitizer")
        defects = {
            "address,undefined": {"heap": "AddressSanitizer", "integer": "runtime error", "leak": "LeakSanitizer"},
            "thread": {"race": "ThreadSanitizer"},
        }[programs.SANITIZERS]

        for defect, report in defects.items():
            with self.subTest(defect):
                self.assertIn(report, self.verdict(lambda test: self.stop_defective(test, defect)))
                self.assertIn(report, self.verdict(lambda test: self.start_defective(test, defect)))
        self.assertEqual(self.verdict(lambda test: self.start_defective(test, "none")), "")

    @staticmethod
    def start_defective(test, defect):
        """Gives the node; some defects end it at once."""
        node = test.node("node0")
        node.command = lambda: [programs.find("planted_defect"), defect]
        os.read(node.start().process.stdout.fileno(), 1000)
        return node

    def stop_defective(self, test, defect):
        node = self.start_defective(test, defect)
        node.expected_to_end = True
        code = node.stop(signal.SIGTERM) if node.runs() else node.process.wait()
        self.assertNotEqual(code, 0, f"{defect} is seen in the exit code as well")


if __name__ == "__main__":
    main()
