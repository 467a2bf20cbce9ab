#!/usr/bin/env python3
"""Data folders that are damaged, torn, or on a full disk; inspect and verify."""
import os
import re
import shutil
import subprocess

from harness import SMALL, E2eTest, main, takes


class Damage(E2eTest):
    def written_node(self, count=300, size=2000):
        """A stopped node that has written so many values of so many bytes; what it has written."""
        node = self.node("node0", flags=SMALL).serve()
        batch = self.batch(node.client.address, "-timeout", "60s")
        written = {f"key {n}": os.urandom(size // 2).hex() for n in range(count)}
        self.all_ok(batch.ask_all([{"op": "set", "key": key, "value": value} for key, value in written.items()]))
        self.assertEqual(node.stop(), 0)
        return node, written

    def check_all(self, node, written):
        batch = self.batch(node.client.address, "-timeout", "60s")
        for key, answer in zip(written, batch.ask_all([{"op": "get", "key": key} for key in written])):
            self.assertEqual(answer.get("value"), written[key])

    def refuses(self, node, named, also=("inspect", "verify")):
        """The node does not start, with exit code 4, naming `named`; and the tools say the same."""
        before = {file: file.read_bytes() for file in node.data.rglob("*") if file.is_file() and file.name != "lock.mdb"}
        code, log = node.start_in_vain()
        self.assertEqual(code, 4, log)
        self.assertIn(str(named), log)
        for command in also:
            self.ended(self.run_program("parley-node", command, str(node.data)), 4, "", str(named))
        after = {file: file.read_bytes() for file in before if file.exists()}
        self.assertEqual([file for file in before if after.get(file) != before[file]], [], "nothing was touched")

    @staticmethod
    def end_of(segment):
        """Where what was written ends; behind it are zeros."""
        return len(segment.read_bytes().rstrip(b"\0"))

    @staticmethod
    def change(file, offset, data):
        with open(file, "r+b") as opened:
            opened.seek(offset)
            opened.write(data)

    def flip(self, file, offset):
        with open(file, "rb") as opened:
            opened.seek(offset)
            self.change(file, offset, bytes([opened.read(1)[0] ^ 0x10]))

    def test_inspect_and_verify(self):
        """inspect tells what is in the folder of a stopped node, verify checks it, and both name a folder that is none"""
        node, written = self.written_node()
        text = self.done(self.run_program("parley-node", "inspect", str(node.data))).out
        for line in (r"cluster\s+[0-9a-f]{32}", r"incarnation\s+[0-9a-f]{16}", r"term\s+\d+", r"log first\s+1",
        r"log last\s+\d+",
                     r"member\s+node0 voter", r"keys\s+\d+", r"state digest\s+[0-9a-f]{64}"):
            self.assertRegex(text, re.compile(rf"^{line}", re.MULTILINE))
        self.assertRegex(self.done(self.run_program("parley-node", "verify", str(node.data))).out,
                r"(?s)log ok.*store ok")
        for command in ("inspect", "verify"):
            self.ended(self.run_program("parley-node", command, str(self.folder / "nowhere")), 2, "",
                    str(self.folder / "nowhere"))
        node.serve()
        self.check_all(node, written)

    def test_flipped_bits(self):
        """a bit that flipped in the middle of the log is damage: exit code 4 naming the file, and nothing is touched"""
        node, _ = self.written_node()
        segment = node.segments()[0]
        whole = segment.read_bytes()
        end = self.end_of(segment)
        # The header, the first record behind it, and places in between.
        for offset in (10, 200, 4096 + 20, end // 4, end // 2, end * 3 // 4):
            with self.subTest(offset=offset, end=end):
                self.flip(segment, offset)
                self.refuses(node, segment)
                segment.write_bytes(whole)
        node.serve()

    def test_missing_files(self):
        """a segment of the log that is missing, or the whole log beside its store, is damage"""
        node, written = self.written_node(count=20, size=1 << 20)
        segments = node.segments()
        self.assertGreaterEqual(len(segments), 3)
        aside = self.folder / "aside"
        for segment in (segments[1], segments[-1]):
            with self.subTest(segment=segment.name):
                segment.rename(aside)
                self.refuses(node, segment)
                aside.rename(segment)
        (node.data / "log").rename(aside)
        code, log = node.start_in_vain()
        self.assertEqual(code, 4, log)
        self.assertIn(str(node.data / "log"), log)
        shutil.rmtree(node.data / "log", ignore_errors=True)
        aside.rename(node.data / "log")
        node.serve()
        self.check_all(node, written)

    def test_cut_log(self):
        """a segment of the log that was cut short is damage, and no crash"""
        node, _ = self.written_node()
        file = node.segments()[0]
        whole = file.read_bytes()
        for size in (0, 100, 4096, len(whole) // 2):
            with self.subTest(size=size):
                os.truncate(file, size)
                self.refuses(node, file)
                file.write_bytes(whole)

    @takes(8)
    def test_damaged_store(self):
        """a store that was cut short or is full of garbage is put aside and made again from the log, if that is whole"""
        node, written = self.written_node()
        store = node.data / "store" / "data.mdb"
        whole = store.read_bytes()
        damaged = [whole[:size] for size in (0, 100, 4096, len(whole) // 2)]
        damaged += [os.urandom(len(whole)), os.urandom(8192) + whole[8192:], whole[:8192] + os.urandom(len(whole) - 8192)]
        before = self.incarnation(node)
        for number, content in enumerate(damaged, 1):
            # A running node must not have its store changed under it by the next round.
            self.assertFalse(node.runs())
            with self.subTest(number=number):
                store.write_bytes(content)
                for command in ("inspect", "verify"):
                    self.ended(self.run_program("parley-node", command, str(node.data)), 4, "", str(store))
                node.serve()
                self.assertIn("put aside", node.log())
                self.check_all(node, written)
                self.assertEqual(node.stop(), 0)
                aside = node.data / f"damaged-{number}" / "store" / "data.mdb"
                self.assertEqual(aside.read_bytes(), content, "nothing is thrown away")
                self.assertEqual(self.incarnation(node), before, "the log has kept all its promises")
        # Without its log from the first entry on a store cannot be made again.
        (node.data / "log").rename(node.data / "elsewhere")
        store.write_bytes(damaged[3])
        self.assertEqual(node.start_in_vain()[0], 4)

    @takes(25)
    def test_begins_anew(self):
        """a member with a damaged log comes back by -join as another incarnation, a learner until it holds all"""
        cluster = self.cluster(flags=["-retain", "50"]).up()
        batch = cluster.batch("-timeout", "60s")
        written = {f"key {n}": f"value {n}" for n in range(300)}
        self.all_ok(batch.ask_all([{"op": "set", "key": key, "value": value} for key, value in written.items()]))
        cluster.await_agreement()
        node = cluster[cluster.followers()[0]]
        joins = [cluster[name].hjoin.address for name in cluster.others(node.name)]
        self.assertEqual(node.stop(), 0)
        before = self.incarnation(node)
        self.flip(node.segments()[0], self.end_of(node.segments()[0]) // 2)
        node.join = []
        self.refuses(node, node.segments()[0])
        node.join = joins
        self.assertTrue(batch.ask("set", key="meanwhile", value="1")["ok"])
        node.serve()
        self.assertIn("new incarnation", node.log())
        cluster.await_voters(cluster.nodes)
        cluster.await_agreement()
        self.check_all(node, written | {"meanwhile": "1"})
        self.assertTrue((node.data / "damaged-1" / "log").is_dir())
        self.assertEqual(node.stop(), 0)
        self.assertNotEqual(self.incarnation(node), before)

    def test_torn_tail(self):
        """a torn tail is cut with a warning, a copy of it is kept, and everything before it is there"""
        node, written = self.written_node()
        segment = node.segments()[-1]
        tail = b"half a record " * 20
        self.change(segment, (self.end_of(segment) + 7) // 8 * 8, tail)
        text = self.done(self.run_program("parley-node", "verify", str(node.data))).out
        self.assertIn("never synced", text)
        node.serve()
        self.assertIn(segment.name, node.log())
        copies = [file for file in (node.data / "log").iterdir() if tail in file.read_bytes()]
        self.assertEqual(len(copies), 1, list((node.data / "log").iterdir()))
        self.check_all(node, written)
        self.assertEqual(node.stop(), 0)
        self.assertNotIn("never synced", self.done(self.run_program("parley-node", "verify", str(node.data))).out)

    def incarnation(self, node):
        """Of a stopped node."""
        text = self.done(self.run_program("parley-node", "inspect", str(node.data))).out
        return re.search(r"^incarnation\s+(\S+)$", text, re.MULTILINE)[1]

    def small_disk(self, size):
        """A folder on a disk of its own, of so many bytes."""
        folder = self.folder / "disk"
        folder.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)],
                capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest(f"no disk of its own can be mounted here: {mounted.stderr.decode().strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", str(folder)], check=True)
        return folder

    def fill(self, batch, most=400):
        """Writes until it is refused; what was acknowledged, and the refusal."""
        written = {}
        for number in range(most):
            answer = batch.ask("set", key=f"key {number}", value=str(number) * 50000)
            if not answer["ok"]:
                return written, answer
            written[f"key {number}"] = str(number) * 50000
        self.fail("the disk never got full")

    def test_full_disk(self):
        """on a full disk writes are answered disk_full, reads go on, nothing is lost, and with room again writes go on"""
        disk = self.small_disk(96 << 20)
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(40 << 20))
        node = self.node("node0", flags=SMALL)
        node.data = disk / "node0"
        node.serve()
        batch = self.batch(node.client.address, "-timeout", "10s")
        written, refusal = self.fill(batch)
        self.assertEqual(refusal["error"], "disk_full", refusal)
        self.ended(self.parley(node.client.address, "set", "a", "b"), 1, "", "disk_full")
        self.check_all(node, written)
        self.assertIn("disk full", self.parley(node.client.address, "status").out)
        node.kill()
        node.serve()
        self.check_all(node, written)
        ballast.unlink()
        self.eventually(lambda: self.parley(node.client.address, "set", "a", "b").code == 0,
                "writes go on when there is room")
        self.check_all(node, written)
        self.assertEqual(node.stop(), 0)
        self.done(self.run_program("parley-node", "verify", str(node.data)))

    def test_full_disk_of_a_leader(self):
        """a leader whose disk is full hands over, and the cluster goes on taking writes"""
        disk = self.small_disk(56 << 20)
        cluster = self.cluster()
        cluster["node0"].data = disk / "node0"
        cluster.up()
        batch = cluster.batch("-timeout", "60s")
        written = {}
        for number in range(60):
            key, value = f"key {number}", str(number % 10) * (1 << 20)
            self.assertTrue(batch.ask("set", key=key, value=value)["ok"], f"write {number}")
            written[key] = value
            if number > 10 and cluster.leader() != "node0" and "full" in cluster["node0"].log():
                break
        self.assertNotEqual(cluster.leader(), "node0")
        for key, answer in zip(written, batch.ask_all([{"op": "get", "key": key} for key in written])):
            self.assertEqual(answer.get("value"), written[key])


if __name__ == "__main__":
    main()
