#!/usr/bin/env python3
"""parley chat follow and who: what is said comes to those who follow, once and in order, whatever becomes of nodes."""
import json
import subprocess

import programs
from harness import PATIENT, E2eTest, main, takes


class ChatFollow(E2eTest):
    def environment(self):
        return programs.environment(self.folder) | {"PARLEY_PASSWORD": "secret"}

    def chat(self, cluster, user, *words):
        """Runs a command of the chat to its end; gives what it printed."""
        ended = subprocess.run(
            [programs.find("parley"), "-servers", cluster.servers, "-timeout", "60s", *(["-user", user] if user else []),
             "chat", *words],
            stdin=subprocess.DEVNULL, capture_output=True, env=self.environment(), timeout=2 * programs.DEADLINE, check=False)
        self.assertEqual(ended.returncode, 0, f"{words}: {ended.stderr!r}")
        return ended.stdout.decode()

    def follow(self, cluster, user, *words):
        """A follower that runs, and the files into which it prints."""
        out, err = (self.folder / f"{user}{len(list(self.folder.glob('*.said')))}.{end}" for end in ("said", "err"))
        with open(out, "wb") as said, open(err, "wb") as trouble:
            process = subprocess.Popen(
                programs.WITH_US + [programs.find("parley"), "-servers", cluster.servers, "-json", "-user", user, "chat",
                                    "follow", *words],
                stdin=subprocess.DEVNULL, stdout=said, stderr=trouble, env=self.environment())
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, out, err

    @staticmethod
    def lines(out):
        text = out.read_text()
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    def users(self, cluster, *names):
        for name in names:
            self.chat(cluster, None, "create-user", name)
            self.chat(cluster, None, "login", name)

    @takes(15)
    def test_through_kills(self):
        """who follows a chat is told of each message once and in order while every node is killed in its turn"""
        cluster = self.cluster(3, PATIENT).up()
        self.users(cluster, "anna", "ben")
        self.chat(cluster, "anna", "create", "tea")
        self.chat(cluster, "ben", "join", "tea")
        followers = [self.follow(cluster, user, "tea", "-from", "1") for user in ("anna", "ben", "ben")]
        said = 0
        for name in list(cluster.nodes):
            cluster.kill([name])
            for _ in range(3):
                said += 1
                self.assertEqual(self.chat(cluster, ("anna", "ben")[said % 2], "send", "tea", f"message {said}"), f"{said}\n")
            cluster.restart([name])
        for _, out, _ in followers:
            self.eventually(lambda out=out: len(self.lines(out)) >= said, "all that was said is told")
            self.assertEqual([(line["seq"], line["text"]) for line in self.lines(out)],
                             [(n, f"message {n}") for n in range(1, said + 1)])

    @takes(5)
    def test_who_may(self):
        """a feed ends when its user is removed, and who is there is asked of all nodes"""
        cluster = self.cluster(3, PATIENT).up()
        self.users(cluster, "anna", "ben", "carla")
        self.chat(cluster, "anna", "create", "tea")
        self.chat(cluster, "ben", "join", "tea")
        self.chat(cluster, "carla", "join", "tea")
        process, out, err = self.follow(cluster, "ben", "tea", "-from", "1")
        self.follow(cluster, "anna", "tea")
        self.eventually(lambda: self.chat(cluster, "carla", "who", "tea") == "anna\nben\n", "both are there")
        self.chat(cluster, "anna", "send", "tea", "hello")
        self.eventually(lambda: self.lines(out), "ben is told")
        self.chat(cluster, "anna", "remove", "tea", "ben")
        self.assertEqual(process.wait(programs.DEADLINE), 1)
        self.assertIn("not_member", err.read_text())
        self.eventually(lambda: self.chat(cluster, "carla", "who", "tea") == "anna\n", "ben is there no more")


if __name__ == "__main__":
    main()
