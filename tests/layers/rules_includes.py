"""Who may include whom: the layers, and one foreign library, one folder."""
import re

# From left to right; a file includes its own folder and what stands to its left.
LAYERS = [
    {"common/base"},
    {"common/raft", "common/app", "common/transfer"},
    {"common/wire", "common/config", "common/obs", "common/files"},
    {"common/daemon", "common/wal", "common/store", "common/mq"},
    {"common/archive"},
    {"common/transport"},
    {"common/replica"},
    {"node", "logger", "recovery", "client"},
    {"tests"},
]
RANK = {folder: rank for rank, layer in enumerate(LAYERS) for folder in layer}
PURE = {"common/raft", "common/app", "common/transfer"}

# Headers of foreign libraries and the one folder that includes them (its tests too).
FOREIGN = [
    (re.compile(r"^(sodium\.h|sodium/.*|xxhash\.h)$"), "common/base"),
    (re.compile(r"^msgpack(\.hpp|\.h|/.*)$"), "common/wire"),
    (re.compile(r"^toml\+\+/.*$"), "common/config"),
    (re.compile(r"^(spdlog|prometheus|gperftools)/.*$"), "common/obs"),
    (re.compile(r"^lmdb\.h$"), "common/store"),
    (re.compile(r"^nlohmann/.*$"), "client"),
    (re.compile(r"^zmq(\.hpp|\.h|_addon\.hpp)$"), "common/mq"),
]
FMT = re.compile(r"^fmt/.*$")
CATCH = re.compile(r"^catch2/.*$")
STANDARD = re.compile(r"^[a-z_]+$")
SYSTEM = re.compile(
    r"^((sys|linux|net|netinet|arpa|asm)/[a-z_0-9]+\.h|"
    r"(dirent|dlfcn|endian|errno|fcntl|getopt|ifaddrs|limits|malloc|netdb|poll|pthread|pwd|sched|signal|termios|time|unistd)\.h)$"
)

# What the pure folders must not know: threads, clocks, files, chance, the terminal.
IMPURE = {
    "atomic", "barrier", "chrono", "condition_variable", "csignal", "ctime", "filesystem", "fstream", "future", "iostream",
    "latch", "locale", "mutex", "random", "semaphore", "shared_mutex", "stop_token", "syncstream", "thread",
}
LOOKUP_ONLY = "// lookup only"

# Where the headers stand that programs of others include, as <parley/...>; those programs have nothing else of ours, and neither
# have the examples.
PUBLIC = "client/include/"
FOREIGN_PROGRAMS = "client/examples/"

# By program folder: what nothing that it includes may come from, however indirectly.
NEVER_REACHED = {
    "client": {"common/raft", "common/wal", "common/store", "common/replica"},
    "logger": {"common/app", "common/store"},
}
# But for the files of these folders within them.
MAY_REACH = {
    # Offline tools, which show to people what commands say. They are no part of the daemon.
    "logger/tools": {"common/app"},
    # What may be left out of an archive. The daemon is given it as an archive::Reduction, behind a header of bytes.
    "logger/compaction": {"common/app"},
}


def folder_of(path):
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] == "common" else parts[0]


def check(files):
    for file in files.values():
        if not file.is_cpp or file.folder not in RANK:
            continue
        for include in file.includes():
            rule = quoted_problem if include.quoted else foreign_problem
            problem = rule(files, file, include)
            if problem:
                yield file.path, include.line, problem
    yield from indirect_problems(files)


def is_public(file):
    return file.path.startswith((PUBLIC, FOREIGN_PROGRAMS))


def public_problem(files, file, include):
    """Of an include of a public header, written <parley/...>."""
    if PUBLIC + include.path not in files:
        return f"<{include.path}> is no public header"
    return None if file.folder in ("client", "tests") else f"<{include.path}> is for programs that use the client library"


def quoted_problem(files, file, include):
    if is_public(file):
        return f'"{include.path}": what programs of others see includes <parley/...> and standard headers alone'
    if include.path not in files:
        return f'"{include.path}" is no file of the project, written from its root'
    target = folder_of(include.path)
    if target == file.folder:
        return None
    if RANK.get(target, len(LAYERS)) >= RANK[file.folder]:
        return f"{file.folder} must not include {target}: it does not stand to its left in the layers"
    return None


def foreign_problem(files, file, include):
    path = include.path
    if path in files:
        return f"<{path}> is a file of the project: write it in quotes"
    if path.startswith("parley/"):
        return public_problem(files, file, include)
    if is_public(file) and not STANDARD.match(path):
        return f"<{path}>: what programs of others see includes <parley/...> and standard headers alone"
    for pattern, home in FOREIGN:
        if pattern.match(path):
            at_home = file.folder == home or file.path.startswith("tests/" + home.removeprefix("common/") + "/")
            return None if at_home else f"<{path}> belongs to {home}, the only folder that includes it"
    if FMT.match(path):
        return f"{file.folder} must not include <{path}>" if file.folder in PURE | {"common/base"} else None
    if CATCH.match(path):
        return None if file.folder == "tests" else f"<{path}> is for tests"
    if not STANDARD.match(path) and not SYSTEM.match(path):
        return f"<{path}> is of a library that has no folder yet (FOREIGN in rules_includes.py)"
    return standard_problem(file, include)


def standard_problem(file, include):
    path = include.path
    if file.folder in PURE and (path in IMPURE or SYSTEM.match(path)):
        return f"{file.folder} is pure: it must not include <{path}>"
    if path == "random" and file.folder not in ("common/base", "tests"):
        return "<random> is for common/base: take chance from parley::Random"
    if file.folder == "common/app" and path in ("unordered_map", "unordered_set") and LOOKUP_ONLY not in include.behind:
        return f'<{path}> in apply, whose order differs between machines; if nothing goes through it, write "{LOOKUP_ONLY}"'
    return None


def indirect_problems(files):
    """Program folders that reach, through any chain of includes, what they must never reach."""
    for program, forbidden in NEVER_REACHED.items():
        for file in [f for f in files.values() if f.is_cpp and f.folder == program]:
            not_for_this = forbidden - MAY_REACH.get(file.path.rpartition("/")[0], set())
            for chain in chains_from(files, file):
                if folder_of(chain[-1]) in not_for_this:
                    line = next(i.line for i in file.includes() if i.path == chain[1])
                    yield file.path, line, f"{program} must never reach {folder_of(chain[-1])}: " + " > ".join(chain)


def chains_from(files, start):
    """The shortest chain of includes to every file that `start` reaches."""
    chains = {start.path: [start.path]}
    waiting = [start.path]
    while waiting:
        path = waiting.pop(0)
        for include in files[path].includes():
            if include.quoted and include.path in files and include.path not in chains:
                chains[include.path] = chains[path] + [include.path]
                waiting.append(include.path)
    return [chain for path, chain in chains.items() if path != start.path]
