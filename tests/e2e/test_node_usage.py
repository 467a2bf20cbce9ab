#!/usr/bin/env python3
"""What parley-node says to flags, files, ports and folders that cannot be."""
import signal

from harness import SMALL, E2eTest, main


class NodeUsage(E2eTest):
    def refuse(self, words, named, code=2):
        """The node ends with `code` and one line that has each of `named`."""
        ended = self.ended(self.run_program("parley-node", *words), code, "", named)
        self.assertTrue(ended.err.startswith("parley-node: "), ended.err)
        self.assertEqual(ended.err.count("\n"), 1, ended.err)

    def test_flags(self):
        """an unknown flag, a missing value, an impossible address or number is named, and the exit code is 2"""
        cases = [
            ([], ["-id"]),
            (["-id"], ["-id", "missing"]),
            (["-id", ""], ["-id"]),
            (["-id", "a b"], ["-id", "a b"]),
            (["-id", "x" * 65], ["-id", "64"]),
            (["-id", "../x"], ["-id"]),
            (["-id", "a", "-colour", "blue"], ["-colour", "unknown"]),
            (["-id", "a", "-dat", "x"], ["-dat", "unknown"]),
            (["-id", "a", "-data"], ["-data", "missing"]),
            (["-id", "a", "-data", "-raft", ":1"], ["-data", "missing"]),
            (["-id", "a", "-id", "b"], ["-id", "twice"]),
            (["-id", "a", "-port", "11000"], ["-port", "11000"]),
            (["-id", "a", "-port", ":65536"], ["-port", "65536"]),
            (["-id", "a", "-raft", ":-1"], ["-raft", ":-1"]),
            (["-id", "a", "-raft", "some where:5"], ["-raft", "some where"]),
            (["-id", "a", "-raft", "[::1:5"], ["-raft", "[::1:5"]),
            (["-id", "a", "-raft", "example.org:5"], ["-raft", "example.org"]),
            (["-id", "a", "-hjoin", "x"], ["-hjoin"]),
            (["-id", "a", "-join", "127.0.0.1:1,,127.0.0.1:2"], ["-join"]),
            (["-id", "a", "-join", "127.0.0.1:0"], ["-join", "port 0"]),
            (["-id", "a", "-join", "127.0.0.1"], ["-join", "127.0.0.1"]),
            (["-id", "a", "-port", "0.0.0.0:1"], ["-port", "-insecure"]),
            (["-id", "a", "-port", "10.0.0.1:1"], ["-port", "-insecure"]),
            (["-id", "a", "-port", "0.0.0.0:1", "-insecure"], ["-port", "-advertise"]),
            (["-id", "a", "-port", ":7", "-raft", ":7"], ["-raft", "-port"]),
            (["-id", "a", "-segment", "1KiB"], ["-segment"]),
            (["-id", "a", "-segment", "much"], ["-segment", "much"]),
            (["-id", "a", "-segment", "99999999999999999999"], ["-segment"]),
            (["-id", "a", "-engine", "paper"], ["-engine", "paper"]),
            (["-id", "a", "-log", "loud"], ["-log", "loud"]),
            (["-id", "a", "-tick-ms", "0"], ["-tick-ms"]),
            (["-id", "a", "-heartbeat-ms", "200"], ["heartbeat-ms", "election-ms"]),
            (["-id", "a", "-config", "missing.toml"], ["missing.toml"]),
            (["-id", "a", "-config", "."], ["."]),
            (["serve"], ["serve"]),
            (["inspect"], ["inspect"]),
            (["inspect", "a", "b"], ["inspect"]),
            (["verify"], ["verify"]),
        ]
        for words, named in cases:
            with self.subTest(words=words):
                self.refuse(words, named)
        self.assertEqual(list(self.folder.iterdir()), [], "nothing was made")

    def test_configuration_file(self):
        """a configuration file is read, a flag wins over it, and what is wrong in it is named with file and line"""
        file = self.folder / "node.toml"
        node = self.node("node0", flags=["-config", str(file)])
        file.write_text(f'id = "other"\nsegment = "8MiB"\nlog = "debug"\ndata = "{self.folder / "unused"}"\n')
        node.serve()
        self.assertEqual({segment.stat().st_size for segment in node.segments()}, {8 << 20})
        self.assertFalse((self.folder / "unused").exists())
        self.assertEqual(node.stop(), 0)
        cases = [
            ('id = "a"\ncolour = "blue"\n', 2, "colour"),
            ('id = "a"\n\nport = 11000\n', 3, "port"),
            ('id = "a"\nport = ":70000"\n', 2, "70000"),
            ('segment = "1KiB"\nid = "a"\n', 1, "segment"),
            ('id = "a"\nid = "b"\n', 2, ""),
            ('id = "a"\ninsecure = "yes"\n', 2, "insecure"),
            ('id = "a"\n[table]\nx = 1\n', 2, "table"),
            ('id = "a"\nport = ":1\n', 2, ""),
            ("\0\1\2", 1, ""),
        ]
        for text, line, named in cases:
            with self.subTest(text=text):
                file.write_text(text)
                self.refuse(["-config", str(file)], [f"{file}:{line}: ", named])
        file.write_bytes(b"x" * (2 << 20))
        self.refuse(["-config", str(file)], [str(file)])

    def test_port_in_use(self):
        """a port that is in use is named, the exit code is 2, and no folder is left, nor is one that is there harmed"""
        for flag in ("client", "raft", "hjoin"):
            node = self.node(f"node-{flag}", flags=SMALL)
            port = getattr(node, flag)
            port.occupy()
            code, log = node.start_in_vain()
            self.assertEqual(code, 2, log)
            self.assertIn(port.address, log)
            self.assertIn("in use", log)
            self.assertFalse(node.data.exists())
            setattr(node, flag, self.port())
            self.addCleanup(port.close)
            node.serve()
            self.done(self.parley(node.client.address, "set", "a", "b"), "OK\n")
            self.assertEqual(node.stop(), 0)
            setattr(node, flag, port)
            self.assertEqual(node.start_in_vain()[0], 2)
            setattr(node, flag, self.port())
            node.serve()
            self.done(self.parley(node.client.address, "-timeout", "30s", "get", "a"), "b\n")

    def test_impossible_address(self):
        """an address that this machine does not have is named, and the exit code is 2"""
        node = self.node("node0", flags=[*SMALL, "-insecure"])
        command = [word.replace(node.client.flag, f"192.0.2.1:{node.client.number}") for word in node.command()]
        node.command = lambda: command
        code, log = node.start_in_vain()
        self.assertEqual(code, 2, log)
        self.assertIn(f"192.0.2.1:{node.client.number}", log)

    def test_locked_folder(self):
        """a folder that another node uses is named, the exit code is 2, and the other goes on"""
        first = self.node("node0", flags=SMALL).serve()
        second = self.node("node0", flags=SMALL)
        code, log = second.start_in_vain()
        self.assertEqual(code, 2, log)
        self.assertIn(str(first.data), log)
        self.assertIn("used by another process", log)
        self.done(self.parley(first.client.address, "set", "a", "b"), "OK\n")
        first.kill()
        second.serve()
        self.done(self.parley(second.client.address, "-timeout", "30s", "get", "a"), "b\n")

    def test_folders_that_cannot_be(self):
        """a data folder that cannot be made, is a file or lies below one is named, and the exit code is 2"""
        file = self.folder / "file"
        file.write_text("not a folder")
        for data in (file, file / "below", file / "far" / "below", "/proc/nothing"):
            with self.subTest(data=data):
                node = self.node("node0", flags=SMALL)
                node.data = data
                code, log = node.start_in_vain()
                self.assertEqual(code, 2, log)
                self.assertIn(str(data), log)
        self.assertEqual(file.read_text(), "not a folder")

    def test_signals(self):
        """SIGTERM and SIGINT end a node promptly with exit code 0: while it serves, waits to join, has no leader, works"""
        for number in (signal.SIGTERM, signal.SIGINT):
            cluster = self.cluster(2, prefix=f"on-{number.name}-").up()
            batch = cluster.batch("-timeout", "5s")
            for n in range(300):
                batch.send("set", key=f"k{n}", value="v" * 1000)
            leader = cluster.leader()
            for name in [leader, *cluster.others(leader)]:  # the second one has no leader by then
                self.assertEqual(cluster[name].stop(number, 30), 0, cluster[name].log())
            batch.close()
            waiting = self.node(f"waiting-{number.name}", join=[self.port().address], flags=SMALL).start()
            self.await_log(waiting, "not yet a member")
            self.assertEqual(waiting.stop(number, 30), 0)
            self.assertIsNone(waiting.ready_line)

    def test_without_fsync(self):
        """-unsafe-no-fsync is said at start and in status"""
        node = self.node("node0", flags=[*SMALL, "-unsafe-no-fsync"]).serve()
        self.assertIn("-unsafe-no-fsync", node.log())
        member = self.json(self.done(self.parley(node.client.address, "-json", "status")).out)["members"][0]
        self.assertEqual(member["durability"], "no-fsync")
        self.assertIn("no-fsync", self.done(self.parley(node.client.address, "status")).out)
        ended = self.ended(self.parley(node.client.address, "-json", "bench", "-requests", "20", "-keys", "2"), 0)
        self.assertEqual(self.json(ended.out)["durability"], "no-fsync")
        self.assertEqual(node.stop(), 0)


if __name__ == "__main__":
    main()
