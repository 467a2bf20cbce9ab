"""Clients that write while nodes come and go, and remember what was acknowledged."""
import threading


class Writer:
    """Writes keys of its own, some at a time, until told to stop. `acknowledged` maps each key to what must be found there;
    `unknown` holds those whose outcome nobody told."""

    AT_ONCE = 16

    def __init__(self, batch, prefix, deadline=120):
        self.batch = batch
        self.prefix = prefix
        self.acknowledged = {}
        self.unknown = {}
        self.refused = []
        self.problem = None
        self._deadline = deadline
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        number = 0
        try:
            while not self._stop.is_set():
                asked = {}
                for number in range(number + 1, number + 1 + self.AT_ONCE):
                    key, value = f"{self.prefix}{number}", f"value {number} of {self.prefix}"
                    asked[self.batch.send("set", key=key, value=value)] = (key, value)
                for request, (key, value) in asked.items():
                    self._note(key, value, self.batch.answer(request, self._deadline))
        except (AssertionError, OSError) as problem:
            with self._changed:
                self.problem = problem
                self._changed.notify_all()

    def _note(self, key, value, answer):
        with self._changed:
            if answer["ok"]:
                self.acknowledged[key] = value
            elif answer["error"] == "timeout":
                self.unknown[key] = value
            else:
                self.refused.append(answer)
            self._changed.notify_all()

    def await_more(self, count, deadline=120):
        """Waits until so many more writes than now are acknowledged."""
        with self._changed:
            goal = len(self.acknowledged) + count
            reached = self._changed.wait_for(lambda: len(self.acknowledged) >= goal or self.problem, deadline)
            assert reached and not self.problem, f"{count} more writes by {self.prefix} in {deadline} s: {self.problem}"

    def finish(self):
        """Stops after what is under way; raises what went wrong."""
        self._stop.set()
        self._thread.join(self._deadline + 30)
        assert not self._thread.is_alive(), f"{self.prefix} does not end"
        if self.problem:
            raise self.problem


class Counter(threading.Thread):
    """Counts one key up by cas, `goal` times. Each value that it writes is its own, so that it sees if one of them took effect
    twice, or was called a mismatch although it took effect."""

    def __init__(self, batch, name, goal, deadline=120):
        super().__init__(daemon=True)
        self.batch, self.name, self.goal, self.deadline = batch, name, goal, deadline
        self.acknowledged = []  # the numbers that it counted
        self.problem = None

    def run(self):
        try:
            present = self.batch.ask("get", key="counter", deadline=self.deadline)["value"]
            for turn in range(self.goal):
                present = self._count(present, turn)
        except (AssertionError, OSError, KeyError) as problem:
            self.problem = problem

    def _count(self, present, turn):
        """Counts once, however many others come first; gives the value that it wrote."""
        for attempt in range(10_000):
            number = int(present.split()[0]) + 1
            mine = f"{number} {self.name} {turn} {attempt}"
            answer = self.batch.ask("cas", key="counter", expected=present, value=mine, deadline=self.deadline)
            if answer["ok"]:
                self.acknowledged.append(number)
                return mine
            assert answer["error"] == "mismatch", answer
            assert answer["value"] != mine, f"carried out and called a mismatch: {answer}"
            present = answer["value"]
        raise AssertionError(f"{self.name} never got its turn")
