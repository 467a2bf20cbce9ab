// A manifest, also with a checksum that is right; one that can be decoded takes the place of that of an archive, which
// then opens, reads and verifies, or says what is wrong.
#include <cstring>

#include "common/archive/archive.hpp"
#include "common/archive/verifier.hpp"
#include "common/base/chain.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/sim/files/simulated_file_system.hpp"

using namespace parley;

namespace {

const archive::Layout layout{"/log0"};

wal::Identity identity() {
  wal::Identity made;
  made.cluster.bytes[0] = 1;
  made.server = ServerId{7};
  return made;
}

bool write(wal::Log& log, std::size_t count) {
  std::vector<Entry> entries;
  Digest digest = log.last().digest;
  for (std::size_t i = 1; i <= count; ++i) {
    Entry entry{log.last().index + Count{i}, Term{1}, EntryKind::command, {}, SharedBytes(Bytes(200, 'x')), {}};
    entry.digest = digest = chain_next(digest, entry);
    entries.push_back(std::move(entry));
  }
  wal::Batch batch;
  batch.entries.emplace_back(entries);
  return log.write(batch) && log.sync();
}

/// Two sealed segments, an image, and a live log.
void make_archive(sim::SimulatedFileSystem& files) {
  auto archive = archive::Archive::open(files, layout.root, wal::OpenMode::use);
  ENSURE(archive.has_value());
  auto log = wal::Log::create(files, layout.live(), identity(), {8 * limits::KiB, true, layout.sealed()});
  ENSURE(log.has_value());
  while (log->segments().size() < 3) ENSURE(write(*log, 5));
  ENSURE(log->trim_before(log->last().index).has_value());
  archive->live_begins(log->segments().front().sequence, log->segments().front().before);
  while (*archive->step()) {
  }
  const auto writer = archive->image_writer();
  const transfer::ImageHead head{log->start().index, Term{1}, log->start().digest, {}, Index{}, {}};
  writer->expect({identity().cluster, head});
  ENSURE(writer->begin() && writer->complete(head) && archive->add_image(head.index));
}

void use(sim::SimulatedFileSystem& files) {
  auto archive = archive::Archive::open(files, layout.root, wal::OpenMode::use);
  if (!archive) {
    ENSURE(!archive.error().what.empty());
    return;
  }
  const auto entries = archive->read(archive->first(), archive->last(), limits::MiB);
  ENSURE(entries || !entries.error().what.empty());
  archive->live_begins(archive->manifest().next_sequence(), archive->manifest().end());
  for (auto more = archive->step(); more && *more;) more = archive->step();
  static_cast<void>(archive->truncate_before(Index{archive->last().value / 2 + 1}));
  for (auto more = archive->step(); more && *more;) more = archive->step();
}

void take(BytesView bytes) {
  fuzz::check_round_trip(bytes, archive::decode_manifest, archive::encode_manifest);
  if (!archive::decode_manifest(bytes)) return;
  sim::SimulatedFileSystem files;
  make_archive(files);
  auto file = files.create(layout.manifest());
  ENSURE(file && (*file)->write_at(0, bytes) && (*file)->sync() && files.sync_directory(layout.root));
  archive::Verifier verifier(files, layout.root);
  auto more = verifier.step();
  while (more && *more) more = verifier.step();
  ENSURE(more || !more.error().what.empty());
  use(files);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(fuzz::view(data, size));
  take(bytes);
  if (size < 16) return 0;
  const std::uint64_t sum = checksum64(BytesView(bytes).substr(16));
  std::memcpy(bytes.data() + 8, &sum, sizeof sum);
  take(bytes);
  return 0;
}
