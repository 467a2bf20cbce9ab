"""Clusters and loggers for measurements on this machine: started, asked, loaded, stopped. The programs are those in
PARLEY_BIN, or of this clone's release build."""
import json
import os
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("PARLEY_BIN", os.path.join(ROOT, "build", "bin"))
PATIENCE = 600


def program(name):
    return os.path.join(BIN, name)


def await_that(check, what):
    """Looks again and again; the measurement is over if it does not come about."""
    end = time.monotonic() + PATIENCE
    while not check():
        if time.monotonic() > end:
            sys.exit(f"not within {PATIENCE} s: {what}")
        time.sleep(0.01)  # between two looks


class Daemon:
    """A process that says when it serves."""

    def __init__(self, name, folder, command, ready_lines=1, environment=None):
        self.name, self.folder, self.command, self.ready_lines = name, folder, command, ready_lines
        self.environment = {**os.environ, **(environment or {})}
        self.log = os.path.join(folder, name + ".log")
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=log, text=True,
                                            env=self.environment)
        for _ in range(self.ready_lines):
            if "ready" not in self.process.stdout.readline():
                sys.exit(f"{self.name} does not serve; see {self.log}")
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def said(self, text):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return text in log.read()


class Node(Daemon):
    def __init__(self, number, folder, port, flags, prefix="node"):
        self.port = port + number
        name = f"{prefix}{number}"
        command = [program("parley-node"), "-id", name, "-port", f":{self.port}", "-raft", f":{self.port + 1000}", "-hjoin",
                   f":{self.port + 2000}", "-hrecov", f":{self.port + 3000}", "-data", os.path.join(folder, name), *flags]
        if number > 0:
            command += ["-join", f"127.0.0.1:{port + 2000}"]
        super().__init__(name, folder, command)


class Cluster:
    def __init__(self, folder, port, size=3, flags=(), prefix="node"):
        self.nodes = [Node(number, folder, port, flags, prefix) for number in range(size)]
        self.servers = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        for node in self.nodes:
            node.start()
        await_that(lambda: sum(m["role"] in ("leader", "follower") for m in self.members()) == size, "all vote")

    def parley(self, *words, servers=None):
        """What it prints; nothing if it fails."""
        command = [program("parley"), "-servers", servers or self.servers, "-json", *words]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        return ended.stdout if ended.returncode == 0 else ""

    def members(self):
        said = self.parley("status")
        return json.loads(said)["members"] if said else []

    def member(self, name):
        return next((m for m in self.members() if m["id"] == name), None)

    def committed(self):
        return max((m["commit"] or 0 for m in self.members() if m["role"] != "logger"), default=0)

    def a_follower(self):
        names = [m["id"] for m in self.members() if m["role"] == "follower"]
        return next(node for node in self.nodes if node.name == names[0])

    def start_bench(self, *words, clients=256, sockets=4):
        """A load that runs; end_bench() waits for it."""
        mix = [] if "-mix" in words else ["-mix", "set=100"]
        command = [program("parley"), "-servers", self.servers, "-json", "bench", "-clients", str(clients), "-sockets",
                   str(sockets), *mix, *words]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    @staticmethod
    def end_bench(process):
        said, _ = process.communicate(timeout=PATIENCE)
        if process.returncode != 0:
            sys.exit("the load generator failed")
        return json.loads(said)

    def bench(self, *words, **more):
        return self.end_bench(self.start_bench(*words, **more))

    def stop(self):
        for node in self.nodes:
            node.stop()


def logger(folder, clusters, port, name="log", flags=(), environment=None):
    """A logger of these clusters, not yet started. Its peers' ports begin at `port`; its -hrecov is 500 behind."""
    names = [f"{name}{number}" for number in range(len(clusters))]
    joins = ["+".join(f"127.0.0.1:{node.port + 2000}" for node in cluster.nodes) for cluster in clusters]
    command = [program("parley-logger"), "-id", ",".join(names), "-raft", ",".join(f":{port + n}" for n in range(len(names))),
               "-join", ",".join(joins), "-hrecov", f":{port + 500}", "-logfolder", os.path.join(folder, "archive"), *flags]
    return Daemon(name, folder, command, ready_lines=len(names), environment=environment)
