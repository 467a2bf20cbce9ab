#!/usr/bin/env python3
"""What `cmake --install` leaves: programs that run, and a library that another project finds, compiles against and links."""
import os
import pathlib
import re
import shutil
import subprocess

import programs
from harness import E2eTest, main, takes

PROGRAMS = ["parley", "parley-logger", "parley-node", "parley-recovery"]
# As CMake and the compiler find themselves; nothing of the person who runs the tests.
TOOLS = {name: os.environ[name] for name in ("PATH", "HOME", "CCACHE_DIR", "CMAKE_CXX_COMPILER_LAUNCHER") if name in os.environ}


def build_folder():
    return pathlib.Path(programs.find("parley")).parent.parent


class Install(E2eTest):
    def run_tool(self, *words, **more):
        environment = {**TOOLS, **more.pop("environment", {})}
        ended = subprocess.run([str(word) for word in words], capture_output=True, text=True, env=environment, timeout=600,
                               check=False, **more)
        self.assertEqual(ended.returncode, 0, f"{words}\n{ended.stdout}\n{ended.stderr}")
        return ended.stdout

    def install(self):
        prefix = self.folder / "prefix"
        self.run_tool("cmake", "--install", build_folder(), "--prefix", prefix)
        return prefix

    def flags(self):
        """Who links what a sanitizer is in must have it, too."""
        return f"-fsanitize={programs.SANITIZERS}" if programs.SANITIZED else ""

    @takes(40)
    def test_foreign_project(self):
        """the examples build with find_package as a project of their own, and run against a cluster, of which a node dies"""
        prefix = self.install()
        self.assertEqual(sorted(path.name for path in (prefix / "bin").iterdir()), PROGRAMS)
        for name in PROGRAMS:
            self.assertTrue(self.run_tool(prefix / "bin" / name, "-version").startswith(name + " "))
        # The package may be moved: nothing in it names where it was installed or built.
        moved = self.folder / "elsewhere" / "parley"
        moved.parent.mkdir()
        prefix.rename(moved)
        for path in moved.rglob("*"):
            if path.suffix in (".cmake", ".pc", ".hpp"):
                text = path.read_text(encoding="utf-8")
                self.assertNotIn(str(build_folder()), text, path)
                self.assertNotIn(str(prefix), text, path)
        project, build = self.folder / "project", self.folder / "project-build"
        shutil.copytree(next(moved.rglob("examples")), project)
        self.run_tool("cmake", "-S", project, "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={moved}",
                      f"-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror {self.flags()}")
        self.run_tool("cmake", "--build", build)

        cluster = self.cluster(3).up()
        self.run_kv(build / "kv", cluster, 1)
        self.assertEqual(self.run_chat(build / "chat", cluster, "amy", "hello\nwhat a day\n"),
                         ["1 amy: hello", "2 amy: what a day"])
        cluster.kill([cluster.leader()])
        self.run_kv(build / "kv", cluster, 2)
        self.assertEqual(self.run_chat(build / "chat", cluster, "bob", "indeed\n"),
                         ["1 amy: hello", "2 amy: what a day", "3 bob: indeed"])

    def run_kv(self, program, cluster, turn):
        ended = programs.run([str(program), cluster.servers], self.folder, deadline=2 * programs.DEADLINE)
        self.done(ended)
        lines = ended.out.splitlines()
        self.assertRegex(lines[0], r"^written by entry \d+$")
        self.assertEqual(lines[1], "sky: blue")
        self.assertRegex(lines[2], r"^sky, at most \d+ ms ago: blue$")
        self.assertEqual(lines[3:-2], ["grass: not_found", "count: 21", "doubled: 42", f"lock: taken by kv, time {turn}",
                                       "lease: 1 key", "lock: not_found", "100 written at once", "101 colours"])
        self.assertEqual(lines[-2], f"entry {re.search(r'[0-9]+', lines[0])[0]}: colour/sky = blue")
        self.assertRegex(lines[-1], r"^led by node\d, 3 members$")

    def run_chat(self, program, cluster, user, said):
        ended = programs.run([str(program), cluster.servers, user, "secret", "garden"], self.folder, stdin=said.encode(),
                             deadline=2 * programs.DEADLINE)
        return self.done(ended).out.splitlines()

    @takes(15)
    def test_headers_and_pkg_config(self):
        """each installed header compiles alone and includes nothing but the standard library, and pkg-config links a program"""
        prefix = self.install()
        headers = sorted(path.name for path in (prefix / "include" / "parley").iterdir())
        self.assertIn("parley.hpp", headers)
        compiler = [os.environ.get("CXX", "c++"), "-std=c++23", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
        for header in headers:
            source = self.folder / "alone.cpp"
            source.write_text(f"#include <parley/{header}>\n", encoding="utf-8")
            said = self.run_tool(*compiler, "-I", prefix / "include", "-M", source)
            self.run_tool(*compiler, "-I", prefix / "include", "-fsyntax-only", source)
            # What the compiler itself brings stands in folders of its own.
            others = [path for path in re.findall(r"/\S+\.(?:hpp|h)\b", said) if not path.startswith(str(prefix))]
            foreign = [path for path in others if re.search(r"zmq|msgpack|spdlog|fmt|sodium|xxhash|nlohmann|toml|lmdb", path)]
            self.assertEqual(foreign, [], header)
        environment = {"PKG_CONFIG_PATH": str(next(prefix.rglob("pkgconfig")))}
        words = self.run_tool("pkg-config", "--cflags", "--libs", "parley", environment=environment).split()
        program = self.folder / "small"
        source = self.folder / "small.cpp"
        source.write_text('#include <parley/parley.hpp>\nint main() { return parley::Cluster::open({}) ? 1 : 0; }\n',
                          encoding="utf-8")
        flags = [self.flags()] if self.flags() else []
        self.run_tool(*compiler[:2], *flags, source, *words, "-o", program)
        self.done(programs.run([str(program)], self.folder), "")


if __name__ == "__main__":
    main()
