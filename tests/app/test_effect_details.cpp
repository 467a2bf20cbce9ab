#include "common/app/effect_details.hpp"

#include "common/app/effects.hpp"
#include "common/app/quota.hpp"
#include "common/app/transaction.hpp"
#include "common/base/key_value_limits.hpp"
#include "tests/app/log_maker.hpp"
#include "tests/app/replica.hpp"

using namespace parley;
using namespace parley::app;

namespace {

using Changes = std::vector<std::pair<Bytes, std::optional<Bytes>>>;

template <class List>
Changes list(const List& changes) {
  Changes copied;
  for (const KeyChange& change : changes) {
    copied.emplace_back(Bytes(change.key), std::nullopt);
    if (change.value) copied.back().second = Bytes(*change.value);
  }
  return copied;
}

}  // namespace

TEST_CASE("what an entry and its detail tell is what it changed") {
  std::size_t in_all = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    LogMaker log(seed, seed % 2 == 0 ? 4000 : 40'000);
    Replica replica;
    std::size_t details = 0;
    for (int i = 0; i < 1500; ++i) {
      const Entry entry = log.next();
      const Outcome outcome = replica.apply(entry);
      const auto detail = replica.application().effect_detail(entry.index);
      REQUIRE(detail);
      if (!detail->empty()) ++details;
      const auto told = changes_of(entry, outcome.took_effect(), *detail);
      REQUIRE(told);
      REQUIRE(list(*told) == list(outcome.changes));
      if (!detail->empty())
        CHECK_FALSE(changes_of(entry, outcome.took_effect(), detail->substr(0, detail->size() - 1)));
    }
    CHECK(replica.rows(RowSpace::effect_detail) == details);
    in_all += details;
  }
  CHECK(in_all > 500);
}

TEST_CASE("a detail has the bytes that effect_details.hpp gives it") {
  Replica replica;
  const SessionId session = replica.open_session();
  const auto detail = [&](std::uint64_t seq, Operation operation) {
    replica.run(session, seq, operation);
    return Bytes(replica.application().effect_detail(replica.meta().applied).value());
  };
  const auto bytes = [](const char* text, std::size_t size) { return Bytes(text, size); };
  CHECK(detail(1, SetExpiring{"ended", "v", 5, {}}).empty());
  CHECK(detail(2, Increment{"n", 7}) == bytes("\1\1\5\0\0\0ended\2\1\0\0\0n\1\0\0\0"
                                              "7",
                                              22));
  const Bytes parts = encode_transaction(
      {{{Compare::How::absent, "n"}}, {Get{"n"}}, {Delete{"none"}, Set{"a", "b"}, Increment{"n", 1}, Delete{"a"}}});
  CHECK(detail(3, Transaction{parts}) == bytes("\1\3\2\0\4\3\0\1\0\0\0"
                                               "8\3\4\0",
                                               15));
  CHECK(effect_detail_key(Index{0x0102}).view() == BytesView("E\0\0\0\0\0\0\1\2", 9));
}

TEST_CASE("a detail that is none of its entry is found out") {
  const Bytes parts = encode_transaction({{}, {Get{"n"}, Set{"a", "b"}, Increment{"n", 1}}, {}});
  Entry entry{Index{5}, Term{1}, EntryKind::command, {}, {}, {}};
  entry.payload = SharedBytes(encode_command({SessionId{1}, RequestSeq{1}, RequestSeq{1}, Transaction{parts}}));
  const auto is_sound = [&entry](const char* text, std::size_t size) {
    return changes_of(entry, true, BytesView(text, size)).has_value();
  };
  CHECK(is_sound("\1\3\1\0", 4));
  CHECK(
      is_sound("\1\4\2\0\1\0\0\0"
               "9",
               9));
  CHECK_FALSE(is_sound("\2\3\1\0", 4));  // another version
  CHECK_FALSE(is_sound("\1\5\1\0", 4));  // another change
  CHECK_FALSE(is_sound("\1\3\0\0", 4));  // an item that changes nothing
  CHECK_FALSE(is_sound("\1\3\2\0", 4));  // one whose value is not said
  CHECK_FALSE(is_sound("\1\3\3\0", 4));  // one that is not there
  CHECK_FALSE(
      is_sound("\1\4\1\0\1\0\0\0"
               "9",
               9));  // one that says its value itself
  entry.kind = EntryKind::time;
  CHECK_FALSE(is_sound("\1\3\1\0", 4));
}

TEST_CASE("previous values are told to whoever wants them") {
  Replica replica;
  replica.application().want_previous(true);
  const SessionId session = replica.open_session();
  const auto previous = [&](std::uint64_t seq, Operation operation) {
    std::vector<std::optional<Bytes>> values;
    for (const KeyChange& change : replica.run(session, seq, operation).changes) {
      values.emplace_back();
      if (change.previous) values.back() = Bytes(*change.previous);
    }
    return values;
  };
  using Values = std::vector<std::optional<Bytes>>;
  CHECK(previous(1, SetExpiring{"k", "1", 30, {}}) == Values{std::nullopt});
  CHECK(previous(2, Increment{"k", 5}) == Values{"1"});
  const Bytes parts = encode_transaction({{}, {Set{"k", "7"}, Set{"k", "8"}, SetExpiring{"k", "9", 5, {}}}, {}});
  CHECK(previous(3, Transaction{parts}) == Values{"6", "7", "8"});
  CHECK(previous(4, Set{"k", "10"}) == Values{"9", std::nullopt});
  CHECK(previous(5, CompareAndSet{"k", "10", "11"}) == Values{"10"});
  CHECK(previous(6, DeleteIf{"k", "11"}) == Values{"11"});
  replica.application().want_previous(false);
  CHECK(previous(7, Set{"k", "12"}) == Values{std::nullopt});
  CHECK(previous(8, Delete{"k"}) == Values{std::nullopt});
}

TEST_CASE("details are kept as long as it is known which entries took effect") {
  Replica replica;
  const SessionId session = replica.open_session();
  replica.run(session, 1, Increment{"n", 1});
  const Index first = replica.meta().applied;
  CHECK(replica.meta().oldest_detail == first);
  const std::uint64_t last = (effect_blocks + 1) * effect_block_entries - 2;
  while (replica.meta().applied.value < last) {
    replica.apply(EntryKind::noop, "");
    if (replica.meta().applied.value == 100'000) replica.run(session, 2, Increment{"n", 1});
  }
  CHECK(replica.application().effects(0));
  CHECK_FALSE(replica.application().effect_detail(first)->empty());
  replica.apply(EntryKind::noop, "");
  CHECK_FALSE(replica.application().effects(0));
  CHECK_FALSE(replica.application().effect_detail(first));
  CHECK(replica.application().effect_detail(first.next())->empty());
  CHECK(replica.rows(RowSpace::effect_detail) == 1);
  CHECK(replica.meta().oldest_detail == Index{100'001});
  CHECK(replica.meta().detail_bytes == quota_cost(8, 1 + 1 + 4 + 1 + 4 + 1));
}

TEST_CASE("details have a bound together, and beyond it the oldest go") {
  MemoryTable rows;
  Meta meta;
  const Bytes detail(limits::MiB, 'd');
  constexpr std::uint64_t fit = limits::effect_detail_bytes_in_all / (limits::MiB + 72);
  for (std::uint64_t index = 1; index <= fit + 3; ++index) {
    meta.applied = Index{index};
    note_detail(rows, meta, detail);
    if (index == 2) CHECK(meta.oldest_detail == Index{1});
  }
  CHECK(rows.rows().size() == fit);
  CHECK(meta.detail_bytes <= limits::effect_detail_bytes_in_all);
  CHECK(meta.oldest_detail == Index{4});
  CHECK(meta.details_from == Index{4});
  CHECK_FALSE(detail_of(rows, meta, Index{3}));
  CHECK(detail_of(rows, meta, Index{4}) == detail);
}

TEST_CASE("what makes room for a large detail is spread over entries") {
  MemoryTable rows;
  Meta meta;
  const auto note = [&](std::size_t bytes) {
    meta.applied = meta.applied.next();
    note_detail(rows, meta, Bytes(bytes, 'd'));
  };
  while (meta.oldest_detail <= Index{1}) note(64 * limits::KiB);
  const std::size_t full = rows.rows().size();
  note(100 * limits::MiB);  // in the place of 1600
  CHECK(rows.rows().size() == full + 1 - limits::effect_details_per_entry);
  note(0);
  CHECK(rows.rows().size() < full - 1590);
  CHECK(meta.detail_bytes <= limits::effect_detail_bytes_in_all);
  CHECK(detail_of(rows, meta, meta.applied.previous())->size() == 100 * limits::MiB);
}
