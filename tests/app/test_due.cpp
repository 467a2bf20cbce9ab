#include "common/app/due.hpp"

#include "common/app/quota.hpp"
#include "tests/app/replica.hpp"

using namespace parley;
using namespace parley::app;

namespace {

std::vector<Bytes> rests(const std::vector<Due>& due) {
  std::vector<Bytes> rests;
  for (const Due& each : due) rests.push_back(each.rest);
  return rests;
}

}  // namespace

TEST_CASE("what falls due is found in the order of time, as far as it has come") {
  MemoryTable rows;
  RecordedTable table(rows);
  Meta meta;
  CHECK(take_due(rows, meta, 9).empty());
  CHECK(meta.next_due_us == Meta::never);
  add_due(table, meta, 0x300, DueKind::key, "b");
  add_due(table, meta, 0x20, DueKind::lease, "a");
  add_due(table, meta, 0x300, DueKind::key, "c");
  add_due(table, meta, 0x4000, DueKind::key, "d");
  CHECK(meta.next_due_us == 0x20);
  CHECK(meta.used_bytes == 4 * quota_cost(10, 0));
  CHECK(meta.used_bytes == 4 * due_cost("a"));

  meta.time.cluster_us = 0x1f;
  CHECK(take_due(rows, meta, 9).empty());
  CHECK(meta.next_due_us == 0x20);
  meta.time.cluster_us = 0x300;
  CHECK(rests(take_due(rows, meta, 2)) == std::vector<Bytes>{"a", "b"});
  CHECK(meta.next_due_us == 0x300);
  meta.next_due_us = 0;
  const auto due = take_due(rows, meta, 9);
  CHECK(rests(due) == std::vector<Bytes>{"a", "b", "c"});
  CHECK(due[0].at_us == 0x20);
  CHECK(due[0].kind == DueKind::lease);
  CHECK(meta.next_due_us == 0x4000);

  for (const Due& each : due) remove_due(table, meta, each.at_us, each.kind, each.rest);
  remove_due(table, meta, 0x4000, DueKind::key, "d");
  CHECK(rows.rows().empty());
  CHECK(meta.used_bytes == 0);
  CHECK(meta.next_due_us == 0x4000);  // too early is not wrong
  meta.time.cluster_us = 0x4000;
  CHECK(take_due(rows, meta, 9).empty());
  CHECK(meta.next_due_us == Meta::never);
}

TEST_CASE("a row that falls due has the bytes that the documents give it") {
  MemoryTable rows;
  RecordedTable table(rows);
  Meta meta;
  add_due(table, meta, 0x0102, DueKind::key, "key");
  REQUIRE(rows.rows().size() == 1);
  CHECK(rows.rows().begin()->first == BytesView("x\0\0\0\0\0\0\x01\x02\x01key", 13));
  CHECK(rows.rows().begin()->second.empty());
}
