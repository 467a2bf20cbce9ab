#include "common/app/reducer.hpp"

#include "common/app/reduced.hpp"
#include "common/app/transaction.hpp"
#include "tests/app/log_maker.hpp"
#include "tests/app/replica.hpp"

using namespace parley;
using namespace parley::app;

namespace {

constexpr char a_value = 'v';

/// A log that is fed to a replica, and reduced in windows to another.
class Pair {
 public:
  explicit Pair(std::size_t window) : window_(window) {}

  void take(const Entry& entry) {
    (void)whole_.apply(entry);
    reducer_.take(entry);
    waiting_.push_back(entry);
    if (waiting_.size() == window_) end_window();
  }
  void take(const Settings& settings) {
    const Index index = whole_.application().applied().next();
    take({index, Term{1}, EntryKind::settings, {}, SharedBytes(encode_settings(settings)), {}});
  }
  void take(const Command& command) {
    take({whole_.application().applied().next(),
          Term{1},
          EntryKind::command,
          {},
          SharedBytes(encode_command(command)),
          {}});
  }

  void end_window() {
    const std::vector<Index> unnecessary = reducer_.end_window();
    for (const Entry& entry : waiting_) {
      const bool may_go = std::ranges::binary_search(unnecessary, entry.index);
      auto left = may_go ? reduce(entry.payload.view()) : std::nullopt;
      if (!left) {
        (void)reduced_.apply(entry);
        continue;
      }
      ++left_out_;
      Entry reduced = entry;
      reduced.payload = SharedBytes(*std::move(left));
      REQUIRE(reduced_.application().apply_reduced(reduced));
    }
    waiting_.clear();
    REQUIRE(reduced_.meta().state == whole_.meta().state);
    REQUIRE(reduced_.table().rows() == whole_.table().rows());
  }

  [[nodiscard]] std::size_t left_out() const { return left_out_; }
  [[nodiscard]] Replica& whole() { return whole_; }

 private:
  std::size_t window_;
  Replica whole_;
  Replica reduced_;
  Reducer reducer_;
  std::vector<Entry> waiting_;
  std::size_t left_out_ = 0;
};

/// One session in which commands are sent one at a time.
class Session {
 public:
  explicit Session(Pair& pair) : pair_(pair) {
    pair_.take(Command{.operation = OpenSession{1}});
    id_ = SessionId{pair_.whole().application().applied().value};
  }
  void run(Operation operation) {
    ++seq_;
    pair_.take(Command{id_, RequestSeq{seq_}, RequestSeq{seq_}, operation});
  }
  void again(Operation operation) { pair_.take(Command{id_, RequestSeq{seq_}, RequestSeq{seq_}, operation}); }

 private:
  Pair& pair_;
  SessionId id_;
  std::uint64_t seq_ = 0;
};

}  // namespace

TEST_CASE("whatever a log holds, what is left of it gives the same states, and the same rows after each window") {
  std::size_t left_out = 0;
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    // One that is always nearly full, one that might soon be, and one that cannot be for long.
    const std::uint64_t quotas[] = {2000, 4000, 40'000};
    const std::uint64_t quota = quotas[seed % std::size(quotas)];
    INFO("seed " << seed << ", quota " << quota);
    LogMaker log(seed, quota);
    Pair pair(1 + seed * seed % 97);
    for (int entry = 0; entry < 1500; ++entry) pair.take(log.next());
    pair.end_window();
    left_out += pair.left_out();
  }
  CHECK(left_out > 10000);
}

TEST_CASE("a value is left out if a later one of its key makes it unnecessary, and not otherwise") {
  Pair pair(1000);
  bool has_room = false;
  SECTION("the quota may be full") {
    pair.take(Settings{.quota_bytes = 1});
    pair.end_window();
  }
  SECTION("there is room") { has_room = true; }
  Session session(pair);
  const Bytes long_value(200, a_value);
  const Bytes short_value(100, a_value);
  const auto after = [&](std::initializer_list<Operation> operations) {
    const std::size_t before = pair.left_out();
    for (const Operation& operation : operations) session.run(operation);
    pair.end_window();
    return pair.left_out() - before;
  };
  CHECK(after({Set{"k", long_value}}) == 0);
  CHECK(after({Set{"k", long_value}, Set{"k", long_value}}) == 1);
  CHECK(after({Set{"k", long_value}, Set{"l", long_value}}) == 0);
  CHECK(after({Set{"k", long_value}, Set{"k", "short"}}) == 1);
  CHECK(after({Set{"k", long_value}, Delete{"k"}}) == 1);
  CHECK(after({Set{"k", long_value}, CompareAndSet{"k", long_value, "x"}, Set{"k", "y"}}) == 0);
  CHECK(after({Set{"k", long_value}, CompareAndSet{"l", long_value, "x"}, Set{"k", "y"}}) == 1);
  // Whatever else names the key may have read it, or have given it an end.
  const Bytes reads = encode_transaction({{}, {Get{"k"}}, {}});
  const Bytes compares = encode_transaction({{{Compare::How::exists, "k"}}, {}, {}});
  const Bytes others = encode_transaction({{{Compare::How::exists, "l"}}, {Set{"l", "x"}}, {Increment{"m", 1}}});
  CHECK(after({Set{"k", long_value}, SetExpiring{"k", "x", 9, {}}, Set{"k", "y"}}) == 0);
  CHECK(after({Set{"k", long_value}, Increment{"k", 1}, Set{"k", "y"}}) == 0);
  CHECK(after({Set{"k", long_value}, DeleteIf{"k", "x"}, Set{"k", "y"}}) == 0);
  CHECK(after({Set{"k", long_value}, Transaction{reads}, Set{"k", "y"}}) == 0);
  CHECK(after({Set{"k", long_value}, Transaction{compares}, Set{"k", "y"}}) == 0);
  CHECK(after({Set{"k", long_value}, Transaction{others}, Set{"k", "y"}}) == 1);
  CHECK(after({Set{"k", long_value}, LeaseRevoke{LeaseId{7}}, Set{"k", "y"}}) == 1);
  // What has an end is not left out, whatever follows.
  CHECK(after({SetExpiring{"k", long_value, 9, {}}, Set{"k", "y"}}) == 0);
  // The quota might refuse a longer one.
  CHECK(after({Set{"k", short_value}, Set{"k", long_value}}) == (has_room ? 1 : 0));
  CHECK(after({Set{"k", short_value}, Set{"k", long_value}, Set{"k", "short"}}) == 2);
  CHECK(after({Set{"k", short_value}, Set{"k", long_value}, Delete{"k"}}) == 2);
}

TEST_CASE("what conditional commands write counts as used, and what is deleted or replaced no more") {
  Pair pair(1000);
  pair.take(Settings{.quota_bytes = 1200});
  Session session(pair);
  const Bytes values[] = {Bytes(500, a_value), Bytes(600, a_value), Bytes(700, a_value)};
  session.run(Set{"k", ""});
  SECTION("a conditional one") {
    session.run(CompareAndSet{"k", "", values[0]});
    session.run(Set{"l", values[0]});
    session.run(Set{"l", values[1]});  // refused, as it turns out
    pair.end_window();
    CHECK(pair.left_out() == 0);
  }
  SECTION("a set that is replaced, and one that is deleted") {
    for (const Bytes& value : values) session.run(Set{"k", value});
    session.run(Delete{"k"});
    for (const Bytes& value : values) session.run(Set{"l", value});
    pair.end_window();
    CHECK(pair.left_out() == 5);
  }
}

TEST_CASE("a set that is not carried out makes nothing unnecessary, and its own value always is") {
  Pair pair(1000);
  Session session(pair);
  const Bytes value(100, a_value);
  session.run(Set{"k", value});
  session.run(Set{"k", Bytes(90, 'w')});
  pair.end_window();
  CHECK(pair.left_out() == 1);
  session.run(Set{"k", value});
  session.again(Set{"k", value});  // a duplicate
  pair.end_window();
  CHECK(pair.left_out() == 2);
  pair.take(Command{SessionId{777}, RequestSeq{1}, RequestSeq{1}, Set{"k", value}});
  pair.end_window();
  CHECK(pair.left_out() == 3);
}

TEST_CASE("a reducer goes on from an image") {
  LogMaker log(7);
  Replica whole;
  Reducer steady;
  for (int entry = 0; entry < 700; ++entry) {
    const Entry next = log.next();
    (void)whole.apply(next);
    steady.take(next);
  }
  (void)steady.end_window();
  whole.application().save_meta();
  auto begun = Reducer::at(whole.table());
  REQUIRE(begun);
  CHECK(begun->last() == Index{700});
  auto saved = Reducer::at(steady.rows());
  REQUIRE(saved);
  for (int entry = 0; entry < 700; ++entry) {
    const Entry next = log.next();
    steady.take(next);
    begun->take(next);
    saved->take(next);
    if (entry % 50 != 0) continue;
    const auto unnecessary = steady.end_window();
    CHECK(saved->end_window() == unnecessary);
    // An image knows better how much is used, and so of more that it may go.
    CHECK(std::ranges::includes(begun->end_window(), unnecessary));
  }
  CHECK_FALSE(Reducer::at(MemoryTable{}));
}
