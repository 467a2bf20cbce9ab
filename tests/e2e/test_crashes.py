#!/usr/bin/env python3
"""Nothing acknowledged is lost, and nothing is done twice, when nodes are killed."""
import time

from harness import E2eTest, main
from load import Counter, Writer


class Crashes(E2eTest):
    def check_all(self, batch, expected):
        """All keys of `expected` have their values."""
        keys = list(expected)
        answers = batch.ask_all([{"op": "get", "key": key} for key in keys])
        wrong = [(key, answer) for key, answer in zip(keys, answers) if answer.get("value") != expected[key]]
        self.assertEqual(wrong[:3], [], f"{len(wrong)} of {len(keys)} acknowledged writes are lost")

    def test_two_thousand_writes(self):
        """2,000 acknowledged writes survive kill -9 of the leader, and then of all three nodes at once"""
        cluster = self.cluster().up()
        batch = cluster.batch("-timeout", "60s")
        written = {f"key {n}": f"value {n}" for n in range(2000)}
        self.all_ok(batch.ask_all([{"op": "set", "key": key, "value": value} for key, value in written.items()]))
        leader = cluster.leader()
        cluster.kill([leader])
        began = time.monotonic()
        self.assertTrue(batch.ask("set", key="after", value="the leader")["ok"])
        print(f"the next write took {time.monotonic() - began:.3f} s")
        self.check_all(batch, written | {"after": "the leader"})
        self.assertNotEqual(cluster.leader(), leader)
        cluster.restart()
        cluster.kill()
        cluster.restart()
        self.check_all(cluster.batch("-timeout", "60s"), written | {"after": "the leader"})
        self.assertTrue(batch.ask("set", key="after", value="all three")["ok"], "a client lives through it all")
        cluster.await_agreement()

    def test_failover(self):
        """the next write succeeds soon after the leader is killed, time after time"""
        cluster = self.cluster().up()
        batch = cluster.batch("-timeout", "60s")
        self.assertTrue(batch.ask("set", key="a", value="0")["ok"])
        took = []
        for turn in range(5):
            leader = cluster.leader()
            cluster.kill([leader])
            began = time.monotonic()
            self.assertTrue(batch.ask("set", key="a", value=str(turn))["ok"])
            took.append(time.monotonic() - began)
            cluster.restart()
            cluster.await_agreement()
        print("from kill -9 of the leader to the next acknowledged write:", ", ".join(f"{s:.3f} s" for s in took))

    def test_kills_under_load(self):
        """round after round nodes are killed while clients write, and every acknowledged write is there in the end"""
        cluster = self.cluster().up()
        writers = [Writer(cluster.batch("-timeout", "60s"), f"w{number}-") for number in range(2)]
        for turn in range(8):
            for writer in writers:
                writer.await_more(50)
            leader = cluster.leader()
            followers = cluster.others(leader)
            victims = [[leader], followers[:1], list(cluster.nodes), [leader, followers[0]]][turn % 4]
            cluster.kill(victims)
            if len(victims) == 1:
                writers[0].await_more(50)
            cluster.restart()
        for writer in writers:
            writer.await_more(50)
            writer.finish()
            self.assertEqual(writer.refused, [], "no write is refused while there is time left")
            self.assertEqual(writer.unknown, {}, "no outcome stays unknown while there is time left")
        batch = cluster.batch("-timeout", "60s")
        for writer in writers:
            self.check_all(batch, writer.acknowledged)
        cluster.await_agreement()
        print("acknowledged writes:", sum(len(writer.acknowledged) for writer in writers))

    def test_exactly_once(self):
        """clients that count a key up by cas count each acknowledged step once, while leaders are killed and clients retry"""
        cluster = self.cluster().up()
        first = cluster.batch("-timeout", "60s")
        self.assertTrue(first.ask("set", key="counter", value="0 nobody")["ok"])
        counters = [Counter(cluster.batch("-timeout", "60s"), f"c{number}", 40) for number in range(6)]
        for counter in counters:
            counter.start()
        kills = 0
        while any(counter.is_alive() for counter in counters) and kills < 6:
            before = sum(len(counter.acknowledged) for counter in counters)
            self.eventually(
                lambda: sum(len(c.acknowledged) for c in counters) >= before + 20 or not any(c.is_alive() for c in counters),
                "the clients go on counting", 120,
            )
            cluster.kill([cluster.leader()])
            kills += 1
            cluster.restart()
        for counter in counters:
            counter.join(180)
            self.assertFalse(counter.is_alive(), f"{counter.name} does not end")
            self.assertIsNone(counter.problem)
        counted = sorted(number for counter in counters for number in counter.acknowledged)
        self.assertEqual(counted, list(range(1, 6 * 40 + 1)), "each step was acknowledged once")
        self.assertEqual(first.ask("get", key="counter")["value"].split()[0], str(6 * 40))
        cluster.await_agreement()

    def test_follower_catches_up(self):
        """a follower that was dead for thousands of writes holds the same as the others when it is back"""
        cluster = self.cluster().up()
        batch = cluster.batch("-timeout", "60s")
        gone = cluster.followers()[0]
        cluster.kill([gone])
        written = {f"key {n}": "x" * 500 + str(n) for n in range(3000)}
        self.all_ok(batch.ask_all([{"op": "set", "key": key, "value": value} for key, value in written.items()]))
        self.all_ok(batch.ask_all([{"op": "delete", "key": f"key {n}"} for n in range(0, 3000, 3)]))
        cluster.restart()
        cluster.await_agreement()
        alone = cluster.batch(servers=cluster[gone].client.address)
        answers = alone.ask_all([{"op": "get", "key": key, "read": "stale"} for key in written])
        for number, (key, answer) in enumerate(zip(written, answers)):
            self.assertEqual(answer.get("value"), None if number % 3 == 0 else written[key])

    def test_largest_values(self):
        """values of 1 MiB go through several log segments, and survive kill -9 of all nodes"""
        cluster = self.cluster().up()
        batch = cluster.batch("-timeout", "60s", servers=None)
        written = {f"large {n}": chr(ord("a") + n) * (1 << 20) for n in range(20)}
        self.all_ok(batch.ask_all([{"op": "set", "key": key, "value": value} for key, value in written.items()]))
        self.assertGreater(len(cluster["node0"].segments()), 2)
        cluster.kill()
        cluster.restart()
        self.check_all(batch, written)
        cluster.await_agreement()

    def test_dies_at_start(self):
        """a node that is killed again and again while it starts comes up in the end with everything"""
        node = self.node("node0", flags=["-segment", "8MiB"]).serve()
        batch = self.batch(node.client.address, "-timeout", "60s")
        written = {f"key {n}": f"value {n}" for n in range(500)}
        self.all_ok(batch.ask_all([{"op": "set", "key": key, "value": value} for key, value in written.items()]))
        node.kill()
        for turn in range(25):
            node.start()
            # As far as it gets while we look at it so often.
            for _ in range(turn * 4):
                node.is_ready()
            node.kill()
        node.serve()
        self.check_all(batch, written)


if __name__ == "__main__":
    main()
