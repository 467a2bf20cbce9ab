#include "recovery/report.hpp"

#include <catch2/catch.hpp>

#include <sstream>

#include "recovery/exit_code.hpp"

using namespace parley;
using namespace parley::recovery;

namespace {

RunReport sample() {
  RunReport report;
  Outcome& outcome = report.outcome;
  outcome.cluster.bytes.fill(0xab);
  outcome.plan = {Index{30}, Index{31}, Index{90}, true};
  outcome.image_source = "127.0.0.1:1";
  outcome.gaps = {{Index{20}, Index{30}}};
  outcome.from = Index{31};
  outcome.digest.bytes.fill(1);
  outcome.bytes = 4000;
  outcome.entries = 60;
  outcome.commands = 55;
  outcome.transfer_us = 2000;
  outcome.total_us = 5000;
  Installed installed;
  installed.meta.state.bytes.fill(2);
  installed.meta.keys = 7;
  installed.meta.used_bytes = 700;
  installed.last_complete = Index{90};
  installed.work_us = 3000;
  outcome.installed = installed;
  report.sources = {{"127.0.0.1:1", "log0", transfer::SourceKind::logger, 60, 4000, ""},
                    {"127.0.0.1:2", "", transfer::SourceKind::node, 0, 0, "127.0.0.1:2: \"no\" answer\n"}};
  report.into = "made";
  report.replay = "parallel";
  return report;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE("the first four lines are those that experiments rely on, to the letter") {
  const auto lines = lines_of(report_lines(sample()));
  REQUIRE(lines.size() > 4);
  CHECK(lines[0] == "Transfer Time (ns): 2000000");
  CHECK(lines[1] == "Install Time (ns): 3000000");
  CHECK(lines[2] == "State Size (bytes): 4000");
  CHECK(lines[3] == "Num of Commands: 55");
}

TEST_CASE("what else is said names the image, the gaps, the index, the digests and the sources") {
  const std::string text = report_lines(sample());
  for (const std::string part :
       {"Total Time (ns): 5000000\n", "Transfer Throughput (bytes/s): 2000000\n", "Throughput (commands/s): 11000\n",
        "Image: as of entry 30, from 127.0.0.1:1\n",
        "Gap: entries 20 to 30 are at no source; the image is behind them\n", "Entries: 31 to 90\n", "Index: 90\n",
        "Source: 127.0.0.1:1 (logger log0), 60 entries, 4000 bytes\n", "Installed: made\n"}) {
    INFO(part);
    CHECK(text.find(part) != std::string::npos);
  }
  RunReport interval = sample();
  interval.outcome.installed.reset();
  interval.outcome.plan.image.reset();
  const std::string not_installed = report_lines(interval);
  CHECK(not_installed.find("Install Time (ns): 0\n") != std::string::npos);
  CHECK(not_installed.find("Installed: no, since no image leads to entry 31") != std::string::npos);
  CHECK(not_installed.find("State: ") == std::string::npos);
}

TEST_CASE("as JSON it is one object, on one line, whatever sources have said") {
  const std::string text = report_json(sample());
  CHECK(text.starts_with("{\"transfer_ns\":2000000,\"install_ns\":3000000,\"state_bytes\":4000,\"commands\":55,"));
  CHECK(text.ends_with("}\n"));
  CHECK(std::ranges::count(text, '\n') == 1);
  CHECK(text.find(R"("error":"127.0.0.1:2: \"no\" answer\n"}])") != std::string::npos);
  CHECK(text.find(R"("gaps":[[20,30]],"from":31,"to":90,"index":90,)") != std::string::npos);
  CHECK(text.find(R"("name":null,"kind":null)") != std::string::npos);
}

TEST_CASE("each kind of failure has the exit code of the interface") {
  CHECK(exit_code(ErrorCode::refused) == 1);
  CHECK(exit_code(ErrorCode::disk_full) == 1);
  CHECK(exit_code(ErrorCode::usage) == 2);
  CHECK(exit_code(ErrorCode::locked) == 2);
  CHECK(exit_code(ErrorCode::unreachable) == 3);
  CHECK(exit_code(ErrorCode::corrupt) == 4);
  CHECK(exit_code(ErrorCode::protocol) == 4);
  CHECK(exit_code(ErrorCode::io) == 4);
  CHECK(exit_code(ErrorCode::sync_failed) == 4);
}
