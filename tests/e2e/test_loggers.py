#!/usr/bin/env python3
"""parley-logger with real clusters: joining, dying, coming back, and keeping clusters apart."""
from harness import PATIENT, SMALL, E2eTest, main, takes
from nodes import Logger


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


if __name__ == "__main__":
    main()
