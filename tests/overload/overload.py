"""What scripts/overload does: finds the load that saturates a cluster of three, puts twice as much on it, and says what becomes
of throughput, memory and leadership."""
import argparse
import json
import pathlib
import shutil
import sys
import tempfile

import e2e_path  # noqa: F401

import programs
from harness import E2eTest
from watch import Watch, memory_bound

USAGE = """\
usage: scripts/overload [-seconds S] [-value-size BYTES] [-sockets N] [-dir DIR]
  -seconds S         how long twice the load goes on (default 60)
  -value-size BYTES  of what is written (default 128)
  -sockets N         connections of the clients (default 320): with 256 writes on each at most, more than may wait at a node
  -dir DIR           where data and logs are meanwhile (default: a temporary folder)
Starts three nodes on this machine, sync on, finds the most writes a second that closed loops of clients get done, offers twice
as many in an open loop, and prints both throughputs and their ratio, the share of busy answers, the processor time of a write,
the most memory that each node took against its bound (limits::node_memory_bytes), and how many elections there were. Exit
codes: 0 the ratio is at least 0.8, memory within its bound, no election; 1 not so; 2 usage; 3 it could not be measured.
Takes the programs from PARLEY_BIN if it is set, and builds them otherwise. Time figures need a machine that does nothing else.
"""

LEAST_RATIO = 0.8
# Writes that one connection has under way at most: its session's window.
WINDOW = 256
# Clients of the closed loops among which the peak is looked for, and how long each loop is measured.
CLIENTS = (256, 1024, 4096, 16384)
PEAK_SECONDS = 8
WARMUP_SECONDS = 2


class Failed(Exception):
    """Why nothing could be measured."""


class Overload:
    def __init__(self, folder, value_size=128, sockets=320, flags=()):
        self.stage = E2eTest()
        self.stage.open(folder)
        self.value_size, self.sockets = value_size, sockets
        self.nodes = []
        for number in range(3):
            join = [node.hjoin.address for node in self.nodes]
            self.nodes.append(self.stage.node(f"node{number}", join=join, flags=flags))

    def start(self):
        self.nodes[0].serve()
        for node in self.nodes[1:]:
            node.serve()
        self.stage.eventually(self._all_vote, "three nodes vote")

    @property
    def servers(self):
        return ",".join(node.client.address for node in self.nodes)

    def _all_vote(self):
        ended = self.stage.parley(self.servers, "-json", "status")
        roles = [member["role"] for member in json.loads(ended.out)["members"]] if ended.code == 0 else []
        return sum(role in ("leader", "follower") for role in roles) == 3

    def bench(self, seconds, clients, rate=0):
        """What `bench -json` says, with `watch`: what became of the nodes meanwhile."""
        watch = Watch(self.nodes)
        words = ["bench", "-mix", "set=100", "-value-size", str(self.value_size), "-clients", str(clients), "-sockets",
                 str(min(self.sockets, clients)), "-rate", str(rate), "-time", str(seconds), "-warmup", str(WARMUP_SECONDS)]
        ended = self.stage.parley(self.servers, "-json", *words, deadline=seconds + 5 * programs.DEADLINE)
        watch.stop()
        if ended.code != 0:
            raise Failed(str(ended))
        result = json.loads(ended.out)
        result["watch"] = watch
        # Warm-up and what was under way at the end cost, too.
        result["node_us"] = watch.seconds * 1e6 / (result["throughput"] * (seconds + WARMUP_SECONDS))
        return result

    def peak(self, seconds=PEAK_SECONDS, numbers=CLIENTS):
        return max((self.bench(seconds, clients) for clients in numbers), key=lambda result: result["throughput"])

    def twice(self, peak, seconds):
        return self.bench(seconds, self.sockets * WINDOW, rate=int(2 * peak["throughput"]))

    def close(self):
        self.stage.close()


def describe(peak, result, bound):
    """What was measured, a line each."""
    watch = result["watch"]
    busy = result["busy_answers"] / max(result["answers"], 1)
    offered = result["rate"] - result["missed"] / result["seconds"]
    yield (f"peak throughput        {peak['throughput']:.0f} writes a second, of {peak['value_size']} bytes; {peak['clients']} "
           "clients")
    yield (f"then offered           {result['rate']} a second for {result['seconds']:.0f} s, of which {offered:.0f} were "
           f"begun by one of {result['clients']} clients, at once or late")
    yield (f"answered by nodes      {result['answers'] / result['seconds']:.0f} a second, {busy:.0%} of them busy; in the end "
           f"{result['errors']} of {result['ops'] + result['errors']} writes were not done: {result['errors_by_word']}")
    yield (f"throughput under it    {result['throughput']:.0f} writes a second; p50 {result['latency_us']['p50'] / 1000:.0f} "
           f"ms, p99 {result['latency_us']['p99'] / 1000:.0f} ms")
    yield f"ratio                  {result['throughput'] / peak['throughput']:.2f}, at least {LEAST_RATIO}"
    yield (f"processor time         a write took {peak['node_us']:.0f} us of the nodes and "
           f"{peak['client_cpu_us_per_op']:.0f} of the clients, then {result['node_us']:.0f} and "
           f"{result['client_cpu_us_per_op']:.0f}")
    memory = ", ".join(f"{name} {size >> 20}" for name, size in watch.most.items())
    yield f"memory                 at most {memory} MiB, of {bound >> 20}"
    yield f"elections              {watch.elections}"


def problems(peak, result, bound):
    if result["throughput"] < LEAST_RATIO * peak["throughput"]:
        yield f"throughput fell to {result['throughput'] / peak['throughput']:.2f} of its peak"
    if result["watch"].elections:
        yield f"{result['watch'].elections} elections"
    for name, size in result["watch"].most.items():
        if size > bound:
            yield f"{name} took {size >> 20} MiB"
    if not result["busy_answers"]:
        yield "nobody was told busy: no bound was reached"


class Parser(argparse.ArgumentParser):
    def error(self, message):
        print(f"scripts/overload: {message} (-help tells more)", file=sys.stderr)
        sys.exit(2)


def parse(arguments):
    parser = Parser(add_help=False, allow_abbrev=False)
    for name, kind, default in (("seconds", int, 60), ("value-size", int, 128), ("sockets", int, 320),
                                ("dir", pathlib.Path, None)):
        parser.add_argument("-" + name, "--" + name, type=kind, default=default)
    parser.add_argument("-help", "--help", action="store_true")
    asked = parser.parse_args(arguments)
    if asked.seconds < 1 or asked.value_size < 0 or not 1 <= asked.sockets <= 512:
        parser.error("-seconds from 1, -value-size from 0, -sockets from 1 to 512")
    return asked


def main():
    asked = parse(sys.argv[1:])
    if asked.help:
        print(USAGE, end="")
        return 0
    folder = asked.dir or pathlib.Path(tempfile.mkdtemp(prefix="parley-overload-"))
    folder.mkdir(parents=True, exist_ok=True)
    overload = Overload(folder, asked.value_size, asked.sockets)
    try:
        overload.start()
        peak = overload.peak()
        print(f"peak: {peak['throughput']:.0f} writes a second; now twice that for {asked.seconds} s", file=sys.stderr)
        result = overload.twice(peak, asked.seconds)
        bound = memory_bound()
        for line in describe(peak, result, bound):
            print(line)
        found = list(problems(peak, result, bound))
        for problem in found:
            print(f"NOT GOOD: {problem}")
        return 1 if found else 0
    except (Failed, AssertionError) as failed:
        print(f"scripts/overload: {failed}", file=sys.stderr)
        return 3
    finally:
        overload.close()
        if not asked.dir:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
