#include "common/app/quota.hpp"
#include "common/app/scratch_table.hpp"
#include "common/app/transaction.hpp"
#include "common/base/key_value_limits.hpp"
#include "common/base/random.hpp"
#include "tests/app/replica.hpp"

using namespace parley;
using namespace parley::app;

namespace {

using How = Compare::How;

class Bench {
 public:
  explicit Bench(const Settings& settings = {}) : replica(settings), session_(replica.open_session()) {}

  Outcome run(Operation operation) { return replica.run(session_, ++seq_, operation); }
  Reply transact(const TransactionParts& parts) {
    const Bytes bytes = encode_transaction(parts);
    return run(Transaction{bytes}).reply;
  }
  bool holds(const Compare& compare) {
    const Reply reply = transact({.compares = {compare}, .then = {}, .otherwise = {}});
    REQUIRE(reply.word == ErrorWord::ok);
    return std::get<ReplyTransaction>(reply.body).held;
  }

  Replica replica;

 private:
  SessionId session_;
  std::uint64_t seq_ = 0;
};

ReplyBody results(bool held, std::vector<ItemResult> items) { return ReplyTransaction{held, std::move(items)}; }

constexpr ItemResult done{};
const ItemResult nothing_found{ErrorWord::not_found, std::nullopt};

}  // namespace

TEST_CASE("compares look at the bytes of a value, or at whether there is one") {
  Bench bench;
  bench.run(Set{"k", "m"});
  struct Row {
    How how;
    const char* value;
    bool of_value;
    bool of_nothing;
  };
  for (const Row& row : std::vector<Row>{{How::equal, "m", true, false},
                                         {How::equal, "n", false, false},
                                         {How::equal, "", false, false},
                                         {How::not_equal, "m", false, true},
                                         {How::not_equal, "mm", true, true},
                                         {How::less, "n", true, false},
                                         {How::less, "m", false, false},
                                         {How::less, "mm", true, false},
                                         {How::greater, "l", true, false},
                                         {How::greater, "", true, false},
                                         {How::greater, "m", false, false},
                                         {How::exists, "", true, false},
                                         {How::absent, "", false, true}}) {
    INFO("how " << static_cast<int>(row.how) << " " << row.value);
    CHECK(bench.holds({row.how, "k", row.value}) == row.of_value);
    CHECK(bench.holds({row.how, "none", row.value}) == row.of_nothing);
  }
}

TEST_CASE("a transaction does the one list or the other, item by item, each seeing what those before it did") {
  Bench bench;
  bench.run(Set{"k", "7"});
  const TransactionParts parts{
      {{How::equal, "k", "7"}, {How::absent, "new"}},
      {Get{"k"}, Set{"new", "1"}, Increment{"new", 4}, Get{"new"}, Delete{"k"}, Get{"k"}, Delete{"k"}},
      {Get{"new"}, Set{"k", "again"}}};
  const Bytes bytes = encode_transaction(parts);
  const Outcome then = bench.run(Transaction{bytes});
  CHECK(then.reply == Reply{.body = results(true, {{ErrorWord::ok, "7"},
                                                   done,
                                                   {ErrorWord::ok, "5"},
                                                   {ErrorWord::ok, "5"},
                                                   done,
                                                   nothing_found,
                                                   nothing_found})});
  CHECK(then.took_effect());
  REQUIRE(then.changes.size() == 3);
  CHECK(then.changes[0].key == "new");
  CHECK(then.changes[0].value == "1");
  CHECK(then.changes[1].value == "5");
  CHECK(then.changes[2].key == "k");
  CHECK_FALSE(then.changes[2].value);
  CHECK(bench.replica.value("new") == "5");
  CHECK_FALSE(bench.replica.value("k"));
  CHECK(bench.replica.meta().keys == 1);

  CHECK(bench.transact(parts) == Reply{.body = results(false, {{ErrorWord::ok, "5"}, done})});
  CHECK(bench.replica.value("k") == "again");
  CHECK(bench.transact({}) == Reply{.body = results(true, {})});
}

TEST_CASE("an item that cannot be done refuses the whole, and nothing is changed") {
  Bench bench({.quota_bytes = 1000});
  bench.run(Set{"k", "word"});
  bench.run(SetExpiring{"timed", "1", 50'000, {}});
  const Bytes large(900, 'v');
  struct Row {
    const char* what;
    TransactionItem item;
    ErrorWord word;
    const char* detail;
  };
  const auto rows = [&bench] {
    auto kept = bench.replica.table().rows();
    std::erase_if(kept, [](const auto& row) { return row.first.front() == 's' || row.first.front() == 'm'; });
    return kept;
  };
  for (const Row& row : std::vector<Row>{
           {"a value that is no number", Increment{"k", 1}, ErrorWord::mismatch,
            "item 4 of `then`: the value is no decimal number of 64 bits"},
           {"a full quota", Set{"b", large}, ErrorWord::quota, nullptr},
           {"a lease that is not there", SetExpiring{"k", "v", 0, LeaseId{99}}, ErrorWord::not_found,
            "item 4 of `then`: no such lease"},
       }) {
    INFO(row.what);
    const auto rows_before = rows();
    const Meta before = bench.replica.meta();
    const Bytes bytes = encode_transaction(
        {{}, {Set{"a", "1"}, Delete{"timed"}, SetExpiring{"x", "y", 10, {}}, row.item, Set{"c", "3"}}, {}});
    const Outcome refused = bench.run(Transaction{bytes});
    CHECK(refused.reply.word == row.word);
    if (row.detail != nullptr) CHECK(refused.reply.detail == row.detail);
    const auto& answer = std::get<ReplyTransaction>(refused.reply.body);
    CHECK(answer.held);
    REQUIRE(answer.items.size() == 4);
    CHECK(answer.items[3].word == row.word);
    CHECK_FALSE(refused.took_effect());
    CHECK(refused.changes.empty());
    CHECK(rows() == rows_before);
    CHECK(bench.replica.meta().used_bytes == before.used_bytes);
    CHECK(bench.replica.meta().keys == before.keys);
    CHECK(bench.replica.meta().keys_with_life == before.keys_with_life);
    CHECK(bench.replica.meta().next_due_us == before.next_due_us);
    CHECK(bench.replica.meta().oldest_detail == before.oldest_detail);
  }
}

TEST_CASE("what a transaction frees is there for what it writes behind that") {
  Bench bench({.quota_bytes = 2 * quota_cost(1, 100)});
  const Bytes value(100, 'v');
  bench.run(Set{"a", value});
  bench.run(Set{"b", value});
  CHECK(bench.transact({{}, {Set{"c", value}, Delete{"a"}}, {}}).word == ErrorWord::quota);
  CHECK(bench.transact({{}, {Delete{"a"}, Set{"c", value}}, {}}).word == ErrorWord::ok);
}

TEST_CASE("what a transaction reads has a bound") {
  Bench bench;
  bench.run(Set{"a", Bytes(limits::value_bytes, 'v')});
  bench.run(Set{"b", Bytes(limits::transaction_reply_bytes - limits::value_bytes, 'v')});
  bench.run(Set{"c", "v"});
  const Reply most = bench.transact({{}, {Get{"a"}, Get{"b"}}, {}});
  CHECK(most.word == ErrorWord::ok);
  CHECK(encode_reply(most).size() <= limits::reply_frame_bytes);
  const Reply beyond = bench.transact({{}, {Get{"a"}, Get{"b"}, Set{"d", "v"}, Get{"c"}}, {}});
  CHECK(beyond.word == ErrorWord::too_large);
  CHECK(beyond.detail.starts_with("item 4 of `then`: "));
  CHECK_FALSE(bench.replica.value("d"));
}

TEST_CASE("a transaction that is sent again is answered as it was") {
  Replica replica;
  const SessionId session = replica.open_session();
  const Bytes parts = encode_transaction({{}, {Increment{"n", 1}, Get{"n"}}, {}});
  const Reply first = replica.run(session, 1, Transaction{parts}).reply;
  const Outcome again = replica.run(session, 1, Transaction{parts});
  CHECK(again.duplicate);
  CHECK(again.changes.empty());
  CHECK(again.reply == first);
  CHECK(replica.value("n") == "1");
}

TEST_CASE("transactions that cannot be are refused, naming what is wrong") {
  Bench bench;
  const auto many = [](std::size_t count) { return std::vector<TransactionItem>(count, Get{"k"}); };
  const std::vector<Compare> compares(limits::transaction_items + 1, Compare{How::exists, "k"});
  const Bytes long_key(limits::key_bytes + 1, 'k');
  const Bytes long_value(limits::value_bytes + 1, 'v');
  const Bytes half(limits::value_bytes, 'v');
  struct Row {
    TransactionParts parts;
    ErrorWord word;
    const char* detail;
  };
  for (const Row& row : std::vector<Row>{
           {{{}, many(limits::transaction_items), many(limits::transaction_items)}, ErrorWord::ok, ""},
           {{compares, {}, {}}, ErrorWord::too_large, "129 in `compare`; at most 128 are allowed"},
           {{{}, many(129), {}}, ErrorWord::too_large, "129 in `then`; at most 128 are allowed"},
           {{{}, {}, many(129)}, ErrorWord::too_large, "129 in `else`; at most 128 are allowed"},
           {{{{How::exists, ""}}, {}, {}}, ErrorWord::invalid, "1 of `compare`: a key is empty"},
           {{{}, {Get{"k"}, Set{"", "v"}}, {}}, ErrorWord::invalid, "2 of `then`: a key is empty"},
           {{{}, {}, {Delete{long_key}}},
            ErrorWord::too_large,
            "1 of `else`: a key of 401 bytes; at most 400 are allowed"},
           {{{}, {Set{"k", long_value}}, {}},
            ErrorWord::too_large,
            "1 of `then`: a value of 1048577 bytes; at most 1048576 are allowed"},
           {{{}, {SetExpiring{"k", "v", 0, {}}}, {}}, ErrorWord::invalid, "1 of `then`: a life of no time is none"},
           {{{}, {Set{"a", half}, Set{"b", half}}, {}}, ErrorWord::too_large, nullptr},
       }) {
    const Reply reply = bench.transact(row.parts);
    CHECK(reply.word == row.word);
    if (row.detail != nullptr) CHECK(reply.detail == row.detail);
  }
}

TEST_CASE("a scratch table is the table below with its changes, until they are made there") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Random random(seed);
    MemoryTable below;
    MemoryTable expected;
    const auto key = [&random] { return "k" + std::to_string(random.below(30)); };
    for (int i = 0; i < 15; ++i) {
      const Bytes name = key();
      below.put(name, "below");
      expected.put(name, "below");
    }
    ScratchTable scratch(below);
    for (int i = 0; i < 30; ++i) {
      const Bytes name = key();
      if (random.one_in(3)) {
        scratch.erase(name);
        expected.erase(name);
      } else {
        const Bytes value = std::to_string(i);
        scratch.put(name, value);
        expected.put(name, value);
      }
      const Bytes from = key();
      std::size_t left = random.below(40);
      const auto first_of = [&from, left](const Table& table) {
        std::vector<std::pair<Bytes, Bytes>> rows;
        if (left == 0) return rows;
        table.scan(from, [&](BytesView row, BytesView value) {
          rows.emplace_back(row, value);
          return rows.size() < left;
        });
        return rows;
      };
      REQUIRE(first_of(scratch) == first_of(expected));
      REQUIRE(scratch.get(from) == expected.get(from));
    }
    scratch.commit(below);
    REQUIRE(below.rows() == expected.rows());
  }
}
