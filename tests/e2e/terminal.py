"""A terminal for programs that draw: a process behind a pseudo-terminal, and what a person would see there."""
import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
import unicodedata

from programs import DEADLINE

SEQUENCE = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])")


def columns_of(char):
    """How many columns a character takes."""
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


class Screen:
    """What was written, in rows, with all that has scrolled by. It knows what our programs use and complains of everything else,
    so that no control of a stranger gets here unseen."""

    def __init__(self, columns):
        self.columns = columns
        self.rows = [[]]  # of each a list of characters, one for each column; behind a wide one stands an empty text
        self.row = self.column = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._rest = ""

    def feed(self, data):
        text = self._rest + self._decoder.decode(data)
        self._rest = ""
        at = 0
        while at < len(text):
            if text[at] != "\x1b":
                self._put(text[at])
                at += 1
                continue
            found = SEQUENCE.match(text, at)
            if found is None:
                if len(text) - at > 16:
                    raise AssertionError(f"no sequence of ours: {text[at:at + 16]!r}")
                self._rest = text[at:]
                return
            self._sequence(found[1], found[2])
            at = found.end()

    def _put(self, char):
        if char == "\r":
            self.column = 0
        elif char == "\n":
            self.row += 1
            while len(self.rows) <= self.row:
                self.rows.append([])
        elif char == "\a":
            pass
        elif ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0:
            raise AssertionError(f"the control {char!r} reaches the terminal")
        else:
            self._write(char)

    def _write(self, char):
        row, width = self.rows[self.row], columns_of(char)
        row.extend(" " * (self.column - len(row)))
        if width == 0:
            row[self.column - 1] += char
            return
        row[self.column : self.column + width] = [char, ""][:width]
        self.column += width
        if self.column >= self.columns:
            raise AssertionError(f"a row runs into the last column: {''.join(row)!r}")

    def _sequence(self, parameters, kind):
        count = int(parameters) if parameters.isdigit() else 1
        if kind == "A":
            self.row -= count
            assert self.row >= 0, "the cursor leaves the screen"
        elif kind == "C":
            self.column += count
        elif kind == "J":
            assert parameters == "", parameters
            del self.rows[self.row + 1 :]
            del self.rows[self.row][self.column :]
        elif kind not in "m" and (parameters, kind) not in (("?2004", "h"), ("?2004", "l")):
            raise AssertionError(f"no sequence of ours: {parameters}{kind}")

    def lines(self):
        return ["".join(row).rstrip() for row in self.rows]

    def line(self):
        """The one with the cursor."""
        return "".join(self.rows[self.row])


class AtTerminal:
    """A program at a terminal of its own."""

    def __init__(self, words, folder, environment, columns=100, rows=30):
        self.screen = Screen(columns)
        self.raw = b""
        self.code = None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execve(words[0], words, environment)
        self.resize(columns, rows)
        self.settings = termios.tcgetattr(self.fd)

    def resize(self, columns, rows=30):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds):
        """Takes what is written within this time; false if nothing more will be."""
        if not select.select([self.fd], [], [], max(0.0, seconds))[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # the last process there has ended
            data = b""
        self.raw += data
        self.screen.feed(data)
        return data != b""

    def until(self, check, what):
        """Waits until `check` gives something true, which is returned."""
        end = time.monotonic() + DEADLINE
        while True:
            found = check()
            if found:
                return found
            left = end - time.monotonic()
            if left <= 0 or not self.read(left):
                shown = "\n".join(self.screen.lines()[-40:])
                raise AssertionError(f"not seen: {what}; the terminal shows\n{shown}")

    def sees(self, pattern):
        """Waits for a line in which this is found; gives the match."""
        seen = re.compile(pattern)
        return self.until(lambda: next(filter(None, map(seen.search, self.screen.lines())), None), pattern)

    def has_sent(self, text):
        """Waits until these bytes have been written, even if they were written over since."""
        self.until(lambda: text.encode() in self.raw, text)

    def at_line(self, text):
        """Waits until the line with the cursor is this one."""
        self.until(lambda: self.screen.line().rstrip() == text.rstrip(), f"the line {text!r}")

    def type(self, text):
        os.write(self.fd, text.encode() if isinstance(text, str) else text)

    def signal(self, number):
        os.kill(self.pid, number)

    def end(self):
        """Waits for the end of the program; gives its exit code."""
        end = time.monotonic() + DEADLINE
        while self.read(end - time.monotonic()):
            if time.monotonic() > end:
                raise AssertionError("it does not end; the terminal shows\n" + "\n".join(self.screen.lines()[-40:]))
        self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.code

    def is_as_before(self):
        """Whether the settings of the terminal are those that it began with."""
        return termios.tcgetattr(self.fd) == self.settings

    def close(self):
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.code = -signal.SIGKILL
        os.close(self.fd)
