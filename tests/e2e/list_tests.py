"""list_tests.py FOLDER: prints a line for each test in it, for CMake: file, `Class.method`, seconds that it takes, and its
sentence, parted by tabs."""
import pathlib
import sys
import unittest


def tests_of(suite):
    for each in suite:
        if isinstance(each, unittest.TestSuite):
            yield from tests_of(each)
        else:
            yield each


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    sys.path[:0] = [str(folder), str(pathlib.Path(__file__).resolve().parent)]
    seen = set()
    for file in sorted(folder.glob("test_*.py")):
        for test in tests_of(unittest.defaultTestLoader.loadTestsFromName(file.stem)):
            method = getattr(test, test._testMethodName)
            sentence = test.shortDescription()
            if not sentence or sentence in seen or set(sentence) & set(";\t[]$\\\""):
                sys.exit(f"{file}: {test.id()} needs a sentence of its own, without ; [ ] $ \\ and quotes")
            seen.add(sentence)
            print(file.name, f"{type(test).__name__}.{test._testMethodName}", getattr(method, "seconds", 1), sentence, sep="\t")


if __name__ == "__main__":
    main()
