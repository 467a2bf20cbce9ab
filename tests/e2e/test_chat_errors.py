#!/usr/bin/env python3
"""What bad input gets: the table in docs/INTERFACE.md, row by row, at every node."""
import concurrent.futures
import pathlib
import re
import shutil

from chat import CREATE_CHAT, EDIT, INVITE, ChatTest, RawClient, sized, token_id
from harness import main, takes

INTERFACE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "INTERFACE.md"

LONG_NAME = "x" * 65
BAD_USER_NAMES = ["", "a b", "a/b", "ü", "a\n"]
BAD_CHAT_NAMES = ["", " a", "a ", "a\nb", "a\x1b[2J", "\udcff", "\udced\udca0\udc80"]
NOT_UTF8 = ["\udcff", "a\udcc0\udc80"]

# What each may be asked of: the user who asks, the words of the command, and more for `refused`.
NO_CHAT = "there is no such chat"
HIDDEN = "the chat is invite-only, and the user neither in it nor invited"
NO_MEMBER = "the user is not in it"
NO_OWNER = "the user is not its owner"
ENDED = "the token is none, or has ended"
WRONG = "the password is wrong"
CHAT_TOO_LONG = "the chat's name has more than 64 characters"
BAD_CHAT = "the chat's name is empty, not UTF-8, has control characters, or a blank at an end"
USER_TOO_LONG = "the user's name has more than 64 characters"
BAD_USER = "the user's name is empty, or has others than letters, digits, '.', '_' and '-'"
NO_USER = "there is no such user, or he was disabled"
TOO_LONG = "the text has more than 64 KiB"
BAD_TEXT = "the text is empty or not UTF-8"
NO_MESSAGE = "there is no such message, or it was deleted"
FULL = "the quota is used up"


def ask(user, *words, **more):
    return user, words, more


def chat_rows(call, words, is_visible_to_all=False, is_for_owner=False):
    """The rows that calls on a chat have in common. `words(chat)`: the command."""
    rows = [
        ("too_large", CHAT_TOO_LONG, [ask("amy", *words(LONG_NAME))]),
        ("invalid", BAD_CHAT, [ask("amy", *words(name)) for name in BAD_CHAT_NAMES]),
        ("denied", ENDED, [ask("gone", *words("open"))]),
        ("not_found", NO_CHAT, [ask("amy", *words("none"))]),
        ("not_found", HIDDEN, [ask("eve", *words("hidden"))]),
    ]
    if not is_visible_to_all:
        rows.append(("not_member", NO_MEMBER, [ask("eve", *words("open"))]))
    if is_for_owner:
        rows.append(("denied", NO_OWNER, [ask("bob", *words("open"))]))
    return call, rows


def with_rows(base, *more, at=None):
    """The same with more rows, behind the others or at a place."""
    call, rows = base
    place = len(rows) if at is None else at
    return call, rows[:place] + list(more) + rows[place:]


def user_rows(words):
    return [("too_large", USER_TOO_LONG, [ask("amy", *words(LONG_NAME))]),
            ("invalid", BAD_USER, [ask("amy", *words(name)) for name in BAD_USER_NAMES])]


def text_rows(words):
    return [("too_large", TOO_LONG, [ask("amy", *words("-"), stdin=b"x" * 65537)]),
            ("invalid", BAD_TEXT, [ask("amy", *words(text)) for text in ["", *NOT_UTF8]])]


def of_user(call):
    """An owner's call on somebody else."""
    base = chat_rows(f"chat {call} CHAT USER", lambda chat: [call, chat, "bob"], is_for_owner=True)
    return with_rows(base, *user_rows(lambda user: [call, "open", user]), at=2)


CALLS = dict([
    ("chat create-user NAME", [
        *user_rows(lambda name: ["create-user", name]),
        ("too_large", "the password has more than 1 KiB", [ask(None, "create-user", "new", password="p" * 1025)]),
        ("exists", "there is a user of this name, in whatever case", [ask(None, "create-user", name)
                                                                      for name in ("amy", "AMY", "shut")]),
        ("quota", FULL, [ask(None, "create-user", "new")]),
    ]),
    ("chat login NAME", [
        *user_rows(lambda name: ["login", name]),
        ("denied", "the password is wrong, there is no such user, he was disabled, or must wait",
         [ask(None, "login", "slow", password="wrong"), ask(None, "login", "nobody"), ask(None, "login", "shut")]),
    ]),
    ("chat logout", [("denied", ENDED, [ask("gone2", "logout")])]),
    ("chat whoami", [("denied", ENDED, [ask("gone", "whoami")])]),
    ("chat change-password", [
        ("too_large", "a password has more than 1 KiB", [ask("slow", "change-password", new_password="p" * 1025)]),
        ("denied", ENDED, [ask("gone", "change-password", new_password="other")]),
        ("denied", WRONG, [ask("slow", "change-password", password="wrong", new_password="other")]),
    ]),
    ("chat disable", [("denied", ENDED, [ask("gone", "disable")]),
                      ("denied", WRONG, [ask("slow", "disable", password="wrong")])]),
    ("chat create CHAT", [
        ("too_large", CHAT_TOO_LONG, [ask("amy", "create", LONG_NAME), ask("amy", "create", "🌱" * 65)]),
        ("invalid", BAD_CHAT, [ask("amy", "create", name) for name in BAD_CHAT_NAMES]),
        ("too_large", "the description has more than 1 KiB", [ask("amy", "create", "new", "-description", "d" * 1025)]),
        ("invalid", "the description is not UTF-8", [ask("amy", "create", "new", "-description", text) for text in NOT_UTF8]),
        ("denied", ENDED, [ask("gone", "create", "new")]),
        ("exists", "there is a chat of this name, whatever the case of its ASCII letters",
         [ask("bob", "create", name) for name in ("open", "OPEN", "hidden")]),
        ("too_large", "the user is in 512 chats", [ask("many", "create", "new")]),
        ("quota", FULL, [ask("bob", "create", "new")]),
    ]),
    with_rows(chat_rows("chat join CHAT", lambda chat: ["join", chat], is_visible_to_all=True),
              ("too_large", "the user is in 512 chats", [ask("many", "join", "open")]),
              ("quota", FULL, [ask("eve", "join", "open")])),
    chat_rows("chat leave CHAT", lambda chat: ["leave", chat]),
    ("chat list", [("denied", ENDED, [ask("gone", "list")])]),
    chat_rows("chat members CHAT", lambda chat: ["members", chat]),
    chat_rows("chat info CHAT", lambda chat: ["info", chat], is_visible_to_all=True),
    with_rows(
        with_rows(chat_rows("chat rename CHAT NEW", lambda chat: ["rename", chat, "new"], is_for_owner=True),
                  ("exists", "there is a chat of the new name", [ask("amy", "rename", "open", "Hidden")]),
                  ("quota", FULL, [ask("amy", "rename", "open", "y" * 64)])),
        ("too_large", "the new name has more than 64 characters", [ask("amy", "rename", "open", LONG_NAME)]),
        ("invalid", "the new name is none that a chat may have", [ask("amy", "rename", "open", name)
                                                                  for name in BAD_CHAT_NAMES]), at=2),
    with_rows(
        with_rows(chat_rows("chat describe CHAT TEXT", lambda chat: ["describe", chat, "new"], is_for_owner=True),
                  ("quota", FULL, [ask("amy", "describe", "open", "d" * 1024)])),
        ("too_large", "the description has more than 1 KiB", [ask("amy", "describe", "open", "d" * 1025)]),
        ("invalid", "the description is not UTF-8", [ask("amy", "describe", "open", text) for text in NOT_UTF8]), at=2),
    chat_rows("chat invite-only CHAT on|off", lambda chat: ["invite-only", chat, "off"], is_for_owner=True),
    with_rows(of_user("invite"),
              ("not_found", NO_USER, [ask("amy", "invite", "open", name) for name in ("nobody", "shut")]),
              ("exists", "the other is a member", [ask("amy", "invite", "open", "BOB")]),
              ("too_large", "the other is invited to 512 chats", [ask("amy", "invite", "open", "wanted")]),
              ("quota", FULL, [ask("amy", "invite", "open", "eve")])),
    with_rows(of_user("remove"),
              ("not_found", NO_USER, [ask("amy", "remove", "open", name) for name in ("nobody", "shut")]),
              ("invalid", "the other is the owner himself", [ask("amy", "remove", "open", "amy")]),
              ("not_member", "the other is neither in it nor invited", [ask("amy", "remove", "open", "eve")])),
    with_rows(of_user("hand-over"),
              ("not_found", NO_USER, [ask("amy", "hand-over", "open", name) for name in ("nobody", "shut")]),
              ("not_member", "the other is not in it", [ask("amy", "hand-over", "open", "eve")])),
    with_rows(
        with_rows(with_rows(chat_rows("chat send CHAT TEXT", lambda chat: ["send", chat, "text"]),
                            ("mismatch", "the key was used for another message",
                             [ask("bob", "send", chat, "other", "-key", "used") for chat in ("open", "none")]), at=3),
                  ("quota", FULL, [ask("bob", "send", "open", "x")])),
        *text_rows(lambda text: ["send", "open", text]),
        ("too_large", "the key has more than 64 bytes", [ask("bob", "send", "open", "text", "-key", "k" * 65)]), at=2),
    with_rows(
        with_rows(chat_rows("chat edit CHAT SEQ TEXT", lambda chat: ["edit", chat, "1", "text"]),
                  ("not_found", NO_MESSAGE, [ask("amy", "edit", "open", seq, "text") for seq in ("3", "4", "999")]),
                  ("denied", "another has written it", [ask("bob", "edit", "open", "1", "text")]),
                  ("too_large", "it was edited 64 times", [ask("bob", "edit", "open", "2", "text")]),
                  ("quota", FULL, [ask("amy", "edit", "open", "1", "text")])),
        *text_rows(lambda text: ["edit", "open", "1", text]), at=2),
    with_rows(chat_rows("chat delete CHAT SEQ", lambda chat: ["delete", chat, "1"]),
              ("not_found", NO_MESSAGE, [ask("amy", "delete", "open", seq) for seq in ("3", "4", "999")]),
              ("denied", "another has written it, who is not the owner", [ask("bob", "delete", "open", "1")])),
    chat_rows("chat history CHAT", lambda chat: ["history", chat]),
    ("chat messages", [("denied", ENDED, [ask("gone", "messages")])]),
    with_rows(chat_rows("chat read CHAT SEQ", lambda chat: ["read", chat, "1"]),
              ("not_found", "there is no such event", [ask("amy", "read", "open", "999")])),
    chat_rows("chat follow CHAT", lambda chat: ["follow", chat]),
    chat_rows("chat who CHAT", lambda chat: ["who", chat]),
])


def table():
    """The rows of CALLS as the document has them."""
    for call, rows in CALLS.items():
        yield f"| `{call.replace('|', chr(92) + '|')}` | " + "; ".join(f"`{word}` {why}" for word, why, _ in rows) + " |"


class ChatErrors(ChatTest):
    def test_document(self):
        """the table of what each call of the chat answers to bad input is the one that is tested"""
        text = INTERFACE.read_text(encoding="utf-8")
        found = re.findall(r"^\| `chat .*\|$", text[text.index("## What bad input gets") :], re.MULTILINE)
        self.assertEqual(found, list(table()), "docs/INTERFACE.md: python3 tests/e2e/test_chat_errors.py table prints it")

    @takes(60)
    def test_every_error(self):
        """each call of the chat answers bad input as the table says, at every node"""
        cluster = self.cluster(3, flags=["-quota", "64MiB"]).up()
        self.servers = cluster.servers
        self.set_up(cluster)
        for full in (False, True):
            if full:
                self.fill(cluster)
            # At all nodes at a time: most of the time is spent on waiting for each other.
            with concurrent.futures.ThreadPoolExecutor() as pool:
                for problems in pool.map(lambda node: list(self.check(node, full)), cluster.nodes.values()):
                    self.assertEqual(problems, [])
        cluster.await_agreement()

    def check(self, node, full):
        """All rows at one node: those for a full quota, or the others. Gives what is not as it should be."""
        for call, rows in CALLS.items():
            for word, why, asked in rows:
                for user, words, more in asked if (word == "quota") == full else []:
                    try:
                        self.refused(word, *words, user=user, servers=node.client.address, **more)
                    except AssertionError as problem:
                        yield f"{call}: {word} if {why}, at {node.name}: {problem}"

    def set_up(self, cluster):
        """The users and chats that the rows speak of."""
        for name in ("amy", "bob", "eve", "gone", "gone2", "shut", "slow", "many", "wanted"):
            self.new_user(name)
        for name in ("gone", "gone2"):
            file = self.token_file(name)
            shutil.copy2(file, self.folder / name)
            self.says("logout", user=name)
            shutil.copy2(self.folder / name, file)
        self.says("disable", user="shut")
        self.says("create", "open", user="amy")
        self.says("create", "hidden", "-invite-only", user="amy")
        self.says("join", "open", user="bob")
        for number, (user, text) in enumerate([("amy", "one"), ("bob", "two"), ("amy", "three")], 1):
            self.assertEqual(self.says("send", "open", text, user=user), f"{number}\n")
        self.assertEqual(self.says("delete", "open", "3", user="amy"), "4\n")
        self.says("send", "open", "text", "-key", "used", user="bob")
        raw = RawClient(cluster["node0"].client)
        bob, many = self.token("bob"), self.token("many")
        edit = token_id(bob) + sized("open") + (2).to_bytes(8, "little") + sized("again")
        self.assertEqual(set(raw.calls(EDIT, [edit] * 64, bob)), {"ok"})
        creates = [token_id(many) + sized(f"c{number}") + sized("") + b"\1" for number in range(512)]
        self.assertEqual(set(raw.calls(CREATE_CHAT, creates, many)), {"ok"})
        invites = [token_id(many) + sized(f"c{number}") + sized("wanted") for number in range(512)]
        self.assertEqual(set(raw.calls(INVITE, invites, many)), {"ok"})
        raw.close()

    def fill(self, cluster):
        """Uses up the quota, to the last few bytes."""
        batch = cluster.batch()
        number = 0
        for size in (1 << 20, 1 << 16, 1 << 12, 256, 1):
            while batch.ask("set", key=f"fill{number}", value="v" * size)["ok"]:
                number += 1


if __name__ == "__main__":
    import sys

    if sys.argv[1:] == ["table"]:
        print("\n".join(table()))
    else:
        main()
