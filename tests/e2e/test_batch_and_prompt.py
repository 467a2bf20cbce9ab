#!/usr/bin/env python3
"""`parley batch` and the prompt."""
import base64
import json
import os

from harness import E2eTest, main


class BatchAndPrompt(E2eTest):
    def setUp(self):
        self.server = self.node("node0", flags=["-segment", "8MiB"]).serve()
        self.servers = self.server.client.address

    def answers_to(self, *lines, flags=()):
        """Runs a batch over these lines to its end; gives its exit code and its answers."""
        ended = self.parley(self.servers, "batch", *flags, stdin="".join(line + "\n" for line in lines))
        return ended.code, [json.loads(line) for line in ended.out.splitlines()]

    def test_operations(self):
        """each operation of a batch is answered with what it gave, the index, or the word and the reason why not"""
        batch = self.batch(self.servers)
        first = batch.ask("set", key="a", value="1")
        self.assertEqual((first["ok"], set(first)), (True, {"id", "ok", "index"}))
        got = batch.ask("get", key="a")
        self.assertEqual((got["ok"], got["value"]), (True, "1"))
        self.assertGreaterEqual(got["index"], first["index"])
        self.assertEqual(batch.ask("get", key="a", read="stale")["value"], "1")
        self.assertEqual(batch.ask("get", key="a", read="lease")["value"], "1")
        done = batch.ask("cas", key="a", expected="1", value="2")
        self.assertTrue(done["ok"] and done["index"] > first["index"], done)
        refused = batch.ask("cas", key="a", expected="1", value="3")
        self.assertEqual((refused["ok"], refused["error"], refused["value"]), (False, "mismatch", "2"))
        missing = batch.ask("cas", key="b", expected="1", value="3")
        self.assertEqual((missing["ok"], missing["error"]), (False, "not_found"))
        self.assertTrue(batch.ask("delete", key="a")["ok"])
        self.assertEqual(batch.ask("delete", key="a")["error"], "not_found")
        self.assertEqual(batch.ask("get", key="a")["error"], "not_found")
        self.assertEqual(batch.finish(), 0)

    def test_ids(self):
        """an id of any kind comes back as it was, and one that is missing as null"""
        ids = [1, -7, 0, 2**53 + 1, 1.5, "text", "", "☃ \" \\ \n", True, None, [1, [2, {}]], {"a": {"b": [None]}}]
        lines = [json.dumps({"id": each, "op": "get", "key": "a"}) for each in ids] + ['{"op":"get","key":"a"}']
        code, answers = self.answers_to(*lines)
        self.assertEqual(code, 0)
        expected = sorted(json.dumps(each, sort_keys=True) for each in [*ids, None])
        self.assertEqual(sorted(json.dumps(answer["id"], sort_keys=True) for answer in answers), expected)

    def test_lines_that_are_wrong(self):
        """a line that is wrong is answered with invalid and what is wrong, and the next ones are carried out"""
        wrong = [
            "not JSON", "{", '"text"', "[]", "7", "", "null", '{"id":1}', '{"id":1,"op":"fly","key":"a"}',
            '{"id":1,"op":7,"key":"a"}',
            '{"id":1,"op":"get"}', '{"id":1,"op":"get","key":7}', '{"id":1,"op":"set","key":"a"}',
            '{"id":1,"op":"cas","key":"a","value":"b"}',
            '{"id":1,"op":"get","key_base64":"?"}', '{"id":1,"op":"get","key_base64":"YQ"}',
            '{"id":1,"op":"get","key":""}',
            '{"id":1,"op":"get","key":"a","read":"perhaps"}', '{"id":1,"op":"set","key":"a","value":["b"]}',
            '{"id":' + "[" * 500 + "]" * 500 + ',"op":"get","key":"a"}', "[" * 100000, "\x00\x01\x02",
        ]
        code, answers = self.answers_to(*wrong, '{"id":"last","op":"set","key":"a","value":"b"}')
        self.assertEqual(code, 0, "every line was answered")
        self.assertEqual(len(answers), len(wrong) + 1)
        for answer in answers:
            if answer["id"] == "last":
                self.assertTrue(answer["ok"], answer)
                continue
            self.assertEqual((answer["ok"], answer["error"]), (False, "invalid"), answer)
            self.assertTrue(answer["detail"], answer)
        # UTF-8 that is none, and a last line without an end.
        ended = self.parley(self.servers, "batch",
                stdin=b'{"id":1,"op":"get","key":"\xff"}\n{"id":2,"op":"get","key":"a"}')
        answers = {answer["id"]: answer for answer in map(json.loads, ended.out.splitlines())}
        self.assertEqual((ended.code, answers[None]["error"], answers[2]["value"]), (0, "invalid", "b"))

    def test_limits(self):
        """keys and values beyond the limits are too_large, naming the limit, and a line beyond all bounds too"""
        batch = self.batch(self.servers)
        largest = "v" * (1 << 20)
        self.assertTrue(batch.ask("set", key="k" * 400, value=largest)["ok"])
        self.assertEqual(batch.ask("get", key="k" * 400)["value"], largest)
        for request, limit in (
            ({"op": "set", "key": "k" * 401, "value": "v"}, "400"),
            ({"op": "get", "key": "k" * 401}, "400"),
            ({"op": "set", "key": "k", "value": largest + "v"}, "1048576"),
            ({"op": "cas", "key": "k" * 400, "expected": largest, "value": largest + "v"}, "1048576"),
        ):
            answer = batch.ask(**request)
            self.assertEqual((answer["ok"], answer["error"]), (False, "too_large"), answer)
            self.assertIn(limit, answer["detail"])
        batch.write('{"id":1,"op":"set","key":"k","value":"' + "v" * (9 << 20) + '"}')
        self.assertTrue(batch.ask("set", key="after", value="v")["ok"])
        beyond = [answer for answer in batch.await_lines(8) if answer["id"] is None]
        self.assertEqual([answer["error"] for answer in beyond], ["too_large"])
        self.assertEqual(batch.finish(), 0)

    def test_bytes(self):
        """bytes that are no UTF-8 travel as base64, in requests and in answers"""
        batch = self.batch(self.servers)
        for raw in (bytes(range(256)), b"\xff", b"\xc3\x28", b"\xed\xa0\x80", os.urandom(5000) + b"\xff"):
            coded = base64.b64encode(raw).decode()
            self.assertTrue(batch.ask("set", key_base64=base64.b64encode(raw[:400]).decode(), value_base64=coded)["ok"])
            answer = batch.ask("get", key_base64=base64.b64encode(raw[:400]).decode())
            self.assertEqual((answer["ok"], answer["value_base64"]), (True, coded))
            self.assertNotIn("value", answer)
        for text in ("", "plain", "ünï¢ødé ☃", "line\nline\0"):
            batch.ask("set", key="t", value=text)
            self.assertEqual(batch.ask("get", key="t")["value"], text)
        mismatch = batch.ask("cas", key="t", expected="other", value_base64="/w==")
        self.assertEqual((mismatch["error"], mismatch["value"]), ("mismatch", "line\nline\0"))
        self.assertTrue(batch.ask("cas", key="t", expected="line\nline\0", value_base64="/w==")["ok"])
        self.assertEqual(batch.ask("get", key="t")["value_base64"], "/w==")

    def test_scan(self):
        """a batch can scan, page by page"""
        batch = self.batch(self.servers)
        self.all_ok(batch.ask_all([{"op": "set", "key": f"s{n}", "value": f"{n}"} for n in range(5)]))
        answer = batch.ask("scan", prefix="s", limit=3)
        rows = [{"key": f"s{n}", "value": f"{n}"} for n in range(3)]
        self.assertEqual((answer["ok"], answer["rows"], answer["more"]), (True, rows, True))
        self.assertFalse(batch.ask("scan", prefix="s")["more"])

    def test_window_of_one(self):
        """with a window of 1 requests are carried out and answered in their order"""
        lines = []
        for n in range(100):
            lines += [f'{{"id":{2 * n},"op":"set","key":"k","value":"{n}"}}',
                    f'{{"id":{2 * n + 1},"op":"get","key":"k"}}']
        code, answers = self.answers_to(*lines, flags=["-window", "1"])
        self.assertEqual((code, [answer["id"] for answer in answers]), (0, list(range(200))))
        self.assertEqual([answer["value"] for answer in answers[1::2]], [str(n) for n in range(100)])

    def test_many_at_once(self):
        """a large window carries thousands of requests, each answered once"""
        lines = [f'{{"id":{n},"op":"set","key":"k{n}","value":"{n}"}}' for n in range(5000)]
        code, answers = self.answers_to(*lines, flags=["-window", "2000"])
        self.all_ok(answers)
        self.assertEqual((code, sorted(answer["id"] for answer in answers)), (0, list(range(5000))))
        self.assertEqual(len({answer["index"] for answer in answers}), 5000, "each write is an entry of its own")

    def test_answers_come_at_once(self):
        """an answer is written as soon as it is there, while the input is still open"""
        batch = self.batch(self.servers)
        for n in range(3):
            self.assertTrue(batch.ask("set", key="a", value=str(n))["ok"])
        self.assertIsNone(batch.process.poll())
        self.assertEqual(batch.finish(), 0)
        self.assertEqual(self.answers_to(), (0, []), "nothing in, nothing out")

    def test_prompt(self):
        """at the prompt the commands work, and the dashed forms of old"""
        said = (
            "set colour 'light blue'\nget colour\nget-colour\nset-shape-round-ish\nget-shape\nget shape\ndelete-shape\n"
            "get-shape\nscan\ncas colour 'light blue' red\nget colour\n\nset empty ''\nget empty\n"
        )
        ended = self.parley(self.servers, stdin=said)
        expected = "OK\nlight blue\nlight blue\nOK\nround-ish\nround-ish\nOK\ncolour\tlight blue\nOK\nred\nOK\n\n"
        self.ended(ended, 0, expected, "not_found")

    def test_prompt_goes_on(self):
        """the prompt goes on after what it does not understand, and ends with quit or its input"""
        ended = self.parley(self.servers,
                stdin="fly\nget\nset-\nset-a\nget 'open\nset a b -colour\nset a b\nget a\nquit\nget a\n")
        self.ended(ended, 0, "OK\nb\n", ["fly", "get", "set-KEY-VALUE", "quote", "-colour"])
        self.ended(self.parley(self.servers, stdin=b"\xff\xfe\0\n" + b"x" * 100000 + b"\nget a"), 0, "b\n")
        self.ended(self.parley(self.servers, stdin=""), 0, "")


if __name__ == "__main__":
    main()
