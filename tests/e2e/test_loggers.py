#!/usr/bin/env python3
"""parley-logger with real clusters: joining, dying, coming back, and keeping clusters apart."""
import os
import random
import subprocess

from harness import PATIENT, SMALL, E2eTest, main, takes
from nodes import Logger
from zmtp import Stranger, pack


class Loggers(E2eTest):
    def roles(self, cluster):
        return {member["id"]: member["role"] for member in cluster.members()}

    @takes(5)
    def test_two_of_two(self):
        """two loggers of two clusters are members of both, are never counted, and come back after kill -9"""
        first = self.cluster(3, PATIENT, prefix="a").up()
        second = self.cluster(1, PATIENT, prefix="b").up()
        loggers = [self.logger([f"log{n}", f"other{n}"], [first, second]).serve() for n in range(2)]
        self.assertEqual({id for id, role in self.roles(first).items() if role == "logger"}, {"log0", "log1"})
        self.assertEqual({id for id, role in self.roles(second).items() if role == "logger"}, {"other0", "other1"})
        self.done(first.parley("set", "k", "v"))
        # Two loggers are no majority, and none is needed of them.
        loggers[0].kill()
        loggers[1].kill()
        for number in range(20):
            self.done(first.parley("set", f"k{number}", "v"))
            self.done(second.parley("set", f"k{number}", "v"))
        for logger in loggers:
            logger.serve()
        for logger in loggers:
            self.assertEqual(logger.stop(), 0)

    def test_one_cluster_gone(self):
        """a cluster that is gone, or an archive that is damaged, leaves a logger's other clusters alone"""
        first = self.cluster(1, PATIENT, prefix="a").up()
        second = self.cluster(1, PATIENT, prefix="b").up()
        logger = self.logger(["log", "other"], [first, second]).serve()
        for number in range(50):
            self.done(first.parley("set", f"k{number}", "v" * 1000))
        self.eventually(lambda: b"k49" in logger.live_segments("log")[0].read_bytes(), "the last write is archived")
        second.kill()
        self.done(first.parley("set", "x", "y"))
        self.assertEqual(logger.stop(), 0)
        second.restart()
        segment = logger.live_segments("log")[0]
        with open(segment, "r+b") as file:
            file.seek(8192)
            file.write(b"\xff\xff")
        logger.start()
        self.await_log(logger, "log: ")
        self.await_log(logger, "this cluster is followed no longer")
        self.assertIn(f"{segment}: offset ", logger.log())
        self.eventually(lambda: "other ready" in logger.said(), "the other one is followed")
        self.assertEqual(logger.stop(), 0)

    def test_refused(self):
        """a name that somebody else has is refused, with the reason, and exit code 1 if nothing else is left"""
        cluster = self.cluster(1, PATIENT).up()
        logger = Logger(["node0"], self.folder / "l", [[cluster["node0"].hjoin.address]], SMALL)
        self._nodes.append(logger)
        (self.folder / "l").mkdir()
        code, said = logger.start_in_vain()
        self.assertEqual(code, 1, said)
        self.assertIn("parley-logger: node0: the cluster does not take this logger in: ", said)

    @takes(3)
    def test_random_bytes(self):
        """random bytes and senseless frames on -hrecov of a logger never end it, and it serves as before"""
        cluster = self.cluster(1, PATIENT).up()
        logger = self.logger(["log0"], [cluster]).serve()
        chance = random.Random(3)
        for size in [1, 10, 64, 65, 300, 5000, 100_000] * 5:
            with Stranger(logger.hrecov) as stranger:
                stranger.send_bytes(os.urandom(size))
        for _ in range(30):
            with Stranger(logger.hrecov) as stranger:
                stranger.shake_hands()
                for _ in range(20):
                    stranger.send(os.urandom(chance.randrange(1, 400)))
                # Well-formed requests that make no sense: intervals, windows, clusters, members, streams that are not there.
                for words in ([9, 0, 5, 1000], [9, 5, 4, 1000], [9, 1, 1 << 63, 0], [9, 1, 10, 1 << 40], [10, 1 << 63], [11],
                              [12, 1 << 63, 5, 1 << 20], [13, 1, "nobody", 7], [13, 0, "", 0], [99]):
                    cluster_id = chance.choice([bytes(16), os.urandom(16)])
                    stranger.send(pack([1, 4, cluster_id, chance.randrange(5), 1000, *words]))
        self.done(cluster.parley("set", "after", "1"))
        self.eventually(lambda: any(m["id"] == "log0" and m["up"] and m["lag"] == 0 for m in cluster.status()["members"]),
                        "the logger serves, and has the last write")
        self.assertEqual(logger.stop(), 0)

    @takes(6)
    def test_full_disk(self):
        """an archive whose disk is full waits for room, loses nothing, and leaves the logger's other clusters alone"""
        clusters = [self.cluster(1, PATIENT, prefix=prefix).up() for prefix in "ab"]
        logger = self.logger(["log0", "other"], clusters)
        small = logger.archives / "log0"
        small.mkdir(parents=True)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "none", str(small)], capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest(f"no disk of its own can be mounted here: {mounted.stderr.decode().strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", str(small)], check=True)
        logger.serve()
        batch = clusters[0].batch("-timeout", "60s")
        self.all_ok(batch.ask_all([{"op": "set", "key": f"k{n % 50}", "value": "v" * 60_000} for n in range(900)]))
        self.await_log(logger, "the disk is full: nothing more is archived until there is room")
        self.done(clusters[1].parley("set", "x", "y"))

        def lag(cluster, name):
            return next(m for m in cluster.status()["members"] if m["id"] == name)["lag"]

        self.eventually(lambda: lag(clusters[1], "other") == 0, "the other archive goes on")
        self.assertGreater(lag(clusters[0], "log0"), 0)
        subprocess.run(["mount", "-o", "remount,size=200m", str(small)], check=True)
        self.eventually(lambda: lag(clusters[0], "log0") == 0, "the archive has all that was written meanwhile")
        self.assertEqual(logger.stop(), 0)
        self.done(self.run_program("parley-logger", "verify", str(small)))


if __name__ == "__main__":
    main()
