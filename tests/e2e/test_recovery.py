#!/usr/bin/env python3
"""parley-recovery with real nodes and loggers: what it prints, what it makes, whom it believes, and how it ends."""
import json
import random
import re
import subprocess

import programs
from harness import PATIENT, E2eTest, main, takes
from load import Writer

# Everything that a cluster ever wrote stays in its nodes' logs.
KEEPS = ["-retain", "10000000"]


class Recovery(E2eTest):
    def recover(self, sources, *words, deadline=2 * programs.DEADLINE):
        addresses = ",".join(source.hrecov.address for source in sources)
        return self.run_program("parley-recovery", "-recov", addresses, *map(str, words), deadline=deadline)

    def recovered(self, sources, *words):
        """It worked; what it says as JSON."""
        ended = self.recover(sources, "-json", *words)
        self.assertEqual(ended.code, 0, str(ended))
        return self.json(ended.out)

    def member(self, cluster, name):
        status = cluster.status()
        return next((m for m in status["members"] if m["id"] == name), None) if status else None

    def await_archived(self, cluster, logger):
        """Until the archive has what all nodes have applied; gives what the first node says of itself."""
        name = logger.names[0]

        def is_level():
            status = cluster.status()
            members = status["members"] if status else []
            indexes = {m["commit"] if m["role"] == "logger" else m["applied"] for m in members if m["up"]}
            return members and all(m["up"] for m in members) and len(indexes) == 1

        self.eventually(is_level, f"{name} has archived all")
        return self.member(cluster, next(iter(cluster.nodes)))

    def start(self, folder):
        """A node of a new cluster, from a folder that was made."""
        return self.node(folder.name, folder=folder.parent).serve()

    def fill(self, cluster, prefix, count=400, size=60_000):
        """Writes several segments full."""
        batch = cluster.batch("-timeout", "60s")
        self.all_ok(batch.ask_all([{"op": "set", "key": f"{prefix}{n % 50}", "value": "v" * size} for n in range(count)]))

    # --- what it says and makes ---

    @takes(4)
    def test_all_sources(self):
        """a node, a logger and both give one digest and one state, those of the cluster, and four lines that scripts rely on"""
        cluster = self.cluster(3, [*PATIENT, *KEEPS]).up()
        logger = self.logger(["log0"], [cluster]).serve()
        self.fill(cluster, "big", count=100)
        said = self.await_archived(cluster, logger)
        node = cluster["node1"]
        for sources in ([node], [logger], [logger, node]):
            for replay in ("parallel", "sequential"):
                found = self.recovered(sources, "-replay", replay, "-to", said["applied"])
                self.assertEqual((found["index"], found["digest"], found["state"]),
                                 (said["applied"], said["digest"], said["state"]))
                self.assertGreater(found["commands"], 100)
        ended = self.recover([logger, node])
        self.done(ended)
        lines = ended.out.splitlines()
        for line, begin in zip(lines, ("Transfer Time (ns)", "Install Time (ns)", "State Size (bytes)", "Num of Commands")):
            self.assertRegex(line, "^" + re.escape(begin) + r": [1-9]\d*$")
        self.assertIn(f"Digest: {said['digest']}", lines)
        self.assertIn(f"State: {said['state']}", lines)

    @takes(4)
    def test_time_travel(self):
        """-to N -into makes the state as it was at N, from which a node founds a new cluster"""
        cluster = self.cluster(1, KEEPS).up()
        logger = self.logger(["log0"], [cluster]).serve()
        batch = cluster.batch()
        indexes = {}
        for turn in range(1, 6):
            answer = batch.ask("set", key="turn", value=str(turn))
            self.assertTrue(answer["ok"], answer)
            indexes[turn] = answer["index"]
        self.await_archived(cluster, logger)
        for turn, sources in ((2, [logger]), (4, [cluster["node0"]]), (5, [logger, cluster["node0"]])):
            folder = self.folder / f"turn{turn}"
            found = self.recovered(sources, "-to", indexes[turn], "-into", folder)
            self.assertEqual(found["index"], indexes[turn])
            born = self.start(folder)
            self.done(self.parley(born.client.address, "get", "turn"), f"{turn}\n")
            status = self.json(self.parley(born.client.address, "-json", "status").out)
            self.assertNotEqual(status["cluster"], cluster.status()["cluster"])
            self.done(self.parley(born.client.address, "set", "turn", "another"))

    @takes(5)
    def test_lost_quorum(self):
        """all voters lost: a new cluster begins from a logger's archive, with every write that was acknowledged and archived"""
        cluster = self.cluster(3, PATIENT).up()
        logger = self.logger(["log0"], [cluster]).serve()
        writers = [Writer(cluster.batch("-timeout", "60s"), prefix) for prefix in "ab"]
        for writer in writers:
            writer.await_more(200)
            writer.finish()
        self.await_archived(cluster, logger)
        cluster.kill()
        for name in cluster.nodes:
            subprocess.run(["rm", "-rf", str(cluster[name].data)], check=True)
        folder = self.folder / "reborn"
        self.recovered([logger], "-into", folder)
        born = self.start(folder)
        batch = self.batch(born.client.address)
        for writer in writers:
            answers = batch.ask_all([{"op": "get", "key": key} for key in writer.acknowledged])
            self.assertEqual([answer.get("value") for answer in answers], list(writer.acknowledged.values()))
        # It grows into a cluster again.
        other = self.node("second", join=[born.hjoin.address]).serve()
        self.done(self.parley(other.client.address, "set", "x", "y"))

    @takes(4)
    def test_from_an_image(self):
        """a node that has trimmed its log gives an image and what follows, and says what is gone"""
        cluster = self.cluster(3, [*PATIENT, "-retain", "20"]).up()
        self.fill(cluster, "big", count=600)
        node = cluster["node0"]
        self.eventually(lambda: node.segments()[0].stem.lstrip("0") != "1", "it has trimmed its log")
        found = self.recovered([node], "-into", self.folder / "made")
        self.assertIsNotNone(found["image"])
        self.assertEqual(found["gaps"][0][0], 1)
        applied = self.member(cluster, "node0")
        if applied["applied"] == found["index"]:
            self.assertEqual(found["state"], applied["state"])
        born = self.start(self.folder / "made")
        got = self.parley(born.client.address, "get", "big7")
        self.assertEqual(len(self.done(got).out), 60_001)
        # Entry 2 is gone, and no image replaces it.
        refused = self.recover([node], "-to", "2", "-into", self.folder / "never")
        self.ended(refused, 1, "", ["no source leads to the state at 2: entry 1 is missing", "the first that could be had is"])
        self.ended(self.recover([node], "-from", "1", "-to", "9"), 1, "", "entry 1 is missing at all sources")
        self.assertFalse((self.folder / "never").exists())

    # --- sources and processes that die ---

    @takes(8)
    def test_killed_in_the_middle(self):
        """a source that is killed at any moment is replaced by another, with the same result"""
        cluster = self.cluster(1, KEEPS).up()
        logger = self.logger(["log0"], [cluster]).serve()
        self.fill(cluster, "big", count=1500)
        said = self.await_archived(cluster, logger)
        chance = random.Random(5)
        addresses = f"{logger.hrecov.address},{cluster['node0'].hrecov.address}"
        for _ in range(6):
            running = subprocess.Popen(
                [programs.find("parley-recovery"), "-recov", addresses, "-json", "-to", str(said["applied"])],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder, env=programs.environment(self.folder))
            try:
                running.wait(chance.random() * 0.3)
            except subprocess.TimeoutExpired:
                pass
            logger.kill()
            out, err = running.communicate(timeout=programs.DEADLINE)
            self.assertEqual(running.returncode, 0, err)
            found = json.loads(out)
            self.assertEqual((found["digest"], found["state"]), (said["digest"], said["state"]))
            logger.serve()

    @takes(5)
    def test_killed_itself(self):
        """kill -9 of a recovery leaves nothing that could be taken for a data folder, and the next one makes it"""
        cluster = self.cluster(1, KEEPS).up()
        self.fill(cluster, "big", count=1000)
        node = cluster["node0"]
        folder = self.folder / "made"
        words = [programs.find("parley-recovery"), "-recov", node.hrecov.address, "-into", str(folder)]
        chance = random.Random(3)
        for _ in range(5):
            running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder,
                                       env=programs.environment(self.folder))
            try:
                running.wait(chance.random() * 0.2)
            except subprocess.TimeoutExpired:
                pass
            running.kill()
            out, _ = running.communicate(timeout=programs.DEADLINE)
            if running.returncode == 0:
                self.assertIn(b"Transfer Time (ns): ", out)
                subprocess.run(["rm", "-rf", str(folder)], check=True)
            self.assertFalse(folder.exists())
        # One that is asked to stop tidies up.
        running = subprocess.Popen([*words, "-after", "60"], stderr=subprocess.PIPE, cwd=self.folder,
                                   env=programs.environment(self.folder))
        running.terminate()
        _, err = running.communicate(timeout=programs.DEADLINE)
        self.assertIn(running.returncode, (1, -15), err)
        self.recovered([node], "-into", folder)
        self.assertFalse(folder.with_name("made.making").exists())
        self.start(folder)

    @takes(5)
    def test_damaged_archive(self):
        """an archive with a flipped bit is found out: another source takes over, and alone it is exit code 4"""
        cluster = self.cluster(1, KEEPS).up()
        logger = self.logger(["log0"], [cluster]).serve()
        self.fill(cluster, "big")
        said = self.await_archived(cluster, logger)
        sealed = sorted((logger.archives / "log0" / "sealed").glob("*.segment"))
        with open(sealed[0], "r+b") as file:
            file.seek(3_000_000)
            file.write(b"\xff\x00\xff")
        alone = self.recover([logger], "-into", self.folder / "never")
        self.ended(alone, 4, "", logger.hrecov.address)
        self.assertFalse((self.folder / "never").exists())
        ended = self.recover([logger, cluster["node0"]], "-json", "-to", said["applied"])
        self.assertEqual(ended.code, 0, str(ended))
        self.assertIn("it is left out", ended.err)
        self.assertEqual(self.json(ended.out)["state"], said["state"])

    def test_full_disk(self):
        """a disk that fills up is said, and nothing is left of the folder"""
        small = self.folder / "small"
        small.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(small)], capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest(f"no disk of its own can be mounted here: {mounted.stderr.decode().strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", str(small)], check=True)
        cluster = self.cluster(1, KEEPS).up()
        batch = cluster.batch("-timeout", "60s")
        self.all_ok(batch.ask_all([{"op": "set", "key": f"k{n}", "value": "v" * 60_000} for n in range(300)]))
        ended = self.recover([cluster["node0"]], "-into", small / "made")
        self.ended(ended, 1, "", "no space left on the disk")
        self.assertEqual(list(small.iterdir()), [])

    # --- what cannot be ---

    @takes(4)
    def test_wrong_words(self):
        """flags, clusters, intervals and folders that cannot be are named, with the exit codes of the interface"""
        clusters = [self.cluster(1, KEEPS, prefix=prefix).up() for prefix in "ab"]
        logger = self.logger(["log0", "log1"], clusters).serve()
        node = clusters[0]["a0"]
        self.ended(self.run_program("parley-recovery"), 2, "", "-recov: is required")
        self.ended(self.recover([node], "-frm", "1"), 2, "", "-frm: ")
        self.ended(self.recover([node], "-from", "5", "-to", "4"), 2, "", "-to: 4 is below -from 5")
        self.ended(self.recover([node], "-from", "5", "-into", "x"), 2, "", "-from: goes not with -into")
        (self.folder / "full" / "x").mkdir(parents=True)
        self.ended(self.recover([node], "-into", "full"), 2, "", "-into: full is there already")
        self.ended(self.recover([node], "-into", "/proc/x"), 2, "", "-into: ")
        # A logger of several clusters must be told which one; another source may tell it.
        self.ended(self.recover([logger]), 2, "", "serve")
        unknown = "0123456789abcdef0123456789abcdef"
        self.ended(self.recover([logger], "-cluster", unknown), 1, "", unknown)
        self.ended(self.recover([node], "-cluster", unknown), 1, "", unknown)
        self.ended(self.recover([logger, node]), 0)
        ids = [cluster.status()["cluster"] for cluster in clusters]
        for cluster in ids:
            self.assertEqual(self.recovered([logger], "-cluster", cluster)["cluster"], cluster)
        both = self.recover([clusters[0]["a0"], clusters[1]["b0"]])
        self.ended(both, 1, "", ids)
        # An interval that is not there, and one that does not come.
        self.ended(self.recover([node], "-from", "100000"), 1, "", "entry 100000 is not there yet")
        self.ended(self.recover([node], "-to", "100000", "-timeout", "500ms"), 3, "", "does not come")
        # Nobody there, and somebody else.
        class Elsewhere:
            hrecov = self.port()

        self.ended(self.recover([Elsewhere], "-timeout", "500ms"), 3, "", Elsewhere.hrecov.address)
        found = self.recover([Elsewhere, node])
        self.ended(found, 0, None, Elsewhere.hrecov.address)
        client = self.run_program("parley-recovery", "-recov", node.client.address, "-timeout", "1s")
        self.assertIn(client.code, (2, 3, 4), str(client))
        self.assertIn(node.client.address, client.err)


if __name__ == "__main__":
    main()
