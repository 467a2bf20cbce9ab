#include <algorithm>
#include <optional>

#include "common/base/chain.hpp"
#include "tests/wal/wal_testing.hpp"

using namespace parley;
using namespace parley::wal_testing;
using sim::SimulatedFileSystem;
using sim::Unsynced;

namespace {

/// What a log should hold, kept in the simplest way.
struct Model {
  raft::HardState hard_state;
  wal::Start start;
  std::vector<Entry> entries;
  std::vector<wal::MembershipAt> memberships;

  [[nodiscard]] wal::Start last() const {
    if (entries.empty()) return start;
    return {entries.back().index, entries.back().term, entries.back().digest, entries.back().time};
  }
  void append(const Entry& entry) {
    std::erase_if(entries, [&](const Entry& each) { return each.index >= entry.index; });
    std::erase_if(memberships, [&](const wal::MembershipAt& each) { return each.index >= entry.index; });
    entries.push_back(entry);
    if (entry.kind == EntryKind::membership) memberships.push_back({entry.index, Bytes(entry.payload.view())});
  }
  void trim_to(Index index) {
    while (!entries.empty() && entries.front().index <= index) {
      start = {entries.front().index, entries.front().term, entries.front().digest, entries.front().time};
      entries.erase(entries.begin());
    }
    while (memberships.size() > 1 && memberships[1].index <= index) memberships.erase(memberships.begin());
  }
};

/// Runs a log against the model, with crashes. The states that a crash may leave are those after each record since the
/// last sync, and nothing else.
class Run {
 public:
  explicit Run(std::uint64_t seed) : random_(seed), files_(std::make_unique<SimulatedFileSystem>()) {
    options_.segment_bytes = (12 + 4 * random_.below(4)) * limits::KiB;
    if (seed % 2 == 1) options_.retire_into = "/data/retired";
    Model empty;
    empty.start.digest = chain_start(test_identity().cluster);
    possible_ = {empty};
    log_.emplace(create_log(*files_, options_));
  }

  void play(int steps) {
    for (int step = 0; step < steps; ++step) {
      const bool doomed = random_.one_in(15);
      if (doomed) files_->stop_after(random_.below(12));
      for (int each = 0; each < (doomed ? 12 : 1) && !files_->has_stopped(); ++each) act();
      if (doomed) crash();
    }
    crash();
  }

  [[nodiscard]] int torn() const { return torn_; }
  [[nodiscard]] int crashes() const { return crashes_; }
  [[nodiscard]] int restarts() const { return restarts_; }
  [[nodiscard]] std::size_t retired() const { return retired_; }

 private:
  const Model& now() const { return possible_.back(); }

  void act() {
    const std::uint64_t choice = random_.below(20);
    if (choice < 9) {
      write();
    } else if (choice < 14) {
      sync();
    } else if (choice < 17) {
      if (auto more = log_->prepare(); !more) CHECK(files_->has_stopped());
    } else if (choice < 18) {
      trim();
    } else if (choice < 19) {
      read();
    } else if (random_.one_in(4)) {
      start_after();
    }
  }

  std::vector<Entry> draw_entries(const Model& model, Term term) {
    wal::Start before = model.last();
    // Now and then a suffix is replaced; nothing that was trimmed away may be.
    const std::size_t back = random_.one_in(4) ? static_cast<std::size_t>(random_.below(model.entries.size() + 1)) : 0;
    if (back == model.entries.size()) {
      before = model.start;
    } else if (back > 0) {
      const Entry& entry = model.entries[model.entries.size() - back - 1];
      before = {entry.index, entry.term, entry.digest, entry.time};
    }
    if (before.index < committed_) before = model.last();
    EntryMaker maker(before);
    std::vector<Entry> entries;
    const std::uint64_t count = random_.below(8);
    for (std::uint64_t made = 0; made < count; ++made) {
      const Bytes payload(static_cast<std::size_t>(random_.below(random_.one_in(5) ? 1500 : 60)) + 1, 'p');
      entries.push_back(maker.next(term, payload, random_.one_in(20) ? EntryKind::membership : EntryKind::command));
    }
    return entries;
  }

  void write() {
    Model model = now();
    std::vector<Model> after;
    wal::Batch batch;
    Term term = std::max(model.hard_state.term, model.last().term);
    if (random_.one_in(4)) {
      term = term.next();
      batch.hard_state = raft::HardState{term, ServerId{random_.below(3)}};
      model.hard_state = *batch.hard_state;
      after.push_back(model);
    }
    const auto entries = draw_entries(model, term);
    batch.entries.emplace_back(entries);
    for (const Entry& entry : entries) {
      model.append(entry);
      after.push_back(model);
    }
    const Status written = log_->write(batch);
    // Even if the machine stops in the middle, part of it may be on the disk.
    possible_.insert(possible_.end(), after.begin(), after.end());
    if (!written) CHECK(files_->has_stopped());
  }

  void sync() {
    if (const Status synced = log_->sync(); !synced) {
      CHECK(files_->has_stopped());
      return;
    }
    possible_ = {now()};
    committed_ = std::max(committed_, now().last().index.value > 10 ? Index{now().last().index.value - 10} : Index{0});
  }

  void trim() {
    const Index first_kept{random_.below(committed_.value + 1)};
    const Status trimmed = log_->trim_before(first_kept);
    if (!trimmed) CHECK(files_->has_stopped());
    CHECK(log_->first() <= std::max(first_kept, now().start.index.next()));
    if (trimmed) {
      for (Model& model : possible_) model.trim_to(log_->start().index);
    }
  }

  void read() {
    const auto entries = read_all(*log_);
    CHECK(entries == now().entries);
  }

  void start_after() {
    Model model = now();
    model.start = {Index{model.last().index.value + random_.below(50)},
                   std::max(model.hard_state.term, model.last().term), blake2b("image")};
    model.entries.clear();
    model.memberships = {{model.start.index, "image"}};
    const Status started = log_->start_after(model.start, model.memberships.front());
    if (started) {
      possible_ = {model};
      committed_ = model.start.index;
      ++restarts_;
    } else {
      CHECK(files_->has_stopped());
      possible_.push_back(model);
      image_ = model.start.index;
    }
  }

  void crash() {
    ++crashes_;
    log_.reset();
    const std::uint64_t kind = random_.below(6);
    files_->crash(random_, kind == 0 ? Unsynced::kept : kind == 1 ? Unsynced::lost : Unsynced::any);
    wal::OpenedLog opened = open_log(*files_, options_);
    torn_ += opened.recovered.torn.has_value();
    const auto entries = read_all(opened.log);
    // A trim that the crash cut short may have moved the start.
    const Index start = opened.recovered.start.index;
    const auto fits = [&](Model& model) {
      if (model.start.index < start && start <= model.last().index) model.trim_to(start);
      return model.hard_state == opened.recovered.hard_state && model.start == opened.recovered.start &&
             model.entries == entries && model.memberships == opened.recovered.memberships &&
             model.last() == opened.recovered.last;
    };
    const auto found = std::ranges::find_if(possible_, fits);
    REQUIRE(found != possible_.end());
    if (image_ && start == *image_) committed_ = *image_;
    image_.reset();
    possible_ = {*found};
    log_.emplace(std::move(opened.log));
    if (!options_.retire_into.empty()) check_retired();
  }

  /// Each segment that was ever begun is live or retired, and none is both.
  void check_retired() {
    const auto gone = wal::look_into(*files_, options_.retire_into);
    REQUIRE(gone);
    std::uint64_t next = 1;
    for (const std::uint64_t sequence : gone->segments) CHECK(sequence == next++);
    for (const wal::Segment& segment : log_->segments()) CHECK(segment.sequence == next++);
    retired_ = gone->segments.size();
  }

  Random random_;
  std::unique_ptr<SimulatedFileSystem> files_;
  wal::Options options_;
  std::optional<wal::Log> log_;
  std::vector<Model> possible_;  ///< the state at the last sync, and after each record since
  Index committed_;              ///< nothing up to here is replaced any more
  std::optional<Index> image_;
  int torn_ = 0;
  int crashes_ = 0;
  int restarts_ = 0;
  std::size_t retired_ = 0;
};

}  // namespace

TEST_CASE("after any crash the log holds all that was synced, and a prefix of what was written since") {
  int torn = 0;
  int crashes = 0;
  int restarts = 0;
  std::size_t retired = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    INFO("seed " << seed);
    Run run(seed);
    run.play(120);
    torn += run.torn();
    crashes += run.crashes();
    restarts += run.restarts();
    retired += run.retired();
  }
  CHECK(torn > 100);
  CHECK(crashes > 800);
  CHECK(restarts > 100);
  CHECK(retired > 100);
}
