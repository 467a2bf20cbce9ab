#!/usr/bin/env python3
"""check_history: what it accepts, and everything that it must reject."""
import pathlib

import e2e_path  # noqa: F401
from harness import E2eTest, main

DATA = pathlib.Path(__file__).resolve().parent / "data"

# Of each bad history: what its finding must say.
LINEAR = "key k is not linearizable"
FINDINGS = {
    "after-much-that-is-good": "key k1 is not linearizable",
    "behind-what-was-known": "key k: answered by entry 11, although entry 12 was known before it was asked",
    "delete-finds-nothing": LINEAR,
    "deleted-comes-back": LINEAR,
    "double-cas": LINEAR,
    "entry-in-the-past": "key j: answered by entry 11, although entry 12 was known before it was asked",
    "failed-took-effect": LINEAR,
    "final-read-lags": "key k: the final read through node0 reflects entry 11, although entry 12 was known before",
    "from-the-future": LINEAR,
    "lost-at-the-end": "key journal/1 is not linearizable",
    "lost-write": LINEAR,
    "mismatch-that-took-effect": LINEAR,
    "never-written": LINEAR,
    "of-another-key": LINEAR,
    "older-than-it-says": "key k: a read that says that it is at most 5 ms old is older",
    "repeated-set": LINEAR,
    "seen-then-unseen": LINEAR,
    "stale-lease-read": LINEAR,
    "stale-read": LINEAR,
    "stale-read-of-another-state": "key k is told other than its entries have it",
    "two-commands-an-entry": "entry 11 answered two commands",
    "two-states-of-one-entry": "key k has two values after entry 15",
    "unknown-took-effect-twice": LINEAR,
}


class Check(E2eTest):
    def check(self, file, *flags):
        return self.run_program("check_history", str(file), *flags)

    def each(self, folder):
        files = sorted((DATA / folder).glob("*.jsonl"))
        self.assertNotEqual(files, [])
        for file in files:
            with self.subTest(file.name):
                yield file

    def test_good(self):
        """a history that a cluster may show is accepted, whatever stayed unknown in it"""
        for file in self.each("good"):
            ended = self.done(self.check(file))
            self.assertIn("good", ended.out.splitlines())

    def test_bad(self):
        """each known bad history is rejected, with what is wrong, the key and the operations that show it"""
        self.assertEqual({file.stem for file in (DATA / "bad").glob("*.jsonl")}, set(FINDINGS))
        for file in self.each("bad"):
            ended = self.ended(self.check(file), 1, err=FINDINGS[file.stem] + ":\n  line ")
            self.assertIn("broken", ended.out.splitlines())

    def test_window(self):
        """of a long history the operations that show what is wrong are few"""
        ended = self.ended(self.check(DATA / "bad" / "after-much-that-is-good.jsonl"), 1)
        first = ended.err.split("key k1 is told")[0]
        self.assertEqual(first.count("line "), 2, first)
        self.assertIn("c get k1 (linearizable): ok 55", first)

    def test_unreadable(self):
        """what does not follow the format is never judged, and the line is named"""
        for file in self.each("unreadable"):
            self.ended(self.check(file), 2, "", f"{file.name}: line ")
        self.ended(self.check(self.folder / "nowhere"), 2, "", "nowhere")
        self.ended(self.check(self.folder), 2, "", "is no file")
        self.ended(self.run_program("check_history"), 2, "", "expected one file")

    def test_missing_finals(self):
        """a history without the final reads that were asked for is incomplete, which is not good"""
        file = DATA / "good" / "final-reads.jsonl"
        self.done(self.check(file, "-final", "node0,node1"))
        ended = self.ended(self.check(file, "-final", "node0,node2"), 2,
                           err="key k was not read at the end through node2 (stale)")
        self.assertIn("incomplete", ended.out.splitlines())

    def test_too_hard(self):
        """a history that is too hard to decide within the bound has an exit code of its own, and names the key"""
        file = DATA / "good" / "one-after-the-other.jsonl"
        ended = self.ended(self.check(file, "-steps", "2"), 3, err="key k is too hard")
        self.assertIn("undecided", ended.out.splitlines())

    def test_figures(self):
        """the figures count what the history holds"""
        figures = self.json(self.done(self.check(DATA / "good" / "final-reads.jsonl", "-json")).out)
        expected = {"verdict": "good", "operations": 12, "ok": 7, "refuted": 4, "unknown": 1, "failed": 0,
                    "final_reads": 8, "stale_reads": 4, "writes": 3, "keys": 2}
        self.assertEqual({name: figures[name] for name in expected}, expected)

    def test_every_change_of_an_answer(self):
        """whichever answer of a good history is exchanged for another value, it is rejected"""
        good = (DATA / "good" / "one-after-the-other.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
        changed = 0
        for at, line in enumerate(good):
            for other in "1", "2", "9":
                text = line.replace('"end":"ok","value":"2"', f'"end":"ok","value":"{other}"')
                text = text.replace('"end":"ok","value":"1"', f'"end":"ok","value":"{other}"')
                if text == line:
                    continue
                file = self.folder / "changed.jsonl"
                file.write_text("".join([*good[:at], text, *good[at + 1 :]]), encoding="utf-8")
                self.ended(self.check(file), 1, err=LINEAR)
                changed += 1
        self.assertGreaterEqual(changed, 4)


if __name__ == "__main__":
    main()
