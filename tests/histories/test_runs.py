#!/usr/bin/env python3
"""scripts/histories: short runs of each kind of fault, and how it ends when it is to end early or finds something."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import e2e_path  # noqa: F401
import programs
from harness import E2eTest, main, takes

PROGRAM = pathlib.Path(__file__).resolve().parent / "histories.py"
SECONDS = 12
# Plans in which much goes wrong within so short a time, most of it to leaders.
SEEDS = {"kill": 11, "pause": 469, "partition": 323, "slow-disk": 421, "mixed": 366}


class Runs(E2eTest):
    def start(self, *flags):
        words = [sys.executable, "-B", str(PROGRAM), "-dir", str(self.folder / "runs"), *flags]
        process = subprocess.Popen(programs.WITH_US + words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env=dict(os.environ, HOME=str(self.folder)))
        self.addCleanup(lambda: (process.kill(), process.communicate()))
        return process

    def finish(self, process):
        out, err = process.communicate(timeout=20 * programs.DEADLINE)
        return programs.Ended(process.args, process.returncode, out.encode(), err.encode())

    def one(self, kind):
        flags = ["-kind", kind, "-nodes", "3", "-seconds", str(SECONDS), "-runs", "1", "-seed", str(SEEDS[kind])]
        ended = self.finish(self.start(*flags))
        print(ended.out, ended.err)
        self.ended(ended, 0)
        summary = json.loads((self.folder / "runs" / "summary.json").read_text(encoding="utf-8"))
        self.assertEqual([run["verdict"] for run in summary], ["good"])
        self.assertEqual(list((self.folder / "runs").iterdir()), [self.folder / "runs" / "summary.json"])
        self.assertEqual(self.processes(), [])

    def processes(self):
        """Those that have anything to do with our folder."""
        found = []
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(self.folder / "runs").encode() in command:
                found.append((int(entry.name), command))
        return found

    def await_nodes(self):
        def count():
            return sum(b"parley-node" in command for _, command in self.processes())

        self.eventually(lambda: count() == 3, "three nodes run")

    @takes(SECONDS)
    def test_kill(self):
        """what clients see while nodes are killed and started again is linearizable, and nothing is lost"""
        self.one("kill")

    @takes(SECONDS)
    def test_pause(self):
        """what clients see while nodes stand still is linearizable, and nothing is lost"""
        self.one("pause")

    @takes(SECONDS)
    def test_partition(self):
        """what clients see while the network is divided is linearizable, and nothing is lost"""
        self.one("partition")

    @takes(SECONDS)
    def test_slow_disk(self):
        """what clients see while disks are slow is linearizable, and nothing is lost"""
        self.one("slow-disk")

    @takes(SECONDS)
    def test_mixed(self):
        """what clients see while all of that happens at once is linearizable, and nothing is lost"""
        self.one("mixed")

    @takes(5)
    def test_stopped(self):
        """a run that is interrupted, or killed, leaves no process behind"""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            with self.subTest(number):
                process = self.start("-kind", "mixed", "-nodes", "3", "-seconds", "300", "-runs", "1")
                self.await_nodes()
                process.send_signal(number)
                ended = self.finish(process)
                self.assertEqual(ended.code, -number if number == signal.SIGKILL else 130, str(ended))
                self.eventually(lambda: self.processes() == [], "all processes are gone")

    @takes(5)
    def test_a_node_that_dies(self):
        """a node that ends by itself is found, its folder is kept, and the run can be repeated"""
        process = self.start("-kind", "pause", "-nodes", "3", "-seconds", "300", "-runs", "1", "-seed", "9")
        self.await_nodes()
        faults = self.folder / "runs" / "pause-3-9" / "faults.jsonl"
        self.eventually(faults.exists, "faults begin")
        os.kill(next(pid for pid, command in self.processes() if b"parley-node" in command), signal.SIGSEGV)
        ended = self.finish(process)
        again = "again: scripts/histories -kind pause -nodes 3 -seconds 300 -runs 1 -seed 9"
        self.ended(ended, 1, err=["ended by itself", again])
        self.assertIn("UNSAFE", ended.out)
        self.assertTrue((self.folder / "runs" / "pause-3-9" / "history.jsonl").exists())

    def test_usage(self):
        """flags that cannot be, a foreign folder and missing programs are refused with exit code 2"""
        for flags in (["-kind", "flood"], ["-nodes", "2"], ["-runs", "0"], ["-seconds", "soon"], ["-speed", "1"],
                      ["-runs"]):
            with self.subTest(flags):
                self.ended(self.finish(self.start(*flags)), 2, "", "scripts/histories: ")
        theirs = self.folder / "runs" / "kill-3-1"
        theirs.mkdir(parents=True)
        (theirs / "precious").touch()
        self.ended(self.finish(self.start("-kind", "kill", "-nodes", "3")), 2, err="no run of ours")
        self.assertTrue((theirs / "precious").exists())
        help_text = self.ended(self.finish(self.start("-help")), 0, err="").out
        self.assertIn("usage: scripts/histories", help_text)

    def test_no_network(self):
        """where network namespaces are not allowed, partitions are refused and said to be, not left out"""
        tools = self.folder / "tools"
        tools.mkdir()
        for name in ("setpriv", "nsenter", "ip"):
            if shutil.which(name):
                (tools / name).symlink_to(shutil.which(name))
        refusal = "#!/bin/sh\necho 'unshare: Operation not permitted' >&2\nexit 1\n"
        (tools / "unshare").write_text(refusal, encoding="utf-8")
        (tools / "unshare").chmod(0o755)
        words = [sys.executable, "-B", str(PROGRAM), "-dir", str(self.folder / "runs"), "-kind", "partition"]
        done = subprocess.run(words, capture_output=True, check=False, env=dict(os.environ, PATH=f"{tools}:/bin"))
        self.assertEqual(done.returncode, 2, done)
        self.assertIn(b"no network of our own", done.stderr)
        self.assertIn(b"Operation not permitted", done.stderr)


if __name__ == "__main__":
    main()
