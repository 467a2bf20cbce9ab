#!/usr/bin/env python3
"""Checks what can be checked without building: that every mutant can still be planted, that what kills it is part of the
suite, and that each mistake of the list has a mutant or a reason in README.md. Prints a line for each problem and exits 1 if
there is any; scripts/mutants does the rest."""
import re
import sys

import mutants

TEST_CASE = re.compile(r'\bTEST_CASE\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)')
SEEDS = re.compile(r"^set\(seeds (\d+)\)", re.MULTILINE)
ROW = re.compile(r"^\| (\d+)[a-z]? \|")


def test_names():
    """Of all test cases, without their programs."""
    names = set()
    for path in sorted((mutants.ROOT / "tests").rglob("*.cpp")):
        for found in TEST_CASE.finditer(path.read_text(encoding="utf-8")):
            names.add("".join(re.findall(r'"((?:[^"\\]|\\.)*)"', found[1])))
    return names


def is_in_suite(test, names, seeds):
    sim = mutants.SIM.match(test)
    if sim:
        return int(sim[1]) >= 1 and int(sim[2]) <= seeds
    program, _, name = test.partition(":")
    if program == "scenario":
        return (mutants.ROOT / "tests/scenario/data" / name.strip()).is_file()
    return name in names


def problems():
    names = test_names()
    seeds = int(SEEDS.search((mutants.ROOT / "tests/sim/CMakeLists.txt").read_text(encoding="utf-8"))[1])
    rows = [line for line in (mutants.FOLDER / "README.md").read_text(encoding="utf-8").splitlines() if ROW.match(line)]
    for path in sorted(mutants.FOLDER.glob("*.patch")):
        try:
            mutant = mutants.load(path)
            mutant.put_into(mutants.ROOT)
        except mutants.Wrong as wrong:
            yield f"{path.name}: cannot be planted: {wrong}"
            continue
        for test in mutant.killed_by:
            if not is_in_suite(test, names, seeds):
                yield f"{path.name}: no test of the suite: {test}"
        if not any(f"`{mutant.name}`" in row for row in rows):
            yield f"README.md: has no row for {mutant.name}"
    for row in rows:
        for name in re.findall(r"`(\d\d[a-z]?-[a-z0-9-]+)`", row):
            if not (mutants.FOLDER / f"{name}.patch").is_file():
                yield f"README.md: there is no {name}"
    numbers = {int(ROW.match(row)[1]) for row in rows}
    for number in sorted(set(range(1, mutants.LAST_NUMBER + 1)) - numbers):
        yield f"README.md: says nothing of mistake {number}"


def main():
    found = list(problems())
    for problem in found:
        print(problem)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
