#!/usr/bin/env python3
"""Says how many tests passed and failed: count_tests.py REPORT STATUS, with ctest's JUnit report and its exit status.

Prints `N passed, N failed`. A test has passed only if it ran to its end and succeeded: one that was not run, timed out or
was skipped counts as failed. Exits 0 if some passed, none failed and ctest was content too.
"""
import sys
import xml.etree.ElementTree


def count(report):
    """The numbers of tests that passed and failed according to the file."""
    passed = failed = 0
    for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
        succeeded = case.get("status") == "run" and case.find("failure") is None and case.find("skipped") is None
        passed += succeeded
        failed += not succeeded
    return passed, failed


def main():
    report, ctest_status = sys.argv[1], int(sys.argv[2])
    try:
        passed, failed = count(report)
    except (OSError, xml.etree.ElementTree.ParseError) as error:
        print(f"count_tests.py: no report of the tests: {error}", file=sys.stderr)
        passed, failed = 0, 1
    print(f"{passed} passed, {failed} failed")
    return 0 if passed > 0 and failed == 0 and ctest_status == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
