"""Looks at nodes while they work: memory, processor time, elections."""
import os
import pathlib
import re
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Between two looks at memory.
LOOK_S = 0.1
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def memory_bound():
    """limits::node_memory_bytes, in bytes."""
    text = (ROOT / "common" / "base" / "limits.hpp").read_text(encoding="utf-8")
    return int(re.search(r"\bnode_memory_bytes = (\d+) \* MiB;", text)[1]) << 20


def anonymous_bytes(pid):
    """Memory of the process that is no file: the pages of the store are mapped, and the system may take them back."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return int(re.search(r"^RssAnon:\s+(\d+) kB", status.read(), re.MULTILINE)[1]) * 1024


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


class Watch:
    """Of nodes that run, from the moment when it is made until stop(): the most memory that each took, the processor time that
    all of them took, and how often a leader was elected."""

    def __init__(self, nodes):
        self.nodes = list(nodes)
        self.most = {node.name: 0 for node in self.nodes}
        self._terms = self._terms_led()
        self._seconds = self._processor_seconds()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stop.wait(LOOK_S):
            for node in self.nodes:
                try:
                    self.most[node.name] = max(self.most[node.name], anonymous_bytes(node.process.pid))
                except (OSError, TypeError):
                    return  # it has ended, which others find

    def _terms_led(self):
        """The terms in which somebody was elected, as the nodes say themselves."""
        found = set()
        for node in self.nodes:
            found.update(re.findall(r"term (\d+): this node leads", node.log()))
        return found

    def _processor_seconds(self):
        return sum(processor_seconds(node.process.pid) for node in self.nodes)

    @property
    def seconds(self):
        return self._processor_seconds() - self._seconds

    @property
    def elections(self):
        return len(self._terms_led() - self._terms)

    def stop(self):
        self._stop.set()
        self._thread.join()
