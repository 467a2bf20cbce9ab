#!/usr/bin/env python3
"""A hundred users who speak all the time while leaders are killed: nothing is lost, nothing is there twice, and who follows a
chat is told exactly what is in it. PARLEY_CHAT_SECONDS says how long they speak (a minute; under a sanitizer 20 s)."""
import concurrent.futures
import json
import os
import subprocess
import time

import programs
from chat import PASSWORD, ChatTest
from harness import main, takes
from speakers import Speakers

USERS = [f"user{number:02}" for number in range(100)]
CHATS = [f"room {number}" for number in range(10)]
# Each is in two.
CHATS_OF = {user: [CHATS[number % 10], CHATS[(number // 10 + number + 5) % 10]] for number, user in enumerate(USERS)}
PROCESSES = 4
FOLLOWERS_OF_A_CHAT = 2
SECONDS = float(os.environ.get("PARLEY_CHAT_SECONDS", "20" if programs.SANITIZED else "60"))


class ChatLoad(ChatTest):
    def at_once(self, calls):
        """Commands of the chat, some at a time: a node hashes one password after the other."""
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            for ended in list(pool.map(lambda call: self.chat(*call[0], user=call[1], flags=["-timeout", "60s"]), calls)):
                self.done(ended, "OK\n")

    def let_users_in(self):
        self.at_once([(["create-user", user], None) for user in USERS])
        self.at_once([(["login", user], None) for user in USERS])
        self.at_once([(["create", chat], USERS[number]) for number, chat in enumerate(CHATS)])
        self.at_once([(["join", chat], user) for user in USERS for chat in sorted(set(CHATS_OF[user]))
                      if USERS.index(user) >= len(CHATS) or chat != CHATS_OF[user][0]])

    def follow(self, number, chat, user):
        """A process that prints the events of a chat into a file, which is given."""
        out = self.folder / f"follower{number}.said"
        with open(out, "wb") as said, open(self.folder / "followers.err", "ab") as trouble:
            process = subprocess.Popen(
                programs.WITH_US + [programs.find("parley"), "-servers", self.servers, "-json", "-user", user, "chat", "follow",
                                    chat, "-from", "1"],
                stdin=subprocess.DEVNULL, stdout=said, stderr=trouble,
                env=programs.environment(self.folder) | {"PARLEY_PASSWORD": PASSWORD})
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return out

    def whole_history(self, batch, chat, user):
        """All that is in a chat, oldest first."""
        events, before = [], 0
        while True:
            page = batch.ask("history", chat=chat, user=user, before=before, limit=1000)
            self.assertTrue(page["ok"], page)
            events = page["messages"] + events
            if not page["more"]:
                return events
            before = events[0]["seq"]

    def kill_leader(self, cluster, speakers):
        leader = cluster.leader()
        cluster.kill([leader])
        began = time.monotonic()
        for each in speakers:
            each.await_more(1)
        took = time.monotonic() - began
        for each in speakers:
            each.await_more(10 * len(each.users))
        cluster.restart([leader])
        return took

    def check_chat(self, chat, events, sent, acknowledged):
        """What is in a chat is what was said there: acknowledged messages under their numbers, others once at most."""
        self.assertEqual([event["seq"] for event in events], list(range(1, len(events) + 1)), f"{chat}: numbers without a gap")
        known = {(user, text): key for key, (its_chat, user, text) in sent.items() if its_chat == chat}
        keys = [known.get((event["user"], event["text"])) for event in events]
        self.assertNotIn(None, keys, f"{chat}: nothing that nobody said")
        self.assertEqual(len(set(keys)), len(keys), f"{chat}: nothing twice")
        there = dict(zip(keys, (event["seq"] for event in events)))
        wrong = [key for key in known.values() if key in acknowledged and there.get(key) != acknowledged[key]]
        self.assertEqual(wrong[:3], [], f"{chat}: {len(wrong)} acknowledged messages are not where they should be")

    @takes(90)
    def test_a_hundred_users(self):
        """a hundred users who speak for a minute while leaders and clients are killed lose and repeat nothing"""
        began_all = time.monotonic()
        cluster = self.cluster().up()
        self.servers = cluster.servers
        self.let_users_in()
        followers = [(chat, self.follow(turn * len(CHATS) + number, chat, USERS[number + len(CHATS) * turn]))
                     for turn in range(FOLLOWERS_OF_A_CHAT) for number, chat in enumerate(CHATS)]

        def batch():
            return cluster.batch("-timeout", "60s")

        speakers = [Speakers(batch(), USERS[number::PROCESSES], CHATS_OF) for number in range(PROCESSES)]
        began = time.monotonic()
        for each in speakers:
            each.start()
        took = []
        for turn in (1, 2):
            self.eventually(lambda turn=turn: time.monotonic() - began > SECONDS * turn / 3, "they speak", 10 * SECONDS)
            speakers[turn].crash(batch())
            took.append(self.kill_leader(cluster, speakers))
            speakers[turn + 1].crash(batch())
        self.eventually(lambda: time.monotonic() - began > SECONDS, "they speak", 10 * SECONDS)
        speakers[0].crash()
        for each in speakers:
            each.finish()
            self.assertEqual((each.refused[:3], each.moved[:3]), ([], []))
        spoke = time.monotonic() - began

        sent = {key: message for each in speakers for key, message in each.sent.items()}
        acknowledged = {key: number for each in speakers for key, number in each.acknowledged.items()}
        reader = batch()
        events_of = {chat: self.whole_history(reader, chat, USERS[number]) for number, chat in enumerate(CHATS)}
        for chat, events in events_of.items():
            self.check_chat(chat, events, sent, acknowledged)
        told = 0
        for chat, out in followers:
            expected = [(event["seq"], event["user"], event["text"], event["time"]) for event in events_of[chat]]
            self.eventually(lambda out=out, expected=expected: out.read_bytes().count(b"\n") >= len(expected), "all is told")
            lines = [json.loads(line) for line in out.read_bytes().splitlines()]
            self.assertEqual([(line["seq"], line["user"], line["text"], line["time"]) for line in lines], expected, chat)
            told += len(lines)
        cluster.await_agreement()
        checking = time.monotonic() - began - spoke
        there = sum(len(events) for events in events_of.values())
        print(f"{len(USERS)} users in {len(CHATS)} chats spoke for {spoke:.1f} s: {len(sent)} messages sent, "
              f"{len(acknowledged)} acknowledged, {there} there; {sum(each.again for each in speakers)} said again, "
              f"{sum(each.crashes for each in speakers)} clients and {len(took)} leaders killed "
              f"({', '.join(f'{each:.2f} s' for each in took)} until all were answered again); {len(followers)} followers "
              f"were told {told} events; {began - began_all:.1f} s to let them in, {checking:.1f} s to check")


if __name__ == "__main__":
    main()
