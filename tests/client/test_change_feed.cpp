#include "client/change_feed.hpp"

#include <catch2/catch.hpp>

#include "client/cli/batch_line.hpp"
#include "common/app/command.hpp"
#include "common/app/transaction.hpp"

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
  noop.effect = Effect::none;
  entries.push_back(noop);
  const auto changes = changes_in(entries, "a");
  REQUIRE(changes);
  CHECK(*changes == std::vector<Change>{{Index{1}, {0, 10}, "a1", "x"},
                                        {Index{3}, {0, 30}, "a1", "y"},
                                        {Index{5}, {0, 50}, "a1", std::nullopt}});
  CHECK(changes_in(entries, "")->size() == 4);
}

TEST_CASE("what entries have changed beyond what they say is told too") {
  using transfer::Effect;
  const Bytes parts = app::encode_transaction({{}, {}, {app::Set{"a", "b"}, app::Delete{"c"}, app::Increment{"n", 1}}});
  std::vector<transfer::RangeEntry> entries = {
      item(1, Effect::took, app::Increment{"n", 1}), item(2, Effect::took, app::Transaction{parts}),
      item(3, Effect::took, app::Set{"k", "v"}), item(4, Effect::none, app::Set{"k", "w"})};
  const auto detail = [](const char* text, std::size_t size) { return SharedBytes(Bytes(text, size)); };
  entries[0].detail = detail(
      "\1\2\1\0\0\0n\1\0\0\0"
      "7",
      12);
  entries[1].detail = detail(
      "\1\3\0\0\4\2\0\1\0\0\0"
      "8",
      12);
  entries[2].detail = detail("\1\1\1\0\0\0k", 7);
  entries[3].detail = detail("\1\1\1\0\0\0k", 7);
  transfer::RangeEntry time;
  time.entry.index = Index{5};
  time.entry.kind = EntryKind::time;
  time.effect = Effect::none;
  time.detail = detail("\1\1\1\0\0\0x\1\1\0\0\0y", 13);
  entries.push_back(time);
  const auto changes = changes_in(entries, "");
  REQUIRE(changes);
  CHECK(*changes == std::vector<Change>{{Index{1}, {0, 10}, "n", "7"},
                                        {Index{2}, {0, 20}, "a", "b"},
                                        {Index{2}, {0, 20}, "n", "8"},
                                        {Index{3}, {0, 30}, "k", std::nullopt},
                                        {Index{3}, {0, 30}, "k", "v"},
                                        {Index{4}, {0, 40}, "k", std::nullopt},
                                        {Index{5}, {}, "x", std::nullopt},
                                        {Index{5}, {}, "y", std::nullopt}});
  entries.back().detail = detail("\1\7", 2);
  CHECK(changes_in(entries, "").error().code == ErrorCode::protocol);
}

TEST_CASE("a command of which nobody knows whether it took effect is not passed over") {
  const auto changes = changes_in({item(8, transfer::Effect::unknown, app::Set{"k", "v"})}, "other");
  REQUIRE_FALSE(changes);
  CHECK(changes.error().code == ErrorCode::refused);
  CHECK(changes.error().what.find("entry 8 ") != std::string::npos);
  // Whatever entry it is: keys may have ended with it.
  transfer::RangeEntry noop;
  noop.entry.index = Index{9};
  CHECK_FALSE(changes_in({noop}, ""));
}

TEST_CASE("a change is a line of JSON") {
  CHECK(cli::change_line({Index{3}, {1, 2}, "k", "v"}) == R"({"index":3,"time":2,"op":"set","key":"k","value":"v"})");
  CHECK(cli::change_line({Index{3}, {1, 2}, "\xff", std::nullopt}) ==
        R"({"index":3,"time":2,"op":"delete","key_base64":"/w=="})");
}
