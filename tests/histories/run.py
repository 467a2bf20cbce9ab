"""One run: a cluster, clients that write down what they see, faults, and the verdict. For one process of its own."""
import argparse
import contextlib
import json
import pathlib
import signal
import subprocess
import sys
import threading
import time

import e2e_path  # noqa: F401

import faults
import plan as plans
import programs
from harness import E2eTest
from network import Network
from nodes import Loopback
from programs import DEADLINE

GOOD, UNSAFE, USAGE, NOT_LIVE, STOPPED = 0, 1, 2, 3, 130
WORDS = {GOOD: "good", UNSAFE: "UNSAFE", NOT_LIVE: "NOT LIVE", STOPPED: "stopped"}

# Every second client speaks to one node alone, so with so many each node has two of them.
CLIENTS_A_NODE = 4
# Fewer acknowledged writes than this for each second of faults say nothing, on however slow a machine.
LEAST_WRITES_A_SECOND = 0.5
# Between two looks at processes that should run.
LOOK_S = 0.2


class Unsafe(Exception):
    """A promise was broken."""


class NotLive(Exception):
    """What should come about in time did not, or too little happened to say anything."""


class Stopped(BaseException):
    """Somebody asked us to stop."""


class Recorder:
    """The process that records, and what it has written so far."""

    def __init__(self, run, seed, flags):
        self.file = run.folder / "history.jsonl"
        self._errors = open(run.folder / "recorder.err", "wb+")
        self._words = [programs.find("record_history"), str(self.file)]
        self._run = run
        self.process = subprocess.Popen(
            programs.WITH_US + [*self._words, "-seed", str(seed), *flags], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=self._errors, cwd=run.folder, env=programs.environment(run.folder))
        self._read = None
        self._writes = {}  # those that are under way
        self.served_ns = {}  # by client: when its last write was acknowledged

    def look(self):
        """Reads on."""
        if self._read is None:
            if not self.file.exists():
                return
            self._read = open(self.file, "rb")
        for line in self._read:
            if not line.endswith(b"\n"):
                self._read.seek(-len(line), 1)
                return
            fields = json.loads(line)
            if fields.get("begin", "get") != "get":
                self._writes[fields["op"]] = fields["client"].partition(".")[0]
            client = self._writes.pop(fields["op"], None) if "end" in fields else None
            if client and fields["end"] == "ok":
                self.served_ns[client] = fields["ns"]

    def served_since(self, ns):
        """How many of the clients have had a write acknowledged since then."""
        self.look()
        return sum(served > ns for served in self.served_ns.values())

    def finish(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(DEADLINE)
        if code != 0:
            raise NotLive(f"the recorder ended with exit code {code}: {self.errors()}")

    def read_finals(self, node):
        """Reads everything once more through this node."""
        words = [*self._words, "-servers", node.client.address, "-final", node.name, "-timeout", f"{int(DEADLINE)}s"]
        ended = programs.run(words, self._run.folder, deadline=10 * DEADLINE)
        if ended.code != 0:
            raise NotLive(f"final reads: {ended}")

    def errors(self):
        self._errors.seek(0)
        return self._errors.read().decode("utf-8", "replace")

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(DEADLINE)
        self._errors.close()
        if self._read:
            self._read.close()


class Run(E2eTest):
    """What a test of tests/e2e has, for the length of one run."""

    def __init__(self, plan, folder):
        super().__init__()
        self.plan = plan
        self.summary = {"kind": plan.kind, "nodes": plan.nodes, "seconds": plan.seconds, "seed": plan.seed,
                        "folder": str(folder)}
        self.network = None
        self.disks = {}
        self.recorder = None
        self.injector = None
        self.open(folder)

    def runTest(self):
        raise NotImplementedError("this is no test by itself")

    def node(self, name, join=(), flags=(), folder=None):
        place = Loopback()
        if self.plan.kind in plans.NEEDS_NETWORK:
            self.network = self.network or Network()
            place = self.network.add(name)
            flags = [*flags, "-insecure"]
        self.disks[name] = faults.SlowDisk(self.folder / f"{name}.disk")
        place.environment = self.disks[name].environment
        return super().node(name, join, flags, folder, place)

    # --- the parts of a run ---

    def start(self):
        names = [f"node{number}" for number in range(self.plan.nodes)]
        self.cluster_ = self.cluster(self.plan.nodes)
        self.cluster_.up()
        self.clients = CLIENTS_A_NODE * self.plan.nodes
        flags = ["-servers", self.cluster_.servers, "-clients", str(self.clients)]
        self.recorder = Recorder(self, self.plan.seed, flags)
        self.await_clients(time.monotonic_ns(), "clients are served at first")
        self.diary = open(self.folder / "faults.jsonl", "w", encoding="utf-8")
        nodes = [self.cluster_[name] for name in names]
        self.injector = faults.Injector(nodes, self.plan.seed, self.diary, self.disks, self.network)

    def disturb(self):
        begin = time.monotonic()
        for at, method, arguments in faults.events(self.plan):
            self.pass_time(begin + at)
            getattr(self.injector, method)(*arguments)
        self.pass_time(begin + self.plan.seconds)

    def pass_time(self, until):
        """The pace of the plan; meanwhile everything that should run must run."""
        clock = threading.Event()
        while True:
            self.check_alive()
            left = until - time.monotonic()
            if left <= 0:
                return
            clock.wait(min(left, LOOK_S))

    def check_alive(self):
        crashed = [node.crash() for node in self.cluster_.nodes.values()]
        if any(crashed):
            raise Unsafe("; ".join(text for text in crashed if text))
        code = self.recorder.process.poll() if self.recorder else None
        if code is not None:
            raise NotLive(f"the recorder ended with exit code {code}: {self.recorder.errors()}")

    def await_clients(self, since_ns, what):
        """Every client must have a write acknowledged; those of a single node show that each node serves."""

        def all_served():
            self.check_alive()
            return self.recorder.served_since(since_ns) == self.clients

        self.eventually(all_served, what)
        served = self.recorder.served_ns.values()
        return min((ns - since_ns) / 1e9 for ns in served if ns > since_ns)

    def recover(self):
        self.injector.end_all()
        healed_ns = time.monotonic_ns()
        for node in self.cluster_.nodes.values():
            self.check_alive()
            node.await_ready()
        self.await_clients(healed_ns, "all clients are served again")
        self.summary["healthy_s"] = round((time.monotonic_ns() - healed_ns) / 1e9, 3)
        self.recorder.finish()
        status = self.cluster_.await_level()
        for digest in ("digest", "state"):
            if len({member[digest] for member in status["members"]}) != 1:
                raise Unsafe(f"more than one {digest} at one index: {status}")
        for node in self.cluster_.nodes.values():
            self.recorder.read_finals(node)

    def stop(self):
        """All stop when asked, and what they leave is sound."""
        try:
            self.check_processes(asks_to_stop=True)
        except AssertionError as problem:
            raise Unsafe(str(problem)) from problem
        report = programs.sanitizer_report(self.recorder.errors().encode())
        if report:
            raise Unsafe(f"a sanitizer has something to say of the recorder: {report}")
        for node in self.cluster_.nodes.values():
            ended = self.run_program("parley-node", "verify", str(node.data), deadline=10 * DEADLINE)
            if ended.code != 0:
                raise Unsafe(str(ended))

    def check(self, is_whole):
        """Judges the history as far as it goes."""
        words = [programs.find("check_history"), str(self.recorder.file), "-json"]
        if is_whole:
            words += ["-final", ",".join(self.cluster_.nodes)]
        ended = programs.run(words, self.folder, deadline=20 * DEADLINE)
        if ended.code in (0, 1, 3) and ended.out:
            self.summary["history"] = json.loads(ended.out)
        if ended.code == 1:
            raise Unsafe(ended.err.strip())
        if ended.code != 0 and is_whole:
            raise NotLive(f"check_history: exit code {ended.code}: {ended.err.strip()}")

    def check_enough(self):
        writes, done = self.summary["history"]["writes"], sum(self.injector.done.values())
        if writes < LEAST_WRITES_A_SECOND * self.plan.seconds or done == 0:
            raise NotLive(f"{writes} acknowledged writes and {done} faults are too little to say anything")

    # --- the whole ---

    def judge(self):
        """The exit code; `summary` has the rest."""
        try:
            self.start()
            self.disturb()
            self.recover()
            self.check(is_whole=True)
            self.stop()
            self.check_enough()
            code = GOOD
        except Unsafe as problem:
            code, self.summary["reason"] = UNSAFE, str(problem)
        except (NotLive, AssertionError, subprocess.TimeoutExpired) as problem:
            code, self.summary["reason"] = self.second_look(f"{problem}")
        except Stopped:
            code, self.summary["reason"] = STOPPED, "stopped"
        if self.injector:
            self.summary["faults"] = self.injector.done
            self.summary["elections"] = len(self.injector.leaders.look().by_term)
        self.summary["verdict"] = WORDS[code]
        self.summary["exit_code"] = code
        return code

    def second_look(self, reason):
        """Something did not come about; perhaps since something was unsafe."""
        try:
            crashed = [text for text in (node.crash() for node in self._nodes) if text]
            if crashed:
                raise Unsafe("; ".join(crashed))
            if self.recorder:
                self.check(is_whole=False)
        except Unsafe as problem:
            return UNSAFE, f"{problem}\nwhich showed when this did not come about: {reason}"
        except AssertionError as problem:
            reason = f"{reason}\nand {problem}"
        return NOT_LIVE, reason

    def end(self):
        """Leaves no process behind."""
        with contextlib.suppress(AttributeError):
            self.diary.close()
        if self.recorder:
            self.recorder.close()
        self.close()
        for disk in self.disks.values():
            disk.close()
        if self.network:
            self.network.close()


def line_of(summary):
    """What a person wants to know of a run, in one line."""
    text = f"{summary['kind']}, {summary['nodes']} nodes, seed {summary['seed']}: {summary['verdict']}"
    history = summary.get("history")
    if history:
        text += (f"; {history['ok'] + history['refuted']} answered, {history['failed']} failed, {history['unknown']} "
                 f"unknown, longest without a write {history['longest_gap_ns'] / 1e9:.2f} s")
    if "faults" in summary:
        text += f"; {sum(summary['faults'].values())} faults, {summary['elections']} elections"
    if "healthy_s" in summary:
        text += f"; all served {summary['healthy_s']:.2f} s after the last"
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("-kind", choices=plans.KINDS, required=True)
    parser.add_argument("-nodes", type=int, required=True)
    parser.add_argument("-seconds", type=float, required=True)
    parser.add_argument("-seed", type=int, required=True)
    parser.add_argument("-dir", type=pathlib.Path, required=True, help="an empty folder, for everything")
    arguments = parser.parse_args()

    def stop(_number, _frame):
        # Once is enough: tidying up is not to be interrupted.
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        raise Stopped

    plan = plans.draw(arguments.kind, arguments.nodes, arguments.seconds, arguments.seed)
    (arguments.dir / "plan.json").write_text(json.dumps(plan.as_json(), indent=1) + "\n", encoding="utf-8")
    run = Run(plan, arguments.dir)
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, stop)
    code = STOPPED
    try:
        code = run.judge()
    finally:
        run.end()
    (arguments.dir / "summary.json").write_text(json.dumps(run.summary, indent=1) + "\n", encoding="utf-8")
    print(line_of(run.summary), flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
