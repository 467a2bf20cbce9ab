"""The mutants: what stands in a patch file, and how it is put into a tree. Python's standard library only.

A file begins with what it is for, `Key: value` a line, a value going on in lines that begin with blanks; behind the first
line that begins with `--- ` it is a unified diff, which other programs take as well.

    Pitfall: the mistake, in the words of the list
    Change: what is wrong now
    Killed-by: test_raft:the name of a test, as ctest calls it
    Killed-by: sim --seeds 1-20
"""
import dataclasses
import pathlib
import re

FOLDER = pathlib.Path(__file__).parent
ROOT = FOLDER.parent.parent
LAST_NUMBER = 50  # of the mistakes in the list

NAME = re.compile(r"^(\d\d)([a-z]?)-[a-z0-9-]+$")
HEADER = re.compile(r"^(Pitfall|Change|Killed-by): (.+)$")
HUNK = re.compile(r"^@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@")
SIM = re.compile(r"^sim --seeds (\d+)-(\d+)$")


class Wrong(Exception):
    """Why a patch file, or the tree it is for, is not as it must be."""


@dataclasses.dataclass
class Hunk:
    line: int  # where it stood when the patch was made, from 0
    before: list
    after: list


@dataclasses.dataclass
class Mutant:
    name: str  # of the file, without .patch
    pitfall: str
    change: str
    killed_by: list
    hunks: dict  # by file, in the order in which they stand there

    @property
    def number(self):
        return int(NAME.match(self.name)[1])

    def put_into(self, root):
        """What its files are to hold: a dictionary from path to text."""
        return {path: changed(path, root, hunks) for path, hunks in self.hunks.items()}


def load(path):
    if not NAME.match(path.stem):
        raise Wrong(f"{path.name}: a patch is called NN-what.patch or NNa-what.patch")
    lines = path.read_text(encoding="utf-8").splitlines()
    begin = next((at for at, line in enumerate(lines) if line.startswith("--- ")), len(lines))
    keys = {"Pitfall": [], "Change": [], "Killed-by": []}
    current = None
    for line in lines[:begin]:
        found = HEADER.match(line)
        if found:
            current = keys[found[1]]
            current.append(found[2])
        elif current and line.startswith(" "):
            current[-1] += " " + line.strip()
        elif line:
            raise Wrong(f"{path.name}: not understood: {line}")
    if len(keys["Pitfall"]) != 1 or len(keys["Change"]) != 1 or not keys["Killed-by"]:
        raise Wrong(f"{path.name}: needs one Pitfall, one Change, and Killed-by")
    return Mutant(path.stem, keys["Pitfall"][0], keys["Change"][0], keys["Killed-by"],
                  parse_diff(path.name, lines[begin:]))


def parse_diff(name, lines):
    files = {}
    hunks = None
    for line in lines:
        start = HUNK.match(line)
        if line.startswith("--- a/"):
            hunks = None
        elif line.startswith("+++ b/"):
            hunks = files.setdefault(line[len("+++ b/"):], [])
        elif start and hunks is not None:
            hunks.append(Hunk(int(start[1]) - 1, [], []))
        elif hunks and (line[:1] in (" ", "+", "-") or not line):
            if line[:1] != "+":
                hunks[-1].before.append(line[1:])
            if line[:1] != "-":
                hunks[-1].after.append(line[1:])
        else:
            raise Wrong(f"{name}: no line of a diff: {line}")
    if not files or not all(files.values()):
        raise Wrong(f"{name}: changes nothing")
    return files


def changed(path, root, hunks):
    """The text of the file with these hunks. Each may have moved, but must stand word for word, nearest to where it was."""
    file = pathlib.Path(root) / path
    if not file.is_file():
        raise Wrong(f"{path} is gone")
    lines = file.read_text(encoding="utf-8").split("\n")
    least = shift = 0
    for hunk in hunks:
        size = len(hunk.before)
        places = [at for at in range(least, len(lines) - size + 1) if lines[at:at + size] == hunk.before]
        if not places:
            raise Wrong(f"{path} has no longer the lines around {hunk.line + 1}")
        at = min(places, key=lambda place: abs(place - hunk.line - shift))
        lines[at:at + size] = hunk.after
        least = at + len(hunk.after)
        shift = at - hunk.line + len(hunk.after) - size
    return "\n".join(lines)


def load_all(folder=FOLDER):
    return [load(path) for path in sorted(folder.glob("*.patch"))]
