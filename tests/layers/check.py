#!/usr/bin/env python3
"""Checks the rules that keep the project in shape: check.py ROOT. Prints a line for each broken one, and exits 1 if there is any.

The rules are in rules_includes.py, rules_links.py and rules_text.py; common/README.md says what they are for.
"""
import pathlib
import sys

import rules_includes
import rules_links
import rules_text
import tree


def problems_in(root):
    """All broken rules as (path, line, what), in the order of paths and lines."""
    root = pathlib.Path(root)
    files = tree.load(root)
    found = [*rules_includes.check(files), *rules_links.check(files), *rules_text.check(root, files)]
    return sorted(set(found))


def main():
    root = pathlib.Path(sys.argv[1])
    if not (root / "CMakeLists.txt").is_file() or not (root / "common").is_dir():
        print(f"check.py: {root} is not the root of the project", file=sys.stderr)
        return 2
    problems = problems_in(root)
    for path, line, what in problems:
        print(f"{path}:{line}: {what}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
