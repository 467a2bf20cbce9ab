#!/usr/bin/env python3
"""parley chat, the interactive chat: at a terminal, as a person uses it, and line by line, as a script does."""
import json
import os
import shutil
import signal
import termios

import programs
from chat import ChatTest
from harness import PATIENT, main, takes
from terminal import AtTerminal

# A line that is being typed stands behind the name of its chat, with what is unread elsewhere.
FAILED = "/retry or /drop"


class ChatPrompt(ChatTest):
    def tea_time(self, nodes=1):
        """Two users in a chat."""
        self.nodes = self.cluster(nodes, PATIENT).up()
        self.servers = self.nodes.servers
        for name in ("anna", "ben"):
            self.new_user(name)
        self.says("create", "tea", user="anna")
        self.says("join", "tea", user="ben")
        return self.nodes

    def words(self, *words, user="anna"):
        return [programs.find("parley"), "-servers", self.servers, *(["-user", user] if user else []), *words]

    def at_terminal(self, words, columns=100, kind="xterm"):
        environment = programs.environment(self.folder) | {"TERM": kind, "TZ": "UTC"}
        terminal = AtTerminal(words, self.folder, environment, columns)
        self.addCleanup(terminal.close)
        return terminal

    def enter(self, *flags, user="anna", columns=100, chat="tea"):
        """Someone opens the chat, and is in it."""
        prompt = self.at_terminal(self.words("chat", *flags, user=user), columns)
        prompt.at_line(f"{chat}> ")
        prompt.sees(f"--- {chat}")
        return prompt

    def leave(self, prompt):
        prompt.type("\x15/quit\r")
        self.assertEqual(prompt.end(), 0)
        self.assertTrue(prompt.is_as_before())

    def said(self, chat="tea", user="ben"):
        return [line["text"] for line in self.history(chat, user)]

    # --- reading ---

    @takes(12)
    def test_several_chats(self):
        """the prompt goes from one chat to another, counts and marks what is said elsewhere, and hears of new ones"""
        self.tea_time()
        self.says("create", "night shift", user="ben")
        self.says("join", "night shift", user="anna")
        for number in range(30):
            self.says("send", "tea", f"old {number}", user="ben")
        prompt = self.at_terminal(self.words("chat"))
        prompt.sees(r"^  tea: 30 messages unread$")
        prompt.at_line("no chat +30> ")
        prompt.type("nobody hears this\r")
        prompt.sees("no chat is open; /list shows yours")
        prompt.type("/open te\r")  # the begin of a name will do
        prompt.sees(r"^--- tea, 30 messages unread ---$")
        prompt.sees(r"^1 \d\d:\d\d ben: old 0$")
        prompt.sees(r"^30 \d\d:\d\d ben: old 29$")
        prompt.at_line("tea> ")
        self.says("send", "night shift", "who is awake?", user="ben")
        prompt.sees(r"^\[night shift\] 1 \d\d:\d\d ben: who is awake\?$")
        prompt.at_line("tea +1> ")
        prompt.type("/mute night\r")
        prompt.sees("night shift is muted")
        prompt.at_line("tea> ")
        self.says("send", "night shift", "quietly", user="ben")
        prompt.type("/open ni\t\r")  # as far as there is but one
        prompt.sees(r"^--- night shift, [12] messages? unread ---$")  # the last one may still be on its way
        prompt.sees(r"^2 \d\d:\d\d ben: quietly$")
        prompt.at_line("night shift> ")
        self.assertNotIn(b"[night shift] 2", prompt.raw)
        prompt.type("I am\r")
        prompt.sees(r"^3 \d\d:\d\d anna: I am ✓$")
        # What was shown was read.
        self.eventually(lambda: self.says("list", user="anna") == "tea\nnight shift\n", "all is read")
        self.says("create", "secret", "-invite-only", user="ben")
        self.says("invite", "secret", "anna", user="ben")
        prompt.sees("you are invited to secret; /join secret")
        prompt.type("/join secret\rthanks\r")  # the second line waits for the first
        prompt.sees(r"anna: thanks ✓")
        self.assertEqual(self.said("secret"), ["thanks"])
        prompt.type("/leave\r")
        prompt.sees("you are in secret no more")
        prompt.at_line("no chat> ")
        self.says("create", "garden", user="anna")  # elsewhere
        prompt.sees("you are in garden$")
        self.says("send", "garden", "first rose", user="anna")
        prompt.sees(r"^\[garden\] 1 \d\d:\d\d anna: first rose$")
        prompt.type("/who\r/open garden\r/who\r/members\r")
        prompt.sees("here now: anna$")
        prompt.sees(r"in garden: anna \(owner\)$")
        self.leave(prompt)

    @takes(6)
    def test_half_typed(self):
        """what is typed half survives whatever others say meanwhile, and is then sent as it was typed"""
        self.tea_time()
        prompt = self.enter(columns=60)
        prompt.type("ab漢字\x1b[D\x1b[D\x1b[De\u0301")  # three to the left, and a letter of two code points
        prompt.at_line("tea> ae\u0301b漢字")
        for number in range(50):
            self.says("send", "tea", f"message {number} " + "word " * (number % 25), user="ben")
        prompt.sees(r"^50 \d\d:\d\d ben: message 49")
        prompt.at_line("tea> ae\u0301b漢字")
        numbers = [int(line.split()[0]) for line in prompt.screen.lines() if " ben: message " in line]
        self.assertEqual(numbers, list(range(1, 51)), "all that was said, once and in order")
        # Narrower, and longer than a row.
        prompt.resize(40)
        prompt.signal(signal.SIGWINCH)
        prompt.screen.columns = 40
        prompt.type("\x05 " + "x" * 70 + "\x01>")
        prompt.sees("^x{9,}$")
        self.says("send", "tea", "once more", user="ben")
        prompt.sees("ben: once more$")
        prompt.type("\r")
        prompt.sees(r"^52 \d\d:\d\d anna: >ae")
        self.assertEqual(self.said()[-1], ">ae\u0301b漢字 " + "x" * 70)
        prompt.type("wrong\x15rightss\x1b[D\x7f\x04 me\x17you\x01\x1b[3~R\r")
        prompt.sees("anna: Right you ✓")
        prompt.type("\x1b[A\x1b[A\x1b[B\x7f\x7f\x7fI\r//slashed\r")
        prompt.sees("anna: Right I ✓")
        prompt.sees("anna: /slashed ✓")
        self.leave(prompt)

    @takes(4)
    def test_strange_texts(self):
        """controls in texts of others do nothing to a terminal, and what is pasted is one message with its lines"""
        self.tea_time()
        self.says("describe", "tea", "de\x1bscribed", user="anna")
        self.says("send", "tea", "a\x1b]0;title\x07b\x1b[2Jc\u009bd\re\nf\tg", user="ben")
        prompt = self.enter()
        prompt.sees(r"ben: a\\x1b\]0;title\\x07b\\x1b\[2Jc\\x9bd\\re$")
        prompt.sees(r"^ +f\\tg$")
        prompt.type("/info\r")
        prompt.sees(r"de\\x1bscribed")
        prompt.type("\x1b[200~one\r\ntwo\x1b\x03\nthree\x1b[201~ four")
        prompt.at_line("tea> one↵two↵three four")
        prompt.type("\r")
        prompt.sees("three four ✓$")
        self.assertEqual(self.said()[-1], "one\ntwo\nthree four")
        prompt.type("/edit 2 edited\r")
        prompt.sees("anna edits 2: edited$")
        prompt.type("/delete 2\r/history 4\r/nosuch\r")
        prompt.sees("anna deletes 2$")
        prompt.sees(r"^2 \d\d:\d\d anna: \(deleted\)$")
        prompt.sees("/nosuch is no command; /help lists them")
        self.leave(prompt)

    # --- sending ---

    @takes(15)
    def test_states_of_sending(self):
        """a message is on its way, then acknowledged, or failed with a reason, and is there once however often it is sent"""
        nodes = self.tea_time(3)
        prompt = self.enter("-timeout", "4s")
        prompt.type("first\r")
        prompt.has_sent("on its way: first")
        prompt.sees(r"^1 \d\d:\d\d anna: first ✓$")
        for node in nodes.nodes.values():
            node.pause()
        prompt.type("second\rthird\r")
        prompt.sees("^… on its way: second$")
        prompt.sees("^… waits: third$")
        prompt.type("typing goes on")  # nothing is in its way
        prompt.at_line("tea> typing goes on")
        prompt.sees(r"not sent to tea: second \(and 1 behind it\) -- (timeout|no_leader)")
        prompt.sees(f"^✗ failed, {FAILED}: third$")
        prompt.at_line("tea> typing goes on")
        for node in nodes.nodes.values():
            node.resume()
        # It may have been carried out: then it is found to be there. If not, it is sent again; once more does no harm.
        self.eventually(lambda: self.chat("list", user="anna").code == 0, "the cluster answers")
        prompt.type("\x03/retry\r/retry\r")
        prompt.sees(r"^\d+ \d\d:\d\d anna: third ✓$")
        prompt.until(lambda: FAILED not in "\n".join(prompt.screen.lines()), "nothing has failed any more")
        self.assertEqual(self.said(), ["first", "second", "third"])
        # What the cluster refuses.
        prompt.type("before\r")
        prompt.sees("anna: before ✓$")
        self.says("hand-over", "tea", "ben", user="anna")
        self.says("remove", "tea", "anna", user="ben")
        prompt.sees("you are in tea no more")
        prompt.type("after\r")
        prompt.sees("no chat is open")
        self.leave(prompt)

    @takes(6)
    def test_refused(self):
        """a message from who was removed meanwhile fails with not_member, and is said by retry once he is back"""
        self.tea_time()
        prompt = self.enter(user="ben")
        # While it stands still he is removed, and types: it learns of both at once.
        prompt.signal(signal.SIGSTOP)
        os.waitid(os.P_PID, prompt.pid, os.WSTOPPED | os.WNOWAIT)
        self.says("remove", "tea", "ben", user="anna")
        prompt.type("am I still here?\r")
        prompt.signal(signal.SIGCONT)
        prompt.sees("not sent to tea: am I still here.* -- not_member")
        prompt.sees("you are in tea no more")
        prompt.sees(f"^✗ failed, {FAILED}: am I still here")
        prompt.at_line("no chat> ")
        self.assertEqual(self.said(user="anna"), [])
        prompt.type("/join tea\r/retry\r")
        prompt.sees(r"ben: am I still here\? ✓")
        self.assertEqual(self.said(user="anna"), ["am I still here?"])
        # A text that is none fails by itself, and is forgotten.
        prompt.type("\x1b[200~" + "y" * 65537 + "\x1b[201~\r")
        prompt.sees("too_large")
        prompt.type("/drop\r")
        prompt.sees("1 forgotten")
        self.leave(prompt)

    @takes(20)
    def test_node_loss(self):
        """while every node is killed in its turn the prompt goes on at another one, and says so in a line"""
        nodes = self.tea_time(3)
        prompt = self.enter("-timeout", "60s")
        prompt.type("half")
        said = 0
        for name in list(nodes.nodes):
            nodes.kill([name])
            for _ in range(2):
                said += 1
                self.says("send", "tea", f"message {said}", user="ben", flags=["-timeout", "60s"])
                prompt.sees(rf"^\d+ \d\d:\d\d ben: message {said}$")
            prompt.at_line("tea> half" + str(said // 2 - 1) * (said > 2))
            prompt.type(f"\x7f{said // 2}" if said > 2 else "1")
            nodes.restart([name])
        lines = prompt.screen.lines()
        told = [line.split()[-1] for line in lines if " ben: message " in line]
        self.assertEqual(told, [str(n) for n in range(1, said + 1)], "once and in order")
        troubles = [line for line in lines if "going on at another node" in line]
        self.assertTrue(1 <= len(troubles) <= 6, troubles)
        prompt.type("\r")
        prompt.sees(f"anna: half{said // 2} ✓")
        self.assertEqual(self.said()[-1], f"half{said // 2}")
        self.leave(prompt)

    # --- coming and going ---

    @takes(6)
    def test_ends(self):
        """the terminal is as it was after quit, Ctrl-D, Ctrl-C, signals and the end of the session"""
        self.tea_time()
        ends = {
            "quit": lambda prompt: prompt.type("/quit\r"),
            "Ctrl-D": lambda prompt: prompt.type("\x04"),
            "Ctrl-C": lambda prompt: prompt.type("\x03"),
            "two messages and quit": lambda prompt: prompt.type("one\rtwo\r/quit\r"),
        }
        for name, end in ends.items():
            with self.subTest(name):
                prompt = self.enter()
                self.assertFalse(prompt.is_as_before())
                prompt.type("given up\x03")  # a line that is begun is given up first
                prompt.at_line("tea> ")
                end(prompt)
                self.assertEqual(prompt.end(), 0)
                self.assertTrue(prompt.is_as_before())
                self.assertTrue(prompt.raw.endswith(b"\x1b[?2004l"))
                self.assertEqual(prompt.screen.line(), "", "whatever comes next begins on a line of its own")
        self.assertEqual(self.said(), ["one", "two"])
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(number):
                prompt = self.enter()
                prompt.signal(number)
                self.assertEqual(prompt.end(), 0)
                self.assertTrue(prompt.is_as_before())
        prompt = self.enter()
        self.says("logout", user="anna")
        prompt.sees("denied")
        self.assertEqual(prompt.end(), 1)
        self.assertTrue(prompt.is_as_before())

    @takes(3)
    def test_suspended(self):
        """Ctrl-Z gives the terminal back to the shell, and what was typed is there again afterwards"""
        self.tea_time()
        script = "set -m; \"$@\"; echo the shell is back; read -r; fg >/dev/null; echo over"
        shell = self.at_terminal([shutil.which("bash"), "--norc", "-c", script, "-", *self.words("chat")])
        shell.at_line("tea> ")
        shell.type("half")
        shell.at_line("tea> half")
        shell.type("\x1a")
        shell.sees("the shell is back")
        shell.until(lambda: termios.tcgetattr(shell.fd)[3] & termios.ICANON, "the terminal edits lines itself again")
        shell.type("\n")
        shell.at_line("tea> half")
        self.assertFalse(termios.tcgetattr(shell.fd)[3] & termios.ICANON)
        shell.type("\r")
        shell.sees("anna: half ✓")
        shell.type("/quit\r")
        shell.sees("^over$")
        self.assertEqual(shell.end(), 0)

    @takes(5)
    def test_line_by_line(self):
        """without a terminal the chat takes one line after the other and prints plain lines"""
        nodes = self.tea_time()
        self.says("send", "tea", "a\tb\x1b", user="ben")
        script = "hello\n//me too\n/edit 2 hallo\n/who\n/create den\nhere\n/open tea\n/leave\n/quit\nnever said\n"
        ended = self.done(self.parley(self.servers, "-user", "anna", "chat", "-open", "tea", stdin=script))
        lines = ended.out.splitlines()
        self.assertEqual(lines[1], "*   tea: 1 message unread")
        events = [line.split("\t") for line in lines if line[0] not in "*!"]
        self.assertEqual(events[0][:2] + events[0][3:], ["tea", "1", "ben", "a\\tb\\x1b"])
        for line in ("* tea: on its way: hello", "* tea: acknowledged as 2: hello", "* tea: acknowledged as 3: /me too",
                     "* editing 2 is acknowledged as 4", "* here now: anna", "* den: acknowledged as 1: here",
                     "* you are in tea no more"):
            self.assertIn(line, lines)
        self.assertEqual([line["text"] for line in self.history("tea", "ben")], ["a\tb\x1b", "hello", "/me too", "hallo"])
        ended = self.parley(self.servers, "-user", "ben", "-json", "chat", stdin="/open tea\n/fly\nhi\n/invite nobody\n")
        self.ended(ended, 2)
        said = [json.loads(line) for line in ended.out.splitlines()]
        self.assertTrue(any("/fly is no command" in line.get("failure", "") for line in said), said)
        self.assertIn({"sending": "acknowledged as 5: hi", "chat": "tea"}, said)
        self.assertTrue(any(line.get("text") == "/me too" for line in said), said)
        # Who is not logged in is told what to type.
        self.ended(self.parley(self.servers, "-user", "carla", "chat"), 1, "", "parley chat login")
        self.ended(self.parley(self.servers, "-user", "ben", "chat", "-open", "nowhere"), 1)
        # At the prompt of all commands it is a command as any other.
        ended = self.parley(self.servers, stdin="chat -open tea -user ben\nfrom the prompt\n/quit\nset a b\nget a\n")
        self.assertTrue(ended.out.endswith("OK\nb\n"), str(ended))
        self.assertEqual(self.said()[-1], "from the prompt")
        # Nobody answers.
        nodes.kill()
        self.ended(self.parley(self.servers, "-user", "ben", "-timeout", "1s", "chat"), 3, "")


if __name__ == "__main__":
    main()
