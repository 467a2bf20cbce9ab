// A log that something has been done to: opening it gives a log that can be read and written, or says what is wrong.
#include "common/base/chain.hpp"
#include "common/wal/log.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/sim/files/simulated_file_system.hpp"

using namespace parley;
using fuzz::Choices;

namespace {

const std::filesystem::path folder = "/log";
const wal::Options small{16 * limits::KiB, true};

wal::Identity identity() {
  wal::Identity made;
  made.cluster.bytes[0] = 1;
  made.server = ServerId{7};
  return made;
}

std::vector<Entry> entries_behind(const wal::Start& last, Term term, std::size_t count) {
  std::vector<Entry> entries;
  Digest digest = last.digest;
  for (std::size_t i = 1; i <= count; ++i) {
    Entry entry{last.index + Count{i}, term, EntryKind::command, {}, SharedBytes(Bytes(50 * i, 'x')), {}};
    entry.digest = chain_next(digest, entry);
    digest = entry.digest;
    entries.push_back(std::move(entry));
  }
  return entries;
}

bool write(wal::Log& log, Term term, std::size_t count) {
  const auto entries = entries_behind(log.last(), term, count);
  wal::Batch batch;
  batch.hard_state = raft::HardState{term, ServerId{7}};
  batch.entries.emplace_back(entries);
  batch.commit = log.last().index;
  return log.write(batch) && log.sync();
}

void make_log(sim::SimulatedFileSystem& files, Choices& choices) {
  auto log = wal::Log::create(files, folder, identity(), small);
  ENSURE(log.has_value());
  for (std::uint64_t rounds = 1 + choices.below(6), term = 1; rounds > 0; --rounds, ++term)
    ENSURE(write(*log, Term{term}, 1 + choices.below(25)));
}

void damage(sim::SimulatedFileSystem& files, Choices& choices) {
  for (int times = 0; times < 8 && !choices.is_empty(); ++times) {
    const auto all = files.everything();
    auto file = all.begin();
    std::advance(file, static_cast<std::ptrdiff_t>(choices.below(all.size())));
    switch (choices.below(6)) {
      case 0: files.lose(file->first); break;
      default:
        if (!file->second.empty()) {
          files.flip_bit(file->first, choices.below(file->second.size()), static_cast<unsigned>(choices.below(8)));
        }
    }
    if (files.everything().empty()) return;
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choices(fuzz::view(data, size));
  sim::SimulatedFileSystem files;
  make_log(files, choices);
  damage(files, choices);
  const auto before = files.everything();
  auto opened = wal::Log::open(files, folder, small);
  if (!opened) {
    ENSURE(!opened.error().what.empty());
    ENSURE(opened.error().code != ErrorCode::corrupt || files.everything() == before);
    return 0;
  }
  wal::Log& log = opened->log;
  const auto entries = log.read(log.first(), log.last().index, SIZE_MAX);
  ENSURE(entries.has_value());
  ENSURE(write(log, Term{100}, 3));
  const Index last = log.last().index;
  opened = fail(ErrorCode::locked, "");  // closed first
  const auto again = wal::Log::open(files, folder, small);
  ENSURE(again.has_value());
  ENSURE(again->log.last().index == last);
  return 0;
}
