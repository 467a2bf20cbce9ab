#!/usr/bin/env python3
"""Keys that end, leases, numbers, conditions, transactions, export and import, with real nodes; and what bad input gets."""
import json
import pathlib
import re
import shlex
import time

from harness import PATIENT, E2eTest, main, takes

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs/KEYS.md"


class Keys(E2eTest):
    def key_is_gone(self, cluster, key):
        return cluster.parley("get", key, "-read", "stale").code == 1

    def grant(self, servers, ttl):
        return self.done(self.parley(servers, "lease", "grant", ttl)).out.strip()

    @takes(8)
    def test_commands(self):
        """each command on keys prints what it should, and what it did is the same on every node"""
        cluster = self.cluster(3, PATIENT).up()
        run = cluster.parley
        self.done(run("incr", "n"), "1\n")
        self.done(run("incr", "n", "41"), "42\n")
        self.done(run("incr", "--", "n", "-50"), "-8\n")
        self.done(run("set", "k", "v"), "OK\n")
        self.ended(run("delete", "k", "-if", "w"), 1, "", ["mismatch", "v"])
        self.done(run("delete", "k", "-if", "v"), "OK\n")
        text = json.dumps({"compare": [{"key": "k", "is": "absent"}],
                "then": [{"op": "set", "key": "k", "value": "1"}, {"op": "incr", "key": "k", "by": 4},
                         {"op": "get", "key": "none"}],
                "else": [{"op": "delete", "key": "k"}, {"op": "get", "key": "n"}]})
        self.done(run("txn", text), "then\nOK\n5\nnot_found\n")
        self.done(run("txn", stdin=text), "else\nOK\n-8\n")
        answer = self.json(self.done(run("-json", "txn", "-", stdin=text)).out)
        self.assertEqual((answer["ok"], answer["held"], answer["items"][1]["value"]), (True, True, "5"))
        lease = self.grant(cluster.servers, "1h")
        self.done(run("set", "l1", "v", "-lease", lease), "OK\n")
        self.done(run("set", "l2", "v", "-lease", lease), "OK\n")
        self.done(run("lease", "keep-alive", lease), "OK\n")
        info = self.json(self.done(run("-json", "lease", "info", lease)).out)
        self.assertEqual((info["lease"], info["ttl_ms"], info["keys"]), (int(lease), 3600000, 2))
        self.assertLessEqual(info["remaining_ms"], 3600000)
        self.done(run("set", "l2", "stays"), "OK\n")
        self.done(run("lease", "revoke", lease), "OK\n")
        self.ended(run("get", "l1"), 1, "", "not_found")
        self.done(run("get", "l2"), "stays\n")
        self.done(run("scan", "-after", "k", "-limit", "1"), "l2\tstays\n")
        cluster.await_agreement()

    @takes(8)
    def test_ends_on_an_idle_cluster(self):
        """keys and leases end on a cluster where nobody writes, not before their time, on all nodes alike"""
        cluster = self.cluster(3, PATIENT).up()
        begin = time.monotonic()
        self.done(cluster.parley("set", "timed", "v", "-ttl", "1500ms"), "OK\n")
        self.done(cluster.parley("set", "stays", "v", "-ttl", "1h"), "OK\n")
        lease = self.grant(cluster.servers, "2s")
        granted = time.monotonic()
        self.done(cluster.parley("set", "leased", "v", "-lease", lease), "OK\n")
        # A stale read writes nothing and asks nobody. What has ended at one node was there at least so long.
        self.eventually(lambda: self.key_is_gone(cluster, "timed"), "a key ends")
        self.assertGreater(time.monotonic() - begin, 1.5, "and not before its time")
        self.eventually(lambda: self.key_is_gone(cluster, "leased"), "a lease ends")
        self.assertGreater(time.monotonic() - granted, 2 - (granted - begin), "and not before its time")
        self.ended(cluster.parley("lease", "info", lease), 1, "", "not_found")
        self.done(cluster.parley("get", "stays"), "v\n")
        applied = cluster.await_agreement()["members"][0]["applied"]
        again = cluster.await_agreement()["members"][0]["applied"]
        self.assertEqual(again, applied, "and nothing is written for what is far off")

    @takes(25)
    def test_leases_over_a_change_of_leader(self):
        """a lease that is kept alive outlives its leaders, and one that is not ends after them"""
        cluster = self.cluster(3, PATIENT).up()
        kept, left = self.grant(cluster.servers, "8s"), self.grant(cluster.servers, "8s")
        self.done(cluster.parley("set", "kept", "v", "-lease", kept), "OK\n")
        self.done(cluster.parley("set", "left", "v", "-lease", left), "OK\n")
        until = time.monotonic() + 12

        def keep_alive():
            self.done(cluster.parley("lease", "keep-alive", kept, "-timeout", "30s"), "OK\n")
            return time.monotonic() > until

        for _ in range(2):
            leader = cluster.leader()
            cluster.kill([leader])
            self.done(cluster.parley("lease", "keep-alive", kept, "-timeout", "30s"), "OK\n")
            cluster.restart([leader])
        self.eventually(keep_alive, "time passes")
        self.eventually(lambda: self.key_is_gone(cluster, "left"), "what is not kept alive ends")
        self.done(cluster.parley("get", "kept"), "v\n")
        cluster.await_agreement()

    @takes(10)
    def test_transactions_at_once(self):
        """transactions that many send at once take effect one after the other: nothing is lost and nothing counted twice"""
        cluster = self.cluster(3, PATIENT).up()
        self.done(cluster.parley("set", "a", "1000"))
        self.done(cluster.parley("set", "b", "0"))
        move = {"op": "txn",
                "then": [{"op": "incr", "key": "a", "by": -1}, {"op": "incr", "key": "b"}, {"op": "get", "key": "a"}]}
        batches = [cluster.batch("-timeout", "60s") for _ in range(3)]
        asked = [(batch, batch.send(**move)) for _ in range(100) for batch in batches]
        leader = cluster.leader()
        cluster.kill([leader])
        answers = [batch.answer(number) for batch, number in asked]
        for answer in answers:
            self.assertTrue(answer["ok"], answer)
            first, second, third = (item["value"] for item in answer["items"])
            self.assertEqual((int(first) + int(second), first), (1000, third))
        self.assertEqual({answer["items"][1]["value"] for answer in answers}, {str(n) for n in range(1, 301)})
        cluster.restart([leader])
        self.done(cluster.parley("get", "b"), "300\n")
        cluster.await_agreement()

    @takes(8)
    def test_watch_tells_all(self):
        """a watch tells of what transactions, increments and ends changed, from the ring and from the log alike"""
        cluster = self.cluster(1, ["-retain", "100000"]).up()
        run = cluster.parley
        self.done(run("set", "t", "v", "-ttl", "300ms"))
        self.eventually(lambda: self.key_is_gone(cluster, "t"), "it ends")
        self.done(run("incr", "n", "7"))
        self.done(run("txn", json.dumps({"then": [{"op": "set", "key": "a", "value": "1"}, {"op": "incr", "key": "n"},
                {"op": "delete", "key": "none"}, {"op": "delete", "key": "a"}]})))
        self.done(run("set", "last", "v"))
        expected = [("set", "t", "v"), ("delete", "t", None), ("set", "n", "7"), ("set", "a", "1"), ("set", "n", "8"),
                ("delete", "a", None), ("set", "last", "v")]

        def told():
            process = self.start_parley(cluster.servers, "-json", "watch", "-from", "1")
            lines = [json.loads(process.stdout.readline()) for _ in expected]
            return [(line["op"], line["key"], line.get("value")) for line in lines]

        self.assertEqual(told(), expected)
        cluster["node0"].kill()  # what it has in memory is gone
        cluster.restart()
        self.assertEqual(told(), expected)

    @takes(8)
    def test_export_and_import(self):
        """what is exported can be imported into another cluster, byte for byte, and a transfer in pages leaves nothing out"""
        first, second = (self.node(name, flags=["-segment", "8MiB"]).serve().client.address for name in ("one", "two"))
        batch = self.batch(first)
        self.all_ok(batch.ask_all([{"op": "set", "key": f"k{n:05}", "value": "v" * (n % 50)} for n in range(2500)]))
        every_byte = bytes(range(256))
        self.done(self.parley(first, "set", "bytes", "-", stdin=every_byte))
        exported = self.done(self.parley(first, "export")).out
        self.assertEqual(len(exported.splitlines()), 2501)
        self.done(self.parley(second, "import", stdin=exported), "2501 imported\n")
        self.assertEqual(self.done(self.parley(second, "export")).out, exported)
        self.assertEqual(self.parley(second, "get", "bytes").out_bytes, every_byte + b"\n")
        self.assertEqual(len(self.done(self.parley(second, "export", "k0001")).out.splitlines()), 10)
        ended = self.parley(second, "import", stdin='{"key":"a","value":"b"}\nnothing\n{"key":"c"}\n{"key":"d","value":"e"}\n')
        self.ended(ended, 2, "2 imported\n", ["line 2: not JSON", "line 3: `value` is missing"])
        self.done(self.parley(second, "get", "d"), "e\n")

    @takes(20)
    def test_bad_input(self):
        """each row of the table of what bad input gets is so, at every node"""
        cluster = self.cluster(3, PATIENT).up()
        batch = cluster.batch()
        self.all_ok(batch.ask_all([{"op": "set", "key": "word", "value": "many"},
                {"op": "set", "key": "most", "value": str(2**63 - 1)},
                *({"op": "set", "key": f"large{n}", "value": "v" * (1 << 20)} for n in range(2))]))
        full, gone = self.grant(cluster.servers, "1h"), self.grant(cluster.servers, "1h")
        self.all_ok(batch.ask_all([{"op": "set", "key": f"full{n}", "value": "v", "lease": int(full)} for n in range(1024)]))
        self.done(cluster.parley("lease", "revoke", gone))
        items = [{"op": "get", "key": "word"}] * 129
        large = [{"op": "set", "key": key, "value": "v" * (800 << 10)} for key in ("a", "b")]
        words = {
            "K401": "k" * 401, "V1M1": b"v" * ((1 << 20) + 1), "full": full, "gone": gone,
            "T129": json.dumps({"then": items}),
            "T2M": json.dumps({"then": large}).encode(),
            "T1M": json.dumps({"then": [{"op": "get", "key": f"large{n}"} for n in range(2)]}),
        }
        rows = [row for row in self.rows() if row]
        self.assertGreater(len(rows), 30)
        for node in cluster.nodes.values():
            through = cluster.batch(servers=node.client.address)
            for command, word, code, says in rows:
                with self.subTest(node=node.name, command=command):
                    asked, stdin = [], b""
                    for each in shlex.split(command):
                        value = words.get(each, each.replace(":gone", f":{gone}"))
                        if isinstance(value, bytes):  # longer than an argument may be
                            value, stdin = "-", value
                        asked.append(value)
                    ended = self.parley(node.client.address, *asked, stdin=stdin)
                    self.ended(ended, int(code), "", [word, says] if word else says)
                    answer = self.ask_line(through, self.as_batch(asked, stdin.decode()))
                    self.assertEqual((answer["ok"], answer["error"]), (False, word or "invalid"), answer)
        self.done(cluster.parley("get", "word"), "many\n")
        self.ended(cluster.parley("get", "a"), 1, "", "not_found")
        cluster.await_agreement()

    @staticmethod
    def ask_line(batch, line):
        """Writes a line, which may be no JSON, and gives the answer to it."""
        before = len(batch.lines)
        batch.write(line)
        return batch.await_lines(before + 1)[before]

    @staticmethod
    def as_batch(words, value):
        """A command on keys as the line of `batch` that says the same, wrong in the same way."""
        flags = {words[at]: words[at + 1] for at in range(len(words) - 1) if words[at].startswith("-") and len(words[at]) > 1}
        plain = [word for at, word in enumerate(words) if word not in flags and (at == 0 or words[at - 1] not in flags)]
        plain = [value if word == "-" else word for word in plain]

        def number(text):
            """Of what is no number, the text."""
            return json.loads(text) if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) else text

        def duration(text):
            found = re.fullmatch("([0-9]+)(s|h|)", text)
            return int(found[1]) * {"s": 1000, "h": 3_600_000, "": 1000}[found[2]] if found else text

        if plain[0] == "txn":
            return plain[1][:-1] + ',"op":"txn"}' if plain[1].endswith("}") else plain[1]
        op, rest = plain[0], plain[1:]
        if op == "lease":
            fields = {"ttl_ms": duration(rest[1])} if rest[0] == "grant" else {"lease": number(rest[1])}
            return json.dumps({"op": "lease_" + rest[0].replace("-", "_"), **fields})
        fields = {"key": rest[0]} if rest else {}
        fields |= {"value": rest[1]} if op == "set" else {"by": number(rest[1])} if len(rest) > 1 else {}
        names = {"-if": "expected", "-after": "after", "-lease": "lease", "-ttl": "ttl_ms"}
        take = {"-lease": number, "-ttl": duration}
        fields |= {names[flag]: take.get(flag, str)(text) for flag, text in flags.items()}
        return json.dumps({"op": op, **fields})

    @staticmethod
    def rows():
        """Command, word, exit code and text of each row of the last table."""
        text = DOCUMENT.read_text(encoding="utf-8").split("## What bad input gets")[1]
        for line in text.splitlines():
            cells = [cell.strip() for cell in line.strip()[1:-1].split("|")] if line.startswith("| `") else []
            if len(cells) == 4:
                yield [re.sub(r"^(`+)(.*?)\1$", r"\2", cell).strip() for cell in cells]


if __name__ == "__main__":
    main()
