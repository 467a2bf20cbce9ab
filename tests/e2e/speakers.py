"""Users of the chat who speak all the time, by `parley batch`, one process for some, and remember what was acknowledged."""
import threading


class Speakers:
    """Each user says something, all wait for their answers, and so on, until told to stop. Every message has a key; under it the
    message is said again when the process that said it has died, or the answer was `timeout`."""

    PAUSE = 0.05  # seconds in which people think

    def __init__(self, batch, users, chats_of, deadline=180):
        self.batch = batch
        self.users, self.chats_of = users, chats_of
        self.sent = {}  # by key: chat, user and text
        self.acknowledged = {}  # by key: its number in the chat
        self.again = 0  # messages that were said again
        self.crashes = 0
        self.refused = []  # answers that should not be
        self.moved = []  # keys that were answered with two numbers
        self.problem = None
        self._successors = None  # of the process that is to die: a list of one
        self._deadline = deadline
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()

    def crash(self, successor=None):
        """The process is killed while answers are on their way to it. Another one goes on for it, which knows of none of them;
        without a successor nobody says again what was on its way. Waits until that has happened."""
        with self._changed:
            self._successors = [successor]
            crashed = self._changed.wait_for(lambda: self._successors is None or self.problem, self._deadline)
            assert crashed and not self.problem, f"no crash: {self.problem}"

    def _run(self):
        try:
            number = 0
            while not self._stop.wait(self.PAUSE):
                number += 1
                self._say({f"{user}-{number}": self._message(user, number) for user in self.users})
        except (AssertionError, OSError) as problem:
            with self._changed:
                self.problem = problem
                self._changed.notify_all()

    def _message(self, user, number):
        chats = self.chats_of[user]
        return chats[number % len(chats)], user, f"{user} says {number}"

    def _say(self, messages):
        """Until all are acknowledged, however often that takes."""
        self.sent |= messages
        waiting = dict(messages)
        while waiting:
            waiting = self._ask(waiting)
            if self._successors is not None:
                waiting = self._change_process(messages)
            self.again += len(waiting)

    def _change_process(self, messages):
        """Kills it. Gives what its successor says."""
        self.batch.process.kill()
        with self._changed:
            (successor,), self._successors = self._successors, None
            self.crashes += 1
            self._changed.notify_all()
        if successor is None:
            self._stop.set()
            return {}
        self.batch = successor
        return dict(messages)

    def _ask(self, messages):
        """Says them; gives those that are to be said again. If the process is to die, the first answer is the last."""
        asked = [(key, self.batch.send("send", chat=chat, user=user, text=text, key=key))
                 for key, (chat, user, text) in messages.items()]
        again = {}
        for key, number in asked:
            answer = self.batch.answer(number, self._deadline)
            with self._changed:
                if answer["ok"]:
                    if self.acknowledged.setdefault(key, answer["seq"]) != answer["seq"]:
                        self.moved.append((key, self.acknowledged[key], answer))
                elif answer["error"] == "timeout":
                    again[key] = messages[key]
                else:
                    self.refused.append(answer)
                self._changed.notify_all()
                if self._successors is not None:
                    return {}
        return again

    def await_more(self, count):
        """Waits until so many more messages than now are acknowledged."""
        with self._changed:
            goal = len(self.acknowledged) + count
            reached = self._changed.wait_for(lambda: len(self.acknowledged) >= goal or self.problem, self._deadline)
            assert reached and not self.problem, f"{count} more messages in {self._deadline} s: {self.problem}"

    def finish(self):
        """Stops after what is under way; raises what went wrong."""
        self._stop.set()
        self._thread.join(self._deadline + 30)
        assert not self._thread.is_alive(), "the speakers do not end"
        if self.problem:
            raise self.problem
