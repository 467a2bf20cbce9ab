#!/usr/bin/env python3
"""The log is trimmed, and who needs what is gone gets an image of the state."""
import re

from harness import E2eTest, main, takes
from load import Writer

FEW = ["-retain", "50"]


class Images(E2eTest):
    def write_much(self, batch, prefix, count=3000, size=10_000):
        """Writes several segments full; gives what was written."""
        written = {f"{prefix} {n}": f"{n} " + "v" * size for n in range(count)}
        self.all_ok(batch.ask_all([{"op": "set", "key": key, "value": value} for key, value in written.items()]))
        return written

    def await_trimmed(self, cluster, names):
        """Until the logs of these nodes begin behind their first segments."""
        for name in names:
            self.eventually(lambda name=name: cluster[name].segments()[0].stem.lstrip("0") != "1",
                            f"the log of {name} is trimmed")

    def check_holds(self, address, written):
        batch = self.batch(address, "-timeout", "60s")
        answers = batch.ask_all([{"op": "get", "key": key, "read": "stale"} for key in written])
        wrong = [key for key, answer in zip(written, answers) if answer.get("value") != written[key]]
        self.assertEqual(wrong[:3], [], f"{len(wrong)} of {len(written)} keys are not as they were written")

    def is_level(self, cluster, node):
        """Whether it has applied what the others have."""
        status = cluster.status()
        members = status["members"] if status else []
        return any(m["id"] == node.name and m["up"] and m["lag"] == 0 for m in members)

    @takes(6)
    def test_follower_gets_image(self):
        """a follower that was dead while its log was trimmed away gets an image, holds the same, and can lead"""
        cluster = self.cluster(flags=FEW).up()
        batch = cluster.batch("-timeout", "60s")
        self.assertTrue(batch.ask("set", key="before", value="1")["ok"])
        gone = cluster.followers()[0]
        cluster.kill([gone])
        written = self.write_much(batch, "while one is dead")
        self.await_trimmed(cluster, cluster.others(gone))
        cluster.restart()
        self.await_log(cluster[gone], "has come")
        written |= {"before": "1", "after": "2"}
        self.assertTrue(batch.ask("set", key="after", value="2")["ok"])
        cluster.await_agreement()
        self.check_holds(cluster[gone].client.address, written)
        # It goes on from the image: through a crash, and as the one that leads.
        cluster.kill([gone])
        cluster.restart()
        cluster.await_agreement()
        self.done(cluster.parley("transfer-leader", gone, "-timeout", "30s"))
        self.assertTrue(batch.ask("set", key="last", value="3")["ok"])
        cluster.await_agreement()
        self.assertEqual(cluster[gone].stop(), 0)
        self.assertRegex(self.done(self.run_program("parley-node", "verify", str(cluster[gone].data))).out,
                         r"(?s)log ok.*store ok")
        inspected = self.done(self.run_program("parley-node", "inspect", str(cluster[gone].data))).out
        self.assertGreater(int(re.search(r"^log first\s+(\d+)", inspected, re.MULTILINE)[1]), 1000)

    @takes(5)
    def test_learner_gets_image(self):
        """a node that joins a cluster whose log is trimmed starts from an image, sessions included"""
        cluster = self.cluster(size=1, flags=FEW).up()
        batch = cluster.batch("-timeout", "60s")
        written = self.write_much(batch, "before it joined")
        self.await_trimmed(cluster, ["node0"])
        cluster.add("node1", flags=FEW).serve()
        cluster.await_voters(["node0", "node1"])
        # The session of this client is in the image: its next write is taken by whoever leads.
        self.assertTrue(batch.ask("set", key="after", value="2")["ok"])
        cluster.await_agreement()
        self.check_holds(cluster["node1"].client.address, written | {"after": "2"})

    @takes(20)
    def test_killed_while_it_receives(self):
        """a follower that is killed again and again while an image comes in or takes its place is whole in the end"""
        cluster = self.cluster(flags=FEW).up()
        batch = cluster.batch("-timeout", "60s")
        gone = cluster.followers()[0]
        cluster.kill([gone])
        written = self.write_much(batch, "dead")
        self.await_trimmed(cluster, cluster.others(gone))
        node = cluster[gone]
        seen = 0
        for turn in range(12):
            node.start()
            # As far as it gets while we look at it so often.
            for _ in range(turn * 30):
                node.is_ready()
            image = (node.data / "store.incoming", node.data / "store.image")[turn % 2]
            if turn >= 4:
                self.eventually(lambda: image.exists() or self.is_level(cluster, node), f"{image.name} is there")
                seen += image.exists()
            node.kill()
            if "has come" in node.log():
                # It has its image; it must miss something for the next turn.
                written |= self.write_much(batch, f"turn {turn}", 1800)
        self.assertGreater(seen, 0, "it was never killed with an image on its disk")
        cluster.restart()
        cluster.await_agreement()
        self.check_holds(node.client.address, written)
        self.assertEqual(sorted(path.name for path in node.data.iterdir() if path.name.startswith("store")), ["store"])

    @takes(6)
    def test_killed_when_it_has_its_image(self):
        """a follower that is killed when it has all of its image needs no other, and its leader can count on it"""
        cluster = self.cluster(flags=FEW).up()
        batch = cluster.batch("-timeout", "60s")
        leader, other, gone = cluster.leader(), *cluster.followers()
        cluster.kill([gone])
        self.write_much(batch, "dead")
        self.eventually(lambda: all(member["flushed"] == member["last"] for member in cluster.status()["members"]
                                    if member["up"]), "everything is flushed")
        cluster[gone].start()
        self.await_log(cluster[gone], "has come")
        # Nothing is committed from here on without it, so nothing is flushed, and another image would be the same one.
        cluster.kill([gone, other])
        cluster[gone].start()
        self.assertTrue(batch.ask("set", key="after", value="1")["ok"])
        self.assertEqual(cluster[gone].whole_log().count(b"has come"), 1)

    @takes(15)
    def test_leader_dies_while_it_sends(self):
        """a follower gets its image from the next leader if the one that sends dies, and writers notice little"""
        cluster = self.cluster(size=5, flags=FEW).up()
        batch = cluster.batch("-timeout", "60s")
        gone = cluster.followers()[0]
        cluster.kill([gone])
        written = self.write_much(batch, "dead", 2000)
        self.await_trimmed(cluster, cluster.others(gone))
        writer = Writer(cluster.batch("-timeout", "60s"), "w-")
        writer.await_more(20)
        leader = cluster.leader()
        cluster[gone].start()
        self.eventually(lambda: (cluster[gone].data / "store.incoming").exists()
                        or "has come" in cluster[gone].log(), "an image comes in")
        cluster.kill([leader])
        cluster[gone].await_ready()
        writer.await_more(50)
        cluster.restart()
        writer.await_more(50)
        writer.finish()
        self.assertEqual((writer.refused, writer.unknown), ([], {}))
        cluster.await_agreement()
        self.check_holds(cluster[gone].client.address, written | writer.acknowledged)

    @takes(8)
    def test_retained(self):
        """what -retain keeps is enough: a follower that misses less than that catches up by the log"""
        cluster = self.cluster(flags=["-retain", "5000"]).up()
        batch = cluster.batch("-timeout", "60s")
        self.write_much(batch, "first")
        gone = cluster.followers()[0]
        cluster.kill([gone])
        self.write_much(batch, "second", 2500)
        cluster.restart()
        cluster.await_agreement()
        self.assertNotIn("an image as of", cluster[gone].log())


if __name__ == "__main__":
    main()
