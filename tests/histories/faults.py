"""Does to a cluster what a plan says, and undoes it."""
import json
import random
import re
import struct
import time

import partition
import programs

LEADS = re.compile(rb"term (\d+): this node leads")


class SlowDisk:
    """How slow the disk of a node is: the file that its processes look at, by slow_disk.cpp."""

    def __init__(self, file):
        self._file = open(file, "wb", buffering=0)
        self.set(0, 0)
        sanitizer = {name: programs.environment(file.parent).get(name, "") for name in ("ASAN_OPTIONS",)}
        self.environment = {
            "LD_PRELOAD": programs.find("libparley_slow_disk.so"), "PARLEY_SLOW_DISK": str(file),
            # It stands before the sanitizer's own library, and that is meant so.
            "ASAN_OPTIONS": f"{sanitizer['ASAN_OPTIONS']}:verify_asan_link_order=0",
        }

    def set(self, sync_ms, write_ms):
        self._file.seek(0)
        self._file.write(struct.pack("=QQ", sync_ms, write_ms))

    def close(self):
        self._file.close()


class Leaders:
    """Who leads, by what the nodes' logs say."""

    def __init__(self, nodes):
        self._nodes = nodes
        self._read = {node.name: 0 for node in nodes}
        self.by_term = {}

    def look(self):
        for node in self._nodes:
            said = node.whole_log()[self._read[node.name] :]
            whole = said.rfind(b"\n") + 1
            self._read[node.name] += whole
            for found in LEADS.finditer(said[:whole]):
                self.by_term[int(found[1])] = node.name
        return self

    def last(self):
        """The name of the one that led last, as far as is known."""
        self.look()
        return self.by_term[max(self.by_term)] if self.by_term else None


class Injector:
    """Begins and ends the faults of a plan. Faults may overlap: what two of them do to a node ends with the later."""

    def __init__(self, nodes, seed, diary, disks, network=None):
        self._nodes = {node.name: node for node in nodes}
        self._chance = random.Random(f"victims {seed}")
        self._diary = diary  # a file
        self._disks = disks  # by name; may be empty
        self._network = network
        self.leaders = Leaders(nodes)
        self._active = {}  # by id of the fault: the victims, and for a partition what is lost
        self.done = {}  # how many faults of each kind

    # --- who is meant ---

    def victims(self, role):
        names = list(self._nodes)
        leader = self.leaders.last() or self._chance.choice(names)
        others = [name for name in names if name != leader]
        if role == "leader":
            return [leader]
        if role == "follower":
            return [self._chance.choice(others)]
        if role == "followers":
            return others
        if role == "all":
            return names
        count = (len(names) - 1) // 2 if role == "minority" else len(names) // 2 + 1
        return self._chance.sample(names, count)

    # --- the faults ---

    def begin(self, fault):
        victims = self.victims(fault.victims)
        self._active[id(fault)] = (fault, victims)
        self.done[fault.kind] = self.done.get(fault.kind, 0) + 1
        self._note("begin", fault, victims)
        if fault.kind == "kill":
            self._kill(victims)
        self._apply(fault.kind)

    def end(self, fault):
        _, victims = self._active.pop(id(fault))
        self._note("end", fault, victims)
        if fault.details.get("dies"):
            self._kill(victims)
        self._apply(fault.kind)
        if fault.details.get("dies"):
            self._apply("kill")

    def _kill(self, victims):
        running = [self._nodes[name] for name in victims if self._nodes[name].runs()]
        for node in running:  # all of them before the first is waited for
            node.expected_to_end = True
            node.process.kill()
        for node in running:
            node.kill()

    def toggle(self, fault, is_on):
        """Of a link that flaps."""
        if id(fault) in self._active:
            fault.details["is_off"] = not is_on
            self._apply("partition")

    def end_all(self):
        for fault, _ in list(self._active.values()):
            self.end(fault)

    def _apply(self, kind):
        """Brings the world to what the faults of this kind that are under way make of it."""
        active = [(fault, victims) for fault, victims in self._active.values() if fault.kind == kind]
        hit = {name for _, victims in active for name in victims}
        if kind == "kill":
            for name, node in self._nodes.items():
                if name not in hit and not node.runs() and node.expected_to_end:
                    node.start()
        elif kind == "pause":
            self._pause(hit)
        elif kind == "slow-disk":
            for name, disk in self._disks.items():
                slow = [fault.details for fault, victims in active if name in victims]
                disk.set(*(max((each[what] for each in slow), default=0) for what in ("sync_ms", "write_ms")))
        else:
            self._divide(active)

    def _pause(self, hit):
        for name, node in self._nodes.items():
            if not node.runs():
                continue
            if name in hit:
                node.pause()
            else:
                node.resume()

    def _divide(self, active):
        lost, unplugged = set(), set()
        for fault, victims in active:
            if fault.details.get("is_off"):
                continue
            if fault.details["shape"] == "unplugged":
                unplugged.update(victims)
            else:
                lost |= partition.draw(fault.details["shape"], list(self._nodes), victims[0], fault.details["seed"])
        self._network.divide(lost, unplugged)

    def _note(self, what, fault, victims):
        details = {name: value for name, value in fault.details.items() if name not in ("seed", "is_off")}
        line = {"ns": time.monotonic_ns(), "fault": fault.kind, what: victims, "role": fault.victims, **details}
        self._diary.write(json.dumps(line) + "\n")
        self._diary.flush()


def events(plan):
    """What is to be done when: (seconds, method of Injector, its arguments), in order."""
    found = []
    for fault in plan.faults:
        found.append((fault.begin_s, "begin", (fault,)))
        found.append((fault.end_s, "end", (fault,)))
        flap_s = fault.details.get("flaps_ms", 0) / 1000
        turns = int((fault.end_s - fault.begin_s) / flap_s) if flap_s else 0
        for turn in range(1, turns + 1):
            found.append((fault.begin_s + turn * flap_s, "toggle", (fault, turn % 2 == 0)))
    return sorted(found, key=lambda event: event[0])
