#!/usr/bin/env python3
"""Who is in a cluster: status, members, joining, leaving, leading, moving."""
import re
import shutil

from harness import PATIENT, SMALL, E2eTest, main, takes

DIGEST = re.compile(r"^[0-9a-f]{64}$")


class Membership(E2eTest):
    def test_status(self):
        """status tells of each member what INTERFACE promises, as a table and as JSON, and who does not answer"""
        cluster = self.cluster(flags=PATIENT).up()
        self.done(cluster.parley("set", "a", "b"))
        status = cluster.await_agreement()
        self.assertRegex(status["cluster"], r"^[0-9a-f]{32}$")
        self.assertEqual({member["id"] for member in status["members"]}, set(cluster.nodes))
        for member in status["members"]:
            self.assertEqual(member["role"], "leader" if member["id"] == status["leader"] else "follower")
            self.assertEqual(member["address"], cluster[member["id"]].client.address)
            self.assertEqual((member["up"], member["term"], member["lag"]), (True, status["term"], 0))
            self.assertEqual((member["durability"], member["commit"]), ("fsync", member["applied"]))
            self.assertRegex(member["digest"], DIGEST)
            self.assertRegex(member["state"], DIGEST)
        table = self.done(cluster.parley("status")).out
        for heading in ("ID", "ROLE", "TERM", "COMMIT", "APPLIED", "LAG", "DIGEST", "HEALTH"):
            self.assertIn(heading, table)
        for member in status["members"]:
            row = next(line.split() for line in table.splitlines() if line.startswith(member["id"] + " "))
            self.assertEqual(row[1], member["role"])
            self.assertIn(member["digest"][:12], row)
        # One node is enough to learn of all; one that is gone is still listed.
        gone = cluster.followers()[0]
        cluster[gone].kill()
        status = self.json(self.ended(self.parley(cluster[cluster.leader()].client.address, "-json", "status"), 0).out)
        self.assertEqual({member["id"]: member["up"] for member in status["members"]},
                {name: name != gone for name in cluster.nodes})
        self.ended(self.parley(cluster[gone].client.address, "-timeout", "500ms", "status"), 3, "",
                cluster[gone].client.address)

    def test_members(self):
        """members lists id, address and role as the log has them, from whichever node is asked"""
        cluster = self.cluster(flags=PATIENT).up()
        leader = cluster.leader()
        for node in cluster.nodes.values():
            members = self.json(self.done(self.parley(node.client.address, "-json", "members")).out)
            found = {member["id"]: (member["address"], member["role"]) for member in members}
            expected = {n: (o.client.address, "leader" if n == leader else "follower") for n,
                    o in cluster.nodes.items()}
            self.assertEqual(found, expected)
        table = self.done(cluster.parley("members")).out
        for node in cluster.nodes.values():
            self.assertIn(node.name, table)
            self.assertIn(node.client.address, table)

    def test_remove(self):
        """remove returns when the member is out, be it the leader, and refuses whom it does not know and the last voter"""
        cluster = self.cluster(flags=PATIENT).up()
        self.done(cluster.parley("set", "a", "b"))
        self.ended(cluster.parley("remove", "nobody"), 1, "", ["not_found", "nobody"])
        first = cluster.leader()
        self.done(cluster.parley("-timeout", "30s", "remove", first), "OK\n")
        self.assertEqual({member["id"] for member in cluster.members()}, set(cluster.nodes) - {first})
        self.done(cluster.parley("-timeout", "30s", "set", "a", "c"))
        self.assertIn(cluster.leader(), set(cluster.nodes) - {first})
        # The one that was removed starts again, and is still out.
        cluster[first].stop()
        cluster[first].start()
        second = next(name for name in cluster.followers() if name != first)
        self.done(cluster.parley("-timeout", "30s", "remove", second), "OK\n")
        last = cluster.leader()
        self.assertEqual([member["id"] for member in cluster.members()], [last])
        self.done(cluster.parley("-timeout", "30s", "get", "a"), "c\n")
        self.ended(cluster.parley("remove", last), 1, "", "denied")
        self.done(cluster.parley("-timeout", "30s", "set", "a", "d"))

    def test_removed_while_down(self):
        """a node that was down when it was removed is told so by the others, says so loudly, and serves nobody any more"""
        cluster = self.cluster(flags=PATIENT).up()
        self.done(cluster.parley("set", "a", "b"))
        gone = cluster[cluster.followers()[0]]
        gone.kill()
        self.done(cluster.parley("-timeout", "30s", "remove", gone.name), "OK\n")
        for _ in range(2):
            gone.start()
            self.await_log(gone, "this node was removed from cluster")
            for words in (["set", "a", "c"], ["get", "a"], ["get", "a", "-read", "stale"], ["members"]):
                self.ended(self.parley(gone.client.address, *words), 1, "", "not_member")
            self.assertIn("removed from its cluster", self.done(self.parley(gone.client.address, "status")).out)
            self.ended(self.parley(gone.client.address, "found"), 1, "", "denied")
            self.assertEqual(gone.stop(), 0)
        self.done(cluster.parley("-timeout", "30s", "get", "a"), "b\n")
        # As its log says: with an empty folder it is taken in again.
        shutil.rmtree(gone.data)
        gone.serve()
        cluster.await_voters(cluster.nodes)

    def test_transfer_leader(self):
        """transfer-leader returns when the other leads, and refuses whom it does not know"""
        cluster = self.cluster(flags=PATIENT).up()
        for _ in range(4):
            leader = cluster.leader()
            heir = cluster.others(leader)[0]
            self.done(cluster.parley("-timeout", "30s", "transfer-leader", heir), "OK\n")
            self.assertEqual(cluster.leader(), heir)
            self.assertNotEqual(cluster.leader(), leader)
            self.done(cluster.parley("-timeout", "30s", "transfer-leader", heir), "OK\n")
        self.ended(cluster.parley("transfer-leader", "nobody"), 1, "", ["not_found", "nobody"])

    def test_learner_catches_up(self):
        """a node that joins a cluster with thousands of entries holds the same as the others before it votes"""
        cluster = self.cluster(1).up()
        batch = cluster.batch("-timeout", "60s")
        self.all_ok(batch.ask_all([{"op": "set", "key": f"k{n}", "value": "v" * 2000} for n in range(3000)]))
        cluster.add("late").serve()
        cluster.await_voters(["node0", "late"])
        cluster.await_agreement()
        late = cluster["late"].client.address
        self.ended(self.parley(late, "get", "k2999", "-read", "stale"), 0, "v" * 2000 + "\n", "as of entry")

    def test_five(self):
        """five nodes that start at once all get in, each through any of the others, and go on when two are gone"""
        cluster = self.cluster(5).up()
        self.done(cluster.parley("-timeout", "30s", "set", "a", "b"))
        cluster.await_agreement()
        leader = cluster.leader()
        cluster.kill([leader, cluster.others(leader)[0]])
        self.done(cluster.parley("-timeout", "30s", "cas", "a", "b", "c"))
        cluster.restart()
        cluster.await_agreement()

    def test_join_never_founds(self):
        """a node with -join never founds a cluster by itself, however often it starts, until found tells it to"""
        node = self.node("lost", join=[self.port().address, self.port().address], flags=SMALL)
        for _ in range(2):
            node.start()
            self.await_log(node, "not yet a member")
            self.ended(self.parley(node.client.address, "set", "a", "b"), 1, "", "not_member")
            self.ended(self.parley(node.client.address, "get", "a"), 1, "", "not_member")
            self.ended(self.parley(node.client.address, "members"), 1, "", "not_member")
            self.assertEqual(self.json(self.ended(self.parley(node.client.address, "-json", "status"),
                    0).out)["cluster"], "")
            self.assertFalse(node.is_ready())
            self.assertEqual(node.stop(), 0)
        node.start()
        self.done(self.parley(node.client.address, "found"), "OK\n")
        node.await_ready()
        self.done(self.parley(node.client.address, "-timeout", "30s", "set", "a", "b"), "OK\n")
        self.ended(self.parley(node.client.address, "found"), 1, "", "denied")
        # -join is ignored from now on.
        node.kill()
        node.serve()
        self.done(self.parley(node.client.address, "-timeout", "30s", "get", "a"), "b\n")

    def test_found_beside_a_cluster(self):
        """found is refused if any of the servers is in a cluster, and the waiting node goes on waiting"""
        there = self.node("there", flags=SMALL).serve()
        waiting = self.node("waiting", join=[self.port().address], flags=SMALL).start()
        servers = f"{waiting.client.address},{there.client.address}"
        self.await_log(waiting, "not yet a member")
        self.ended(self.parley(servers, "found"), 1, "", ["denied", there.client.address])
        self.assertFalse(waiting.is_ready())
        self.ended(self.parley(waiting.client.address, "get", "a"), 1, "", "not_member")

    def test_new_addresses(self):
        """a node that comes back at other ports announces them, and is a member as before"""
        cluster = self.cluster(flags=PATIENT).up()
        for name in [*cluster.followers(), cluster.leader()]:
            node = cluster[name]
            node.stop()
            for port in (node.client, node.raft, node.hjoin):
                self.addCleanup(port.close)
            node.client, node.raft, node.hjoin = self.port(), self.port(), self.port()
            node.serve()

            def is_known():
                found = {member["id"]: (member["address"], member["raft"],
                        member["hjoin"]) for member in cluster.members()}
                return found[name] == (node.client.address, node.raft.address, node.hjoin.address)

            self.eventually(is_known, f"the log has the new addresses of {name}")
            cluster.await_agreement()
        self.done(cluster.parley("-timeout", "30s", "set", "a", "b"))
        cluster.await_agreement()

    def test_other_settings(self):
        """a node whose settings are not those of the cluster is told which differ, when it joins and when it starts again"""
        founder = self.node("node0", flags=SMALL).serve()
        other = self.node("node1", join=[founder.hjoin.address], flags=[*SMALL, "-quota", "1GiB"])
        code, log = other.start_in_vain()
        self.assertIn(code, (1, 2))
        self.assertIn("quota", log)
        self.assertEqual(len(self.json(self.done(self.parley(founder.client.address, "-json", "members")).out)), 1)
        founder.stop()
        founder.flags += ["-quota", "1GiB"]
        code, log = founder.start_in_vain()
        self.assertEqual(code, 2)
        self.assertIn("quota", log)
        founder.flags = SMALL
        founder.serve()

    @takes(40)
    def test_two_of_one_name(self):
        """a wiped node gets in as a new incarnation once the old one is not heard, and the name of a living one is refused"""
        cluster = self.cluster(flags=PATIENT).up()
        self.done(cluster.parley("set", "a", "b"))
        alive, dead = cluster.followers()
        joins = [node.hjoin.address for node in cluster.nodes.values()]
        (self.folder / "elsewhere").mkdir()
        double = self.node(alive, join=joins, flags=SMALL, folder=self.folder / "elsewhere").start()
        self.await_log(double, "alive under another incarnation")

        cluster[dead].kill()
        incarnation = self.incarnation(cluster[dead])
        shutil.rmtree(cluster[dead].data)
        cluster[dead].join = joins
        cluster[dead].start()
        # It was heard a moment ago; only once it was not for long enough is it replaced.
        self.await_log(cluster[dead], "alive under another incarnation")
        cluster[dead].await_ready()
        cluster.await_voters(cluster.nodes)
        cluster.await_agreement()
        self.ended(self.parley(cluster[dead].client.address, "get", "a", "-read", "stale"), 0, "b\n", "as of entry")
        cluster[dead].stop()
        self.assertNotEqual(self.incarnation(cluster[dead]), incarnation)

        # The double asks for half a minute, then gives up.
        double.expected_to_end = True
        self.assertEqual(double.process.wait(120), 1)
        self.assertIn("alive under another incarnation", double.log())
        self.assertTrue(cluster[alive].runs())
        self.done(cluster.parley("-timeout", "30s", "set", "a", "c"))

    def incarnation(self, node):
        """Of a stopped node."""
        text = self.done(self.run_program("parley-node", "inspect", str(node.data))).out
        return re.search(r"^incarnation\s+(\S+)$", text, re.MULTILINE)[1]


if __name__ == "__main__":
    main()
