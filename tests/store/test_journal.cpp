#include "common/store/journal.hpp"
#include "tests/sim/files/simulated_file_system.hpp"
#include "tests/store/layers.hpp"

using namespace parley;
using namespace parley::store;

namespace {

const std::filesystem::path folder = "/store";
constexpr std::uint64_t seal_bytes = part_head_bytes + 8;

/// A journal in simulated files, and what was put into it.
struct Journaled {
  Journaled() {
    REQUIRE(files.make_directories(folder).has_value());
    auto made = Journal::create(files, folder, 0);
    REQUIRE(made.has_value());
    journal.emplace(*std::move(made));
  }

  /// Rows of one commit, some of them erased, in parts if they are long.
  static std::unique_ptr<Overlay> rows(std::uint64_t commit, std::size_t value_bytes = 20) {
    auto overlay = std::make_unique<Overlay>();
    for (std::uint64_t i = 0; i < 6; ++i)
      overlay->put("r" + std::to_string((commit * 3 + i) % 20),
                   Bytes(value_bytes, static_cast<char>('a' + commit % 26)) + std::to_string(commit));
    overlay->erase("r" + std::to_string(commit * 7 % 20));
    return overlay;
  }
  static void apply(Model& model, const Overlay& overlay) {
    for (auto row = overlay.seek({}); row.valid(); row.next()) {
      if (row.erased()) {
        model.erase(Bytes(row.key()));
      } else {
        model[Bytes(row.key())] = row.value();
      }
    }
  }
  Status append(std::uint64_t commit, std::size_t value_bytes = 20) {
    const auto overlay = rows(commit, value_bytes);
    const Status appended = journal->append(*overlay);
    if (!appended) return appended;
    apply(model, *overlay);
    states[journal->commit()] = model;
    return {};
  }
  void append_many(std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t commit = from; commit <= to; ++commit) REQUIRE(append(commit).has_value());
  }
  /// All rows of now as a base.
  Status rebase() {
    if (Status begun = journal->begin_base(); !begun) return begun;
    for (const auto& [key, value] : Model(model)) {
      if (Status added = journal->add_to_base(key, value); !added) return added;
    }
    return journal->end_base();
  }

  struct Opened {
    Model rows;
    std::uint64_t commit = 0;
    std::optional<TornCommit> torn;
  };
  Result<Opened> read(StoreMode mode) {
    Opened found;
    auto opened = Journal::open(files, folder, mode, [&](std::uint64_t, std::span<const RowChange> changes) -> Status {
      for (const RowChange& change : changes) {
        if (change.row) {
          found.rows[Bytes(change.key)] = change.row->value();
        } else {
          found.rows.erase(Bytes(change.key));
        }
      }
      return {};
    });
    if (!opened) return std::unexpected(opened.error());
    found.commit = opened->commit();
    found.torn = opened->torn();
    if (mode == StoreMode::use) {
      journal.reset();
      journal.emplace(*std::move(opened));
      model = found.rows;
    }
    return found;
  }

  sim::SimulatedFileSystem files;
  std::optional<Journal> journal;
  Model model;
  std::map<std::uint64_t, Model> states = {{0, {}}};  ///< after each commit
};

}  // namespace

TEST_CASE("what was committed is read again, in order, and more can be committed") {
  Journaled store;
  store.append_many(1, 30);
  REQUIRE(store.append(31, limits::journal_part_bytes / 4).has_value());  // in several parts
  for (const StoreMode mode : {StoreMode::inspect, StoreMode::use}) {
    const auto opened = store.read(mode);
    REQUIRE(opened.has_value());
    CHECK(opened->commit == 31);
    CHECK(opened->rows == store.states[31]);
    CHECK_FALSE(opened->torn);
  }
  store.append_many(32, 40);
  REQUIRE(store.rebase().has_value());
  store.append_many(41, 50);
  const auto opened = store.read(StoreMode::use);
  REQUIRE(opened.has_value());
  CHECK(opened->commit == 50);
  CHECK(opened->rows == store.states[50]);
  CHECK(*store.files.list(folder) == std::vector<std::string>{"000000000040.base", "000000000040.journal"});
}

TEST_CASE("inspection changes nothing") {
  Journaled store;
  store.append_many(1, 3);
  {
    auto file = store.files.open(folder / "000000000000.journal", files::Access::read_write);
    REQUIRE(file.has_value());
    REQUIRE((*file)->write_at(*(*file)->size(), "torn").has_value());
  }
  const auto before = store.files.everything();
  const auto opened = store.read(StoreMode::inspect);
  REQUIRE(opened.has_value());
  CHECK(opened->torn);
  CHECK(opened->commit == 3);
  CHECK(store.files.everything() == before);
}

TEST_CASE("a machine that dies at any byte of a commit leaves all of it or nothing") {
  const bool is_long = GENERATE(false, true);
  const std::size_t value_bytes = is_long ? limits::journal_part_bytes / 4 : 20;
  const std::uint64_t writes = is_long ? 2 : 1;
  bool was_there = false;
  for (std::uint64_t bytes = 0; !was_there; bytes += is_long ? 100'003 : 1) {
    Journaled store;
    store.append_many(1, 3);
    store.files.stop_after(writes);
    REQUIRE_FALSE(store.append(4, value_bytes).has_value());
    Journaled::apply(store.model, *Journaled::rows(4, value_bytes));
    store.states[4] = store.model;
    REQUIRE(bytes < store.files.unsynced_bytes() + 200'000);
    store.files.crash_after(bytes);
    const auto opened = store.read(StoreMode::use);
    REQUIRE(opened.has_value());
    REQUIRE(opened->rows == store.states[opened->commit]);
    was_there = opened->commit == 4;
    REQUIRE((was_there || opened->commit == 3));
    // The seal of the commit before comes first; with that alone nothing is torn.
    if (bytes > seal_bytes && !was_there) REQUIRE(opened->torn);
    store.append_many(opened->commit + 1, 6);
    REQUIRE(store.read(StoreMode::use)->rows == store.states[6]);
  }
}

TEST_CASE("a crash at any operation leaves what was acknowledged, and at most the commit after it") {
  bool has_ended = false;
  for (std::uint64_t operations = 0; !has_ended; ++operations) {
    for (const auto unsynced : {sim::Unsynced::lost, sim::Unsynced::any, sim::Unsynced::kept}) {
      Random random(operations);
      Journaled store;
      store.append_many(1, 4);
      store.files.stop_after(operations);
      std::uint64_t acknowledged = 4;
      bool is_running = true;
      const auto go_on = [&](std::uint64_t to) {
        while (is_running && acknowledged < to) {
          is_running = store.append(acknowledged + 1).has_value();
          if (is_running) ++acknowledged;
        }
      };
      go_on(7);
      is_running = is_running && store.rebase().has_value();
      go_on(9);
      has_ended = is_running;
      // What was on its way when it stopped.
      Model next = store.states[acknowledged];
      Journaled::apply(next, *Journaled::rows(acknowledged + 1));
      store.states[acknowledged + 1] = next;
      store.files.crash(random, unsynced);
      CAPTURE(operations, acknowledged);
      for (int again = 0; again < 2; ++again) {
        const auto opened = store.read(StoreMode::use);
        INFO((opened ? "" : opened.error().what));
        REQUIRE(opened.has_value());
        REQUIRE(opened->commit >= acknowledged);
        REQUIRE(opened->commit <= acknowledged + 1);
        REQUIRE(opened->rows == store.states[opened->commit]);
        acknowledged = opened->commit;
        // What opening says is durable.
        store.files.crash(random, sim::Unsynced::lost);
      }
      const auto opened = store.read(StoreMode::use);
      REQUIRE(opened.has_value());
      store.append_many(acknowledged + 1, acknowledged + 3);
      const auto after = store.read(StoreMode::use);
      REQUIRE(after.has_value());
      REQUIRE(after->rows == store.states[acknowledged + 3]);
    }
  }
}

TEST_CASE("no bit of a commit that was sealed can change unseen") {
  Journaled store;
  store.append_many(1, 3);
  REQUIRE(store.rebase().has_value());
  store.append_many(4, 5);
  const auto check = [&](const std::filesystem::path& file, std::uint64_t to) {
    for (std::uint64_t offset = 0; offset < to; ++offset) {
      store.files.flip_bit(file, offset, offset % 8);
      const auto opened = store.read(StoreMode::inspect);
      CAPTURE(offset);
      REQUIRE_FALSE(opened.has_value());
      REQUIRE(opened.error().code == ErrorCode::corrupt);
      REQUIRE(opened.error().what.find(file.string()) != std::string::npos);
      store.files.flip_bit(file, offset, offset % 8);
    }
  };
  const std::filesystem::path base = folder / "000000000003.base";
  check(base, store.files.contents(base).size());
  const std::filesystem::path journal = folder / "000000000003.journal";
  // The seal itself was not yet synced.
  Random random(1);
  store.files.crash(random, sim::Unsynced::kept);
  REQUIRE(store.read(StoreMode::use).has_value());
  {
    auto file = store.files.open(journal, files::Access::read_write);
    REQUIRE((*file)->sync().has_value());
  }
  const std::uint64_t seal = store.files.contents(journal).size() - seal_bytes;
  check(journal, seal);
  // Without its seal a commit cannot be told from one that was never promised.
  for (std::uint64_t offset = seal; offset < seal + seal_bytes; ++offset) {
    store.files.flip_bit(journal, offset, offset % 8);
    const auto opened = store.read(StoreMode::inspect);
    REQUIRE(opened.has_value());
    REQUIRE(opened->commit == 5);
    REQUIRE(opened->torn);
    store.files.flip_bit(journal, offset, offset % 8);
  }
}

TEST_CASE("a file that is missing is missed") {
  for (const char* name : {"000000000003.base", "000000000003.journal", "000000000005.journal"}) {
    Journaled store;
    store.append_many(1, 3);
    REQUIRE(store.rebase().has_value());
    store.append_many(4, 5);
    REQUIRE(store.journal->begin_base().has_value());
    store.append_many(6, 7);
    store.files.lose(folder / name);
    const auto opened = store.read(StoreMode::inspect);
    CAPTURE(name);
    REQUIRE_FALSE(opened.has_value());
    CHECK(opened.error().code == ErrorCode::corrupt);
    // Without a base the first journal is missing that there ever was.
    const bool is_base = std::string_view(name).ends_with(".base");
    CHECK(opened.error().what.find(is_base ? "000000000000.journal" : name) != std::string::npos);
  }
}

TEST_CASE("a full disk changes nothing, and the next attempt may be with other rows") {
  for (std::uint64_t room = 0; room < 400; room += 3) {
    Journaled store;
    store.append_many(1, 3);
    store.files.set_capacity(store.files.used_bytes() + room);
    const auto overlay = Journaled::rows(90);
    const Status full = store.journal->append(*overlay);
    if (full) break;
    REQUIRE(full.error().code == ErrorCode::disk_full);
    REQUIRE(store.journal->commit() == 3);
    const bool dies = room % 2 == 0;
    Random random(room);
    store.files.set_capacity(~std::uint64_t{0});
    if (dies) {
      store.files.crash(random);
      const auto opened = store.read(StoreMode::use);
      REQUIRE(opened.has_value());
      REQUIRE(opened->commit == 3);
    }
    store.append_many(4, 6);
    const auto opened = store.read(StoreMode::use);
    REQUIRE(opened.has_value());
    REQUIRE(opened->rows == store.states[6]);
  }
}

TEST_CASE("a base for which there is no room is given up, and the journal goes on") {
  Journaled store;
  store.append_many(1, 20);
  for (std::uint64_t room = 0;; room += 500) {
    store.files.set_capacity(store.files.used_bytes() + room);
    const Status rebased = store.rebase();
    store.files.set_capacity(~std::uint64_t{0});
    if (rebased) break;
    REQUIRE(rebased.error().code == ErrorCode::disk_full);
    REQUIRE_FALSE(store.journal->has_begun_base());
    REQUIRE(store.append(21 + room / 500).has_value());
    const auto opened = store.read(StoreMode::use);
    REQUIRE(opened.has_value());
    REQUIRE(opened->rows == store.states[opened->commit]);
  }
  CHECK(store.files.list(folder)->size() == 2);
}

TEST_CASE("after a sync that failed nothing more is written, and nothing that it said is lost") {
  Journaled store;
  store.append_many(1, 3);
  store.files.fail_next_sync();
  const Status failed = store.append(4);
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().code == ErrorCode::sync_failed);
  const Status later = store.append(4);
  REQUIRE_FALSE(later.has_value());
  CHECK(later.error().code == ErrorCode::sync_failed);
  // What the failed sync should have written is in the cache alone; a new process makes sure of what it finds there.
  Random random(1);
  store.files.crash(random, sim::Unsynced::kept);
  const auto opened = store.read(StoreMode::use);
  REQUIRE(opened.has_value());
  CHECK(opened->commit == 4);
  store.files.crash(random, sim::Unsynced::lost);
  const auto again = store.read(StoreMode::use);
  REQUIRE(again.has_value());
  CHECK(again->commit == 4);
}

TEST_CASE("a journal of another store is not gone on with") {
  Journaled one;
  one.append_many(1, 2);
  REQUIRE(one.journal->begin_base().has_value());
  Journaled other;
  other.append_many(1, 2);
  REQUIRE(other.journal->begin_base().has_value());
  const Bytes foreign = other.files.contents(folder / "000000000002.journal");
  auto file = one.files.create(folder / "000000000002.journal");
  REQUIRE((*file)->write_at(0, foreign).has_value());
  const auto opened = one.read(StoreMode::inspect);
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().what.find("another store") != std::string::npos);
}
