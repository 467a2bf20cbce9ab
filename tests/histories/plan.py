"""What goes wrong in a run, and when: drawn from a seed before anything is started. One seed, one plan."""
import dataclasses
import random

KINDS = ("kill", "pause", "partition", "slow-disk", "mixed")
NEEDS_NETWORK = ("partition", "mixed")
FAULTS = ("kill", "pause", "partition", "slow-disk")

# Who is meant stands in a plan as a role, since nobody knows yet who will lead.
VICTIMS = ("leader", "leader", "leader", "follower", "follower", "followers", "minority", "majority", "all")
ONE_VICTIM = ("leader", "leader", "follower")
MANY_VICTIMS = ("majority", "majority", "followers", "all", "all")
# How the network is divided; partition.py draws the lines. All but the last leave clients alone, so that they go on
# asking a node that has lost its peers.
SHAPES = ("alone", "alone", "alone", "to", "from", "halves", "bridge", "pair", "random", "nobody", "unplugged",
          "unplugged")
# The default timeouts of an election are 250 to 500 ms: shorter, about as long, and longer.
PAUSES_MS = ((20, 200), (200, 600), (600, 3000), (3000, 8000))
SYNCS_MS = ((5, 40), (40, 250), (250, 800), (800, 4000))


@dataclasses.dataclass
class Fault:
    kind: str
    begin_s: float
    end_s: float
    victims: str = ""  # a role
    details: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Plan:
    kind: str
    nodes: int
    seconds: float
    seed: int
    faults: list

    def as_json(self):
        return dataclasses.asdict(self)


def draw_span(chance, spans):
    return chance.uniform(*chance.choice(spans))


def draw_kill(chance):
    # Started again at once, soon, or only when it was missed for long.
    return draw_span(chance, ((0.0, 0.05), (0.1, 1.0), (1.0, 5.0))), {}


def draw_pause(chance):
    return draw_span(chance, PAUSES_MS) / 1000, {}


def draw_partition(chance):
    details = {"shape": chance.choice(SHAPES), "seed": chance.randrange(1 << 32)}
    if chance.random() < 0.15:
        details["flaps_ms"] = chance.randint(50, 400)
    return draw_span(chance, ((0.1, 0.6), (0.6, 3.0), (3.0, 8.0))), details


def draw_slow_disk(chance):
    if chance.random() < 0.25:
        # Nothing is written any more, and then they die: what they take for durable although it is not is lost.
        return draw_span(chance, ((0.1, 0.4), (0.4, 2.0))), {"sync_ms": 0, "write_ms": 10_000, "dies": True}
    details = {"sync_ms": round(draw_span(chance, SYNCS_MS)), "write_ms": 0}
    if chance.random() < 0.3:
        details["write_ms"] = round(draw_span(chance, SYNCS_MS[:3]))
    return draw_span(chance, ((0.5, 2.0), (2.0, 6.0))), details


DRAWERS = {"kill": draw_kill, "pause": draw_pause, "partition": draw_partition, "slow-disk": draw_slow_disk}


def draw_track(chance, kind, seconds):
    """Faults one after the other, with time between them in which the cluster may recover, or not quite."""
    faults = []
    now = chance.uniform(0.2, 1.0)
    while True:
        one = chance.choice(FAULTS) if kind == "mixed" else kind
        hold, details = DRAWERS[one](chance)
        hold = min(hold, seconds / 3)
        if now + hold > seconds:
            return faults
        roles = VICTIMS
        if one == "partition" and details["shape"] != "unplugged":
            roles = ONE_VICTIM
        elif "dies" in details:
            roles = MANY_VICTIMS
        faults.append(Fault(one, round(now, 3), round(now + hold, 3), chance.choice(roles), details))
        now += hold + draw_span(chance, ((0.05, 0.3), (0.3, 1.5), (1.0, 3.0)))


def draw(kind, nodes, seconds, seed):
    chance = random.Random(f"{kind} {nodes} {seed}")
    tracks = 2 if kind == "mixed" else 1
    faults = [fault for _ in range(tracks) for fault in draw_track(chance, kind, seconds)]
    return Plan(kind, nodes, seconds, seed, sorted(faults, key=lambda fault: fault.begin_s))
