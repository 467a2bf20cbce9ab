#!/usr/bin/env python3
"""record_history against real nodes: what it leaves behind, however it ends."""
import json
import signal
import subprocess

import e2e_path  # noqa: F401
import programs
from harness import E2eTest, main


class Record(E2eTest):
    def setUp(self):
        self.cluster_ = self.cluster().up()
        self.file = self.folder / "history.jsonl"

    def record(self, *flags):
        words = [programs.find("record_history"), str(self.file), "-servers", self.cluster_.servers, *flags]
        process = subprocess.Popen(programs.WITH_US + words, stdin=subprocess.DEVNULL, cwd=self.folder,
                                   env=programs.environment(self.folder))
        self.addCleanup(lambda: (process.kill(), process.wait()))
        return process

    def lines(self):
        return self.file.read_bytes().splitlines(keepends=True) if self.file.exists() else []

    def await_lines(self, count):
        self.eventually(lambda: len(self.lines()) >= count, f"{count} lines are recorded")

    def check(self, *flags):
        return self.run_program("check_history", str(self.file), "-json", *flags)

    def test_whole(self):
        """a recording that is asked to stop ends every operation, and with the final reads it is good"""
        process = self.record("-think", "5", "-seed", "7")
        self.await_lines(500)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(programs.DEADLINE), 0)
        self.ended(self.check("-final", "node0"), 2, err="was not read at the end")
        for name, node in self.cluster_.nodes.items():
            words = [str(self.file), "-servers", node.client.address, "-final", name]
            self.done(self.run_program("record_history", *words), "")
        figures = self.json(self.done(self.check("-final", "node0,node1,node2")).out)
        self.assertGreater(figures["writes"], 0)
        kinds = {json.loads(line).get("begin") for line in self.lines()}
        self.assertEqual(kinds, {None, "get", "set", "delete", "cas"})
        reads = {json.loads(line).get("read") for line in self.lines()}
        self.assertEqual(reads, {None, "linearizable", "lease", "stale"})

    def test_killed(self):
        """a recorder that is killed leaves a history that can be judged"""
        process = self.record("-think", "1")
        self.await_lines(300)
        process.kill()
        process.wait()
        begun = sum(b'"begin"' in line for line in self.lines() if line.endswith(b"\n"))
        self.assertEqual(self.json(self.done(self.check()).out)["operations"], begun)

    def test_sessions(self):
        """clients die and are followed by others under new names"""
        process = self.record("-think", "1", "-time", "60")
        names = set()

        def somebody_died():
            names.update(json.loads(line).get("client") for line in self.lines() if line.endswith(b"\n"))
            return any(name and name.endswith(".2") for name in names)

        self.eventually(somebody_died, "a client dies")
        process.terminate()
        self.assertEqual(process.wait(programs.DEADLINE), 0)
        self.done(self.check())

    def test_usage(self):
        """a file that is there is not written over, and flags that cannot be are refused"""
        self.file.write_bytes(b"precious\n")
        servers = ["-servers", self.cluster_.servers]
        self.ended(self.run_program("record_history", str(self.file), *servers, "-time", "1"), 3, "", "history.jsonl")
        self.assertEqual(self.file.read_bytes(), b"precious\n")
        final = [str(self.file), *servers, "-final", "node0"]
        self.ended(self.run_program("record_history", *final), 2, "", "expected one")
        self.ended(self.run_program("record_history", *servers), 2, "", "expected one file")
        self.ended(self.run_program("record_history", str(self.file)), 2, "", "-servers")


if __name__ == "__main__":
    main()
