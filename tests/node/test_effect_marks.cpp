#include "node/effect_marks.hpp"

#include <catch2/catch.hpp>

#include "common/app/effect_details.hpp"
#include "common/app/lives.hpp"
#include "common/base/range_limits.hpp"
#include "common/transfer/range_block.hpp"
#include "tests/sim/store/simulated_backend.hpp"

using namespace parley;
using namespace parley::node;
using transfer::Effect;

namespace {

/// A machine, and the log that it has applied.
class Bench {
 public:
  Bench() : machine_(*StateMachine::open(backend_)) { apply(app::Command{.operation = app::OpenSession{1}}); }

  void run(app::Operation operation) {
    ++seq_;
    apply(app::Command{SessionId{1}, RequestSeq{seq_}, RequestSeq{seq_}, operation});
  }
  void pass_us(std::uint64_t us) {
    now_us_ += us;
    apply(EntryKind::time, {});
  }
  /// Entries as a node reads them from its log, and marks them.
  std::vector<transfer::RangeEntry> marked(std::uint64_t from) {
    transfer::EntryRun run;
    for (std::size_t i = from - 1; i < log_.size(); ++i) run.entries.push_back({log_[i], std::nullopt});
    mark_effects(*machine_, run);
    return run.entries;
  }
  [[nodiscard]] Index last() const { return log_.back().index; }
  StateMachine& machine() { return *machine_; }

 private:
  void apply(const app::Command& command) { apply(EntryKind::command, app::encode_command(command)); }
  void apply(EntryKind kind, Bytes payload) {
    now_us_ += 10;
    Entry entry{Index{log_.size() + 1}, Term{1}, kind, {now_us_, 0}, SharedBytes(std::move(payload)), {}};
    log_.push_back(entry);
    machine_->enqueue({entry});
    (void)machine_->apply_next();
  }

  sim::SimulatedBackend backend_;
  std::unique_ptr<StateMachine> machine_;
  std::vector<Entry> log_;
  std::uint64_t seq_ = 0;
  std::uint64_t now_us_ = 0;
};

}  // namespace

TEST_CASE("entries are told with their effect, and with what they changed beyond what they say") {
  Bench bench;
  bench.run(app::Set{"k", "v"});
  bench.run(app::Delete{"none"});
  bench.run(app::Increment{"n", 5});
  bench.run(app::SetExpiring{"x", "v", 100, {}});
  bench.pass_us(100);
  const auto all = bench.marked(1);
  REQUIRE(all.size() == 6);
  CHECK(all[0].effect == Effect::took);
  CHECK(all[1].effect == Effect::took);
  CHECK(all[2].effect == Effect::none);
  CHECK(all[3].effect == Effect::took);
  CHECK(all[5].effect == Effect::none);
  for (const std::size_t plain : {0, 1, 2, 4}) CHECK(all[plain].detail.empty());
  const auto made = app::changes_of(all[3].entry, true, all[3].detail.view());
  REQUIRE(made);
  CHECK((*made)[0].value == "5");
  const auto ended = app::changes_of(all[5].entry, false, all[5].detail.view());
  REQUIRE(ended);
  REQUIRE(ended->size() == 1);
  CHECK((*ended)[0].key == "x");
  // From anywhere on.
  const auto some = bench.marked(4);
  CHECK(some.size() == 3);
  CHECK(some[0].detail == all[3].detail);
  CHECK(some[2].detail == all[5].detail);
}

TEST_CASE("what is told of entries that are read together fits a chunk; the others are read again") {
  Bench bench;
  // Leases of many keys with long names: each that ends tells 400 KiB.
  const std::size_t name_bytes = limits::key_bytes - 5;
  constexpr int leases = 4;
  for (int i = 0; i < leases; ++i) {
    bench.run(app::LeaseGrant{1'000'000'000});
    const app::LeaseId lease{bench.last().value};
    for (std::size_t key = 0; key < limits::lease_keys; ++key) {
      Bytes name = std::to_string(10'000 + key);
      name.append(name_bytes, static_cast<char>('a' + i));
      bench.run(app::SetExpiring{name, "v", 0, lease});
    }
  }
  const Index before = bench.last();
  for (int i = 0; i < leases; ++i) {
    const auto lease = 2 + static_cast<std::uint64_t>(i) * (1 + limits::lease_keys);
    bench.run(app::LeaseRevoke{app::LeaseId{lease}});
  }
  std::uint64_t next = before.value + 1;
  std::size_t told = 0;
  std::size_t runs = 0;
  while (next <= bench.last().value) {
    const auto entries = bench.marked(next);
    REQUIRE_FALSE(entries.empty());
    std::size_t bytes = 0;
    for (const transfer::RangeEntry& item : entries) {
      bytes += transfer::range_entry_bytes(item);
      const auto changes = app::changes_of(item.entry, true, item.detail.view());
      REQUIRE(changes);
      told += changes->size();
    }
    CHECK(bytes <= limits::range_chunk_bytes);
    next += entries.size();
    ++runs;
  }
  CHECK(told == leases * limits::lease_keys);
  CHECK(runs == 2);
}
