#include "common/app/effects.hpp"

#include "tests/app/log_maker.hpp"
#include "tests/app/replica.hpp"

using namespace parley;
using namespace parley::app;

namespace {

bool took_effect(const Application& application, std::uint64_t index) {
  const auto block = application.effects(index / effect_block_entries);
  REQUIRE(block);
  const std::uint64_t at = index % effect_block_entries;
  return ((*block)[at / 8] >> at % 8 & 1) != 0;
}

}  // namespace

TEST_CASE("an entry took effect if it was carried out, for the first time, and not refused") {
  Replica replica;
  const SessionId session = replica.open_session();
  std::vector<bool> expected{false, true};
  const auto run = [&](std::uint64_t seq, Operation operation, bool is_effective) {
    replica.run(session, seq, 1, operation);
    expected.push_back(is_effective);
  };
  run(1, Set{"a", "1"}, true);
  run(1, Set{"a", "1"}, false);  // a duplicate
  run(2, Delete{"b"}, false);
  run(3, CompareAndSet{"a", "2", "3"}, false);
  run(4, CompareAndSet{"a", "1", "3"}, true);
  run(5, Delete{"a"}, true);
  replica.apply(EntryKind::noop, "");
  expected.push_back(false);
  for (std::uint64_t index = 0; index < expected.size(); ++index) {
    INFO("entry " << index);
    CHECK(took_effect(replica.application(), index) == expected[index]);
  }
  CHECK_FALSE(replica.application().effects(1));
}

TEST_CASE("effects are kept over restarts, for as many blocks as there are to be, and in rows of their own") {
  Replica replica;
  LogMaker log(5);
  std::vector<bool> expected{false};
  const std::uint64_t entries = (effect_blocks + 2) * effect_block_entries + 100;
  for (std::uint64_t index = 1; index <= entries; ++index) {
    // Most are as cheap as an entry can be.
    if (index < 3 * effect_block_entries || index % 5000 == 0) {
      const Entry made = log.next();
      expected.push_back(replica.apply(made.kind, Bytes(made.payload.view())).took_effect());
    } else {
      expected.push_back(replica.apply(EntryKind::noop, "").took_effect());
    }
    if (index % 10'007 == 0) replica.save_and_restart();
  }
  CHECK(replica.rows(RowSpace::effects) == effect_blocks);
  CHECK_FALSE(replica.application().effects(0));
  CHECK_FALSE(replica.application().effects(1));
  bool are_equal = true;
  for (std::uint64_t index = 2 * effect_block_entries; index <= entries; ++index)
    are_equal = are_equal && took_effect(replica.application(), index) == expected[index];
  CHECK(are_equal);
}

TEST_CASE("a block is bits, the lowest of a byte first, and the last one is in the meta row") {
  Replica replica;
  const SessionId session = replica.open_session();
  replica.run(session, 1, Set{"a", "1"});
  CHECK(replica.meta().effects == "\x06");
  while (replica.meta().applied.value + 1 < effect_block_entries) replica.apply(EntryKind::noop, "");
  CHECK(replica.meta().effects.empty());
  const auto row = replica.table().get(effects_key(0).view());
  REQUIRE(row);
  CHECK(row->size() == effect_block_bytes);
  CHECK(row->substr(0, 2) == BytesView("\x06\0", 2));
  CHECK(effects_key(0x0102).view() == BytesView("e\0\0\0\0\0\0\1\2", 9));
}
