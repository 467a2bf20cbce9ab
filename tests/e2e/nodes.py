"""A parley-node process: started, killed, paused, stopped, started again."""
import os
import re
import select
import signal
import subprocess
import time

import programs
from ports import Port
from programs import DEADLINE


class Node:
    """One node: its name, ports and data folder, which outlive its processes. Everything that the processes write to standard
    error is in `log`."""

    def __init__(self, name, folder, join=(), flags=()):
        self.name = name
        self.folder = folder
        self.data = folder / name
        self.client, self.raft, self.hjoin = Port(), Port(), Port()
        self.join = list(join)  # addresses
        self.flags = list(flags)
        self.process = None
        self.expected_to_end = False
        self.ready_line = None
        self._said = b""
        self._log = folder / f"{name}.log"
        self._log_begin = 0

    # --- starting ---

    def command(self):
        words = [programs.find("parley-node"), "-id", self.name, "-port", self.client.flag, "-raft", self.raft.flag]
        words += ["-hjoin", self.hjoin.flag, "-data", str(self.data)]
        if self.join:
            words += ["-join", ",".join(self.join)]
        return words + self.flags

    def start(self):
        """Starts a process and does not wait for it."""
        assert not self.runs(), f"{self.name} runs already"
        self._forget_process()
        with open(self._log, "ab") as log:
            self._log_begin = log.tell()
            # Unbuffered, so that waiting for its descriptor misses nothing.
            self.process = subprocess.Popen(
                programs.WITH_US + self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                bufsize=0,
                cwd=self.folder, env=programs.environment(self.folder),
            )
        return self

    def _forget_process(self):
        if self.process is not None:
            self.process.stdout.close()
        self.expected_to_end = False
        self.ready_line = None
        self._said = b""

    def await_ready(self, deadline=DEADLINE):
        """Waits for the line that says that it serves."""
        end = time.monotonic() + deadline
        while self.ready_line is None:
            waits, _, _ = select.select([self.process.stdout], [], [], max(0.0, end - time.monotonic()))
            if not waits:
                raise AssertionError(f"{self.name} is not ready after {deadline} s")
            said = os.read(self.process.stdout.fileno(), 65536)
            if not said:
                code = self.process.wait(DEADLINE)
                raise AssertionError(f"{self.name} ended with exit code {code} instead of serving; its log:\n{self.log()}")
            self._said += said
            if b"\n" in self._said:
                self.ready_line = self._said.split(b"\n")[0].decode()
        client, raft = self.client.number, self.raft.number
        expected = f"parley-node {self.name} ready client=tcp://127.0.0.1:{client} raft=tcp://127.0.0.1:{raft}"
        assert self.ready_line.startswith(expected), f"{self.name} says {self.ready_line!r}"
        return self

    def is_ready(self):
        """Whether it has said so by now."""
        if self.ready_line is None and select.select([self.process.stdout], [], [], 0)[0]:
            self.await_ready()
        return self.ready_line is not None

    def serve(self):
        return self.start().await_ready()

    def start_in_vain(self, deadline=DEADLINE):
        """Starts a process that should refuse to run; gives its exit code and what it said on standard error."""
        self.start()
        self.expected_to_end = True
        code = self.process.wait(deadline)
        return code, self.log()

    # --- ending ---

    def runs(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """kill -9."""
        self.expected_to_end = True
        self.process.kill()
        self.process.wait(DEADLINE)

    def stop(self, number=signal.SIGTERM, deadline=DEADLINE):
        """Asks it to stop; gives its exit code."""
        self.expected_to_end = True
        self.process.send_signal(number)
        return self.process.wait(deadline)

    def pause(self):
        """Stops it in its tracks, as a machine that hangs; gives back control once all its threads stand still."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def end(self):
        """If it still runs, asks it to stop, however it stands. Gives what was wrong with that, or nothing."""
        if not self.runs():
            return None
        may_fail = self.expected_to_end
        try:
            self.resume()
            code = self.stop()
        except subprocess.TimeoutExpired:
            return f"{self.name} does not stop"
        return None if code == 0 or may_fail else f"{self.name} stopped with exit code {code}"

    def close(self):
        """Leaves nothing behind but files."""
        if self.runs():
            self.process.kill()
            self.process.wait(DEADLINE)
        self._forget_process()
        for port in (self.client, self.raft, self.hjoin):
            port.close()

    def crash(self):
        """What is wrong if the process ended although nobody asked it to; else nothing."""
        if self.process is None or self.process.poll() is None or self.expected_to_end:
            return None
        return f"{self.name} ended by itself with exit code {self.process.returncode}"

    # --- looking at it ---

    def log(self):
        """What the present process has said on standard error."""
        return self.whole_log()[self._log_begin :].decode("utf-8", "replace")

    def whole_log(self):
        return self._log.read_bytes() if self._log.exists() else b""

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as status:
            return int(re.search(r"^VmRSS:\s+(\d+) kB", status.read(), re.MULTILINE)[1]) * 1024

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def segments(self):
        """The files of its log, in order."""
        return sorted((self.data / "log").glob("*.segment"))
