#!/usr/bin/env python3
"""-logfolder of a node: the application's own log of what it applied, as the seeds' experiments keep it."""
import json
import re
import subprocess

from harness import SMALL, E2eTest, main, takes
from load import Writer


class ApplicationLogs(E2eTest):
    def setUp(self):
        self.logs = self.folder / "applied"

    @property
    def keeps(self):
        return ["-logfolder", str(self.logs)]

    def tool(self, *words):
        return self.run_program("parley-logger", *map(str, words))

    def verified(self, name):
        """What verify says of a node's log, as a dictionary."""
        lines = self.done(self.tool("verify", self.logs / name)).out.splitlines()
        self.assertEqual(lines[-1], "ok")
        return dict(line.split(maxsplit=1) for line in lines[:-1])

    def entries(self, name):
        """All entries of a log, which follow each other without a gap or a repetition."""
        found = [json.loads(line) for line in self.done(self.tool("dump", self.logs / name)).out.splitlines()]
        indexes = [entry["index"] for entry in found]
        self.assertEqual(indexes, list(range(indexes[0], indexes[0] + len(indexes))))
        return found

    def write(self, address, values):
        batch = self.batch(address, "-timeout", "60s")
        self.all_ok(batch.ask_all([{"op": "set", "key": key, "value": value} for key, value in values.items()]))

    def write_much(self, address, prefix, count=2500):
        """Several segments full."""
        self.write(address, {f"{prefix} {n}": f"{n} " + "v" * 10_000 for n in range(count)})

    @takes(12)
    def test_crashes(self):
        """every entry is there once, however often nodes are killed, and the logs of all are the same"""
        cluster = self.cluster(flags=self.keeps).up()
        writer = Writer(cluster.batch("-timeout", "60s"), "k")
        for turn in range(4):
            writer.await_more(200)
            # All at once, and one after the other.
            names = list(cluster.nodes) if turn % 2 else [cluster.leader()]
            cluster.kill(names)
            for name in names:
                self.verified(name)
            cluster.restart()
        writer.await_more(100)
        writer.finish()
        status = cluster.await_agreement()
        for name in cluster.nodes:
            found = self.entries(name)
            self.assertEqual((found[0]["index"], found[-1]["index"]), (1, status["members"][0]["applied"]))
            self.assertEqual(found[-1]["digest"], status["members"][0]["digest"])
            sets = {entry["command"]["key"]: entry["command"]["value"] for entry in found
                    if entry["kind"] == "command" and entry["command"]["op"] == "set"}
            missing = [key for key in writer.acknowledged if sets.get(key) != writer.acknowledged[key]]
            self.assertEqual(missing[:3], [])
            self.done(self.tool("diff", self.logs / "node0", self.logs / name))
        key = next(iter(writer.acknowledged))
        self.assertIn(writer.acknowledged[key], self.done(self.tool("blame", self.logs / "node1", key)).out)
        # The folder of all of them is none, but says where they are.
        self.ended(self.tool("verify", self.logs), 2, "", "there is one in")

    def test_before_the_answer(self):
        """what was answered is in the log, whenever the node is killed, and one that logs alone is read from its parent"""
        node = self.node("node0", flags=[*SMALL, *self.keeps]).serve()
        for turn in range(5):
            value = f"value {turn}"
            self.done(self.parley(node.client.address, "set", "key", value))
            node.kill()
            commands = [entry["command"] for entry in self.entries("node0") if entry["kind"] == "command"]
            self.assertIn(value, [command.get("value") for command in commands])
            node.serve()
        ended = self.tool("verify", self.logs)
        self.assertEqual(ended.code, 0)
        self.assertIn(str(self.logs / "node0"), ended.err)

    @takes(8)
    def test_gap(self):
        """a node that gets an image has a gap in its log, with the image behind it, and what follows is there"""
        cluster = self.cluster(flags=[*self.keeps, "-retain", "50"]).up()
        gone = cluster.followers()[0]
        self.write(cluster.servers, {"before": "1"})
        cluster.await_agreement()
        cluster.kill([gone])
        self.write_much(cluster.servers, "dead")
        self.eventually(lambda: all(cluster[name].segments()[0].stem.lstrip("0") != "1" for name in cluster.others(gone)),
                        "the logs are trimmed", 120)
        cluster.restart()
        self.await_log(cluster[gone], "has come")
        self.write(cluster.servers, {"after": "2"})
        cluster.await_agreement()
        self.await_log(cluster[gone], "is a gap in it")
        ended = self.tool("dump", self.logs / gone)
        self.assertEqual(ended.code, 0)
        self.assertRegex(ended.err, r"missing|gap")
        self.assertIn('"after"', ended.out)
        verified = self.done(self.tool("verify", self.logs / gone)).out
        self.assertRegex(verified, re.compile(r"^images\s+1$", re.MULTILINE))
        whole = cluster.others(gone)[0]
        self.assertEqual(self.tool("diff", self.logs / whole, self.logs / gone).code, 0)
        # It goes on through a crash.
        cluster.kill([gone])
        cluster.restart()
        self.write(cluster.servers, {"last": "3"})
        cluster.await_agreement()
        self.assertIn('"last"', self.tool("dump", self.logs / gone).out)
        self.assertEqual(self.tool("diff", self.logs / whole, self.logs / gone).code, 0)

    @takes(6)
    def test_switched_on_later(self):
        """a log that is switched on later has what the node's own log still has, or begins behind an image"""
        node = self.node("node0", flags=[*SMALL, "-retain", "1000000"]).serve()
        self.write(node.client.address, {f"key {n}": "v" for n in range(300)})
        self.assertEqual(node.stop(), 0)
        node.flags += self.keeps
        node.serve()
        self.done(self.parley(node.client.address, "set", "a", "b"))
        self.assertEqual(self.entries("node0")[0]["index"], 1)
        # Off, so that it misses something, and on again when that is trimmed.
        self.assertEqual(node.stop(), 0)
        node.flags = [*SMALL, "-retain", "10"]
        node.serve()
        self.write_much(node.client.address, "off")
        self.eventually(lambda: node.segments()[0].stem.lstrip("0") != "1", "the log is trimmed", 120)
        self.assertEqual(node.stop(), 0)
        node.flags += self.keeps
        node.serve()
        self.done(self.parley(node.client.address, "set", "c", "d"))
        self.await_log(node, "is a gap in it")
        self.assertRegex(self.done(self.tool("verify", self.logs / "node0")).out, re.compile(r"^images\s+1$", re.MULTILINE))
        self.assertIn('"key":"c"', self.tool("dump", self.logs / "node0").out)
        self.assertEqual(node.stop(), 0)

    def test_another_cluster(self):
        """a node does not write into the log of another cluster, nor two nodes into one folder"""
        node = self.node("node0", flags=[*SMALL, *self.keeps]).serve()
        self.done(self.parley(node.client.address, "set", "a", "b"))
        self.assertEqual(node.stop(), 0)
        other = self.node("node0", flags=[*SMALL, *self.keeps], folder=self.folder / "other")
        other.folder.mkdir()
        code, log = other.start_in_vain()
        self.assertEqual(code, 2, log)
        self.assertIn("holds the application log of cluster", log)
        self.assertIn("is to found another", log)
        self.assertNotIn("leads", log)  # it has founded nothing
        node.serve()
        code, log = other.start_in_vain()
        self.assertEqual(code, 2, log)
        self.assertIn("is used by another process", log)

    def test_no_folder(self):
        """a place where no folder can be made is a wrong flag, and the data folder is as if nobody had tried"""
        (self.folder / "file").write_text("no folder")
        node = self.node("node0", flags=[*SMALL, "-logfolder", str(self.folder / "file")])
        code, log = node.start_in_vain()
        self.assertEqual(code, 2, log)
        self.assertIn(str(self.folder / "file"), log)
        node.flags = [*SMALL, *self.keeps]
        node.serve()

    @takes(5)
    def test_full_disk(self):
        """without room for the log nothing is applied and writes are answered disk_full, and with room again both go on"""
        disk = self.folder / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={40 << 20}", "none", str(disk)],
                                 capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest(f"no disk of its own can be mounted here: {mounted.stderr.decode().strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", str(disk)], check=True)
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(10 << 20))
        self.logs = disk / "applied"
        node = self.node("node0", flags=[*SMALL, *self.keeps]).serve()
        batch = self.batch(node.client.address, "-timeout", "5s")
        written = {}
        for number in range(200):
            answer = batch.ask("set", key=f"key {number}", value=str(number % 10) * 400_000)
            if not answer["ok"]:
                break
            written[f"key {number}"] = str(number % 10) * 400_000
        self.assertIn(answer.get("error"), ("disk_full", "timeout"), answer)
        self.ended(self.parley(node.client.address, "set", "a", "b"), 1, "", "disk_full")
        self.assertIn("no room for the application log", self.parley(node.client.address, "status").out)
        ballast.unlink()
        self.eventually(lambda: self.parley(node.client.address, "set", "a", "b").code == 0, "writes go on")
        for key, answer in zip(written, batch.ask_all([{"op": "get", "key": key} for key in written])):
            self.assertEqual(answer.get("value"), written[key])
        self.assertEqual(node.stop(), 0)
        self.entries("node0")
        self.verified("node0")


if __name__ == "__main__":
    main()
