#include "client/change_feed.hpp"

#include <catch2/catch.hpp>

#include "client/cli/batch_line.hpp"
#include "common/app/command.hpp"

using namespace parley;
using namespace parley::client;

namespace {

transfer::RangeEntry item(std::uint64_t index, transfer::Effect effect, app::Operation operation) {
  const app::Command command{SessionId{1}, RequestSeq{index}, RequestSeq{1}, operation};
  return {{Index{index}, Term{1}, EntryKind::command, {0, index * 10}, SharedBytes(app::encode_command(command)), {}},
          std::nullopt,
          effect};
}

}  // namespace

TEST_CASE("what entries have changed is told of those that took effect, and of keys that are of interest") {
  using transfer::Effect;
  std::vector<transfer::RangeEntry> entries = {
      item(1, Effect::took, app::Set{"a1", "x"}),
      item(2, Effect::none, app::Set{"a2", "x"}),
      item(3, Effect::took, app::CompareAndSet{"a1", "x", "y"}),
      item(4, Effect::took, app::Set{"b", "x"}),
      item(5, Effect::took, app::Delete{"a1"}),
      item(6, Effect::took, app::CloseSession{}),
  };
  transfer::RangeEntry noop;
  noop.entry.index = Index{7};
  entries.push_back(noop);  // nothing is known of it, and it changes nothing
  const auto changes = changes_in(entries, "a");
  REQUIRE(changes);
  CHECK(*changes == std::vector<Change>{{Index{1}, {0, 10}, "a1", "x"},
                                        {Index{3}, {0, 30}, "a1", "y"},
                                        {Index{5}, {0, 50}, "a1", std::nullopt}});
  CHECK(changes_in(entries, "")->size() == 4);
}

TEST_CASE("a command of which nobody knows whether it took effect is not passed over") {
  const auto changes = changes_in({item(8, transfer::Effect::unknown, app::Set{"k", "v"})}, "other");
  REQUIRE_FALSE(changes);
  CHECK(changes.error().code == ErrorCode::refused);
  CHECK(changes.error().what.find("entry 8 ") != std::string::npos);
}

TEST_CASE("a change is a line of JSON") {
  CHECK(cli::change_line({Index{3}, {1, 2}, "k", "v"}) == R"({"index":3,"time":2,"op":"set","key":"k","value":"v"})");
  CHECK(cli::change_line({Index{3}, {1, 2}, "\xff", std::nullopt}) ==
        R"({"index":3,"time":2,"op":"delete","key_base64":"/w=="})");
}
