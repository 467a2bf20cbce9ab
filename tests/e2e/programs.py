"""The programs under test: where they are, and how one is run to its end."""
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import sys

# How long anything may take before a test gives up, in seconds: far more than it takes on a slow and busy machine.
DEADLINE = 60.0 * float(os.environ.get("PARLEY_PATIENCE", "1"))

# The sanitizers that the programs are built with, as CMake has them, and whether there is one; it takes memory of its
# own.
SANITIZERS = os.environ.get("PARLEY_SANITIZE", "")
SANITIZED = SANITIZERS != ""

# How to tell what a sanitizer says from what our programs say.
REPORT = re.compile(rb"(?:Address|Leak|Thread|UndefinedBehavior)Sanitizer|: runtime error: ")
# Of a report, in bytes: the first one whole, in nearly every case.
REPORT_SHOWN = 20000

# A test that is itself killed takes its processes with it. (Bound to the thread that starts them: that is the main one.)
WITH_US = ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []


def find(name):
    """The program in the folder that PARLEY_BIN names, or else where scripts/build puts it."""
    built = pathlib.Path(__file__).resolve().parents[2] / "build" / "bin"
    program = pathlib.Path(os.environ.get("PARLEY_BIN", built)).absolute() / name
    if not os.access(program, os.X_OK):
        sys.exit(f"{program} is not there; build it first")
    return str(program)


def environment(folder):
    """What a program sees: nothing of the person who runs the tests."""
    kept = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
    return {"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "LC_ALL": "C.UTF-8", **kept}


def sanitizer_report(said):
    """Of what a program wrote to standard error, all from the first report of a sanitizer on; empty if there is none.

    An exit code alone does not tell: ours mean other things, and that of a process that was killed means nothing.
    """
    found = REPORT.search(said)
    if found is None:
        return ""
    begin = said.rfind(b"\n", 0, found.start()) + 1
    return said[begin : begin + REPORT_SHOWN].decode("utf-8", "replace")


@dataclasses.dataclass
class Ended:
    """A program that ran to its end. `out` and `err` are texts, with bytes that are not UTF-8 escaped."""

    command: list
    code: int
    out_bytes: bytes
    err_bytes: bytes

    @property
    def out(self):
        return self.out_bytes.decode("utf-8", "surrogateescape")

    @property
    def err(self):
        return self.err_bytes.decode("utf-8", "surrogateescape")

    def __str__(self):
        shown = [word if len(word) < 200 else word[:200] + "..." for word in self.command]
        return (
            f"{' '.join(shown)}\nexit code {self.code}\nstandard output: {self.out[:2000]!r}\n"
            f"standard error: {self.err[:2000]!r}"
        )


def run(command, folder, stdin=b"", deadline=DEADLINE, more=None):
    """Runs `command` in `folder` to its end. If it hangs, it is killed. That or a sanitizer's report fails the test. `more`:
    variables of the environment."""
    try:
        done = subprocess.run(
            WITH_US + command, input=stdin, capture_output=True, cwd=folder,
            env=environment(folder) | (more or {}), timeout=deadline, check=False
        )
    except subprocess.TimeoutExpired as expired:
        raise AssertionError(
            f"hangs: {' '.join(command)[:500]}\nafter {deadline} s; it said {expired.stdout!r} and {expired.stderr!r}"
        ) from expired
    report = sanitizer_report(done.stderr)
    if report:
        raise AssertionError(f"{' '.join(command)[:500]}\nexit code {done.returncode}\n{report}")
    return Ended(command, done.returncode, done.stdout, done.stderr)
