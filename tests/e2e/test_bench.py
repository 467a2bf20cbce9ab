#!/usr/bin/env python3
"""parley bench against real nodes: what it puts on them, what it says of it, and that its users outlive a leader."""
import csv
import io
import json
import re

from harness import PATIENT, E2eTest, main, takes
from programs import DEADLINE


class Bench(E2eTest):
    def bench(self, servers, *words):
        """The JSON of a load that works."""
        return json.loads(self.ended(self.parley(servers, "-json", "bench", *words), 0).out)

    def keys(self, servers):
        """Those of a load that are there. Its values may have ends of lines."""
        return re.findall(r"^(k\d{15})\t", self.done(self.parley(servers, "scan", "k")).out, re.MULTILINE)

    @takes(8)
    def test_keys_and_operations(self):
        """a load writes the keys that it says, in every distribution, and its reads find them"""
        server = self.node("node0", flags=["-segment", "8MiB"]).serve().client.address
        report = self.bench(server, "-requests", "300", "-keys", "40", "-mix", "get=3,cas=1,scan=1", "-clients", "3",
                            "-outstanding", "5", "-distribution", "zipf=1.2", "-value-size", "5-20", "-scan-rows", "7")
        self.assertEqual((report["ops"], report["errors"], report["clients"], report["outstanding"]), (300, 0, 3, 5))
        self.assertEqual(set(report["latency_us_by_op"]), {"get", "cas", "scan"})
        self.assertEqual(sum(row["ops"] for row in report["each_second"]), 300)
        self.assertEqual(self.keys(server), [f"k{n:015}" for n in range(40)])
        self.done(self.parley(server, "delete", "k000000000000003"))
        report = self.bench(server, "-requests", "80", "-keys", "40", "-mix", "get=1", "-distribution", "sequential",
                            "-fill=false", "-read", "lease")
        self.assertEqual((report["ops"], report["misses"], report["errors"]), (80, 2, 0))
        report = self.bench(server, "-requests", "25", "-keys", "25", "-mix", "set=1", "-distribution", "sequential",
                            "-key-form", "number", "-value-size", "3")
        self.assertEqual(report["ops"], 25)
        for key in ("0", "9", "24"):
            self.assertEqual(len(self.done(self.parley(server, "get", key)).out_bytes), 4)
        for preset in ("kvstore", "diskstorage"):
            report = self.bench(server, "-preset", preset, "-keys", "50", "-requests", "100")
            self.assertEqual((report["preset"], report["ops"], report["errors"], report["misses"]), (preset, 100, 0, 0))

    @takes(15)
    def test_chat(self):
        """a load of the chat makes its users and chats and is answered without an error, also as the second seed put it"""
        cluster = self.cluster(3, PATIENT).up()
        report = self.bench(cluster.servers, "-mix", "send=2,messages=1,history=1", "-users", "5", "-chats", "3", "-requests",
                            "300", "-clients", "8", "-value-size", "10-60000")
        self.assertEqual((report["ops"], report["errors"], report["misses"]), (300, 0, 0), report)
        self.assertEqual(set(report["latency_us_by_op"]), {"send", "messages", "history"})
        report = self.bench(cluster.servers, "-preset", "telegraft", "-users", "10", "-clients", "10", "-requests", "200")
        self.assertEqual((report["preset"], report["ops"], report["errors"], report["chats"]), ("telegraft", 200, 0, 20))
        cluster.await_agreement()

    @takes(8)
    def test_several_clusters(self):
        """a load on two clusters at once reports each, and all together, also second by second"""
        first, second = self.cluster(1, prefix="a").up(), self.cluster(1, prefix="b", flags=["-unsafe-no-fsync"]).up()
        targets = [first.servers, second.servers]
        out = self.folder / "rows.csv"
        report = self.bench(first.servers, "-targets", ",".join(targets), "-time", "3", "-warmup", "1", "-clients", "4",
                            "-keys", "30", "-rate", "200", "-csv", str(out))
        self.assertEqual([target["target"] for target in report["targets"]], targets)
        self.assertEqual(report["durability"], "no-fsync")
        self.assertEqual(report["clients"], 8)
        for name in ("ops", "errors", "misses", "missed", "answers"):
            self.assertEqual(report[name], sum(target[name] for target in report["targets"]), name)
        for target in report["targets"]:
            # What one cluster cannot take in time is told, not left out.
            due = target["ops"] + target["errors"] + target["missed"]
            self.assertTrue(590 <= due <= 610, target)
        rows = list(csv.DictReader(io.StringIO(out.read_text())))
        self.assertEqual({row["phase"] for row in rows}, {"warmup", "load"})
        self.assertEqual({row["target"] for row in rows}, {*targets, "all"})
        for target in report["targets"]:
            of_it = [row for row in rows if row["phase"] == "load" and row["target"] == target["target"]]
            self.assertIn(len(of_it), (3, 4))
            self.assertEqual(sum(int(row["ops"]) for row in of_it), target["ops"])
        self.assertEqual(sum(row["ops"] for row in report["each_second"]), report["ops"])
        for cluster in (first, second):
            self.assertEqual(self.keys(cluster.servers), [f"k{n:015}" for n in range(30)])
        ended = self.parley(first.servers, "bench", "-targets", f"{first.servers},{self.port().address}", "-timeout", "1s")
        self.ended(ended, 3, "", "no node answers")

    @takes(15)
    def test_leader_dies(self):
        """users go on when the leader is killed and comes back, count what failed by kind, and the load ends in time"""
        cluster = self.cluster(3, PATIENT).up()
        process = self.start_parley(cluster.servers, "-json", "-timeout", "1s", "bench", "-time", "12", "-clients", "20",
                                    "-sockets", "4", "-keys", "100", "-think", "5")
        for line in process.stderr:
            if line.startswith(b"load    2 s"):
                break
        leader = cluster.leader()
        cluster.kill([leader])
        cluster.restart([leader])
        out, _ = process.communicate(timeout=2 * DEADLINE)
        self.assertEqual(process.returncode, 0)
        report = json.loads(out)
        self.assertEqual(report["errors"], sum(report["errors_by_word"].values()))
        self.assertTrue(set(report["errors_by_word"]) <= {"timeout", "no_leader", "busy"}, report["errors_by_word"])
        seconds = report["each_second"]
        self.assertTrue(12 <= seconds[-1]["second"] < 14, seconds)
        self.assertGreater(seconds[0]["ops"], 0)
        self.assertGreater(seconds[-1]["ops"], 0, "users have died")
        self.assertGreater(report["latency_us"]["max"], 500_000)

    def test_usage(self):
        """a load that makes no sense is refused with exit code 2, naming the flag"""
        for words, said in ((["-mix", "put=1"], "-mix"), (["-distribution", "normal"], "-distribution"),
                            (["-value-size", "9-1"], "-value-size"), (["-preset", "nothing"], "-preset"),
                            (["-mix", "send=1", "-value-size", "64KiB-65KiB"], "-value-size"),
                            (["-targets", "a+,b"], "-targets"), (["-sockets", "2"], "-sockets"),
                            (["-outstanding", "0"], "-outstanding"), (["-csv", "-", "-json"], "-csv")):
            with self.subTest(words=words):
                self.ended(self.parley(self.port().address, "bench", *words), 2, "", said)


if __name__ == "__main__":
    main()
