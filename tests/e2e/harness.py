"""What every test with real processes needs: a folder, nodes, clusters, clients, and the end of them all."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import programs
from batch import ERRORS, Batch
from nodes import Logger, Loopback, Node
from ports import Port
from programs import DEADLINE

# Small segments, so that a test does not spend its time on zeroing files.
SMALL = ["-segment", "8MiB"]
# Where a test says who leads and means it: timers that a busy machine does not upset.
PATIENT = ["-election-ms", "2000", "-heartbeat-ms", "100"]


def takes(seconds):
    """Says of a test method that it takes about so long, so that it does not begin last."""

    def mark(method):
        method.seconds = seconds
        return method

    return mark


class Cluster:
    """Nodes of one cluster: the first founds it, the others join it."""

    def __init__(self, test, names, flags=()):
        self.test = test
        self.nodes = {}
        for name in names:
            self.add(name, flags=flags)

    def add(self, name, flags=()):
        """One more node, not yet started, which asks those that there are."""
        join = [node.hjoin.address for node in self.nodes.values()]
        self.nodes[name] = self.test.node(name, join=join, flags=[*SMALL, *flags])
        return self.nodes[name]

    def __getitem__(self, name):
        return self.nodes[name]

    def up(self):
        """Starts all and waits until all have a vote."""
        nodes = list(self.nodes.values())
        nodes[0].serve()
        for node in nodes[1:]:
            node.start()
        for node in nodes[1:]:
            node.await_ready()
        self.await_voters(self.nodes)
        return self

    def restart(self, names=None):
        """Starts those that do not run, all at once, and waits for them."""
        nodes = [self.nodes[name] for name in names or self.nodes if not self.nodes[name].runs()]
        for node in nodes:
            node.start()
        for node in nodes:
            node.await_ready()

    def kill(self, names=None):
        for name in names or self.nodes:
            self.nodes[name].process.kill()
        for name in names or self.nodes:
            self.nodes[name].kill()

    @property
    def servers(self):
        return ",".join(node.client.address for node in self.nodes.values())

    def parley(self, *words, **more):
        return self.test.parley(self.servers, *words, **more)

    def batch(self, *flags, servers=None):
        return self.test.batch(servers or self.servers, *flags)

    # --- what it says of itself ---

    def status(self):
        """`status -json`, or nothing while no node answers."""
        ended = self.parley("-json", "status")
        return json.loads(ended.out) if ended.code == 0 else None

    def members(self):
        return json.loads(self.test.done(self.parley("-json", "members", "-timeout", "30s")).out)

    def await_voters(self, names):
        def all_vote():
            ended = self.parley("-json", "members")
            if ended.code != 0:
                return False
            found = json.loads(ended.out)
            roles = {member["id"]: member["role"] for member in found if member["role"] != "logger"}
            return set(roles) == set(names) and "learner" not in roles.values()

        self.test.eventually(all_vote, f"{', '.join(names)} all vote")

    def leader(self):
        """The name of the one node that leads, is up, and has an entry of its term committed."""

        def find():
            status = self.status()
            leaders = [m["id"] for m in status["members"] if m["role"] == "leader" and m["up"]] if status else []
            return leaders[0] if len(leaders) == 1 else None

        return self.test.eventually(find, "somebody leads")

    def followers(self):
        return self.others(self.leader())

    def others(self, name):
        return [other for other in self.nodes if other != name]

    def await_level(self):
        """Waits until all have applied the same entries. Gives the status."""

        def all_level():
            status = self.status()
            if status is None or len(status["members"]) != len(self.nodes):
                return None
            members = status["members"]
            is_level = all(m["up"] and m["lag"] == 0 for m in members) and len({m["applied"] for m in members}) == 1
            return status if is_level else None

        return self.test.eventually(all_level, "all members have applied the same entries")

    def await_agreement(self):
        """Waits until all have applied the same entries; then they hold the same, byte for byte. Gives the status."""
        status = self.await_level()
        for digest in ("digest", "state"):
            found = {member[digest] for member in status["members"]}
            self.test.assertEqual(len(found), 1, f"one {digest} at one index: {status}")
        return status


class E2eTest(unittest.TestCase):
    """A test with a folder of its own. When it has ended, so have all its processes; if it failed, what they said is shown."""

    longMessage = True
    maxDiff = 4000

    def run(self, result=None):
        result = result if result is not None else self.defaultTestResult()
        self.open(pathlib.Path(tempfile.mkdtemp(prefix="parley-e2e-")))
        found_before = len(result.failures) + len(result.errors)
        try:
            super().run(result)
        finally:
            self.close()
            if len(result.failures) + len(result.errors) > found_before:
                self._show_logs()
            shutil.rmtree(self.folder, ignore_errors=True)
        return result

    def open(self, folder):
        """From now on everything is in this folder."""
        self.folder = folder
        self._nodes, self._batches, self._spare_ports = [], [], []

    def close(self):
        """Ends all processes, however they stand."""
        for batch in self._batches:
            batch.close()
        for node in self._nodes:
            node.close()
        for port in self._spare_ports:
            port.close()

    def tearDown(self):
        self.check_processes(asks_to_stop=programs.SANITIZED)

    def check_processes(self, asks_to_stop):
        """No node has ended by itself, and no sanitizer has anything to say. If asked to stop, all must end with 0: one that is
        killed cannot say what it has leaked."""
        problems = [node.crash() for node in self._nodes]
        if asks_to_stop:
            problems += [node.end() for node in self._nodes]
        said = [(node.name, node.whole_log()) for node in self._nodes]
        if (self.folder / ERRORS).exists():
            said.append(("a client", (self.folder / ERRORS).read_bytes()))
        reports = [(name, programs.sanitizer_report(text)) for name, text in said]
        for name, report in reports:
            self.assertEqual(report, "", f"a sanitizer has something to say of {name}")
        problems = [problem for problem in problems if problem]
        self.assertEqual(problems, [], "no node ends by itself, and all stop when asked")

    def _show_logs(self):
        for node in self._nodes:
            lines = node.whole_log().decode("utf-8", "replace").splitlines()
            print(f"--- the end of the log of {node.name} ({len(lines)} lines)", file=sys.stderr)
            print("\n".join(line[:500] for line in lines[-40:]), file=sys.stderr)

    # --- processes ---

    def node(self, name, join=(), flags=(), folder=None, place=Loopback()):
        """A node, not yet started. Nodes of one name need folders of their own."""
        node = Node(name, folder or self.folder, join, flags, place)
        self._nodes.append(node)
        return node

    def logger(self, names, clusters, flags=()):
        """A logger of these clusters, one name for each, not yet started."""
        joins = [[node.hjoin.address for node in cluster.nodes.values()] for cluster in clusters]
        logger = Logger(names, self.folder, joins, [*SMALL, *flags])
        self._nodes.append(logger)
        return logger

    def cluster(self, size=3, flags=(), prefix="node"):
        return Cluster(self, [f"{prefix}{number}" for number in range(size)], flags)

    def port(self):
        """A port at which nobody listens."""
        self._spare_ports.append(Port())
        return self._spare_ports[-1]

    def run_program(self, name, *words, stdin=b"", deadline=DEADLINE, more=None):
        stdin = stdin.encode() if isinstance(stdin, str) else stdin
        return programs.run([programs.find(name), *words], self.folder, stdin, deadline, more)

    def parley(self, servers, *words, stdin=b"", deadline=2 * DEADLINE, more=None):
        return self.run_program("parley", "-servers", servers, *words, stdin=stdin, deadline=deadline, more=more)

    def start_parley(self, servers, *words):
        """A client that is not waited for."""
        process = subprocess.Popen(
            programs.WITH_US + [programs.find("parley"), "-servers", servers, *words], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder, env=programs.environment(self.folder),
        )
        self.addCleanup(lambda: (process.kill(), process.communicate(timeout=DEADLINE)))
        return process

    def run_into(self, output, *words):
        """Runs `parley` with its standard output going to an open file; gives its exit code."""
        ended = subprocess.run(
            [programs.find("parley"), *words], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE,
            cwd=self.folder,
            env=programs.environment(self.folder), timeout=DEADLINE, check=False,
        )
        self.assertEqual(programs.sanitizer_report(ended.stderr), "")
        return ended.returncode

    def batch(self, servers, *flags):
        batch = Batch(servers, self.folder, [*flags, "batch"])
        self._batches.append(batch)
        return batch

    # --- expecting ---

    @staticmethod
    def json(text):
        """One JSON value that takes the whole text."""
        return json.loads(text)

    def eventually(self, check, what, deadline=DEADLINE):
        """Asks `check` until it gives something that is true, which is returned."""
        end = time.monotonic() + deadline
        while True:
            value = check()
            if value:
                return value
            if time.monotonic() > end:
                self.fail(f"not within {deadline} s: {what}")
            time.sleep(0.02)  # between two looks; what is waited for has no descriptor to wait on

    def await_log(self, node, text):
        """Waits until the present process of `node` has said `text` on standard error."""
        self.eventually(lambda: text in node.log(), f"{node.name} says {text!r}")

    def ended(self, ended, code, out=None, err=()):
        """`ended` has this exit code, exactly this on standard output, and each of these on standard error."""
        self.assertEqual(ended.code, code, str(ended))
        if out is not None:
            self.assertEqual(ended.out, out, str(ended)[:4000])
        for text in [err] if isinstance(err, str) else err:
            self.assertIn(text, ended.err, str(ended))
        return ended

    def done(self, ended, out=None):
        """It worked, and had nothing to complain about."""
        self.ended(ended, 0, out)
        self.assertEqual(ended.err, "", str(ended))
        return ended

    def all_ok(self, answers):
        bad = [answer for answer in answers if not answer["ok"]]
        self.assertEqual(bad[:3], [], f"{len(bad)} of {len(answers)} requests were not carried out")
        return answers


def main():
    """Runs the tests of the calling module: all, or those named `Class.method` on the command line."""
    unittest.main(verbosity=2)
