#!/usr/bin/env python3
"""The engines beside LMDB: -engine memory, and -engine disk with its slots."""
import re
import subprocess

from harness import SMALL, E2eTest, main, takes
from load import Writer

SLOT = 512
HEAD = 12
ENGINES = {"memory": ["-engine", "memory"], "disk": ["-engine", "disk", "-slot", str(SLOT)], "lmdb": []}
FEW = ["-retain", "50"]


class Engines(E2eTest):
    def write(self, address, values):
        batch = self.batch(address, "-timeout", "60s")
        self.all_ok(batch.ask_all([{"op": "set", "key": key, "value": value} for key, value in values.items()]))

    def check_holds(self, address, written, read="linearizable"):
        batch = self.batch(address, "-timeout", "60s")
        answers = batch.ask_all([{"op": "get", "key": key, "read": read} for key in written])
        wrong = [key for key, answer in zip(written, answers) if answer.get("value") != written[key]]
        self.assertEqual(wrong[:3], [], f"{len(wrong)} of {len(written)} keys are not as they were written")

    def write_other_kinds(self, cluster):
        """What has rows beside those of keys: lives, leases, users."""
        lease = self.done(cluster.parley("lease", "grant", "1h")).out.strip()
        self.done(cluster.parley("set", "40001", "with a life", "-ttl", "1h"))
        self.done(cluster.parley("set", "40002", "with a lease", "-lease", lease))
        self.done(cluster.parley("chat", "create-user", "amy", more={"PARLEY_PASSWORD": "of no importance"}))

    def await_flushed(self, cluster):
        def all_flushed():
            status = cluster.status()
            return status and all(m["flushed"] == m["applied"] for m in status["members"] if m["up"])

        self.eventually(all_flushed, "everything is flushed")

    @staticmethod
    def slot(node, number):
        with open(node.data / "store" / "values", "rb") as slots:
            slots.seek(number * SLOT)
            return slots.read(SLOT)

    def await_slots(self, node, values):
        """Until each of these values stands where it should."""

        def expected(text):
            value = text.encode()
            return len(value).to_bytes(4, "little"), value + bytes(SLOT - HEAD - len(value))

        def are_there():
            found = {key: self.slot(node, int(key)) for key in values}
            return all((data[:4], data[HEAD:]) == expected(values[key]) for key, data in found.items())

        self.eventually(are_there, "every value is in its slot")

    def store_files(self, node):
        return {path.name for path in (node.data / "store").iterdir()}

    def verified(self, node):
        return self.done(self.run_program("parley-node", "verify", str(node.data))).out

    # --- crashes ---

    def crashes(self, engine):
        """All nodes, killed again and again while clients write, have everything that was acknowledged, and the same."""
        cluster = self.cluster(flags=[*ENGINES[engine], "-retain", "100"]).up()
        self.write_other_kinds(cluster)
        writers = [Writer(cluster.batch("-timeout", "60s"), prefix) for prefix in "78"]
        for _ in range(3):
            for writer in writers:
                writer.await_more(300)
            cluster.kill()
            for node in cluster.nodes.values():
                self.assertIn("log ok", self.verified(node))
            cluster.restart()
        for writer in writers:
            writer.await_more(100)
            writer.finish()
        cluster.await_agreement()
        for writer in writers:
            self.assertEqual(writer.refused, [])
            self.check_holds(cluster.servers, writer.acknowledged)
        self.assertNotIn("data.mdb", self.store_files(cluster["node0"]))

    @takes(12)
    def test_memory_crashes(self):
        """engine memory: nodes that are killed again and again lose nothing that was acknowledged, and agree"""
        self.crashes("memory")

    @takes(12)
    def test_disk_crashes(self):
        """engine disk: nodes that are killed again and again lose nothing that was acknowledged, and agree"""
        self.crashes("disk")

    # --- images ---

    def images(self, engine):
        """One that joins gets an image; killed while it comes in, it gets another, and serves and leads in the end."""
        cluster = self.cluster(size=1, flags=[*ENGINES[engine], *FEW]).up()
        self.write_other_kinds(cluster)
        written = {str(n): f"{n} " + "v" * 400 for n in range(30000)}
        self.write(cluster.servers, written)
        self.eventually(lambda: cluster["node0"].segments()[0].stem.lstrip("0") != "1", "the log is trimmed", 120)
        node = cluster.add("node1", flags=[*ENGINES[engine], *FEW])
        for turn in range(4):
            node.start()
            image = node.data / ("store.incoming" if turn % 2 == 0 else "store.image")
            self.eventually(lambda: image.exists() or node.is_ready(), f"{image.name} is there")
            node.kill()
        node.serve()
        cluster.await_voters(["node0", "node1"])
        written["7"] = "another"
        self.write(cluster.servers, {"7": "another"})
        cluster.await_agreement()
        self.check_holds(node.client.address, written, "stale")
        self.done(cluster.parley("transfer-leader", "node1", "-timeout", "30s"))
        self.write(cluster.servers, {"8": "by the other"})
        cluster.await_agreement()
        self.assertEqual(node.stop(), 0)
        self.assertIn("store ok", self.verified(node))
        self.assertEqual([path.name for path in node.data.iterdir() if path.name.startswith("store")], ["store"])

    @takes(15)
    def test_memory_image(self):
        """engine memory: one that joins gets an image, however often it is killed meanwhile, and can lead"""
        self.images("memory")

    @takes(15)
    def test_disk_image(self):
        """engine disk: one that joins gets an image, however often it is killed meanwhile, and can lead"""
        self.images("disk")

    # --- recovery ---

    def recovery(self, engine):
        cluster = self.cluster(size=1, flags=[*ENGINES[engine], "-retain", "1000000"]).up()
        self.write_other_kinds(cluster)
        written = {str(n): f"value {n}" for n in range(2000)}
        self.write(cluster.servers, written)
        self.await_flushed(cluster)
        said = cluster.status()["members"][0]
        for replay in ("parallel", "sequential"):
            folder = self.folder / replay
            ended = self.run_program("parley-recovery", "-recov", cluster["node0"].hrecov.address, "-json",
                                     "-replay", replay, "-into", str(folder))
            found = self.json(self.done(ended).out)
            self.assertEqual(found["state"], said["state"])
            inspected = self.done(self.run_program("parley-node", "inspect", str(folder))).out
            self.assertRegex(inspected, re.compile(rf"^engine\s+{engine}$", re.MULTILINE))
            other = self.node(replay, folder=self.folder, flags=[*SMALL, *ENGINES["lmdb"]])
            code, log = other.start_in_vain()
            self.assertEqual(code, 2, log)
            self.assertIn(f"-engine is lmdb here and {engine} in the cluster", log)
            born = self.node(replay, folder=self.folder, flags=[*SMALL, *ENGINES[engine]])
            born.serve()
            self.check_holds(born.client.address, written)
            self.write(born.client.address, {"5": "later"})
            self.assertEqual(born.stop(), 0)
            self.assertIn("store ok", self.verified(born))

    @takes(6)
    def test_memory_recovery(self):
        """engine memory: recovery makes a folder with that engine, refused with another, and the state is the same"""
        self.recovery("memory")

    @takes(6)
    def test_disk_recovery(self):
        """engine disk: recovery makes a folder with that engine, refused with another, and the state is the same"""
        self.recovery("disk")

    # --- flags ---

    def test_other_flags(self):
        """a node whose -engine or -slot are not the cluster's refuses to start or to join, and names the difference"""
        cluster = self.cluster(size=1, flags=ENGINES["disk"]).up()
        self.write(cluster.servers, {"1": "v"})
        self.assertEqual(cluster["node0"].stop(), 0)
        wrong = {"-engine is memory here and disk in the cluster": ENGINES["memory"],
                 "-engine is lmdb here and disk in the cluster": ENGINES["lmdb"],
                 f"-slot is 1024 here and {SLOT} in the cluster": ["-engine", "disk"]}
        node = cluster["node0"]
        right = node.flags
        for difference, flags in wrong.items():
            node.flags = [*SMALL, *flags]
            code, log = node.start_in_vain()
            self.assertEqual(code, 2, log)
            self.assertIn(difference, log)
        node.flags = right
        node.serve()
        joiner = cluster.add("node1")
        for difference, flags in wrong.items():
            joiner.flags = [*SMALL, *flags]
            code, log = joiner.start_in_vain()
            self.assertNotEqual(code, 0)
            self.assertIn(difference, log)
        # With the right ones it is taken in, although its folder was made for others.
        joiner.flags = right
        joiner.serve()
        cluster.await_voters(["node0", "node1"])
        cluster.await_agreement()

    # --- slots ---

    def test_slots(self):
        """engine disk: the value of key K stands at K times the slot, and what has no slot is told so"""
        cluster = self.cluster(size=1, flags=ENGINES["disk"]).up()
        values = {str(n): f"value of {n} " * (n % 30) for n in range(0, 4000, 7)}
        self.write(cluster.servers, values)
        self.write(cluster.servers, {"7": "shorter", "14": ""})
        values |= {"7": "shorter", "14": ""}
        self.done(cluster.parley("delete", "21"), "OK\n")
        del values["21"]
        self.await_flushed(cluster)
        self.await_slots(cluster["node0"], values)
        self.eventually(lambda: self.slot(cluster["node0"], 21) == bytes(SLOT), "the slot of a key that was deleted is empty")
        end = (8 << 30) // SLOT
        for words, code, error in (
                (["set", "name", "v"], 2, "invalid"), (["get", "name"], 2, "invalid"), (["delete", "name"], 2, "invalid"),
                (["set", "007", "v"], 2, "invalid"), (["set", "--", "-1", "v"], 2, "invalid"),
                (["set", str(end), "v"], 2, "too_large"), (["get", str(end)], 2, "too_large"),
                (["cas", str(end), "v", "w"], 2, "too_large"),
                (["set", "1", "v" * (SLOT - HEAD + 1)], 2, "too_large")):
            with self.subTest(words=[word[:20] for word in words]):
                ended = self.ended(cluster.parley(*words), code, "", error)
                self.assertIn(str(SLOT), ended.err, "the bound is named")
        self.done(cluster.parley("set", str(end - 1), "v" * (SLOT - HEAD)), "OK\n")
        self.done(cluster.parley("get", str(end - 1)), "v" * (SLOT - HEAD) + "\n")
        self.ended(cluster.parley("get", "21"), 1, "")
        scanned = self.done(cluster.parley("scan", "39")).out.splitlines()
        keys = sorted(key for key in values if key.startswith("39"))
        self.assertEqual([line.split("\t")[0] for line in scanned], keys)

    # --- damage ---

    @takes(6)
    def test_flipped_bits(self):
        """a flipped bit in any file of a store is found by verify and at the start, and what is damaged is made again"""
        for engine in ("memory", "disk"):
            node = self.node(engine, flags=[*SMALL, *ENGINES[engine]]).serve()
            written = {str(n): f"value {n} " * 20 for n in range(400)}
            self.write(node.client.address, written)
            status = lambda: self.json(self.parley(node.client.address, "-json", "status").out)["members"][0]
            self.eventually(lambda: status()["flushed"] == status()["applied"], "everything is flushed")
            if engine == "disk":
                self.await_slots(node, written)
            self.assertEqual(node.stop(), 0)
            self.assertIn("store ok", self.verified(node))
            files = sorted((node.data / "store").iterdir())
            self.assertEqual(len(files), 2 if engine == "disk" else 1, files)
            count = 0
            for file in files:
                whole = file.read_bytes()
                end = len(whole.rstrip(b"\0"))
                # The head, what stands behind it, places in between; of slots also what is empty.
                places = [9, 4100, end // 3, end // 2, end - 60]
                if file.name == "values":
                    places = [0, 5, 100, SLOT - 1, SLOT * 3 + 4, end // 2, end + SLOT]
                for offset in places:
                    with self.subTest(engine=engine, file=file.name, offset=offset):
                        with open(file, "r+b") as opened:
                            opened.seek(offset)
                            opened.write(bytes([whole[offset] ^ 0x10]))
                        for command in ("inspect", "verify"):
                            self.ended(self.run_program("parley-node", command, str(node.data)), 4, "", str(file))
                        file.write_bytes(whole)
                # The log is whole, so that the store can be made again.
                count += 1
                with open(file, "r+b") as opened:
                    opened.seek(100)
                    opened.write(bytes([whole[100] ^ 0x10]))
                node.serve()
                self.assertIn("put aside", node.log())
                self.check_holds(node.client.address, written)
                self.assertEqual(node.stop(), 0)
                self.assertTrue((node.data / f"damaged-{count}" / "store" / file.name).exists())
                self.verified(node)

    def small_disk(self, size):
        """A folder on a disk of its own, of so many bytes."""
        folder = self.folder / f"disk{size}"
        folder.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)],
                                 capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest(f"no disk of its own can be mounted here: {mounted.stderr.decode().strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", str(folder)], check=True)
        return folder

    @takes(10)
    def test_full_disk(self):
        """each engine: on a full disk writes are answered disk_full, nothing is lost, and with room again writes go on"""
        for number, (engine, more) in enumerate({"memory": [], "disk": ["-slot", "64KiB"]}.items()):
            disk = self.small_disk((96 << 20) + number)
            ballast = disk / "ballast"
            ballast.write_bytes(bytes(30 << 20))
            node = self.node(engine, flags=[*SMALL, "-engine", engine, *more])
            node.data = disk / engine
            node.serve()
            batch = self.batch(node.client.address, "-timeout", "10s")
            written = {}
            for key in range(800):
                value = str(key) * 20000
                answer = batch.ask("set", key=str(key), value=value)
                if not answer["ok"]:
                    break
                written[str(key)] = value
            self.assertEqual(answer.get("error"), "disk_full", answer)
            self.check_holds(node.client.address, written)
            node.kill()
            node.serve()
            self.check_holds(node.client.address, written)
            ballast.unlink()
            self.eventually(lambda: self.parley(node.client.address, "set", "0", "b").code == 0,
                            "writes go on when there is room")
            written["0"] = "b"
            self.check_holds(node.client.address, written)
            self.assertEqual(node.stop(), 0)
            self.verified(node)


if __name__ == "__main__":
    main()
