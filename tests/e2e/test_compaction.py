#!/usr/bin/env python3
"""parley-logger -compact: archives that leave out what was soon replaced, beside one that keeps everything."""
import re

from harness import PATIENT, E2eTest, main, takes

PERIOD = 500
SETS = 2400


class Compaction(E2eTest):
    def verified(self, folder):
        ended = self.run_program("parley-logger", "verify", str(folder))
        self.assertEqual(ended.code, 0, str(ended))
        return dict(re.findall(r"^(\S[\w ]*?)  +(.*)$", ended.out, re.MULTILINE))

    def recovered(self, logger, to, name):
        """What parley-recovery makes of an archive."""
        return self.run_program("parley-recovery", "-recov", logger.hrecov.address, "-to", str(to), "-into", name)

    def state_of(self, logger, to, name):
        ended = self.recovered(logger, to, name)
        self.assertEqual(ended.code, 0, str(ended))
        inspected = self.run_program("parley-node", "inspect", name)
        self.assertEqual(inspected.code, 0, str(inspected))
        return re.search(r"^state digest +(\w+)$", inspected.out, re.MULTILINE)[1]

    @takes(12)
    def test_modes(self):
        """compacted archives are smaller, verify, equal a plain one, and lead to the same state, also behind a kill -9"""
        cluster = self.cluster(1, PATIENT).up()
        flags = {"plain": [], **{mode: ["-compact", mode, "-compact-period", str(PERIOD)]
                                 for mode in ("immediate", "interval", "delayed")}}
        loggers = {mode: self.logger([mode], [cluster], flags[mode]).serve() for mode in flags}
        folders = {mode: logger.archives / mode for mode, logger in loggers.items()}
        requests = [{"op": "set", "key": f"k{number % 30}", "value": f"{number:08} " + "v" * 10_000} for number in range(SETS)]
        batch = cluster.batch()
        for begin in range(0, SETS, SETS // 3):
            last = max(answer["index"] for answer in batch.ask_all(requests[begin : begin + SETS // 3]))
            loggers["interval"].kill()
            loggers["interval"].serve()
        status = cluster.status()
        node = next(member for member in status["members"] if member["role"] == "leader")

        def all_have_it():
            found = {mode: self.verified(folder) for mode, folder in folders.items()}
            has_all = all(int(each["last"]) >= last for each in found.values())
            return found if has_all and all("reduced" in found[mode] for mode in flags if flags[mode]) else None

        found = self.eventually(all_have_it, "all archives have all entries, and those that compact themselves did")
        self.assertNotIn("reduced", found["plain"])
        sizes = {mode: int(each["payload bytes"]) for mode, each in found.items()}
        for mode in ("immediate", "interval", "delayed"):
            self.assertLess(sizes[mode], sizes["plain"], str(sizes))
            same = self.run_program("parley-logger", "diff", str(folders["plain"]), str(folders[mode]))
            self.assertEqual(same.code, 0, str(same))
            self.assertIn("are reduced in one of them", same.out)
            self.assertEqual(self.state_of(loggers[mode], node["applied"], f"all-{mode}"), node["state"])
        first = self.state_of(loggers["plain"], PERIOD, "first-plain")
        self.assertEqual(self.state_of(loggers["interval"], PERIOD, "first-interval"), first)
        inside = self.recovered(loggers["interval"], PERIOD // 2, "inside")
        self.assertEqual(inside.code, 1, str(inside))
        self.assertIn("the nearest state below is as of entry ", inside.err)


if __name__ == "__main__":
    main()
