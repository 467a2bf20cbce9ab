"""To be imported before anything of tests/e2e, which is found from then on."""
import pathlib
import sys

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
