"""What scripts/histories does: many runs, some at a time, each in a process of its own, and a summary of them all."""
import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import e2e_path  # noqa: F401

import network
import plan as plans
import programs
import run as runs

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What a run may take beyond its faults, in seconds, before it is stopped: every deadline within it is shorter.
AFTERMATH_S = 40 * programs.DEADLINE
# Between two looks at the runs.
LOOK_S = 0.1

USAGE = """\
usage: scripts/histories [-kind K,...] [-nodes N,...] [-seconds S] [-runs N] [-parallel N] [-seed S] [-dir DIR] [-keep]
  -kind K      kill, pause, partition, slow-disk or mixed (default: all five, one after the other)
  -nodes N     nodes of the cluster, 3 to 9 (default 3,5: each kind with both)
  -seconds S   how long faults go on in each run (default 300)
  -runs N      of each kind and number of nodes (default 10)
  -parallel N  at a time (default: one per processor)
  -seed S      of the first run's plan; the next one has S+1 (default 1)
  -dir DIR     where data, logs and histories are while they are needed, and summary.json (default run/histories)
  -keep        keep the folders of good runs as well
Each run starts real nodes, lets clients record what they ask and are told, does to the nodes what the plan says,
waits until all is well again, reads everything through every node, and holds the history against what a cluster may
show. Prints a line for each run. Exit codes: 0 all are good; 1 something unsafe was seen; 2 usage, or this machine does
not allow it (partition and mixed need network namespaces); 3 something did not come about, or too little happened;
130 stopped. The folder of a run that is not good is kept, and the command that repeats it is printed. Takes the
programs from PARLEY_BIN if it is set, and builds them otherwise.
"""


class Wrong(Exception):
    """What cannot be done as it was asked for."""


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Wrong(f"{message} (scripts/histories -help tells more)")


def words_of(text, allowed, what):
    words = text.split(",")
    for word in words:
        if word not in allowed:
            raise Wrong(f"{what}: expected some of {', '.join(allowed)}, found \"{word}\"")
    return words


def parse(arguments):
    parser = Parser(add_help=False, allow_abbrev=False)
    for name, kind, default in (("kind", str, ",".join(plans.KINDS)), ("nodes", str, "3,5"), ("seconds", float, 300.0),
                                ("runs", int, 10), ("parallel", int, os.cpu_count() or 1), ("seed", int, 1),
                                ("dir", pathlib.Path, ROOT / "run" / "histories")):
        parser.add_argument("-" + name, "--" + name, type=kind, default=default)
    parser.add_argument("-keep", "--keep", action="store_true")
    parser.add_argument("-help", "--help", action="store_true")
    asked = parser.parse_args(arguments)
    asked.kind = words_of(asked.kind, plans.KINDS, "-kind")
    asked.nodes = [int(word) for word in words_of(asked.nodes, [str(n) for n in range(3, 10)], "-nodes")]
    for name in ("runs", "parallel", "seconds"):
        if getattr(asked, name) <= 0:
            raise Wrong(f"-{name}: expected more than 0")
    asked.dir = asked.dir.absolute()
    return asked


class Child:
    """A run under way."""

    def __init__(self, asked, kind, nodes, seed, namespace):
        self.asked, self.kind, self.nodes, self.seed = asked, kind, nodes, seed
        self.folder = asked.dir / f"{kind}-{nodes}-{seed}"
        if self.folder.exists():
            if not (self.folder / "plan.json").exists():
                raise Wrong(f"{self.folder} is there already, and is no run of ours")
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True)
        command = [sys.executable, "-B", str(pathlib.Path(runs.__file__)), "-kind", kind, "-nodes", str(nodes),
                   "-seconds", str(asked.seconds), "-seed", str(seed), "-dir", str(self.folder)]
        self._errors = open(self.folder / "run.err", "wb")
        in_namespace = namespace if kind in plans.NEEDS_NETWORK else []
        # A process group of its own, so that Ctrl-C reaches it through us alone.
        self.process = subprocess.Popen(in_namespace + programs.WITH_US + command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=self._errors, start_new_session=True)
        self._deadline = time.monotonic() + asked.seconds + AFTERMATH_S

    def has_ended(self):
        if self.process.poll() is None and time.monotonic() > self._deadline:
            self.process.kill()
            self.process.wait()
        return self.process.poll() is not None

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()

    def finish(self):
        """Waits for it; gives its summary."""
        self.process.wait()
        self._errors.close()
        file = self.folder / "summary.json"
        if file.exists():
            return json.loads(file.read_text(encoding="utf-8"))
        said = (self.folder / "run.err").read_text(encoding="utf-8", errors="replace")
        return {"kind": self.kind, "nodes": self.nodes, "seconds": self.asked.seconds, "seed": self.seed,
                "folder": str(self.folder), "verdict": runs.WORDS[runs.NOT_LIVE], "exit_code": runs.NOT_LIVE,
                "reason": f"the run ended with exit code {self.process.returncode} and without a summary\n{said}"}


def report(summary, asked):
    """For people, and for the disk: what is not needed any more goes."""
    print(runs.line_of(summary), flush=True)
    folder = pathlib.Path(summary["folder"])
    if summary["exit_code"] == runs.GOOD:
        if not asked.keep:
            shutil.rmtree(folder)
        return
    if summary["exit_code"] == runs.STOPPED:
        return
    print(re.sub("^", "  ", summary["reason"], flags=re.MULTILINE), file=sys.stderr)
    print(f"  kept in {folder}: history.jsonl, faults.jsonl, plan.json, and the log and the data of each node\n"
          f"  again: scripts/histories -kind {summary['kind']} -nodes {summary['nodes']} -seconds {asked.seconds:g} "
          f"-runs 1 -seed {summary['seed']}", file=sys.stderr, flush=True)


def find_programs():
    for name in ("parley-node", "parley", "record_history", "check_history", "libparley_slow_disk.so"):
        try:
            programs.find(name)
        except SystemExit as missing:
            raise Wrong(str(missing)) from None


def carry_out(asked, namespace):
    """Runs them all; gives their summaries. A request to stop raises runs.Stopped, and takes the children with it."""
    waiting = [(kind, nodes, asked.seed + number) for kind in asked.kind for nodes in asked.nodes
               for number in range(asked.runs)]
    children, summaries = [], []
    clock = threading.Event()
    try:
        while waiting or children:
            while waiting and len(children) < asked.parallel:
                children.append(Child(asked, *waiting.pop(0), namespace))
            for child in [child for child in children if child.has_ended()]:
                children.remove(child)
                summaries.append(child.finish())
                report(summaries[-1], asked)
            clock.wait(LOOK_S)
    finally:
        for child in children:
            child.stop()
        for child in children:
            summaries.append(child.finish())
            report(summaries[-1], asked)
        (asked.dir / "summary.json").write_text(json.dumps(summaries, indent=1) + "\n", encoding="utf-8")
    return summaries


def total(summaries):
    """A last line, and the exit code: the worst of all runs."""
    codes = [summary["exit_code"] for summary in summaries]
    histories = [summary["history"] for summary in summaries if "history" in summary]
    print(f"{len(codes)} runs: {codes.count(runs.GOOD)} good, {codes.count(runs.UNSAFE)} unsafe, "
          f"{codes.count(runs.NOT_LIVE)} not live; {sum(h['operations'] for h in histories)} operations, "
          f"{sum(sum(s.get('faults', {}).values()) for s in summaries)} faults, "
          f"{sum(s.get('elections', 0) for s in summaries)} elections")
    for code in (runs.UNSAFE, runs.NOT_LIVE):
        if code in codes:
            return code
    return runs.GOOD if codes and set(codes) == {runs.GOOD} else runs.STOPPED


def main(arguments):
    def stop(_number, _frame):
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        raise runs.Stopped

    try:
        asked = parse(arguments)
        if asked.help:
            print(USAGE, end="")
            return runs.GOOD
        namespace = []
        if set(asked.kind) & set(plans.NEEDS_NETWORK):
            namespace = network.new_namespace()
        find_programs()
        asked.dir.mkdir(parents=True, exist_ok=True)
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, stop)
        return total(carry_out(asked, namespace))
    except (Wrong, OSError) as wrong:
        print(f"scripts/histories: {wrong}", file=sys.stderr)
        return runs.USAGE
    except network.NotAllowed as refusal:
        print(f"scripts/histories: this machine allows no network of our own, so partition and mixed cannot be run: "
              f"{refusal}", file=sys.stderr)
        return runs.USAGE
    except runs.Stopped:
        return runs.STOPPED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
