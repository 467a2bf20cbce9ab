#include "common/base/random.hpp"
#include "tests/archive/archive_testing.hpp"

using namespace parley;
using namespace parley::archive_testing;
using sim::SimulatedFileSystem;
using sim::Unsynced;

namespace {

/// A logger's life by chance, with crashes and full disks.
class Run {
 public:
  Run(std::uint64_t seed, History& history) : random_(seed), history_(history), logger_(disk_, history) {
    using Mode = archive::CompactionOptions::Mode;
    const Mode modes[] = {Mode::immediate, Mode::interval, Mode::delayed};
    archive::CompactionOptions options;
    options.period = Count{20 + random_.below(200)};
    options.save_bytes = random_.below(30'000);
    if (seed % 4 > 0) {
      options.mode = modes[seed % 4 - 1];
      logger_.compact(options);
    }
    good(logger_.start());
  }

  void play(int steps) {
    for (int step = 0; step < steps; ++step) {
      const bool doomed = random_.one_in(12);
      const bool full = random_.one_in(12);
      if (doomed) disk_.stop_after(random_.below(40));
      if (full) disk_.set_capacity(disk_.used_bytes() + random_.below(3000));
      for (int each = 0; each < (doomed || full ? 10 : 1) && !disk_.has_stopped(); ++each) act();
      disk_.set_capacity(64 * limits::MiB);
      if (doomed) crash();
    }
    crash();
  }

  [[nodiscard]] std::size_t gaps() const { return gaps_; }
  [[nodiscard]] std::size_t truncations() const { return truncations_; }
  [[nodiscard]] std::size_t crashes() const { return crashes_; }
  /// Entries that are reduced in the end.
  [[nodiscard]] std::uint64_t reduced() { return good(verify(disk_)).reduced; }

 private:
  void act() {
    const std::uint64_t choice = random_.below(24);
    if (choice < 8) {
      if (check(logger_.write(1 + random_.below(40)))) promises_.synced = logger_.last();
    } else if (choice < 12) {
      check(logger_.retire(1 + random_.below(3)));
    } else if (choice < 18) {
      check(logger_.archive().step().has_value());
    } else if (choice < 20) {
      read();
    } else if (choice < 21 && logger_.last() > logger_.archive().manifest().begin.index) {
      add_image(logger_.last());
    } else if (choice < 23) {
      truncate();
    } else if (random_.one_in(3)) {
      restart();
    }
  }

  /// What fails must have a reason.
  bool check(bool done) {
    if (!done) CHECK((disk_.has_stopped() || *disk_.free_bytes(root) < 40'000));
    return done;
  }
  bool check(const Status& status) { return check(status.has_value()); }

  void read() {
    const Index first = logger_.archive().first();
    const Index last = logger_.archive().last();
    if (last < first) return;
    const Index from = first + Count{random_.below(last.value - first.value + 1)};
    const auto run = logger_.archive().read(from, last, random_.below(5000));
    if (!run) {
      CHECK(disk_.has_stopped());
      return;
    }
    Index next = from;
    if (!run->entries.empty()) CHECK(run->before == history_.place(from.previous()).digest);
    for (const auto& entry : run->entries) {
      CHECK(is_kept(entry, history_.at(next)));
      next = next.next();
    }
  }

  void add_image(Index index) {
    if (check(logger_.add_image(index, random_.below(3)))) promises_.images.push_back(index);
  }

  void truncate() {
    const Index last = logger_.archive().last();
    if (last.value < 2) return;
    const Index first_kept{1 + random_.below(last.value)};
    const Index promised = promises_.truncated;
    promises_.truncated = std::max(promised, first_kept);
    const Status truncated = logger_.archive().truncate_before(first_kept);
    truncations_ += truncated.has_value();
    if (truncated || truncated.error().code != ErrorCode::refused) {
      check(truncated);
    } else {
      promises_.truncated = promised;
    }
  }

  void restart() {
    const Index index = logger_.last() + Count{1 + random_.below(60)};
    const Promises before = promises_;
    promises_.restart = index;
    if (check(logger_.restart_behind(index))) {
      promises_.images.push_back(index);
      promises_.synced = index;
      promises_.restart = Index{};
      return;
    }
    // A log that could not go is broken, and its process has to stop.
    if (!disk_.has_stopped()) crash();
  }

  void crash() {
    ++crashes_;
    logger_.die();
    const std::uint64_t kind = random_.below(6);
    disk_.crash(random_, kind == 0 ? Unsynced::kept : kind == 1 ? Unsynced::lost : Unsynced::any);
    disk_.set_capacity(64 * limits::MiB);
    good(logger_.start());
    if (kind == 0 && random_.one_in(2)) {
      good(logger_.settle());
      logger_.die();
      disk_.crash(random_, Unsynced::lost);
      good(logger_.start());
    }
    good(logger_.settle());
    check_kept(disk_, logger_, history_, promises_);
    promises_.restart = Index{};
    promises_.synced = logger_.last();
    gaps_ = std::max(gaps_, logger_.archive().manifest().gaps.size());
  }

  Random random_;
  History& history_;
  SimulatedFileSystem disk_;
  Logger logger_;
  Promises promises_;
  std::size_t gaps_ = 0;
  std::size_t truncations_ = 0;
  std::size_t crashes_ = 0;
};

}  // namespace

TEST_CASE("whatever happens to an archive, everything that was promised is there once, and nothing else") {
  History history(200);
  std::size_t gaps = 0;
  std::size_t truncations = 0;
  std::size_t crashes = 0;
  std::uint64_t reduced = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    INFO("seed " << seed);
    Run run(seed, history);
    run.play(150);
    gaps += run.gaps();
    truncations += run.truncations();
    crashes += run.crashes();
    reduced += run.reduced();
  }
  CHECK(gaps > 30);
  CHECK(truncations > 100);
  CHECK(crashes > 500);
  CHECK(reduced > 1000);
}
