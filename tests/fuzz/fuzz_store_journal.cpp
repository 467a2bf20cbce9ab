// Parts of a journal whose checksums are right, whatever they say: the store opens and goes on, or says what is wrong.
#include "common/store/journaled_rows.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/sim/files/simulated_file_system.hpp"

using namespace parley;
using namespace parley::store;

namespace {

const std::filesystem::path folder = "/store";

JournaledOptions options(std::uint32_t slot) {
  JournaledOptions made;
  made.slot = slot;
  made.slot_growth_bytes = 3000;
  made.journal_least_bytes = 500;
  made.step_bytes = 1000;
  return made;
}

template <class T>
void set_number(Bytes& bytes, std::size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

/// A part with any rows and nearly any head.
Bytes make_part(fuzz::Choices& choices, std::uint64_t store, const JournalName& file, std::uint64_t offset) {
  PartWriter writer;
  const std::uint64_t commit = choices.below(4);
  writer.begin(commit, 0, static_cast<std::uint32_t>(choices.below(3)));
  const auto kind = static_cast<PartKind>(1 + choices.below(4));
  switch (choices.below(4)) {
    case 0: writer.put(choices.take(1 + choices.below(6)), choices.take(choices.below(40))); break;
    case 1: writer.erase(choices.take(1 + choices.below(6))); break;
    case 2: writer.filled(choices.below(5)); break;
    default: writer.put("k" + std::to_string(choices.below(30)), choices.take(choices.below(80)));
  }
  if (choices.below(3) == 0) writer.put("r" + std::to_string(choices.below(5)), "v");
  return Bytes(writer.end({store, file, offset}, kind));
}

void make_file(sim::SimulatedFileSystem& files, fuzz::Choices& choices, const JournalHeader& header) {
  const JournalName name{header.kind, header.commit};
  auto file = files.create(folder / journal_name(name.kind, name.commit));
  ENSURE(file.has_value());
  Bytes bytes = encode_header(header);
  for (std::uint64_t parts = choices.below(7); parts > 0; --parts)
    bytes += make_part(choices, header.store, name, bytes.size());
  bytes += choices.take(choices.below(40));
  ENSURE((*file)->write_at(0, bytes).has_value());
}

std::map<Bytes, Bytes> read_all(const JournaledRows& rows) {
  std::map<Bytes, Bytes> all;
  const auto snapshot = rows.snapshot();
  for (const auto row = snapshot->seek({}); row->valid(); row->next()) {
    ENSURE(all.empty() || all.rbegin()->first < row->key());
    all.emplace(row->key(), row->value());
    ENSURE(snapshot->get(row->key()) == row->value());
  }
  return all;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Choices choices(fuzz::view(data, size));
  const std::uint32_t slot = choices.below(2) == 0 ? 0 : 64;
  sim::SimulatedFileSystem files;
  ENSURE(files.make_directories(folder).has_value());
  ENSURE(SlotFile::create(files, folder).has_value());
  const std::uint64_t base = choices.below(3);
  if (base > 0) make_file(files, choices, {JournalKind::base, slot, 7, base});
  make_file(files, choices, {JournalKind::journal, slot, 7, base});
  if (choices.below(2) == 1) make_file(files, choices, {JournalKind::journal, slot, 7, base + 1 + choices.below(3)});

  const auto looked = JournaledRows::open(files, folder, {}, StoreMode::inspect);
  auto opened = JournaledRows::open(files, folder, options(slot), StoreMode::use);
  ENSURE(looked.has_value() == opened.has_value());
  if (!opened) {
    ENSURE(!opened.error().what.empty());
    return 0;
  }
  auto expected = read_all(**opened);
  ENSURE(read_all(**looked) == expected);
  Overlay overlay;
  overlay.put("k3", "three");
  overlay.erase("k4");
  overlay.put("r", "row");
  ENSURE((*opened)->commit(overlay).has_value());
  expected["k3"] = "three";
  expected.erase("k4");
  expected["r"] = "row";
  ENSURE(read_all(**opened) == expected);
  while (true) {
    const auto more = (*opened)->step();
    ENSURE(more.has_value());
    if (!*more) break;
  }
  ENSURE(read_all(**opened) == expected);
  opened = fail(ErrorCode::locked, "");  // closed first
  const auto again = JournaledRows::open(files, folder, options(slot), StoreMode::use);
  ENSURE(again.has_value());
  ENSURE(read_all(**again) == expected);
  return 0;
}
