#!/usr/bin/env python3
"""The archives of loggers: kept whole through kill -9, an image where the log is gone, and what status says of them."""
import random

from harness import PATIENT, E2eTest, main, takes
from load import Writer


class Archives(E2eTest):
    def tool(self, *words):
        return self.run_program("parley-logger", *map(str, words))

    def folder_of(self, logger, name):
        return logger.archives / name

    def fill(self, cluster, prefix, count=400, size=60_000):
        """Writes several segments full."""
        batch = cluster.batch("-timeout", "60s")
        self.all_ok(batch.ask_all([{"op": "set", "key": f"{prefix}{n % 50}", "value": "v" * size} for n in range(count)]))

    def member(self, cluster, name):
        status = cluster.status()
        return next((m for m in status["members"] if m["id"] == name), None) if status else None

    def await_archived(self, cluster, name):
        """Until the archive has what the cluster has committed, as status says; gives what it says."""

        def is_level():
            status = cluster.status()
            found = next((m for m in status["members"] if m["id"] == name), None) if status else None
            leader = next((m for m in status["members"] if m["role"] == "leader" and m["up"]), None) if status else None
            return found if found and leader and found["up"] and found["commit"] == leader["commit"] else None

        self.eventually(is_level, f"{name} has archived all")
        return self.member(cluster, name)

    def check_sound(self, folder):
        verified = self.tool("verify", folder)
        self.assertEqual(verified.code, 0, str(verified))
        return verified.out

    @takes(8)
    def test_killed_at_any_moment(self):
        """an archive that is killed again and again verifies each time, and goes on without gap or repeat"""
        clusters = [self.cluster(3, PATIENT, prefix="a").up(), self.cluster(1, PATIENT, prefix="b").up()]
        loggers = [self.logger([f"log{n}", f"other{n}"], clusters).serve() for n in range(2)]
        names = [logger.names for logger in loggers]
        writers = [Writer(cluster.batch("-timeout", "60s"), prefix) for cluster, prefix in zip(clusters, "ab")]
        chance = random.Random(11)
        for turn in range(6):
            self.fill(clusters[turn % 2], f"big{turn}", count=60 + chance.randrange(200))
            victim = loggers[turn % 2]
            victim.kill()
            for name in victim.names:
                self.check_sound(self.folder_of(victim, name))
            for writer in writers:
                writer.await_more(20)
            victim.serve()
        for writer in writers:
            writer.finish()
        for cluster, both in zip(clusters, zip(*names)):
            for name in both:
                said = self.await_archived(cluster, name)
                self.assertEqual(said["role"], "logger")
                self.assertEqual(said["health"], "ok")
            self.done(cluster.parley("status"))  # it compares the digests of nodes and archives
        for logger in loggers:
            self.assertEqual(logger.stop(), 0)
        for both in zip(*names):
            folders = [self.folder_of(logger, name) for logger, name in zip(loggers, both)]
            for folder in folders:
                self.assertNotIn("gap", self.check_sound(folder))
                self.assertGreater(len(list((folder / "sealed").glob("*.segment"))), 0)
            same = self.tool("diff", *folders)
            self.assertEqual(same.code, 0, str(same))
            self.assertIn("they are equal up to entry ", same.out)

    @takes(4)
    def test_gap(self):
        """a logger that was away until the log it needs was trimmed takes an image, and says which entries it lacks"""
        cluster = self.cluster(3, [*PATIENT, "-retain", "20"]).up()
        logger = self.logger(["log0"], [cluster]).serve()
        self.done(cluster.parley("set", "before", "1"))
        self.await_archived(cluster, "log0")
        logger.kill()
        self.fill(cluster, "big", count=600)
        for name in cluster.nodes:
            self.eventually(lambda name=name: cluster[name].segments()[0].stem.lstrip("0") != "1", f"{name} has trimmed its log")
        logger.serve()
        self.await_log(logger, "they are a gap in the archive, with an image of the state behind it")
        self.done(cluster.parley("set", "after", "2"))
        said = self.await_archived(cluster, "log0")
        # More than one, if the log was trimmed once more before the logger had what follows the first image.
        gaps = said["gaps"]
        self.assertGreaterEqual(len(gaps), 1, said)
        self.assertEqual(said["images"], [end for _, end in gaps])
        self.assertEqual(said["health"], ", ".join(f"gap {begin}-{end}" for begin, end in gaps))
        verified = self.check_sound(self.folder_of(logger, "log0"))
        self.assertIn(f"{gaps[0][0]}", verified)
        # Nothing of that is lost with a restart, and it goes on.
        logger.kill()
        self.done(cluster.parley("set", "more", "3"))
        logger.serve()
        self.assertEqual(self.await_archived(cluster, "log0")["gaps"], gaps)
        self.assertEqual(logger.stop(), 0)
        self.check_sound(self.folder_of(logger, "log0"))
        blamed = self.tool("blame", self.folder_of(logger, "log0"), "after")
        self.assertEqual(blamed.code, 0, str(blamed))

    @takes(6)
    def test_truncation(self):
        """nodes let loggers forget what they have flushed, once more than half of them say so, behind an image"""
        cluster = self.cluster(3, [*PATIENT, "-retain", "20", "-retain-archives", "30"]).up()
        logger = self.logger(["log0"], [cluster]).serve()
        self.fill(cluster, "big", count=700)

        def is_truncated():
            said = self.member(cluster, "log0")
            return said is not None and said["up"] and said["first"] > 1

        self.eventually(is_truncated, "the archive is truncated")
        said = self.await_archived(cluster, "log0")
        self.assertTrue(any(image >= said["first"] - 1 for image in said["images"]), said)
        self.assertEqual(said["health"], f"ok, from entry {said['first']}")
        logger.kill()
        self.check_sound(self.folder_of(logger, "log0"))
        logger.serve()
        self.await_archived(cluster, "log0")


if __name__ == "__main__":
    main()
