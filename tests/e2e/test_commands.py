#!/usr/bin/env python3
"""What the commands of `parley` print, and with which exit code they end, against a cluster of one."""
import os
import stat

from harness import E2eTest, main


class Commands(E2eTest):
    def setUp(self):
        self.server = self.node("node0", flags=["-segment", "8MiB"]).serve()

    def ask(self, *words, **more):
        return self.parley(self.server.client.address, *words, **more)

    def test_get_set_delete(self):
        """get, set and delete print what they should and end with 0, or with 1 for a key that is not there"""
        self.ended(self.ask("get", "colour"), 1, "", "not_found")
        self.done(self.ask("set", "colour", "blue"), "OK\n")
        self.done(self.ask("get", "colour"), "blue\n")
        self.done(self.ask("set", "colour", "green"), "OK\n")
        for mode in ("linearizable", "lease", "stale"):
            said = "ms old" if mode == "stale" else ""
            for ended in (self.ask("get", "colour", "-read", mode), self.ask("get", f"-read={mode}", "colour")):
                self.ended(ended, 0, "green\n", said)
                self.assertEqual(ended.err == "", mode != "stale", ended.err)
        self.done(self.ask("delete", "colour"), "OK\n")
        self.ended(self.ask("delete", "colour"), 1, "", "not_found")
        self.ended(self.ask("get", "colour"), 1, "", "not_found")

    def test_cas(self):
        """cas changes a value that is as expected, and else says the present one"""
        self.ended(self.ask("cas", "colour", "", "blue"), 1, "", "not_found")
        self.done(self.ask("set", "colour", "blue"))
        self.done(self.ask("cas", "colour", "blue", "green"), "OK\n")
        self.ended(self.ask("cas", "colour", "blue", "red"), 1, "", ["mismatch", "green"])
        self.done(self.ask("get", "colour"), "green\n")

    def test_scan(self):
        """scan prints keys and values in the order of bytes, by prefix, and as many as asked for"""
        self.done(self.ask("scan"), "")
        for key in ("b", "a", "aa", "ab", "é", "a-"):
            self.done(self.ask("set", key, f"of {key}"))
        lines = {key: f"{key}\tof {key}\n" for key in ("a", "a-", "aa", "ab", "b", "é")}
        self.done(self.ask("scan"), "".join(lines.values()))
        self.done(self.ask("scan", "a"), lines["a"] + lines["a-"] + lines["aa"] + lines["ab"])
        self.done(self.ask("scan", "a", "-limit", "2"), lines["a"] + lines["a-"])
        self.done(self.ask("scan", "-limit=1"), lines["a"])
        self.done(self.ask("scan", "nothing"), "")

    def test_scan_of_many_pages(self):
        """scan goes on over as many pages as there are"""
        batch = self.batch(self.server.client.address)
        self.all_ok(batch.ask_all([{"op": "set", "key": f"many{n:05}", "value": f"{n}"} for n in range(2500)]))
        self.done(self.ask("scan", "many"), "".join(f"many{n:05}\t{n}\n" for n in range(2500)))
        self.done(self.ask("scan", "many", "-limit", "1001"), "".join(f"many{n:05}\t{n}\n" for n in range(1001)))

    def test_values(self):
        """a value is any bytes: lines, dashes, nothing, everything from 0 to 255"""
        for value in ("two\nlines", "with-dashes-", "", " blank ", "-5", "--", "tab\t", "ünï¢ødé ☃",
                "'quoted' \"twice\"", "\n"):
            self.done(self.ask("set", "key", "--", value) if value.startswith("-") else self.ask("set", "key",
                    value), "OK\n")
            self.done(self.ask("get", "key"), value + "\n")
        every_byte = bytes(range(256)) * 3
        self.done(self.ask("set", "key", "-", stdin=every_byte), "OK\n")
        self.assertEqual(self.ask("get", "key").out_bytes, every_byte + b"\n")
        self.done(self.ask("set", "key", "-", stdin=b""), "OK\n")
        self.done(self.ask("get", "key"), "\n")
        for key in ("-", "-x", "--"):
            self.done(self.ask("set", "--", key, f"under {key}"), "OK\n")
            self.done(self.ask("get", "--", key), f"under {key}\n")
        self.done(self.ask("set", "a\tb\nc", "odd key"), "OK\n")
        self.done(self.ask("get", "a\tb\nc"), "odd key\n")

    def test_limits(self):
        """the largest key and value are taken, and one byte more is too_large, naming the limit, with exit code 2"""
        key, value = "k" * 400, os.urandom(1 << 20)
        self.done(self.ask("set", key, "-", stdin=value), "OK\n")
        self.assertEqual(self.ask("get", key).out_bytes, value + b"\n")
        self.ended(self.ask("set", key, "-", stdin=value + b"x"), 2, "", ["too_large", "1048576"])
        self.assertEqual(self.ask("get", key).out_bytes, value + b"\n", "what was there stays")
        for words in (["set", key + "x", "v"], ["get", key + "x"], ["delete", key + "x"], ["cas", key + "x", "a", "b"]):
            self.ended(self.ask(*words), 2, "", ["too_large", "400"])
        self.ended(self.ask("set", "", "v"), 2, "", "invalid")
        self.ended(self.ask("get", ""), 2, "", "invalid")
        self.ended(self.ask("set", "much", "-", stdin=bytes(8 << 20)), 2, "", "too_large")

    def test_usage(self):
        """what is wrong in a command line is named on standard error, and the exit code is 2"""
        cases = [
            (["fly"], "fly"),
            (["get"], "get"),
            (["get", "a", "b"], "get"),
            (["set", "a"], "set"),
            (["cas", "a", "b"], "cas"),
            (["get", "a", "-read", "sometimes"], "-read"),
            (["get", "a", "-read"], "-read"),
            (["get", "-colour", "blue", "a"], "-colour"),
            (["-colour", "get", "a"], "-colour"),
            (["scan", "-limit", "many"], "-limit"),
            (["scan", "-limit", "-1"], "-limit"),
            (["-timeout", "soon", "get", "a"], "-timeout"),
            (["-timeout", "0s", "get", "a"], "-timeout"),
            (["batch", "-window", "0"], "-window"),
            (["batch", "-window", "many"], "-window"),
            (["remove"], "remove"),
            (["status", "now"], "status"),
            (["get", "a", "-tim", "5s"], "-tim"),
            (["get", "a", "-timeout", "1s", "-timeout", "2s"], "-timeout"),
        ]
        for words, named in cases:
            with self.subTest(words=words):
                ended = self.ended(self.ask(*words), 2, "", named)
                self.assertTrue(ended.err.startswith("parley: "), ended.err)
                self.assertEqual(ended.err.count("\n"), 1, ended.err)
        for address in ("nowhere", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1:-1", "1.2.3:5", ":0",
                "[::1:5", "", "a b:1"):
            with self.subTest(address=address):
                self.ended(self.parley(address, "get", "a"), 2, "", "-servers")

    def test_help_and_version(self):
        """-help and -version print on standard output and end with 0, with one dash or two"""
        for program in ("parley", "parley-node"):
            for flag in ("-help", "--help"):
                text = self.done(self.run_program(program, flag)).out
                self.assertIn("-config", text)
            for flag in ("-version", "--version"):
                self.assertRegex(self.done(self.run_program(program, flag)).out, rf"^{program} \d+\.\d+\.\d+\n$")
        text = self.run_program("parley-node", "-help").out
        for flag in ("-id", "-port", "-raft", "-advertise", "-hjoin", "-join", "-data", "-engine", "-segment",
                "-unsafe-no-fsync", "-log"):
            self.assertIn(flag, text)
        for default in (":11000", ":12000", "64MiB", "info", "./data/ID"):
            self.assertIn(default, text)
        text = self.run_program("parley", "-help").out
        for command in ("get", "set", "delete", "cas", "scan", "status", "members", "remove", "transfer-leader",
                "found", "batch", "bench"):
            self.assertIn(command, text)

    def test_client_file(self):
        """the client file is read with -config, or found in the working folder, in its own words and those of old"""
        self.done(self.ask("set", "colour", "blue"))
        file = self.folder / "mine.toml"
        address = self.server.client.address
        for text in (f'servers = ["{address}"]\ntimeout_ms = 30000\n',
                f'svrIps = ["{address}"]\nthinkingTimeMsec = 5\n'):
            file.write_text(text)
            self.done(self.run_program("parley", "-config", str(file), "get", "colour"), "blue\n")
            self.done(self.run_program("parley", "get", "colour", f"--config={file}"), "blue\n")
        (self.folder / "client-config.toml").write_text(f'servers = ["{address}"]\n')
        self.done(self.run_program("parley", "get", "colour"), "blue\n")

    def test_client_file_errors(self):
        """what is wrong in a client file is named with file and line, and the exit code is 2"""
        file = self.folder / "mine.toml"
        cases = [
            ('servers = ["127.0.0.1:1"]\ncolour = "blue"\n', 2, "colour"),
            ("timeout_ms = 5\nservers = 7\n", 2, "servers"),
            ("\n\nservers = [\"here\"]\n", 3, "here"),
            ("timeout_ms = 0\n", 1, "timeout_ms"),
            ('timeout_ms = 5\nservers = ["127.0.0.1:1"\n', 2, ""),
        ]
        for text, line, named in cases:
            with self.subTest(text=text):
                file.write_text(text)
                ended = self.ended(self.run_program("parley", "-config", str(file), "get", "a"), 2, "", named)
                # A list that is not closed may be noticed at its beginning or at the end of the file.
                self.assertRegex(ended.err, rf"{file}:({line}|{line + 1}): ")
        missing = self.folder / "missing.toml"
        self.ended(self.run_program("parley", "-config", str(missing), "get", "a"), 2, "", str(missing))

    def test_nobody_there(self):
        """where no node answers, commands end with 3 and say whom they asked"""
        nobody = self.port().address
        self.ended(self.parley(nobody, "-timeout", "500ms", "get", "a"), 3, "", nobody)
        self.ended(self.parley(nobody, "-timeout", "500ms", "set", "a", "b"), 3, "", nobody)
        self.ended(self.parley(nobody, "-timeout", "500ms", "status"), 3, "", nobody)
        self.ended(self.parley(nobody, "-timeout", "500ms", "members"), 3, "", nobody)
        # One of several is enough.
        self.done(self.parley(f"{nobody},{self.server.client.address}", "set", "a", "b"), "OK\n")

    def test_bench(self):
        """bench reports what it did as a table, and as JSON with the promised fields"""
        table = self.ended(self.ask("bench", "-requests", "200", "-keys", "10", "-clients", "4"), 0).out
        self.assertRegex(table, r"\d+ operations a second: 200 in .* 0 errors")
        ended = self.ended(self.ask("-json", "bench", "-requests", "300", "-keys", "10", "-clients", "8", "-warmup",
                "0"), 0)
        report = self.json(ended.out)
        self.assertEqual((report["clients"], report["ops"], report["errors"]), (8, 300, 0))
        self.assertEqual(report["durability"], "fsync")
        self.assertGreater(report["throughput"], 0)
        latency = report["latency_us"]
        self.assertTrue(0 < latency["p50"] <= latency["p90"] <= latency["p99"] <= latency["p999"] <= latency["max"],
                latency)

    def test_output_that_cannot_be_written(self):
        """an answer that cannot be written is not success"""
        if not os.path.exists("/dev/full") or not stat.S_ISCHR(os.stat("/dev/full").st_mode):
            self.skipTest("there is no device /dev/full here")
        self.done(self.ask("set", "colour", "blue"))
        with open("/dev/full", "wb") as full:
            for words in (["get", "colour"], ["scan"], ["status"]):
                code = self.run_into(full, "-servers", self.server.client.address, *words)
                self.assertNotEqual(code, 0, f"{words} into a full device")


if __name__ == "__main__":
    main()
