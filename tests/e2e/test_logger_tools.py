#!/usr/bin/env python3
"""parley-logger verify, dump, diff and blame: on the archives of loggers that run, and of those that have stopped."""
import json
import random
import struct

from harness import PATIENT, E2eTest, main, takes

# Records of a segment begin behind its header; each has its length at 8, its kind at 14, and an entry its index at 16.
HEADER = 4096
ENTRY = 4


def records(segment):
    """The records of a segment that stand before its last entry, or are it: begin, end, and the next entry, or its own."""
    at, waiting = HEADER, []
    while at + 16 <= len(segment):
        length, magic, kind = struct.unpack_from("<I2sB", segment, at + 8)
        if magic != b"RW":
            return
        end = at + (length + 7) // 8 * 8
        waiting.append((at, end))
        if kind == ENTRY:
            index = struct.unpack_from("<Q", segment, at + 16)[0]
            yield from ((*each, index) for each in waiting)
            waiting = []
        at = end


class LoggerTools(E2eTest):
    def tool(self, *words):
        return self.run_program("parley-logger", *map(str, words))

    def await_archived(self, logger, name, index):
        """Waits until an archive holds this entry."""

        def has_it():
            ended = self.tool("dump", logger.archives / name, "-from", index, "-to", index)
            return ended.code == 0 and ended.out

        self.eventually(has_it, f"{name} has entry {index}")

    @takes(8)
    def test_live(self):
        """the archives of loggers that run are dumped, verified, blamed and found equal, up to where they are"""
        cluster = self.cluster(3, PATIENT).up()
        loggers = [self.logger([f"log{number}"], [cluster]).serve() for number in range(2)]
        folders = [logger.archives / logger.names[0] for logger in loggers]
        requests = [{"op": "set", "key": f"k{number % 10}", "value": f"v{number}"} for number in range(100)]
        requests.append({"op": "set", "key_base64": "/w==", "value_base64": "gA=="})
        answers = cluster.batch().ask_all(requests)
        last = max(answer["index"] for answer in answers)
        for logger in loggers:
            self.await_archived(logger, logger.names[0], last)

        dumped = self.tool("dump", folders[0])
        self.assertEqual(dumped.code, 0, str(dumped))
        lines = [json.loads(line) for line in dumped.out.splitlines()]
        self.assertEqual([line["index"] for line in lines], list(range(1, len(lines) + 1)))
        self.assertGreaterEqual(len(lines), last)
        for line in lines:
            self.assertEqual(list(line)[:4], ["index", "term", "kind", "time"], line)
            self.assertEqual(len(line["digest"]), 64)
        self.assertEqual(lines[0]["kind"], "settings")
        by_index = {line["index"]: line for line in lines}
        written = by_index[answers[100]["index"]]["command"]
        self.assertEqual((written["op"], written["key_base64"], written["value_base64"]), ("set", "/w==", "gA=="))
        written = by_index[answers[7]["index"]]["command"]
        self.assertEqual((written["op"], written["key"], written["value"]), ("set", "k7", "v7"))
        some = self.tool("dump", folders[1], "-from", "3", "-to", "5")
        self.assertEqual(some.out.splitlines(), dumped.out.splitlines()[2:5])

        # What the nodes say of their state is what the archive has at that entry.
        status = cluster.status()
        member = next(member for member in status["members"] if member["role"] == "leader")
        self.await_archived(loggers[0], "log0", member["applied"])
        line = self.tool("dump", folders[0], "-from", member["applied"], "-to", member["applied"]).out
        self.assertEqual(json.loads(line)["digest"], member["digest"])

        for folder in folders:
            verified = self.tool("verify", folder)
            self.assertEqual(verified.code, 0, str(verified))
            self.assertTrue(verified.out.endswith("\nok\n"), str(verified))
            self.assertIn(status["cluster"], verified.out)
        same = self.tool("diff", *folders)
        self.assertEqual(same.code, 0, str(same))
        self.assertIn("they are equal up to entry ", same.out)

        blamed = self.tool("blame", folders[0], "k3")
        self.assertEqual(blamed.code, 0, str(blamed))
        fields = [line.split("\t") for line in blamed.out.splitlines()]
        self.assertEqual([each[3:] for each in fields], [["set", "ok", f'"v{n}"'] for n in range(3, 100, 10)])
        self.assertEqual(int(fields[0][0]), answers[3]["index"])
        self.assertEqual(self.tool("blame", folders[0], "-base64", "/w==", "-json").code, 0)
        nobody = self.tool("blame", folders[0], "nobody")
        self.assertEqual((nobody.code, nobody.out), (1, ""))

    @takes(8)
    def test_flipped_bits(self):
        """a flipped bit anywhere in an archive, but in its last batch, is found, with file, offset and entry"""
        cluster = self.cluster(1, PATIENT).up()
        logger = self.logger(["log"], [cluster]).serve()
        folder = logger.archives / "log"
        requests = [{"op": "set", "key": f"k{number}", "value": "v" * 60_000} for number in range(160)]
        last = max(answer["index"] for answer in cluster.batch().ask_all(requests))
        # Nothing says of the last batch that it was synced.
        self.done(cluster.parley("set", "the", "end"))
        self.await_archived(logger, "log", last + 1)
        self.assertEqual(logger.stop(), 0)
        self.assertEqual(self.tool("verify", folder).code, 0)
        segments = sorted(folder.rglob("*.segment"), key=lambda path: path.name)
        self.assertGreater(len(segments), 1)
        chance = random.Random(22)
        for segment in segments:
            whole = segment.read_bytes()
            found = [each for each in records(whole) if each[2] <= last]
            for begin, end, index in chance.sample(found, min(len(found), 15)):
                offset = chance.randrange(begin, end)
                with open(segment, "r+b") as file:
                    file.seek(offset)
                    file.write(bytes([whole[offset] ^ (1 << chance.randrange(8))]))
                damaged = self.tool("verify", folder)
                segment.write_bytes(whole)
                self.assertEqual(damaged.code, 4, f"{segment}, offset {offset}: {damaged}")
                self.assertIn(f"{segment}: offset ", damaged.err)
                self.assertIn(f"where entry {index} should stand", damaged.err)
        self.assertEqual(self.tool("verify", folder).code, 0)

    def test_wrong_folders(self):
        """a folder that is no archive is told from a damaged one, and what it may be is said"""
        cluster = self.cluster(1, PATIENT).up()
        logger = self.logger(["log"], [cluster]).serve()
        self.done(cluster.parley("set", "k", "v"))
        node = self.tool("verify", cluster["node0"].data)
        self.assertEqual(node.code, 2)
        self.assertIn("it is a node's data folder", node.err)
        live = self.tool("dump", logger.archives / "log" / "live")
        self.assertEqual(live.code, 2)
        self.assertIn("name the folder above it", live.err)
        nothing = self.tool("diff", logger.archives / "log", self.folder / "nothing")
        self.assertEqual((nothing.code, nothing.out), (2, ""))
        self.assertIn("holds no archive", nothing.err)
        self.assertEqual(self.tool("verify").code, 2)
        self.assertEqual(self.tool("dump", "a", "b").code, 2)


if __name__ == "__main__":
    main()
