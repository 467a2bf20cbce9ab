#!/usr/bin/env python3
"""What a cluster promises while some of its nodes stand still or are gone."""
import time

from harness import E2eTest, main, takes


class Pauses(E2eTest):
    def test_paused_leader(self):
        """a leader that stood still is replaced, and serves nothing stale as linearizable when it goes on"""
        cluster = self.cluster().up()
        self.done(cluster.parley("set", "a", "0"))
        for turn in range(1, 6):
            leader = cluster.leader()
            # Clients that speak to the leader already; their requests reach it while it stands still.
            insiders = [cluster.batch("-timeout", "60s", servers=cluster[leader].client.address) for _ in range(2)]
            for insider in insiders:
                self.assertEqual(insider.ask("get", key="a")["value"], str(turn - 1))
            cluster[leader].pause()
            asked = [(batch, batch.send("get", key="a",
                    read=mode)) for batch in insiders for mode in ("linearizable", "lease")]
            writes = [batch.send("set", key=f"from the past {turn}", value="x") for batch in insiders]
            others = ",".join(cluster[name].client.address for name in cluster.others(leader))
            self.done(self.parley(others, "-timeout", "60s", "set", "a", str(turn)))
            cluster[leader].resume()
            for batch, request in asked:
                answer = batch.answer(request)
                self.assertTrue(answer["ok"], answer)
                self.assertEqual(answer["value"], str(turn), "a value older than one acknowledged before")
            for batch, request in zip(insiders, writes):
                self.assertTrue(batch.answer(request)["ok"])
            self.done(self.parley(cluster[leader].client.address, "-timeout", "60s", "get", "a"), f"{turn}\n")
            for batch in insiders:
                batch.close()
        cluster.await_agreement()

    def test_paused_follower(self):
        """a follower that stood still during many writes catches up, and nobody waited for it"""
        cluster = self.cluster().up()
        batch = cluster.batch("-timeout", "60s")
        self.assertTrue(batch.ask("set", key="a", value="0")["ok"])
        paused = cluster.followers()[0]
        cluster[paused].pause()
        self.all_ok(batch.ask_all([{"op": "set", "key": f"k{n}", "value": "v" * 1000} for n in range(2000)]))
        cluster[paused].resume()
        cluster.await_agreement()

    @takes(25)
    def test_long_pause(self):
        """a follower that stood still for twenty seconds of writes costs nobody a connection that is cut as hostile"""
        cluster = self.cluster().up()
        batch = cluster.batch("-timeout", "60s")
        values = [{"op": "set", "key": f"k{n}", "value": "v" * 100_000} for n in range(300)]
        paused = cluster[cluster.followers()[0]]
        paused.pause()
        end = time.monotonic() + 20
        self.all_ok(batch.ask_all(values))  # more than the kernel and libzmq hold for one that does not read
        while time.monotonic() < end:
            self.assertTrue(batch.ask("set", key="meanwhile", value="v" * 1000)["ok"])
        paused.resume()
        self.all_ok(batch.ask_all(values))
        cluster.await_agreement()
        for node in cluster.nodes.values():
            self.assertNotIn("a connection was cut", node.log())

    def test_minority(self):
        """a minority takes no write and gives no linearizable read, says so with exit code 3, and recovers with the others"""
        cluster = self.cluster().up()
        self.done(cluster.parley("set", "a", "before"))
        cluster.await_agreement()
        last = cluster.leader()
        others = cluster.others(last)
        cluster.kill(others)
        alone = cluster[last].client.address
        for words in (["set", "a", "lost"], ["cas", "a", "before", "lost"], ["delete", "a"], ["get", "a"], ["scan"]):
            ended = self.ended(self.parley(alone, "-timeout", "1s", *words), 3, "")
            self.assertRegex(ended.err, r"no_leader|timeout")
        self.ended(self.parley(alone, "get", "a", "-read", "stale"), 0, "before\n", "ms old")
        status = self.json(self.parley(alone, "-json", "status").out)
        self.assertEqual({m["id"]: m["up"] for m in status["members"]}, {last: True, others[0]: False,
                others[1]: False})
        # The answer that nobody waits for does not hold up the one that is there: by completion, not by order.
        batch = self.batch(alone, "-timeout", "5s")
        slow = batch.send("get", key="a")
        stale = batch.ask("get", key="a", read="stale")
        self.assertEqual(stale["value"], "before")
        self.eventually(lambda: batch.ask("get", key="a", read="stale")["age_ms"] > stale["age_ms"] + 200,
                        "what it knows grows old")
        self.assertFalse(batch.has_answer(slow))
        self.assertIn(batch.answer(slow)["error"], ("no_leader", "timeout"))

        # A write that begins without a majority ends well once there is one.
        patient = self.batch(alone, "-timeout", "120s")
        request = patient.send("set", key="b", value="patience")
        cluster.restart(others[:1])
        self.assertTrue(patient.answer(request, 120)["ok"])
        self.done(cluster.parley("-timeout", "60s", "get", "b"), "patience\n")
        self.assertIn(self.done(cluster.parley("-timeout", "60s", "get", "a")).out, ("before\n", "lost\n"))
        cluster.restart()
        cluster.await_agreement()

    def test_no_node_is_stuck(self):
        """after all nodes stood still at once, they go on as if nothing had been"""
        cluster = self.cluster().up()
        batch = cluster.batch("-timeout", "60s")
        self.assertTrue(batch.ask("set", key="a", value="0")["ok"])
        for node in cluster.nodes.values():
            node.pause()
        request = batch.send("set", key="a", value="1")
        for node in cluster.nodes.values():
            node.resume()
        self.assertTrue(batch.answer(request)["ok"])
        self.done(cluster.parley("-timeout", "60s", "get", "a"), "1\n")
        cluster.await_agreement()


if __name__ == "__main__":
    main()
