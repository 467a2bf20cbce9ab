#!/usr/bin/env python3
"""Nobody takes one cluster for another."""
from harness import SMALL, E2eTest, main


class WrongCluster(E2eTest):
    def takes_place_of(self, gone, name, **more):
        """A node, not yet started, at the ports of one that was killed."""
        node = self.node(name, **more)
        for port in (node.client, node.raft, node.hjoin):
            port.close()
        node.client, node.raft, node.hjoin = gone.client, gone.raft, gone.hjoin
        return node

    def cluster_of(self, node):
        return self.json(self.parley(node.client.address, "-json", "status").out)["cluster"]

    def test_client(self):
        """a client that knows its cluster refuses another one at the same ports, naming both, and writes nothing there"""
        ours = self.node("node0", flags=SMALL).serve()
        batch = self.batch(ours.client.address, "-timeout", "10s")
        self.assertTrue(batch.ask("set", key="a", value="ours")["ok"])
        our_id = self.cluster_of(ours)
        ours.kill()
        theirs = self.takes_place_of(ours, "node0x", flags=SMALL).serve()
        their_id = self.cluster_of(theirs)
        self.assertNotEqual(our_id, their_id)
        write, read = {"op": "set", "key": "a", "value": "lost"}, {"op": "get", "key": "a"}
        requests = [write, read, {**read, "read": "stale"}]
        answers = [batch.ask(**request) for request in requests]
        for answer in answers:
            self.assertEqual((answer["ok"], answer["error"]), (False, "denied"), answer)
            self.assertIn(our_id, answer["detail"])
        self.assertIn(their_id, answers[0]["detail"])
        self.assertEqual(batch.finish(), 0)
        self.ended(self.parley(theirs.client.address, "get", "a"), 1, "", "not_found")
        # A client that starts now knows nothing of the old one.
        self.done(self.parley(theirs.client.address, "set", "a", "theirs"), "OK\n")

    def test_client_finds_ours(self):
        """where one of its servers belongs to another cluster, a client goes on with the others"""
        cluster = self.cluster().up()
        batch = cluster.batch("-timeout", "60s")
        self.assertTrue(batch.ask("set", key="a", value="1")["ok"])
        gone = cluster[cluster.leader()]
        gone.kill()
        stranger = self.takes_place_of(gone, "stranger", flags=SMALL).serve()
        for turn in range(20):
            self.assertTrue(batch.ask("set", key="a", value=str(turn))["ok"])
        self.ended(self.parley(stranger.client.address, "get", "a"), 1, "", "not_found")

    def test_peer(self):
        """a node of another cluster at the port of a peer is refused, both go on, and the log says who came"""
        ours = self.cluster(prefix="ours").up()
        self.done(ours.parley("set", "whose", "ours"))
        gone = ours[ours.followers()[0]]
        our_id = ours.status()["cluster"]
        gone.kill()
        theirs = self.takes_place_of(gone, "theirs", flags=SMALL).serve()
        self.await_log(theirs, f"belongs to cluster {our_id}")
        their_id = self.cluster_of(theirs)
        self.assertIn(their_id, theirs.log())
        self.done(self.parley(theirs.client.address, "set", "whose", "theirs"), "OK\n")
        others = ",".join(ours[name].client.address for name in ours.others(gone.name))
        self.done(self.parley(others, "-timeout", "30s", "cas", "whose", "ours", "still ours"), "OK\n")
        self.assertEqual(len(self.json(self.done(self.parley(theirs.client.address, "-json", "members")).out)), 1)
        # The one whose place it took comes back to it.
        self.assertEqual(theirs.stop(), 0)
        gone.serve()
        ours.await_agreement()
        self.done(self.parley(gone.client.address, "-timeout", "30s", "get", "whose"), "still ours\n")

    def test_member_of_two(self):
        """a member of one cluster that is started with -join of another stays what it is"""
        ours = self.node("ours", flags=SMALL).serve()
        our_id = self.cluster_of(ours)
        theirs = self.node("theirs", flags=SMALL).serve()
        ours.stop()
        ours.join = [theirs.hjoin.address]
        ours.serve()
        self.assertEqual(self.cluster_of(ours), our_id)
        self.assertEqual(len(self.json(self.done(self.parley(theirs.client.address, "-json", "members")).out)), 1)


if __name__ == "__main__":
    main()
