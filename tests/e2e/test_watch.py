#!/usr/bin/env python3
"""parley watch: each change once, in order, whatever becomes of nodes; and a clear word when what is asked for is gone."""
import json
import subprocess

import programs
from harness import PATIENT, E2eTest, main, takes
from load import Writer


class Watch(E2eTest):
    def start_watch(self, cluster, *words):
        """A watch that runs, and the file into which it prints."""
        out = self.folder / f"watch{len(list(self.folder.glob('watch*')))}"
        with open(out, "wb") as file:
            process = subprocess.Popen(
                programs.WITH_US + [programs.find("parley"), "-servers", cluster.servers, "-json", "watch", *words],
                stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.DEVNULL, env=programs.environment(self.folder))
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, out

    @staticmethod
    def lines(out):
        text = out.read_text()
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    @takes(12)
    def test_followed_through_kills(self):
        """a watch goes on at another node when one dies, and tells of each change once and in order"""
        cluster = self.cluster(3, PATIENT).up()
        self.done(cluster.parley("set", "before", "1"))
        _, out = self.start_watch(cluster, "-from", "1")
        _, some = self.start_watch(cluster, "w1")
        self.eventually(lambda: self.lines(out), "the first change is told")
        writer = Writer(cluster.batch("-timeout", "60s"), "w")
        for name in list(cluster.nodes):
            writer.await_more(30)
            cluster.kill([name])
            writer.await_more(30)
            cluster.restart([name])
        writer.finish()
        self.done(cluster.parley("delete", "before"))
        self.eventually(lambda: self.lines(out)[-1]["op"] == "delete", "the last change is told")
        told = self.lines(out)
        indexes = [line["index"] for line in told]
        self.assertEqual(indexes, sorted(set(indexes)))
        self.assertEqual((told[0]["op"], told[0]["key"], told[0]["value"]), ("set", "before", "1"))
        sets = [line for line in told[1:-1]]
        self.assertTrue(all(line["op"] == "set" for line in sets))
        values = {line["key"]: line["value"] for line in sets}
        self.assertEqual(len(values), len(sets), "a write that was sent again is told twice")
        self.assertEqual({key: values.get(key) for key in writer.acknowledged}, writer.acknowledged)
        self.assertEqual({line["key"] for line in self.lines(some)} - {key for key in values if key.startswith("w1")}, set())

    @takes(6)
    def test_what_is_gone(self):
        """whoever asks for what no node has any more is told from where on there is something, with exit code 1"""
        cluster = self.cluster(3, [*PATIENT, "-retain", "20"]).up()
        batch = cluster.batch("-timeout", "60s")
        self.all_ok(batch.ask_all([{"op": "set", "key": f"k{n % 50}", "value": "v" * 60_000} for n in range(600)]))
        for name in cluster.nodes:
            self.eventually(lambda name=name: cluster[name].segments()[0].stem.lstrip("0") != "1", f"{name} has trimmed its log")
        ended = cluster.parley("watch", "-from", "1")
        self.ended(ended, 1, out="")
        self.assertRegex(ended.err, r"entry 1 is not kept here; the first one that is, is \d+")
        # Nobody waits for a node that is away to have what the others have not.
        cluster.kill([cluster.followers()[0]])
        ended = cluster.parley("watch", "-from", "1")
        self.ended(ended, 1, out="")
        self.assertRegex(ended.err, r"entry 1 is not kept here; the first one that is, is \d+")

    @takes(4)
    def test_without_hrecov(self):
        """what nodes have in memory is told on their port for clients, and what lies further back needs one with -hrecov"""
        cluster = self.cluster(1, PATIENT)
        node = cluster["node0"]
        command = node.command()
        at = command.index("-hrecov")
        node.command = lambda: command[:at] + command[at + 2:]
        cluster.up()
        self.done(cluster.parley("set", "colour", "red"))
        _, out = self.start_watch(cluster, "-from", "1", "-previous")
        self.eventually(lambda: self.lines(out), "what was there before is told")
        self.done(cluster.parley("set", "colour", "green"))
        self.done(cluster.parley("cas", "colour", "green", "blue"))
        self.ended(cluster.parley("cas", "colour", "green", "grey"), 1)
        self.done(cluster.parley("delete", "colour"))
        self.eventually(lambda: len(self.lines(out)) == 4, "all changes are told")
        told = [(line["op"], line.get("value"), line["previous"]) for line in self.lines(out)]
        self.assertEqual(told, [("set", "red", None), ("set", "green", "red"), ("set", "blue", "green"),
                                ("delete", None, "blue")])
        ended = cluster.parley("watch", "-from", "1000000")
        self.ended(ended, 1, out="")
        self.assertIn("entry 999999 is not there yet", ended.err)
        # Stopped cleanly, it has nothing to apply again, and so nothing in memory.
        self.assertEqual(node.stop(), 0)
        cluster.restart()
        ended = cluster.parley("watch", "-from", "1")
        self.ended(ended, 1, out="")
        self.assertIn("further back only nodes that were started with -hrecov serve their logs", ended.err)

    @takes(8)
    def test_all_restarted(self):
        """a watch goes on, without gap or repeat, when all nodes were restarted and have forgotten what they had in memory"""
        cluster = self.cluster(3, PATIENT).up()
        _, out = self.start_watch(cluster, "-from", "1")
        batch = cluster.batch("-timeout", "60s")
        self.all_ok(batch.ask_all([{"op": "set", "key": f"k{n}", "value": "1"} for n in range(100)]))
        self.eventually(lambda: len(self.lines(out)) == 100, "the first changes are told")
        cluster.await_level()
        for name in cluster.nodes:
            self.assertEqual(cluster[name].stop(), 0)
        cluster.restart()
        self.all_ok(batch.ask_all([{"op": "set", "key": f"k{n}", "value": "2"} for n in range(100, 200)]))
        self.eventually(lambda: len(self.lines(out)) == 200, "the others are told")
        self.assertEqual(sorted(line["key"] for line in self.lines(out)), sorted(f"k{n}" for n in range(200)))


if __name__ == "__main__":
    main()
