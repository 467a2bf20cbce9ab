"""Which way between two nodes is cut: sets of pairs (from, to), for the shapes of plan.py."""
import itertools
import random


def between(left, right):
    """Both ways between any of these and any of those."""
    return set(itertools.product(left, right)) | set(itertools.product(right, left))


def draw(shape, names, victim, seed):
    """The ways that are cut. `victim` is the node that it is about; the rest is drawn."""
    chance = random.Random(seed)
    others = [name for name in names if name != victim]
    chance.shuffle(others)
    if shape == "alone":
        return between([victim], others)
    if shape == "to":  # nothing reaches it
        return {(other, victim) for other in others}
    if shape == "from":  # it reaches nobody
        return {(victim, other) for other in others}
    if shape == "halves":  # it is among the fewer ones
        fewer = (len(names) - 1) // 2
        return between([victim, *others[: fewer - 1]], others[fewer - 1 :])
    if shape == "bridge":  # two groups that both hear one node
        middle, rest = others[0], [victim, *others[1:]]
        half = len(rest) // 2
        return between(rest[:half], rest[half:]) - between([middle], names)
    if shape == "pair":
        return between([victim], others[:1])
    if shape == "random":
        return {pair for pair in itertools.permutations(names, 2) if chance.random() < 0.35}
    assert shape == "nobody", shape
    return between(names, names) - {(name, name) for name in names}
