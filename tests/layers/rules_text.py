"""What stands in the files: sizes, waiting, locks, marks of unfinished work, paths of a machine, documents."""
import re
import subprocess

MAX_LINES = {".hpp": 300, ".cpp": 600, ".py": 600, ".md": 150}
MAX_COLUMNS = 130
MAX_README_LINES = 90
LONG_LINES_ALLOWED = (".md", ".json", ".patch")

# In code, that is outside comments and quotes.
WAITING = re.compile(
    r"\b(sleep_for|sleep_until|usleep|nanosleep|clock_nanosleep)\s*\(|(?<![A-Za-z0-9_])::sleep\s*\(|\bsleep\s*\(\s*\d"
)
DETACH = re.compile(r"(\.|->)\s*detach\s*\(\s*\)")
LOCK = re.compile(
    r"\bstd::(recursive_|shared_|timed_|recursive_timed_|shared_timed_)?mutex\b|\bstd::condition_variable\w*|"
    r"\bstd::(lock_guard|unique_lock|scoped_lock|shared_lock)\b|\bpthread_mutex_\w+"
)
MAILBOX = re.compile(r"^common/mq/mailbox[^/]*$")

# Written apart, so that this file does not carry the marks itself.
MARKS = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK"]) + r")\b")
MACHINE_PATH = re.compile(r"(^|[^A-Za-z0-9_.}])/(work|farm|root|home)/")

DOCUMENTED = ["client", "common", "deploys", "docs", "logger", "monit", "node", "recovery", "scripts", "tests"]


def check(root, files):
    for file in files.values():
        yield from size_problems(file)
        yield from mark_problems(file)
        if file.is_cpp:
            yield from code_problems(file)
        if file.path.startswith(("scripts/", ".ci/")):
            yield from script_problems(root, file)
    yield from readme_problems(files)


def size_problems(file):
    suffix = "." + file.path.rpartition(".")[2]
    limit = MAX_LINES.get(suffix)
    if limit and len(file.lines) > limit:
        yield file.path, len(file.lines), f"{len(file.lines)} lines; a {suffix} file has at most {limit}"
    # A text file that is not for CMake is data, such as a scenario.
    if file.path.endswith(LONG_LINES_ALLOWED) or (suffix == ".txt" and not file.path.endswith("CMakeLists.txt")):
        return
    for number, line in enumerate(file.lines, 1):
        if len(line) > MAX_COLUMNS:
            yield file.path, number, f"{len(line)} columns; a line has at most {MAX_COLUMNS}"


def mark_problems(file):
    for number, line in enumerate(file.lines, 1):
        mark = MARKS.search(line)
        if mark:
            yield file.path, number, f"{mark[0]} marks unfinished work"
        if MACHINE_PATH.search(line):
            yield file.path, number, "a path of one machine"


def code_problems(file):
    if file.path.endswith(".hpp") and "#pragma once" not in file.text:
        yield file.path, 1, "a header begins with #pragma once"
    if file.path.startswith("common/") and file.path.endswith(".hpp"):
        folder = file.folder.removeprefix("common/")
        name = "parley" if folder == "base" else f"parley::{folder}"
        if not re.search(rf"^(inline )?namespace {name}\b", file.text, re.MULTILINE):
            yield file.path, 1, f"its namespace is {name}, as its folder says"
    for number, line in file.code_lines():
        if WAITING.search(line):
            yield file.path, number, "sleeps; wait for an event with a deadline"
        if DETACH.search(line):
            yield file.path, number, "detaches a thread; a thread is joined by who started it"
        if file.folder != "tests" and not MAILBOX.match(file.path) and LOCK.search(line):
            yield file.path, number, "locks; threads share nothing, and only the mailbox has a mutex"


def script_problems(root, file):
    path = root / file.path
    is_bash = file.text.startswith("#!/usr/bin/env bash\n")
    if file.text.startswith("#!") and not path.stat().st_mode & 0o111:
        yield file.path, 1, "has a first line for the system but no run bit"
    if not is_bash:
        return
    if "\nset -euo pipefail\n" not in file.text:
        yield file.path, 1, "a bash script sets -euo pipefail"
    result = subprocess.run(["bash", "-n", str(path)], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        yield file.path, 1, "bash does not understand it: " + result.stderr.strip().replace("\n", "; ")


def readme_problems(files):
    code_folders = {file.folder for file in files.values() if file.is_cpp and file.folder.startswith("common/")}
    for folder in sorted(code_folders.union(DOCUMENTED)):
        readme = files.get(folder + "/README.md")
        if readme is None:
            yield folder, 1, "has no README.md"
        elif len(readme.lines) > MAX_README_LINES:
            yield readme.path, len(readme.lines), f"a README has at most a page, {MAX_README_LINES} lines"
