#!/usr/bin/env python3
"""Plans: what is drawn from a seed."""
import itertools
import unittest

import e2e_path  # noqa: F401
import faults
import partition
import plan as plans

NAMES = {count: [f"node{number}" for number in range(count)] for count in (3, 5)}


class Plans(unittest.TestCase):
    def test_same_seed(self):
        """the same seed gives the same plan, and another seed another one"""
        for kind, nodes in itertools.product(plans.KINDS, (3, 5)):
            self.assertEqual(plans.draw(kind, nodes, 60, 7), plans.draw(kind, nodes, 60, 7))
            self.assertNotEqual(plans.draw(kind, nodes, 60, 7), plans.draw(kind, nodes, 60, 8))

    def test_in_time(self):
        """faults begin and end within the time of the run, and only those of mixed runs overlap"""
        for kind, seed in itertools.product(plans.KINDS, range(50)):
            plan = plans.draw(kind, 3, 12, seed)
            self.assertGreater(len(plan.faults), 0)
            for fault in plan.faults:
                self.assertTrue(0 < fault.begin_s <= fault.end_s <= 12, fault)
                self.assertIn(fault.kind, plans.FAULTS if kind == "mixed" else [kind])
            if kind != "mixed":
                for before, after in itertools.pairwise(plan.faults):
                    self.assertLess(before.end_s, after.begin_s)

    def test_everything_is_drawn(self):
        """in a run of five minutes every role, every shape and every length is drawn, and nodes die on disks that hang"""
        for seed in range(1, 4):
            drawn = {kind: plans.draw(kind, 5, 300, seed).faults for kind in plans.FAULTS}
            for kind in ("kill", "pause", "slow-disk"):
                self.assertEqual({fault.victims for fault in drawn[kind]}, set(plans.VICTIMS), kind)
            self.assertTrue(any("dies" in fault.details for fault in drawn["slow-disk"]))
            self.assertEqual({fault.details["shape"] for fault in drawn["partition"]}, set(plans.SHAPES))
            pauses = [fault.end_s - fault.begin_s for fault in drawn["pause"]]
            self.assertLess(min(pauses), 0.25)
            self.assertGreater(max(pauses), 2)
            self.assertGreater(max(fault.details["sync_ms"] for fault in drawn["slow-disk"]), 1000)

    def test_events(self):
        """each fault is begun and ended once, in the order of time, and a link that flaps is on again at last"""
        for seed in range(20):
            plan = plans.draw("mixed", 5, 60, seed)
            events = faults.events(plan)
            self.assertEqual([at for at, _, _ in events], sorted(at for at, _, _ in events))
            for what in ("begin", "end"):
                self.assertEqual(sum(method == what for _, method, _ in events), len(plan.faults))
            flapping = [fault for fault in plan.faults if "flaps_ms" in fault.details]
            for fault in flapping:
                toggles = [arguments for _, method, arguments in events if method == "toggle"]
                turns = [is_on for which, is_on in toggles if which is fault]
                self.assertEqual(turns, [turn % 2 == 1 for turn in range(len(turns))])


class Partitions(unittest.TestCase):
    def cut(self, shape, count=5, seed=1):
        return partition.draw(shape, NAMES[count], "node1", seed)

    def both(self, cut):
        """The cut is the same in both directions."""
        self.assertEqual(cut, {(b, a) for a, b in cut})
        return cut

    def test_shapes(self):
        """each shape cuts the ways that its name says, on three and on five nodes"""
        for count, seed in itertools.product((3, 5), range(20)):
            others = [name for name in NAMES[count] if name != "node1"]
            alone = {("node1", other) for other in others} | {(other, "node1") for other in others}
            self.assertEqual(self.cut("alone", count, seed), alone)
            self.assertEqual(self.cut("to", count, seed), {(other, "node1") for other in others})
            self.assertEqual(self.cut("from", count, seed), {("node1", other) for other in others})
            self.assertEqual(len(self.cut("nobody", count, seed)), count * (count - 1))
            self.assertEqual(len(self.both(self.cut("pair", count, seed))), 2)
            fewer = (count - 1) // 2
            self.assertEqual(len(self.both(self.cut("halves", count, seed))), 2 * fewer * (count - fewer))

    def test_bridge(self):
        """a bridge leaves one node that hears everybody, and two groups that hear each other through nobody else"""
        for count, seed in itertools.product((3, 5), range(20)):
            cut = self.both(self.cut("bridge", count, seed))
            whole = [name for name in NAMES[count] if not any(name in pair for pair in cut)]
            self.assertEqual(len(whole), 1)
            self.assertEqual(len(cut), 2 * ((count - 1) // 2) ** 2)

    def test_random(self):
        """cuts at random are one-way too, and the same for the same seed"""
        cuts = [self.cut("random", 5, seed) for seed in range(20)]
        self.assertEqual(cuts, [self.cut("random", 5, seed) for seed in range(20)])
        self.assertTrue(any((b, a) not in cut for cut in cuts for a, b in cut))


if __name__ == "__main__":
    unittest.main(verbosity=2)
