#!/usr/bin/env python3
"""What README tells a person to type."""
import pathlib
import re
import shlex
import signal

import programs
from harness import E2eTest, main, takes

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"


def section(title):
    """The lines that README sets as commands under a heading."""
    text = README.read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(title)}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"README has no section {title!r}"
    return [line.strip() for line in found[1].splitlines() if line.startswith("    ")]


class Readme(E2eTest):
    def start_nodes(self, lines, flags=()):
        """The nodes that these lines start, on ports of our own; gives them by name."""
        starts = [shlex.split(line)[1:] for line in lines if line.startswith("parley-node -id")]
        self.assertEqual(len(starts), 3, starts)
        nodes = {words[words.index("-id") + 1]: self.node(words[words.index("-id") + 1]) for words in starts}
        self.ports = {}  # as README has them, by ours
        for words, node in zip(starts, nodes.values()):
            for flag, port in (("-port", node.client), ("-raft", node.raft), ("-hjoin", node.hjoin)):
                self.ports[words[words.index(flag) + 1].lstrip(":")] = str(port.number)
        for number, (words, node) in enumerate(zip(starts, nodes.values())):
            self.ports[f"1400{number}"] = str(node.hrecov.number)
            self.serve_line(node, [*words, *(flag.format(number) for flag in flags)])
        self.servers = ",".join(node.client.address for node in nodes.values())
        return nodes

    def serve_line(self, daemon, words):
        """Starts it with the words that README has behind its name."""
        daemon.command = lambda: [type(daemon).command(daemon)[0], *map(self.with_our_ports, words)]
        daemon.serve()

    def test_by_hand(self):
        """three nodes found and join a cluster with the very commands of README, and the client's commands there work"""
        lines = section("Run nodes by hand")
        nodes = self.start_nodes(lines)
        for node in nodes.values():
            self.assertTrue((self.folder / "data" / node.name / "store" / "data.mdb").exists())
            self.assertTrue(list((self.folder / "data" / node.name / "log").iterdir()))
        self.type_all(lines)
        for node in nodes.values():
            self.assertEqual(node.stop(), 0)
        for line in lines[0:0] + ["parley-node inspect ./data/node0", "parley-node verify ./data/node0"]:
            self.assertIn(line.split()[1], README.read_text(encoding="utf-8"))
            self.done(self.run_program(*shlex.split(line)))
        # As README says: the same name, ports and data, and nothing else.
        for node in nodes.values():
            node.data = pathlib.Path(f"./data/{node.name}")
            del node.command
            node.start()
        for node in nodes.values():
            node.await_ready()
        self.done(self.parley(self.servers, "get", "colour"), "green\n")

    @takes(8)
    def test_log_outside(self):
        """a logger keeps the log, its archive is looked at, changes are followed, and with two nodes lost a cluster comes back"""
        nodes = self.start_nodes(section("Run nodes by hand"), ["-hrecov", ":1400{}"])
        lines = section("Keep the log outside, and bring a cluster back")
        self.assertEqual([line.split()[0:2] for line in lines],
                         [["parley-logger", "-id"], ["parley-logger", "verify"], ["parley-logger", "dump"],
                          ["parley-logger", "blame"], ["parley", "watch"], ["parley-recovery", "-recov"],
                          ["parley-node", "-id"]])
        start, *looks, watch, recover, again = map(shlex.split, lines)
        logger = self.logger(["log0"], [])
        self.ports |= {"12003": str(logger.rafts[0].number), "14003": str(logger.hrecov.number)}
        self.serve_line(logger, start[1:])
        self.done(self.parley(self.servers, "set", "colour", "green"), "OK\n")
        self.follow(watch[1:], "colour", "green")
        self.eventually(lambda: "green" in self.run_program(*looks[2]).out, "the archive has what was written")
        for look in looks:
            self.assertTrue(self.done(self.run_program(*look)).out)
        for name in ("node0", "node2"):
            nodes[name].kill()
        self.done(self.run_program(recover[0], *map(self.with_our_ports, recover[1:])))
        restored = self.node("again0")
        restored.client, restored.raft = nodes["node0"].client, nodes["node0"].raft  # as README has it
        self.serve_line(restored, again[1:])
        self.done(self.parley(restored.client.address, "get", "colour"), "green\n")

    def follow(self, words, key, value):
        """Types a command that goes on until it is interrupted, and interrupts it when it has told of this."""
        process = self.start_parley(self.servers, *words)
        said = process.stdout.readline()
        self.assertIn(key.encode(), said)
        self.assertIn(value.encode(), said)
        process.send_signal(signal.SIGINT)
        process.stdout.close()
        process.wait(programs.DEADLINE)

    def with_our_ports(self, word):
        for theirs, ours in self.ports.items():
            word = re.sub(rf"\b{theirs}\b", ours, word)
        return word

    def type_all(self, lines):
        """The client's commands, in order. Those without -servers go to the default port in README, here to the first node."""
        expected = {"set": "OK\n", "cas": "OK\n", "get": "green\n", "scan": "colour\tgreen\n"}
        for line in [line.split("#")[0].strip() for line in lines if re.match(r"(parley|echo)\b(?!-)", line)]:
            with self.subTest(line=line):
                said = ""
                if line.startswith("echo"):
                    echo, line = line.split("|")
                    said = shlex.split(echo)[1] + "\n"
                words = [self.with_our_ports(word) for word in shlex.split(line)[1:]]
                if "-servers" in words:
                    del words[0:2]
                if "-time" in words:
                    words[words.index("-time") + 1] = "1"
                ended = self.ended(self.parley(self.servers, *words, stdin=said), 0)
                if words and words[0] in expected:
                    self.assertEqual(ended.out, expected[words[0]])
                if words and words[0] == "batch":
                    self.assertTrue(self.json(ended.out)["ok"])


if __name__ == "__main__":
    main()
