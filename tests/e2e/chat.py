"""The chat for tests: as people use it, by `parley chat`, and by hand, for who does not behave."""
import hashlib
import itertools
import json
import os
import struct

from harness import E2eTest
from zmtp import Stranger, pack, unpack

PASSWORD = "correct horse battery staple"

# base/error_word.hpp
WORDS = ["ok", "not_found", "mismatch", "busy", "no_leader", "too_large", "invalid", "denied", "exists", "not_member", "quota",
         "disk_full", "session_expired", "timeout"]
EXIT_CODES = {"not_found": 1, "mismatch": 1, "denied": 1, "exists": 1, "not_member": 1, "quota": 1, "disk_full": 1, "invalid": 2,
              "too_large": 2, "busy": 3, "no_leader": 3, "timeout": 3, "session_expired": 3}

# common/app/chat/CHAT.md
CREATE_USER, LOGIN, CHANGE_PASSWORD, DISABLE_USER, LOGOUT, CREATE_CHAT, JOIN, LEAVE = range(32, 40)
INVITE, SEND, EDIT = 43, 46, 47
WHO_AM_I = 36


class ChatTest(E2eTest):
    """Commands of the chat against `self.servers`."""

    servers = None

    def chat(self, *words, user=None, password=PASSWORD, new_password=None, servers=None, stdin=b"", flags=()):
        """Runs one; gives how it ended."""
        more = {} if password is None else {"PARLEY_PASSWORD": password}
        if new_password is not None:
            more["PARLEY_NEW_PASSWORD"] = new_password
        who = ["-user", user] if user else []
        return self.parley(servers or self.servers, *who, *flags, "chat", *words, stdin=stdin, more=more)

    def says(self, *words, **more):
        """What one prints that works."""
        return self.done(self.chat(*words, **more)).out

    def refused(self, word, *words, **more):
        """It ends with this word and its exit code, and prints nothing. Gives what it says."""
        ended = self.ended(self.chat(*words, **more), EXIT_CODES[word], "")
        self.assertTrue(ended.err.startswith(f"parley: {word}"), str(ended))
        self.assertEqual(ended.err.count("\n"), 1, str(ended))
        return ended.err.removeprefix(f"parley: {word}").removeprefix(":").strip()

    def new_user(self, name, **more):
        """Creates a user and logs him in."""
        self.assertEqual(self.says("create-user", name, **more), "OK\n")
        self.assertEqual(self.says("login", name, **more), "OK\n")

    def history(self, chat, user, *flags, servers=None):
        """Its events, each a dict."""
        out = self.says("history", chat, *flags, user=user, servers=servers, flags=["-json"])
        return [json.loads(line) for line in out.splitlines()]

    def token_file(self, user):
        found = list((self.folder / ".parley" / "tokens").glob(f"*/{user.lower()}.token"))
        self.assertEqual(len(found), 1, found)
        return found[0]

    def token(self, user):
        """The 32 bytes that are kept for this user."""
        return bytes.fromhex(self.token_file(user).read_text().splitlines()[2])


def token_id(token):
    """What commands and rows have of a token."""
    return hashlib.blake2b(token, digest_size=32).digest()


def sized(data):
    data = data.encode() if isinstance(data, str) else data
    return struct.pack("<I", len(data)) + data


class RawClient:
    """A client that speaks the protocol by hand, in a session of its own."""

    def __init__(self, port):
        self.stranger = Stranger(port).shake_hands()
        self._ids = itertools.count(1)
        self._seq = 0
        self.session = 0
        body = self.request(0, struct.pack("<BBQQQQ", 1, 1, 0, 0, 0, int.from_bytes(os.urandom(7), "little") + 1))
        self.session = struct.unpack_from("<Q", body[4], 8)[0]

    def close(self):
        self.stranger.close()

    # --- requests ---

    def send(self, *values):
        """Sends one, and gives its id."""
        number = next(self._ids)
        self.stranger.send(pack([1, 1, bytes(16), [[number, 20000, *values]]]))
        return number

    def answers(self, numbers):
        """Waits for the replies to these requests; gives them by id."""
        found = {}
        while len(found) < len(numbers):
            for reply in unpack(self.stranger.receive())[6]:
                found[reply[0]] = reply
        return [found[number] for number in numbers]

    def request(self, *values):
        return self.answers([self.send(*values)])[0]

    # --- commands ---

    def command(self, operation, fields):
        self._seq += 1
        return struct.pack("<BBQQQ", 1, operation, self.session, self._seq, self._seq) + fields

    def word(self, reply):
        """Of a reply of the application, or an error."""
        return WORDS[reply[4][1]] if reply[1] == 0 else WORDS[reply[2]]

    def call(self, operation, fields, token=b""):
        """An ordinary write; gives the word."""
        return self.word(self.request(0, self.command(operation, fields), *([token] if token else [])))

    def calls(self, operation, all_fields, token):
        """Many of one kind, a few hundred at a time; gives the words."""
        words = []
        for begin in range(0, len(all_fields), 200):
            commands = [self.command(operation, fields) for fields in all_fields[begin : begin + 200]]
            words += [self.word(reply) for reply in self.answers([self.send(0, each, token) for each in commands])]
        return words

    def password_call(self, operation, fields, password, token=b"", new_password=""):
        """One that a node completes; gives the word."""
        reply = self.request(8, self.command(operation, fields), token, password.encode(), new_password.encode())
        return self.word(reply)

    def query(self, kind, fields, token=b""):
        return self.word(self.request(1, 0, struct.pack("<BB", 1, kind) + fields, *([token] if token else [])))
