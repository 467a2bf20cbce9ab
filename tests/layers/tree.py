"""The project's files as the rules see them."""
import dataclasses
import pathlib
import re

SKIPPED_FOLDERS = {".git", "build", "run", "data", "__pycache__"}
TEXT_SUFFIXES = {".cpp", ".hpp", ".py", ".md", ".txt", ".toml", ".json", ".cmake", ".supp", ".yml", ".yaml", ".patch"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"](.*)$')


@dataclasses.dataclass(frozen=True)
class Include:
    line: int
    quoted: bool
    path: str
    behind: str  # what else stands on the line


@dataclasses.dataclass
class File:
    path: str  # from the root, with slashes
    text: str

    @property
    def lines(self):
        return self.text.splitlines()

    @property
    def is_cpp(self):
        return self.path.endswith((".cpp", ".hpp"))

    @property
    def folder(self):
        """`common/wal`, or the first folder elsewhere: `node`, `tests`; empty at the root."""
        parts = self.path.split("/")[:-1]
        if parts[:1] == ["common"]:
            return "/".join(parts[:2])
        return parts[0] if parts else ""

    def includes(self):
        for number, line in enumerate(self.lines, 1):
            found = INCLUDE.match(line)
            if found:
                yield Include(number, found[1] == '"', found[2], found[3])

    def code_lines(self):
        """Number and text of each line, without comments and without what stands in quotes."""
        return enumerate(without_comments_and_texts(self.text).split("\n"), 1)


def without_comments_and_texts(text):
    """C++ with comments and the insides of string and character literals blanked, line for line."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|'
        r"(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])*'",
        re.DOTALL,
    )
    return pattern.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def is_text(path):
    return path.suffix in TEXT_SUFFIXES or path.parts[0] in ("scripts", ".ci") or path.name == ".gitignore"


def load(root):
    """All files of the project that people write, by path from the root."""
    root = pathlib.Path(root)
    files = {}
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if SKIPPED_FOLDERS.intersection(relative.parts) or not path.is_file() or not is_text(relative):
            continue
        files[relative.as_posix()] = File(relative.as_posix(), path.read_text(encoding="utf-8", errors="replace"))
    return files
