#!/usr/bin/env python3
"""Feeds the checker small bad trees and sees that it reports each: a rule that never complains proves nothing."""
import os
import pathlib
import tempfile
import unittest

import check
import tree

GOOD = {
    "CMakeLists.txt": "project(parley)\n",
    "common/base/ids.hpp": "#pragma once\n#include <string>\nnamespace parley {}\n",
    "common/raft/core.hpp": '#pragma once\n#include "common/base/ids.hpp"\nnamespace parley::raft {}\n',
    "common/wal/log.cpp": '#include <fcntl.h>\n#include <sys/stat.h>\n#include <fmt/core.h>\n#include "common/raft/core.hpp"\n',
    "scripts/build": "#!/usr/bin/env bash\nset -euo pipefail\ntrue\n",
}
FOLDERS = ["client", "common", "common/base", "common/raft", "common/wal", "deploys", "docs", "logger", "monit", "node",
           "recovery", "scripts", "tests"]


class Rules(unittest.TestCase):
    def problems(self, changes):
        """What the checker says about a good tree with these files put in; a file that is None is left out."""
        files = {**GOOD, **{folder + "/README.md": "# page\n" for folder in FOLDERS}, **changes}
        with tempfile.TemporaryDirectory() as root:
            for name, text in files.items():
                if text is None:
                    continue
                path = pathlib.Path(root, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
                if name.startswith("scripts/") and "/lib/" not in name and not name.endswith(".md"):
                    os.chmod(path, 0o755)
            return [f"{path}:{line}: {what}" for path, line, what in check.problems_in(root)]

    def expect(self, changes, *parts):
        """There is exactly one problem, and it contains these parts."""
        found = self.problems(changes)
        self.assertEqual(len(found), 1, found)
        for part in parts:
            self.assertIn(part, found[0])

    def expect_none(self, changes):
        self.assertEqual(self.problems(changes), [])

    def test_a_good_tree_has_no_problems(self):
        self.expect_none({})

    # --- includes

    def test_a_folder_includes_only_what_stands_to_its_left(self):
        header = "#pragma once\nnamespace parley::{} {{}}\n"
        for lower, upper in [("base", "raft"), ("raft", "app"), ("app", "raft"), ("wire", "obs"), ("obs", "wal"),
                             ("wal", "mq"), ("wal", "archive"), ("store", "archive"),
                             ("mq", "transport"), ("archive", "transport"), ("transport", "replica")]:
            with self.subTest(lower=lower, upper=upper):
                changes = {f"common/{f}/README.md": "# page\n" for f in (lower, upper)}
                changes[f"common/{upper}/thing.hpp"] = header.format(upper)
                changes[f"common/{lower}/user.cpp"] = f'#include "common/{upper}/thing.hpp"\n'
                self.expect(changes, f"common/{lower}/user.cpp:1:", f"common/{lower} must not include common/{upper}")
        self.expect({"common/wal/bad.cpp": '#include "node/node.hpp"\n', "node/node.hpp": "#pragma once\n"},
                    "common/wal must not include node")

    def test_a_process_includes_no_other_and_nothing_includes_tests(self):
        self.expect({"node/a.cpp": '#include "logger/b.hpp"\n', "logger/b.hpp": "#pragma once\n"}, "node must not include logger")
        self.expect({"node/a.cpp": '#include "tests/b.hpp"\n', "tests/b.hpp": "#pragma once\n"}, "node must not include tests")
        self.expect_none({"tests/a.cpp": '#include "node/b.hpp"\n', "node/b.hpp": "#pragma once\n"})

    def test_quoted_includes_are_written_from_the_root(self):
        self.expect({"common/raft/a.cpp": '#include "core.hpp"\n'}, '"core.hpp" is no file of the project')
        self.expect({"common/raft/a.cpp": "#include <common/raft/core.hpp>\n"}, "write it in quotes")

    def test_a_foreign_library_is_included_by_one_folder(self):
        for header, home in [("sodium.h", "base"), ("xxhash.h", "base"), ("msgpack.hpp", "wire"), ("toml++/toml.h", "config"),
                             ("spdlog/logger.h", "obs"), ("prometheus/counter.h", "obs"), ("gperftools/profiler.h", "obs"),
                             ("lmdb.h", "store"), ("zmq.hpp", "mq"), ("zmq.h", "mq")]:
            with self.subTest(header=header):
                include = f"#include <{header}>\n"
                self.expect({"node/a.cpp": include}, f"belongs to common/{home}")
                self.expect({"tests/sim/a.cpp": include}, f"belongs to common/{home}")
                self.expect_none({f"common/{home}/a.cpp": include, f"common/{home}/README.md": "# page\n"})
                self.expect_none({f"tests/{home}/a.cpp": include})
        self.expect({"node/a.cpp": "#include <nlohmann/json.hpp>\n"}, "belongs to client")
        self.expect_none({"client/a.cpp": "#include <nlohmann/json.hpp>\n"})
        self.expect({"node/a.cpp": "#include <boost/asio.hpp>\n"}, "of a library that has no folder yet")
        self.expect({"node/a.cpp": "#include <catch2/catch.hpp>\n"}, "is for tests")

    def test_a_public_header_includes_public_and_standard_headers_alone(self):
        header = {"client/include/parley/answer.hpp": "#pragma once\n#include <string>\n"}
        include = "#include <parley/answer.hpp>\n"
        both = {**header, "client/include/parley/parley.hpp": "#pragma once\n" + include, "client/examples/a.cpp": include,
                "client/library/a.cpp": include, "tests/client/a.cpp": include}
        self.expect_none(both)
        self.expect({**header, "node/a.cpp": include}, "is for programs that use the client library")
        self.expect({"client/a.cpp": "#include <parley/none.hpp>\n"}, "is no public header")
        for place in ("client/include/parley/a.hpp", "client/examples/a.cpp"):
            for wrong in ('"common/base/ids.hpp"', '"client/include/parley/answer.hpp"', "<zmq.hpp>", "<unistd.h>"):
                with self.subTest(place=place, wrong=wrong):
                    self.expect({**header, place: f"#pragma once\n#include {wrong}\n"}, f"{place}:2:",
                                "includes <parley/...> and standard headers alone")

    def test_fmt_is_not_for_base_and_the_pure_folders(self):
        for folder in ("base", "raft", "app", "transfer"):
            with self.subTest(folder=folder):
                self.expect({f"common/{folder}/a.cpp": "#include <fmt/core.h>\n", f"common/{folder}/README.md": "# page\n"},
                            "must not include <fmt/core.h>")

    def test_the_pure_folders_know_no_thread_clock_file_or_chance(self):
        for header in ("thread", "mutex", "chrono", "filesystem", "fstream", "iostream", "random", "unistd.h",
                       "sys/stat.h", "time.h"):
            for folder in ("raft", "app", "transfer"):
                with self.subTest(header=header, folder=folder):
                    page = {f"common/{folder}/README.md": "# page\n"}
                    self.expect({f"common/{folder}/a.cpp": f"#include <{header}>\n", **page}, "a.cpp:1:", "is pure")

    def test_chance_comes_from_base(self):
        self.expect({"node/a.cpp": "#include <random>\n"}, "parley::Random")
        self.expect_none({"common/base/random.hpp": "#pragma once\n#include <random>\nnamespace parley {}\n"})

    def test_a_hash_table_in_apply_says_that_it_is_for_lookup(self):
        page = {"common/app/README.md": "# page\n"}
        self.expect({"common/app/a.cpp": "#include <unordered_map>\n", **page}, "lookup only")
        self.expect_none({"common/app/a.cpp": "#include <unordered_map>  // lookup only\n", **page})

    def test_a_client_does_not_reach_consensus_through_others(self):
        peer = '#pragma once\n#include "common/raft/core.hpp"\nnamespace parley::wire {}\n'
        self.expect({"common/wire/peer.hpp": peer, "common/wire/README.md": "# page\n",
                     "client/a.cpp": '\n#include "common/wire/peer.hpp"\n'},
                    "client/a.cpp:2: client must never reach common/raft: ",
                    "client/a.cpp > common/wire/peer.hpp > common/raft/core.hpp")

    def test_in_a_logger_only_tools_and_compaction_reach_the_application(self):
        command = {"common/app/command.hpp": "#pragma once\nnamespace parley::app {}\n", "common/app/README.md": "# page\n"}
        direct = '#include "common/app/command.hpp"\n'
        self.expect({**command, "logger/a.cpp": direct}, "logger/a.cpp:1: logger must never reach common/app")
        self.expect_none({**command, "logger/tools/a.cpp": direct, "logger/compaction/a.cpp": direct})
        leak = {"logger/tools/a.hpp": "#pragma once\n" + direct, "logger/a.cpp": '#include "logger/tools/a.hpp"\n'}
        self.expect({**command, **leak}, "logger/a.cpp > logger/tools/a.hpp > common/app/command.hpp")
        store = {"common/store/a.hpp": "#pragma once\nnamespace parley::store {}\n", "common/store/README.md": "# page\n"}
        self.expect({**store, "logger/tools/a.cpp": '#include "common/store/a.hpp"\n'}, "must never reach common/store")

    # --- links

    LIBRARIES = {
        "common/base/CMakeLists.txt": "parley_library(parley_base SOURCES a.cpp PRIVATE_DEPS PkgConfig::sodium)\n",
        "common/raft/CMakeLists.txt": "parley_library(parley_raft SOURCES b.cpp\n  DEPS parley_base)\n",
        "common/wire/CMakeLists.txt": "parley_library(parley_wire_peer SOURCES c.cpp PRIVATE_DEPS parley_raft)\n",
        "common/app/CMakeLists.txt": "parley_library(parley_app SOURCES d.cpp DEPS parley_base)\n",
    }

    def test_a_client_does_not_link_consensus_however_indirectly(self):
        library = "# the client\nparley_library(parley_client SOURCES x.cpp DEPS {})\n"
        program = "parley_program(parley SOURCES main.cpp DEPS parley_client)\n"
        self.expect({**self.LIBRARIES, "client/CMakeLists.txt": library.format("parley_wire_peer") + program},
                    "client/CMakeLists.txt:3: parley must never link parley_raft")
        self.expect_none({**self.LIBRARIES, "client/CMakeLists.txt": library.format("parley_app") + program})

    def test_the_client_library_brings_nothing_that_others_do_not_have(self):
        obs = {"common/obs/CMakeLists.txt": "parley_library(parley_obs SOURCES o.cpp DEPS parley_base PRIVATE_DEPS fmt::fmt)\n"}
        library = "parley_library(parley_client_library SOURCES x.cpp DEPS {})\n"
        self.expect({**self.LIBRARIES, **obs, "client/library/CMakeLists.txt": library.format("parley_obs")},
                    "parley_client_library must never link parley_obs")
        self.expect_none({**self.LIBRARIES, **obs, "client/library/CMakeLists.txt": library.format("parley_app")})

    def test_the_logger_does_not_link_the_application(self):
        program = "parley_program(parley-logger SOURCES main.cpp DEPS parley_raft)\n"
        more = "target_link_libraries(parley-logger PRIVATE parley_app)\n"
        self.expect({**self.LIBRARIES, "logger/CMakeLists.txt": program + more}, "parley-logger must never link parley_app")
        self.expect_none({**self.LIBRARIES, "logger/CMakeLists.txt": program})
        tools = {"logger/tools/CMakeLists.txt": "parley_library(parley_logger_tools SOURCES t.cpp DEPS parley_app)\n"}
        with_tools = "target_link_libraries(parley-logger PRIVATE parley_logger_tools)\n"
        self.expect_none({**self.LIBRARIES, **tools, "logger/CMakeLists.txt": program + with_tools})
        self.expect({**self.LIBRARIES, **tools, "logger/CMakeLists.txt": program + with_tools + more},
                    "parley-logger must never link parley_app")

    def test_links_follow_the_layers_too(self):
        base = "parley_library(parley_base SOURCES a.cpp DEPS parley_raft)\n"
        self.expect({**self.LIBRARIES, "common/base/CMakeLists.txt": base},
                    "parley_base must not link parley_raft: common/raft is not to the left of common/base")

    # --- text

    def test_nothing_sleeps(self):
        for call in ("std::this_thread::sleep_for(x)", "usleep(1)", "nanosleep(&a, &b)", "::sleep (1)"):
            with self.subTest(call=call):
                self.expect({"tests/a.cpp": f"void f() {{ {call}; }}\n"}, "tests/a.cpp:1: sleeps")
        quoted = 'const char* s = "sleep(1) \\" sleep(2)";\n'
        self.expect_none({"tests/a.cpp": "// sleep_for(x)\n/* usleep(1)\n sleep(1) */\n" + quoted})

    def test_no_thread_is_detached(self):
        self.expect({"node/a.cpp": "\nthread.detach();\n"}, "node/a.cpp:2: detaches")
        self.expect({"node/a.cpp": "thread->detach( );\n"}, "detaches")

    def test_only_the_mailbox_has_a_mutex(self):
        for lock in ("std::mutex m;", "std::shared_mutex m;", "std::condition_variable c;", "std::lock_guard lock(m);"):
            with self.subTest(lock=lock):
                self.expect({"node/a.cpp": lock + "\n"}, "only the mailbox has a mutex")
                self.expect_none({"common/mq/mailbox.cpp": lock + "\n", "common/mq/README.md": "# page\n"})

    def test_a_digit_separator_is_no_quote(self):
        self.expect({"node/a.cpp": "int a = 1'000; std::mutex m; int b = 1'000;\n"}, "only the mailbox has a mutex")
        self.assertNotIn("x", tree.without_comments_and_texts("'x' R\"(x \" x)\" \"x\" // x"))

    def test_files_have_a_size_that_can_be_read(self):
        header = "#pragma once\nnamespace parley::wal {}\n"
        self.expect({"common/wal/a.hpp": header + "\n" * 299}, "301 lines")
        self.expect_none({"common/wal/a.hpp": header + "\n" * 298})
        self.expect({"common/wal/a.cpp": "\n" * 601}, "601 lines")
        self.expect({"common/wal/a.cpp": "x" * 131 + "\n"}, "131 columns")
        self.expect({"node/README.md": "\n" * 91}, "at most a page")

    def test_marks_of_unfinished_work_and_paths_of_a_machine_are_found(self):
        for mark in ("TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK"):
            with self.subTest(mark=mark):
                self.expect({"scripts/lib/a.py": f"# {mark}: later\n"}, "scripts/lib/a.py:1:", "unfinished")
        for path in ("/ro" + "ot/x", "/wo" + "rk/x", "/ho" + "me/x"):
            with self.subTest(path=path):
                self.expect({"node/CMakeLists.txt": f"set(X {path})\n"}, "a path of one machine")
        self.expect_none({"node/a.cpp": f'auto name = "{"X" * 6}";  // common/work/x and ./root/x\n'})

    def test_headers_say_once_and_their_namespace(self):
        self.expect({"common/wal/a.hpp": "namespace parley::wal {}\n"}, "#pragma once")
        self.expect({"common/wal/a.hpp": "#pragma once\nnamespace parley::store {}\n"}, "its namespace is parley::wal")

    def test_scripts_can_be_run_and_stop_at_the_first_error(self):
        self.expect({"scripts/lib/a": "#!/usr/bin/env bash\nset -euo pipefail\n"}, "no run bit")
        self.expect({"scripts/a": "#!/usr/bin/env bash\ntrue\n"}, "sets -euo pipefail")
        self.expect({"scripts/a": "#!/usr/bin/env bash\nset -euo pipefail\nif\n"}, "bash does not understand it")

    def test_every_folder_has_a_readme(self):
        self.expect({"node/README.md": None}, "node:1: has no README.md")
        self.expect({"common/wal/README.md": None}, "common/wal:1: has no README.md")


if __name__ == "__main__":
    unittest.main()
