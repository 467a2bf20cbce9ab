"""Who may link whom, read from the CMakeLists.txt files: the layers, and what a program must never have inside."""
import re

from rules_includes import RANK, folder_of

CALL = re.compile(r"\b(parley_library|parley_program|target_link_libraries)\s*\(([^()]*)\)")
KEYWORDS = {"DEPS", "PRIVATE_DEPS", "PUBLIC", "PRIVATE", "INTERFACE"}

# By program: the folders of which it must have no target inside, and why.
NEVER_LINKED = {
    "parley": ({"common/raft", "common/wal", "common/store", "common/replica"}, "a client is no replica"),
    # All of it is in the archive that programs of others link, which need no library for it but ZeroMQ's and base's.
    "parley_client_library": (
        {"common/raft", "common/wal", "common/store", "common/replica", "common/config", "common/obs"},
        "programs that link it would have to link that"),
    "parley-logger": ({"common/app", "common/store"}, "to a logger a command is bytes"),
}
# But for the targets of these folders: what they may link of that. What includes their headers still must not reach it
# (NEVER_REACHED in rules_includes.py), so that the rest of the program cannot know what a command means.
MAY_LINK = {
    "logger/tools": {"common/app"},
    "logger/compaction": {"common/app"},
}


class Target:
    def __init__(self, name, folder, path, line):
        self.name, self.folder, self.path, self.line = name, folder, path, line
        self.links = set()

    @property
    def exempt(self):
        return MAY_LINK.get(self.path.rpartition("/")[0], set())


def read_targets(files):
    """All targets that the project defines, by name."""
    targets = {}
    calls = []
    for file in files.values():
        if not file.path.endswith("CMakeLists.txt") or "/" not in file.path or file.folder == "tests":
            continue
        text = re.sub(r"#[^\n]*", "", file.text)
        for found in CALL.finditer(text):
            words = found[2].split()
            if not words:
                continue
            line = text.count("\n", 0, found.start()) + 1
            if found[1] != "target_link_libraries":
                targets[words[0]] = Target(words[0], folder_of(file.path), file.path, line)
            calls.append((found[1], words))
    for function, words in calls:
        if words[0] in targets:
            targets[words[0]].links.update(linked_words(function, words[1:]))
    return targets


def linked_words(function, words):
    """What is linked: in our own functions what stands behind DEPS and PRIVATE_DEPS, else every word."""
    linking = function == "target_link_libraries"
    for word in words:
        if word in KEYWORDS or word == "SOURCES":
            linking = word != "SOURCES"
        elif linking:
            yield word


def reached(targets, start):
    """What is linked, however indirectly; but not what only a target links that may."""
    seen, waiting = set(), [start]
    while waiting:
        target = targets[waiting.pop()]
        for name in target.links & targets.keys() - seen:
            if targets[name].folder not in target.exempt:
                seen.add(name)
                waiting.append(name)
    return seen


def check(files):
    targets = read_targets(files)
    for target in targets.values():
        for name in sorted(target.links & targets.keys()):
            other = targets[name].folder
            if other != target.folder and RANK.get(other, 99) >= RANK.get(target.folder, 99):
                problem = f"{target.name} must not link {name}: {other} is not to the left of {target.folder}"
                yield target.path, target.line, problem
    for program, (forbidden, reason) in NEVER_LINKED.items():
        if program not in targets:
            continue
        for name in sorted(reached(targets, program)):
            if targets[name].folder in forbidden:
                yield targets[program].path, targets[program].line, f"{program} must never link {name}: {reason}"
