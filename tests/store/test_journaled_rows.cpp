#include <fstream>

#include "common/app/application.hpp"
#include "tests/sim/files/simulated_file_system.hpp"
#include "tests/store/layers.hpp"

using namespace parley;
using namespace parley::store;

namespace {

const std::filesystem::path folder = "/store";

/// Small slots, so that files are short and values do not fit by much.
JournaledOptions tiny_options(bool has_slots) {
  JournaledOptions options = small_options(has_slots);
  options.slot = has_slots ? 256 : 0;
  options.slot_growth_bytes = 3000;
  options.journal_least_bytes = 3000;
  options.step_bytes = 1500;
  return options;
}

/// A store in simulated files, beside a model of it.
class Story {
 public:
  Story(bool has_slots, std::uint64_t seed) : options_(tiny_options(has_slots)), random_(seed) {
    REQUIRE(files_.make_directories(folder).has_value());
    REQUIRE(JournaledRows::create(files_, folder, options_).has_value());
    REQUIRE(files_.sync_directory(folder).has_value());
    open();
  }

  void step() {
    switch (random_.below(12)) {
      case 0: take_snapshot(); break;
      case 1: drop_snapshot(); break;
      case 2:
        if (random_.one_in(4)) crash();
        break;
      case 3:
      case 4:
      case 5: {
        const auto more = rows_->step();
        is_alive_ = more.has_value();
        break;
      }
      case 6:
        if (random_.one_in(3)) files_.stop_after(random_.below(40));
        break;
      case 7:
        if (random_.one_in(6)) run_full();
        break;
      default: commit();
    }
    if (!is_alive_) crash();
    check_some();
  }

  /// Everything, whatever thread of time it is read on.
  void check_all() const {
    check(*rows_->snapshot(), model_);
    for (const auto& [snapshot, rows] : snapshots_) check(*snapshot, rows);
  }
  void settle() {
    snapshots_.clear();
    files_.stop_after(~std::uint64_t{0} >> 1);
    while (true) {
      const auto more = rows_->step();
      REQUIRE(more.has_value());
      if (!*more) return;
    }
  }
  void crash() {
    const auto unsynced = random_.one_in(3) ? sim::Unsynced::kept : sim::Unsynced::any;
    files_.set_capacity(~std::uint64_t{0});
    snapshots_.clear();
    rows_.reset();
    files_.crash(random_, unsynced);
    const auto looked = JournaledRows::open(files_, folder, {}, StoreMode::inspect);
    INFO((looked ? "" : looked.error().what));
    REQUIRE(looked.has_value());
    // The one that was on its way is there, or it is not.
    if ((*looked)->journal().commit() == commit_ + 1) {
      ++commit_;
      model_ = next_;
    }
    check(*(*looked)->snapshot(), model_);
    open();
    REQUIRE(rows_->journal().commit() == commit_);
    check_all();
  }
  [[nodiscard]] const JournaledRows& rows() const { return *rows_; }
  [[nodiscard]] const sim::SimulatedFileSystem& files() const { return files_; }
  [[nodiscard]] const Model& model() const { return model_; }

 private:
  void open() {
    auto opened = JournaledRows::open(files_, folder, options_, StoreMode::use);
    INFO((opened ? "" : opened.error().what));
    REQUIRE(opened.has_value());
    rows_ = *std::move(opened);
    is_alive_ = true;
  }
  void commit() {
    Overlay overlay;
    next_ = model_;
    for (std::uint64_t i = 1 + random_.below(8); i > 0; --i) {
      const Bytes key = random_one();
      if (random_.one_in(3)) {
        overlay.erase(key);
        next_.erase(key);
      } else {
        next_[key] = Bytes(random_.below(240), static_cast<char>('a' + random_.below(26)));
        overlay.put(key, next_[key]);
      }
    }
    const Status committed = rows_->commit(overlay);
    if (!committed) {
      is_alive_ = committed.error().code == ErrorCode::disk_full;
      if (is_alive_) files_.set_capacity(~std::uint64_t{0});
      return;
    }
    model_ = next_;
    ++commit_;
  }
  Bytes random_one() {
    if (random_.one_in(3)) return "r" + std::to_string(random_.below(20));
    return "k" + std::to_string(random_.one_in(10) ? random_.below(300) : random_.below(25));
  }
  void run_full() { files_.set_capacity(files_.used_bytes() + random_.below(2000)); }
  void take_snapshot() {
    if (snapshots_.size() < 5) snapshots_.emplace_back(rows_->snapshot(), model_);
  }
  void drop_snapshot() {
    if (!snapshots_.empty())
      snapshots_.erase(snapshots_.begin() + static_cast<std::ptrdiff_t>(random_.below(snapshots_.size())));
  }
  void check_some() {
    const auto now = rows_->snapshot();
    for (int i = 0; i < 5; ++i) {
      const Bytes key = random_one();
      const auto value = now->get(key);
      const auto expected = model_.find(key);
      REQUIRE(value.has_value() == (expected != model_.end()));
      if (value) REQUIRE(*value == expected->second);
    }
    if (random_.one_in(10)) check_all();
  }
  static void check(const Snapshot& snapshot, const Model& rows) {
    Model seen;
    for (const auto row = snapshot.seek({}); row->valid(); row->next()) seen.emplace(row->key(), row->value());
    REQUIRE(seen == rows);
  }

  sim::SimulatedFileSystem files_;
  JournaledOptions options_;
  Random random_;
  std::unique_ptr<JournaledRows> rows_;
  std::vector<std::pair<std::unique_ptr<Snapshot>, Model>> snapshots_;
  bool is_alive_ = true;
  Model model_;
  Model next_;
  std::uint64_t commit_ = 0;
};

/// A store of real files.
struct Real {
  explicit Real(const JournaledOptions& with) : options(with), backend(open()) {}
  std::unique_ptr<JournaledBackend> open() {
    auto opened = JournaledBackend::open(machine, place / "store", options);
    INFO((opened ? "" : opened.error().what));
    REQUIRE(opened.has_value());
    return *std::move(opened);
  }
  void put(const Model& rows) {
    Overlay overlay;
    for (const auto& [key, value] : rows) overlay.put(key, value);
    REQUIRE(backend->commit(overlay).has_value());
  }
  void settle() {
    while (*backend->step()) {
    }
  }
  TemporaryFolder place;
  files::PosixFileSystem machine;
  JournaledOptions options;
  std::unique_ptr<JournaledBackend> backend;
};

}  // namespace

TEST_CASE("through commits, steps, snapshots, full disks and crashes at any write there are the rows of a map") {
  const bool has_slots = GENERATE(false, true);
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(has_slots, seed);
    Story story(has_slots, seed);
    for (int i = 0; i < 400; ++i) story.step();
    story.check_all();
    story.crash();
    story.settle();
    story.check_all();
    story.crash();
  }
}

TEST_CASE("when nobody looks back, values are in their slots, and the journal is short") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Story story(true, seed);
    for (int i = 0; i < 300; ++i) story.step();
    story.settle();
    CHECK(story.rows().waiting_bytes() == 0);
    CHECK(story.rows().pinned_bytes() == 0);
    const Bytes values = story.files().contents(folder / "values");
    for (const auto& [key, value] : story.model()) {
      if (!key.starts_with('k')) continue;
      const std::uint64_t at = *app::slot_of(key.substr(1)) * 256;
      REQUIRE(values.substr(at + app::slot_head_bytes, value.size()) == value);
    }
  }
}

TEST_CASE("a journal is rewritten when it is more than twice as long as the rows, and not before") {
  const bool has_slots = GENERATE(false, true);
  Real store(small_options(has_slots));
  Model rows;
  for (int i = 0; i < 100; ++i) rows["r" + std::to_string(i)] = Bytes(1000, 'v');
  store.put(rows);
  store.settle();
  const std::uint64_t live = store.backend->rows().journal().bytes();
  CHECK(live > 100'000);
  CHECK(live < 110'000);
  std::uint64_t most = 0;
  std::uint64_t rewritten = 0;
  for (int round = 0; round < 60; ++round) {
    const std::uint64_t before = store.backend->rows().journal().bytes();
    store.put({rows.begin(), std::next(rows.begin(), 10)});
    const std::uint64_t after = store.backend->rows().journal().bytes();
    most = std::max(most, after);
    if (after < before) ++rewritten;
  }
  CHECK(rewritten >= 3);
  CHECK(most < 3 * live + store.options.journal_least_bytes);
  store.backend.reset();
  store.backend = store.open();
  CHECK(rows_of(*table_over(*store.backend)) == rows);
}

TEST_CASE("old snapshots crowd a store by the rows that only they have") {
  JournaledOptions options = small_options(false);
  options.pinned_bytes = 50'000;
  Real store(options);
  Model rows;
  for (int i = 0; i < 100; ++i) rows["r" + std::to_string(i)] = Bytes(1000, 'v');
  store.put(rows);
  for (int i = 0; i < 10; ++i) store.put(rows);
  CHECK_FALSE(store.backend->is_crowded());
  auto old = store.backend->snapshot();
  store.put({rows.begin(), std::next(rows.begin(), 30)});
  CHECK_FALSE(store.backend->is_crowded());
  store.put(rows);
  CHECK(store.backend->is_crowded());
  REQUIRE((*old)->renew().has_value());
  CHECK_FALSE(store.backend->is_crowded());
  CHECK(store.backend->rows().pinned_bytes() == 0);
}

TEST_CASE("values wait for their slots as long as a snapshot needs what stands there, and crowd the store") {
  JournaledOptions options = small_options(true);
  options.pinned_bytes = 30'000;
  Real store(options);
  store.put({{"k1", "old"}, {"k2", "old"}});
  store.settle();
  CHECK(store.backend->rows().waiting_bytes() == 0);
  auto old = store.backend->snapshot();
  for (int i = 0; i < 40; ++i) store.put({{"k1", Bytes(1000, 'n')}, {"k3", Bytes(10, 'n')}});
  store.settle();
  CHECK(store.backend->rows().waiting_bytes() > 30'000);
  CHECK(store.backend->is_crowded());
  CHECK((*old)->get("k1") == "old");
  CHECK_FALSE((*old)->get("k3"));
  REQUIRE((*old)->renew().has_value());
  store.settle();
  CHECK(store.backend->rows().waiting_bytes() == 0);
  CHECK_FALSE(store.backend->is_crowded());
  CHECK((*old)->get("k1") == BytesView(Bytes(1000, 'n')));
}

TEST_CASE("a store that was at rest knows that its slots are filled, and misses a bit in any of them") {
  Real store(small_options(true));
  store.put({{"k1", "one"}, {"k2", "two"}, {"k3", "three"}});
  store.put({{"k1", "another"}});
  {
    Overlay overlay;
    overlay.erase("k3");
    REQUIRE(store.backend->commit(overlay).has_value());
  }
  store.settle();
  CHECK(store.backend->rows().journal().filled() == 3);
  store.backend.reset();
  store.backend = store.open();
  CHECK(store.backend->rows().waiting_bytes() == 0);
  CHECK(store.backend->rows().journal().filled() == 3);
  CHECK(rows_of(*table_over(*store.backend)) == Model{{"k1", "another"}, {"k2", "two"}});
  store.backend.reset();
  const std::filesystem::path values = store.place / "store/values";
  for (const std::uint64_t offset :
       {16384, 16384 + 5, 16384 + 12, 16384 + 100, 2 * 16384 + 13, 3 * 16384, 40000, 99999}) {
    const auto flip = [&] {
      std::fstream file(values, std::ios::in | std::ios::out | std::ios::binary);
      file.seekg(static_cast<std::streamoff>(offset));
      const char byte = static_cast<char>(file.get());
      file.seekp(static_cast<std::streamoff>(offset));
      file.put(static_cast<char>(byte ^ 4));
    };
    flip();
    const auto opened = JournaledBackend::open(store.machine, store.place / "store", store.options);
    CAPTURE(offset);
    REQUIRE_FALSE(opened.has_value());
    CHECK(opened.error().code == ErrorCode::corrupt);
    flip();
  }
  // A commit whose slots are not filled yet leaves its own open, and no other.
  store.backend = store.open();
  auto old = store.backend->snapshot();
  store.put({{"k2", "later"}});
  store.backend.reset();
  store.backend = store.open();
  CHECK(store.backend->rows().waiting_bytes() > 0);
  CHECK(rows_of(*table_over(*store.backend)) == Model{{"k1", "another"}, {"k2", "later"}});
}

TEST_CASE("what fits no slot is refused before anything is written") {
  Real store(small_options(true));
  store.put({{"k1", "v"}, {"r", "w"}});
  const std::uint64_t bytes = store.backend->rows().journal().bytes();
  const auto refused = [&](const Bytes& key, const Bytes& value) {
    Overlay overlay;
    overlay.put(key, value);
    const Status done = store.backend->commit(overlay);
    REQUIRE_FALSE(done.has_value());
    CHECK(done.error().code == ErrorCode::protocol);
  };
  for (const char* key : {"k", "kx", "k01", "k-1", "k18446744073709551616", "k1 "}) refused(key, "v");
  refused("k2", Bytes(16384 - 11, 'v'));
  refused(Bytes(600, 'r'), "v");
  refused("r", Bytes(limits::engine_value_bytes + 1, 'v'));
  CHECK(store.backend->rows().journal().bytes() == bytes);
  store.put({{"k2", Bytes(16384 - 12, 'v')}});
  Overlay vain;
  vain.erase("kx");
  CHECK(store.backend->commit(vain).has_value());
  CHECK(rows_of(*table_over(*store.backend)).size() == 3);
}

TEST_CASE("a file of slots that has lost some is missed by what the meta row counts") {
  Real store(small_options(true));
  {
    const auto table = table_over(*store.backend);
    auto application = app::Application::open(*table);
    const auto apply = [&](const app::Command& command) {
      application->apply({application->applied().next(),
                          Term{1},
                          EntryKind::command,
                          {},
                          SharedBytes(app::encode_command(command)),
                          {}});
    };
    apply({.operation = app::OpenSession{1}});
    for (std::uint64_t i = 1; i <= 20; ++i)
      apply({SessionId{1}, RequestSeq{i}, RequestSeq{i}, app::Set{std::to_string(i), "value"}});
    application->save_meta();
    flush(*table, *store.backend);
  }
  store.settle();
  // Another commit, so that the journal is rewritten and no longer has the values.
  for (int i = 0; i < 30; ++i) store.put({{"sx", Bytes(2000, 'x')}});
  store.settle();
  store.backend.reset();
  store.backend = store.open();
  store.backend.reset();
  SECTION("cut") { std::filesystem::resize_file(store.place / "store/values", 10 * 16384); }
  SECTION("lost") { std::filesystem::remove(store.place / "store/values"); }
  SECTION("empty") { std::filesystem::resize_file(store.place / "store/values", 0); }
  const auto opened = JournaledBackend::open(store.machine, store.place / "store", store.options);
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().code == ErrorCode::corrupt);
}

TEST_CASE("a store is opened with the slots with which it was made") {
  Real store(small_options(true));
  store.backend.reset();
  for (const std::uint32_t slot : {0U, 1024U}) {
    JournaledOptions other = store.options;
    other.slot = slot;
    const auto opened = JournaledBackend::open(store.machine, store.place / "store", other);
    REQUIRE_FALSE(opened.has_value());
    CHECK(opened.error().code == ErrorCode::usage);
  }
}
