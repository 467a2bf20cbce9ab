#include <deque>

#include "tests/app/log_maker.hpp"
#include "tests/app/replica.hpp"

using namespace parley;
using namespace parley::app;

namespace {

/// Applies a log with several hands, which carry tasks of different keys out in any order, and are any time behind.
class Parted {
 public:
  Parted(std::uint64_t seed, std::size_t hands) : random_(seed) {
    for (std::size_t i = 0; i < hands; ++i) hands_.push_back({KeyHand(replica_.table()), {}});
  }

  void apply(Entry entry, bool is_reduced) {
    Application& application = replica_.application();
    auto& begun = begun_.emplace_back();
    begun.entry = std::move(entry);
    auto task = is_reduced ? application.begin_reduced_by_key(begun.entry) : application.begin_by_key(begun.entry);
    if (task) {
      begun.task = *task;
      hands_[std::hash<BytesView>{}(task->key()) % hands_.size()].waiting.push_back(&begun);
      ++by_key;
      work();
      return;
    }
    const Entry alone = std::move(begun.entry);
    begun_.pop_back();
    finish_all();
    if (is_reduced) {
      REQUIRE(application.apply_reduced(alone));
    } else {
      (void)application.apply(alone);
    }
  }
  void finish_all() {
    while (!begun_.empty()) finish_first();
  }
  Replica& replica() { return replica_; }

  std::size_t by_key = 0;
  std::size_t most_at_once = 0;

 private:
  struct Begun {
    Entry entry;
    KeyTask task;
    KeyEffect effect;
    bool is_done = false;
  };
  struct Hand {
    KeyHand hand;
    std::deque<Begun*> waiting;
  };

  void step(Hand& hand) {
    if (hand.waiting.empty()) return;
    hand.hand.carry_out(hand.waiting.front()->task, hand.waiting.front()->effect);
    hand.waiting.front()->is_done = true;
    hand.waiting.pop_front();
  }
  void work() {
    most_at_once = std::max(most_at_once, begun_.size());
    for (std::uint64_t i = random_.below(3); i > 0; --i) step(hands_[random_.below(hands_.size())]);
    while (!begun_.empty() && begun_.front().is_done && !random_.one_in(8)) finish_first();
  }
  void finish_first() {
    while (!begun_.front().is_done) step(hands_[random_.below(hands_.size())]);
    Begun& first = begun_.front();
    replica_.application().finish_by_key(first.entry, first.task, first.effect);
    begun_.pop_front();
  }

  Random random_;
  Replica replica_;
  std::vector<Hand> hands_;
  std::deque<Begun> begun_;
};

}  // namespace

TEST_CASE("keys that are carried out apart give the digest, the rows and the counts of one after the other") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    // Far from the quota, at it, and in between.
    const std::uint64_t quota = seed % 3 == 0 ? 2000 : seed % 3 == 1 ? 8000 : limits::GiB;
    INFO("seed " << seed << " quota " << quota);
    LogMaker log(seed, quota);
    Random random(seed + 77);
    Replica whole;
    Parted parted(seed, 1 + seed % 4);
    std::size_t reduced = 0;
    for (int i = 0; i < 1500; ++i) {
      Entry entry = log.next();
      std::optional<Bytes> left;
      if (entry.kind == EntryKind::command && random.one_in(3)) left = reduce(entry.payload.view());
      if (left) {
        entry.payload = SharedBytes(*std::move(left));
        ++reduced;
        REQUIRE(whole.application().apply_reduced(entry));
        parted.apply(entry, true);
      } else {
        whole.apply(entry);
        parted.apply(entry, false);
      }
      if (random.one_in(100)) {
        parted.finish_all();
        REQUIRE(parted.replica().meta() == whole.meta());
      }
    }
    parted.finish_all();
    CHECK(parted.replica().meta() == whole.meta());
    whole.save_and_restart();
    parted.replica().save_and_restart();
    CHECK(parted.replica().table().rows() == whole.table().rows());
    CHECK(reduced > 0);
    CHECK(parted.by_key > 30);
    if (quota > 2000) CHECK(parted.most_at_once > 1);
  }
}

TEST_CASE("what depends on more than its key is not begun by key, and nothing is done") {
  Replica replica(Settings{.quota_bytes = 1000, .session_window = 4, .sessions = 4});
  const SessionId session = replica.open_session();
  Application& application = replica.application();
  const auto entry = [&](const Command& command, EntryKind kind = EntryKind::command) {
    return Entry{application.applied().next(), Term{3}, kind, {}, SharedBytes(encode_command(command)), {}};
  };
  const auto in_session = [&](std::uint64_t seq, Operation operation) {
    return Command{session, RequestSeq{seq}, RequestSeq{seq}, operation};
  };
  replica.run(session, 1, Set{"k", "v"});
  const Meta before = replica.meta();
  const Bytes large(900, 'v');
  for (const Command& command :
       {Command{.operation = OpenSession{1}}, in_session(2, CloseSession{}), in_session(1, Set{"k", "v"}),
        in_session(2, Set{"", "v"}), in_session(2, Set{"k", large}),
        Command{SessionId{77}, RequestSeq{1}, RequestSeq{1}, Set{"k", "v"}},
        Command{session, RequestSeq{9}, RequestSeq{2}, Set{"k", "v"}}}) {
    CHECK_FALSE(application.begin_by_key(entry(command)));
  }
  CHECK_FALSE(application.begin_by_key(entry(in_session(2, Set{"k", "v"}), EntryKind::time)));
  Entry nothing = entry(in_session(2, Set{"k", "v"}));
  nothing.payload = SharedBytes(Bytes("none"));
  CHECK_FALSE(application.begin_by_key(nothing));
  CHECK_FALSE(application.begin_reduced_by_key(nothing));
  CHECK(replica.meta() == before);

  // What was begun counts for the quota, and for its session, before it is finished.
  KeyHand hand(replica.table());
  Entry first = entry(in_session(2, Set{"a", Bytes(500, 'v')}));
  const auto task = application.begin_by_key(first);
  REQUIRE(task);
  Entry second = entry(in_session(3, Set{"b", Bytes(500, 'v')}));
  second.index = second.index.next();
  CHECK_FALSE(application.begin_by_key(second));
  Entry again = first;
  again.index = second.index;
  CHECK_FALSE(application.begin_by_key(again));
  KeyEffect effect;
  hand.carry_out(*task, effect);
  application.finish_by_key(first, *task, effect);
  CHECK(effect.is_changed);
  CHECK(replica.meta().keys == 2);
  replica.apply(again);
  CHECK(replica.meta().keys == 2);
}

TEST_CASE("keys that end by themselves, and entries at which something ends, are not carried out apart") {
  Replica replica;
  const SessionId session = replica.open_session();
  Application& application = replica.application();
  const auto begins = [&](Operation operation, std::uint64_t later_us = 10) {
    Entry entry{application.applied().next(), Term{3}, EntryKind::command, {}, {}, {}};
    entry.time.cluster_us = replica.meta().time.cluster_us + later_us;
    const Command command{session, RequestSeq{200}, RequestSeq{100}, operation};
    entry.payload = SharedBytes(encode_command(command));
    Application copy = *Application::open(replica.table());
    return copy.begin_by_key(entry).has_value();
  };
  const auto run = [&](std::uint64_t seq, Operation operation) {
    REQUIRE(replica.run(session, seq, operation).took_effect());
    application.save_meta();
  };
  run(1, Set{"stays", "v"});
  CHECK(begins(Set{"k", "v"}));
  run(2, SetExpiring{"k", "v", 1000, {}});
  for (const Operation& operation :
       {Operation(Set{"k", "v"}), Operation(Delete{"k"}), Operation(CompareAndSet{"k", "v", "w"}),
        Operation(Increment{"stays", 1}), Operation(DeleteIf{"stays", "v"}), Operation(LeaseGrant{5})}) {
    CHECK_FALSE(begins(operation));
  }
  CHECK(begins(Set{"stays", "w"}));
  CHECK(begins(Set{"stays", "w"}, 999));
  CHECK_FALSE(begins(Set{"stays", "w"}, 1000));
  run(3, Set{"k", "v"});
  CHECK(begins(Set{"k", "v"}));
}
