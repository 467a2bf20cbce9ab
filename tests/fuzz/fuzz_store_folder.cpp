// A store with a journal, and slots perhaps, that something has been done to: opening it gives the rows that were
// promised, or says what is wrong; and no crash loses what was promised.
#include "common/store/journaled_rows.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/sim/files/simulated_file_system.hpp"

using namespace parley;
using namespace parley::store;

namespace {

const std::filesystem::path folder = "/store";
using Model = std::map<Bytes, Bytes>;

JournaledOptions options(bool has_slots) {
  JournaledOptions made;
  made.slot = has_slots ? 64 : 0;
  made.slot_growth_bytes = 2000;
  made.journal_least_bytes = 600;
  made.step_bytes = 500;
  return made;
}

Model read_all(const JournaledRows& rows) {
  Model all;
  const auto snapshot = rows.snapshot();
  for (const auto row = snapshot->seek({}); row->valid(); row->next()) all.emplace(row->key(), row->value());
  return all;
}

/// A store and what it should hold.
struct Store {
  explicit Store(fuzz::Choices& its_choices) : choices(its_choices), has_slots(choices.below(2) == 1) {
    ENSURE(files.make_directories(folder).has_value());
    ENSURE(JournaledRows::create(files, folder, options(has_slots)).has_value());
    ENSURE(files.sync_directory(folder).has_value());
    open();
  }
  void open() {
    auto opened = JournaledRows::open(files, folder, options(has_slots), StoreMode::use);
    ENSURE(opened.has_value());
    rows = *std::move(opened);
  }
  /// False if the machine has stopped.
  bool act() {
    switch (choices.below(5)) {
      case 0: return rows->step().has_value();
      case 1:
        if (snapshot) {
          snapshot.reset();
        } else {
          snapshot = rows->snapshot();
        }
        return true;
      default: return commit();
    }
  }
  bool commit() {
    Overlay overlay;
    next = model;
    for (std::uint64_t i = 1 + choices.below(4); i > 0; --i) {
      const Bytes key = (choices.below(3) == 0 ? "r" : "k") + std::to_string(choices.below(12));
      if (choices.below(3) == 0) {
        overlay.erase(key);
        next.erase(key);
      } else {
        next[key] = Bytes(choices.below(52), static_cast<char>('a' + choices.below(26)));
        overlay.put(key, next[key]);
      }
    }
    if (!rows->commit(overlay)) return false;
    model = next;
    return true;
  }

  fuzz::Choices& choices;
  bool has_slots;
  sim::SimulatedFileSystem files;
  std::unique_ptr<JournaledRows> rows;
  std::unique_ptr<Snapshot> snapshot;
  Model model;
  Model next;  ///< with the commit that was tried last
};

void damage(Store& store) {
  for (int times = 0; times < 3 && !store.choices.is_empty(); ++times) {
    const auto all = store.files.everything();
    auto file = all.begin();
    std::advance(file, static_cast<std::ptrdiff_t>(store.choices.below(all.size())));
    if (store.choices.below(5) == 0) {
      store.files.lose(file->first);
    } else if (!file->second.empty()) {
      store.files.flip_bit(file->first, store.choices.below(file->second.size()),
                           static_cast<unsigned>(store.choices.below(8)));
    }
    if (store.files.everything().empty()) return;
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Choices choices(fuzz::view(data, size));
  Store store(choices);
  Random random(choices.below(1000));
  for (std::uint64_t lives = 1 + choices.below(3); lives > 0; --lives) {
    store.files.stop_after(choices.below(120));
    for (std::uint64_t actions = choices.below(30); actions > 0; --actions) {
      if (!store.act()) break;
    }
    store.snapshot.reset();
    store.rows.reset();
    store.files.crash(random, choices.below(2) == 0 ? sim::Unsynced::any : sim::Unsynced::kept);
    store.open();
    const Model found = read_all(*store.rows);
    ENSURE(found == store.model || found == store.next);
    store.model = store.next = found;
  }
  store.rows.reset();
  store.files.crash(random, sim::Unsynced::kept);
  damage(store);
  const auto opened = JournaledRows::open(store.files, folder, options(store.has_slots), StoreMode::inspect);
  if (!opened) {
    ENSURE(!opened.error().what.empty());
    return 0;
  }
  // Values in slots were looked at when it was opened, so that none stops the process now.
  const Model found = read_all(**opened);
  const auto again = JournaledRows::open(store.files, folder, options(store.has_slots), StoreMode::use);
  ENSURE(again.has_value());
  ENSURE(read_all(**again) == found);
  return 0;
}
