"""The daemons as processes: started, killed, paused, stopped, started again."""
import os
import re
import select
import signal
import subprocess
import time

import programs
from ports import Port
from programs import DEADLINE


class Loopback:
    """Where a daemon runs if nothing else is said. Other places give it other ports, put words before its command, or change its
    environment."""

    words = ()
    environment = {}

    @staticmethod
    def port(_number):
        return Port()


class Daemon:
    """A daemon: its name and ports, which outlive its processes. Everything that the processes write to standard error is in
    `log`. A subclass has `command`, and `ready_begins`: how its line begins when it serves."""

    def __init__(self, name, folder, ports, flags=(), place=Loopback()):
        self.name = name
        self.place = place
        self.folder = folder
        self.ports = ports
        self.flags = list(flags)
        self.process = None
        self.expected_to_end = False
        self.ready_line = None
        self._said = b""
        self._log = folder / f"{name}.log"
        self._log_begin = 0

    # --- starting ---

    def start(self):
        """Starts a process and does not wait for it."""
        assert not self.runs(), f"{self.name} runs already"
        self._forget_process()
        with open(self._log, "ab") as log:
            self._log_begin = log.tell()
            # Unbuffered, so that waiting for its descriptor misses nothing.
            self.process = subprocess.Popen(
                programs.WITH_US + [*self.place.words, *self.command()], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=log, bufsize=0, cwd=self.folder,
                env=programs.environment(self.folder) | self.place.environment,
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
            self.ready_line = self.find_ready_line(self._said.decode().splitlines(keepends=True))
        return self

    def said(self):
        """What the present process has said on standard output."""
        while select.select([self.process.stdout], [], [], 0)[0]:
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                break
            self._said += more
        return self._said.decode()

    def find_ready_line(self, lines):
        """The line that says that it serves, if it is among those that it has said so far."""
        if not lines or not lines[0].endswith("\n"):
            return None
        assert lines[0].startswith(self.ready_begins()), f"{self.name} says {lines[0]!r}"
        return lines[0].rstrip("\n")

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
        # One that ends instead is left to be found by others.
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

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
        for port in self.ports:
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


class Node(Daemon):
    """A parley-node with its data folder."""

    def __init__(self, name, folder, join=(), flags=(), place=Loopback()):
        self.client, self.raft, self.hjoin, self.hrecov = (place.port(number) for number in (11000, 12000, 13000, 14000))
        super().__init__(name, folder, [self.client, self.raft, self.hjoin, self.hrecov], flags, place)
        self.data = folder / name
        self.join = list(join)  # addresses

    def command(self):
        words = [programs.find("parley-node"), "-id", self.name, "-port", self.client.flag, "-raft", self.raft.flag]
        words += ["-hjoin", self.hjoin.flag, "-hrecov", self.hrecov.flag, "-data", str(self.data)]
        if self.join:
            words += ["-join", ",".join(self.join)]
        return words + self.flags

    def ready_begins(self):
        return f"parley-node {self.name} ready client=tcp://{self.client.address} raft=tcp://{self.raft.address}"

    def segments(self):
        """The files of its log, in order."""
        return sorted((self.data / "log").glob("*.segment"))


class Logger(Daemon):
    """A parley-logger of one or several clusters, each given by the addresses of members that take requests to join."""

    def __init__(self, names, folder, joins, flags=()):
        self.names = list(names)
        self.rafts = [Port() for _ in names]
        self.hrecov = Port()
        super().__init__("+".join(names), folder, self.rafts + [self.hrecov], flags)
        self.joins = [list(join) for join in joins]
        self.archives = folder / f"archive-of-{self.name}"

    def command(self):
        words = [programs.find("parley-logger"), "-id", ",".join(self.names)]
        words += ["-raft", ",".join(port.flag for port in self.rafts)]
        words += ["-join", ",".join("+".join(join) for join in self.joins), "-logfolder", str(self.archives)]
        words += ["-hrecov", self.hrecov.flag]
        return words + self.flags

    def find_ready_line(self, lines):
        """All of them, when each of its clusters has taken it in."""
        expected = {
            f"parley-logger {name} ready raft=tcp://{raft.address}" for name, raft in zip(self.names, self.rafts)
        }
        found = {line.rstrip("\n") for line in lines if line.endswith("\n")}
        unknown = [line for line in found if not any(line.startswith(each) for each in expected)]
        assert not unknown, f"{self.name} says {unknown}"
        return "\n".join(sorted(found)) if len(found) == len(expected) else None

    def live_segments(self, name):
        """The files of the newest part of an archive, in order."""
        return sorted((self.archives / name / "live").glob("*.segment"))
