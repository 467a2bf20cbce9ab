"""A `parley batch` process, spoken to in JSON lines."""
import json
import subprocess
import threading
import time

import programs
from programs import DEADLINE

# In the folder of the test: what all its batches wrote to standard error.
ERRORS = "batch.err"


class Batch:
    """Requests go in, answers are kept by id as they come. Any thread may ask; the process is started by the main one."""

    def __init__(self, servers, folder, flags=()):
        command = [programs.find("parley"), "-servers", servers, *flags]
        self._errors = open(folder / ERRORS, "ab+")
        self.process = subprocess.Popen(
            programs.WITH_US + command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, cwd=folder,
            env=programs.environment(folder),
        )
        self.lines = []  # as they came
        self._answers = {}
        self._next = 1
        self._changed = threading.Condition()
        self._has_ended = False
        self._writing = threading.Lock()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            answer = json.loads(line)
            with self._changed:
                self.lines.append(line.decode())
                if isinstance(answer.get("id"), int):
                    self._answers[answer["id"]] = answer
                self._changed.notify_all()
        with self._changed:
            self._has_ended = True
            self._changed.notify_all()

    def write(self, text):
        """A line as it is."""
        with self._writing:
            self.process.stdin.write(text if isinstance(text, bytes) else (text + "\n").encode())
            self.process.stdin.flush()

    def send(self, op, **fields):
        """Sends a request and gives its id."""
        with self._changed:
            number = self._next
            self._next += 1
        self.write(json.dumps({"id": number, "op": op, **fields}))
        return number

    def answer(self, number, deadline=DEADLINE):
        """Waits for the answer to a request."""
        with self._changed:
            there = self._changed.wait_for(lambda: number in self._answers or self._has_ended, deadline)
            if number not in self._answers:
                why = "the process ended" if there else f"nothing for {deadline} s"
                raise AssertionError(f"batch: no answer to request {number}: {why}; it said {self.errors()!r}")
            return self._answers.pop(number)

    def has_answer(self, number):
        with self._changed:
            return number in self._answers

    def ask(self, op, deadline=DEADLINE, **fields):
        return self.answer(self.send(op, **fields), deadline)

    def ask_all(self, requests, deadline=2 * DEADLINE):
        """Sends all requests, each a dict, and gives the answers in their order."""
        end = time.monotonic() + deadline
        numbers = [self.send(**request) for request in requests]
        return [self.answer(number, max(1.0, end - time.monotonic())) for number in numbers]

    def await_lines(self, count, deadline=DEADLINE):
        """Waits until so many lines came; gives them all, parsed."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.lines) >= count or self._has_ended, deadline):
                raise AssertionError(f"batch: {len(self.lines)} lines of {count} after {deadline} s")
            return [json.loads(line) for line in self.lines]

    def errors(self):
        self._errors.seek(0)
        return self._errors.read().decode("utf-8", "replace")

    def finish(self, deadline=DEADLINE):
        """Ends its input; gives its exit code."""
        self.process.stdin.close()
        code = self.process.wait(deadline)
        self._reader.join(deadline)
        return code

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(DEADLINE)
        self._reader.join(DEADLINE)
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.stdout.close()
        self._errors.close()
