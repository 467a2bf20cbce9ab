#include <functional>

#include "common/wal/folder.hpp"
#include "tests/archive/archive_testing.hpp"

using namespace parley;
using namespace parley::archive_testing;
using sim::SimulatedFileSystem;

namespace {

/// Another process that looks at a disk while somebody works on it: before each of its reads and listings it lets the
/// other one do something, and it can be shown a part of a file as it was before that was written.
class Onlooker final : public wal::FileSystem {
 public:
  explicit Onlooker(SimulatedFileSystem& disk) : disk_(disk) {}

  std::function<void(std::uint64_t look)> before_look;
  /// The next so many reads of that file find zeros from this offset on.
  struct Unwritten {
    std::filesystem::path file;
    std::uint64_t offset = 0;
    int reads = 0;
  } unwritten;
  [[nodiscard]] std::uint64_t looks() const { return looks_; }

  Result<std::unique_ptr<wal::File>> open(const std::filesystem::path& path, wal::Access access) override {
    look();
    auto file = disk_.open(path, access);
    if (!file) return file;
    return std::make_unique<OpenFile>(*this, path, std::move(*file));
  }
  Result<std::vector<std::string>> list(const std::filesystem::path& folder) override {
    look();
    return disk_.list(folder);
  }
  // It only looks.
  Result<std::unique_ptr<wal::File>> create(const std::filesystem::path& path) override { return changes(path); }
  Status rename(const std::filesystem::path& from, const std::filesystem::path&) override { return changes(from); }
  Status remove(const std::filesystem::path& path) override { return changes(path); }
  Status make_directories(const std::filesystem::path& folder) override { return changes(folder); }
  Status sync_directory(const std::filesystem::path& folder) override { return changes(folder); }
  Result<std::unique_ptr<wal::DirectoryLock>> lock_directory(const std::filesystem::path& folder) override {
    return changes(folder);
  }
  Result<std::uint64_t> free_bytes(const std::filesystem::path& folder) override { return changes(folder); }

 private:
  class OpenFile final : public wal::File {
   public:
    OpenFile(Onlooker& onlooker, std::filesystem::path where, std::unique_ptr<wal::File> file)
        : onlooker_(onlooker), where_(std::move(where)), file_(std::move(file)) {}
    Result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) const override {
      onlooker_.look();
      const auto count = file_->read_at(offset, into);
      if (count) onlooker_.hide(where_, offset, into.first(*count));
      return count;
    }
    Status write_at(std::uint64_t, BytesView) override { return changes(where_); }
    Status reserve(std::uint64_t) override { return changes(where_); }
    Status sync() override { return changes(where_); }
    Result<std::uint64_t> size() const override { return file_->size(); }
    Result<std::shared_ptr<const files::Mapping>> map(std::uint64_t bytes) const override { return file_->map(bytes); }
    Result<std::uint64_t> next_data(std::uint64_t offset) const override { return file_->next_data(offset); }

   private:
    Onlooker& onlooker_;
    std::filesystem::path where_;
    std::unique_ptr<wal::File> file_;
  };

  static std::unexpected<Error> changes(const std::filesystem::path& what) {
    FAIL("an onlooker changes " << what);
    return fail(ErrorCode::io, "");
  }
  void look() {
    ++looks_;
    if (before_look) before_look(looks_);
  }
  void hide(const std::filesystem::path& file, std::uint64_t offset, std::span<char> bytes) {
    if (unwritten.reads == 0 || file != unwritten.file || offset + bytes.size() <= unwritten.offset) return;
    --unwritten.reads;
    const std::uint64_t from = std::max(offset, unwritten.offset) - offset;
    std::ranges::fill(bytes.subspan(static_cast<std::size_t>(from)), '\0');
  }

  SimulatedFileSystem& disk_;
  std::uint64_t looks_ = 0;
};

void prepare(Logger& logger) {
  good(logger.start());
  REQUIRE(logger.fill(5));
  good(logger.retire(3));
  good(logger.settle());
}

}  // namespace

TEST_CASE("an archive can be verified at any moment of another process's work, and has what was there at the begin") {
  History history;
  std::uint64_t looks = 0;
  {
    SimulatedFileSystem disk;
    Logger logger(disk, history);
    prepare(logger);
    Onlooker onlooker(disk);
    (void)good(verify(onlooker));
    looks = onlooker.looks();
  }
  REQUIRE(looks > 30);
  for (std::uint64_t when = 1; when <= looks; ++when) {
    for (const int work : {0, 1, 2, 3}) {
      SimulatedFileSystem disk;
      Logger logger(disk, history);
      prepare(logger);
      const Index last = logger.last();
      Onlooker onlooker(disk);
      onlooker.before_look = [&](std::uint64_t look) {
        if (look != when) return;
        if (work != 1) REQUIRE(logger.write(30));
        if (work >= 1) REQUIRE(logger.fill(6));
        if (work >= 2) good(logger.retire(1));
        if (work >= 3) good(logger.settle());
        if (work >= 3) REQUIRE(logger.fill(3));
      };
      INFO("before look " << when << ", work " << work);
      const archive::Summary summary = good(verify(onlooker));
      CHECK(summary.last.index >= last);
      CHECK(summary.last == history.place(summary.last.index));
      CHECK(summary.entries == summary.last.index.value);
    }
  }
}

TEST_CASE("an archive can be verified while another process writes at every look") {
  SimulatedFileSystem disk;
  History history;
  Logger logger(disk, history);
  prepare(logger);
  const Index last = logger.last();
  Onlooker onlooker(disk);
  onlooker.before_look = [&](std::uint64_t look) {
    REQUIRE(logger.write(1 + look % 5));
    if (look % 7 == 0) good(logger.retire(1 + look % 3));
    if (look % 2 == 0) (void)good(logger.archive().step());
  };
  const archive::Summary summary = good(verify(onlooker));
  CHECK(summary.last.index >= last);
  CHECK(summary.last == history.place(summary.last.index));
  const auto entries = good(walk_all(onlooker));
  CHECK(entries == history.between(Index{1}, entries.back().index));
}

TEST_CASE("an archive can be verified while it is truncated and while it gets images, at any moment") {
  History history;
  bool began_anew = false;
  for (std::uint64_t when = 1; when <= 120; ++when) {
    SimulatedFileSystem disk;
    Logger logger(disk, history);
    prepare(logger);
    Onlooker onlooker(disk);
    onlooker.before_look = [&](std::uint64_t look) {
      if (look != when) return;
      good(logger.add_image(logger.archive().last()));
      good(logger.archive().truncate_before(logger.archive().last()));
      good(logger.settle());
    };
    INFO("before look " << when);
    const archive::Summary summary = good(verify(onlooker));
    CHECK(summary.last == logger.log().last());
    began_anew |= summary.first > Index{1} && when > 10;
  }
  CHECK(began_anew);
}

TEST_CASE("a batch that is being written while it is read is the end, or is there whole") {
  History history;
  for (const int batches_behind : {0, 1, 2}) {
    for (std::uint64_t offset_in_batch = 0; offset_in_batch < 600; offset_in_batch += 8) {
      SimulatedFileSystem disk;
      Logger logger(disk, history);
      prepare(logger);
      const std::filesystem::path last = layout.live() / wal::segment_name(logger.log().segments().back().sequence);
      const std::uint64_t begin = logger.log().segments().back().end_offset();
      const Index before = logger.last();
      REQUIRE(logger.write(3));
      for (int batch = 0; batch < batches_behind; ++batch) REQUIRE(logger.write(3));
      Onlooker onlooker(disk);
      onlooker.unwritten = {last, begin + offset_in_batch, 1};
      INFO(batches_behind << " behind, from its byte " << offset_in_batch);
      const archive::Summary summary = good(verify(onlooker));
      // What a later batch declares synced is read anew, and the rest may be taken for what is not yet written.
      CHECK(summary.last.index >= before);
      if (batches_behind > 0) CHECK(summary.last.index.value >= before.value + 3);
      CHECK(summary.last == history.place(summary.last.index));
    }
  }
}

TEST_CASE("damage in the log of a process at work is damage: what is declared synced does not come later") {
  SimulatedFileSystem disk;
  History history;
  Logger logger(disk, history);
  prepare(logger);
  const wal::Segment segment = logger.log().segments().back();
  REQUIRE(logger.write(3));
  REQUIRE(logger.write(3));
  disk.flip_bit(layout.live() / wal::segment_name(segment.sequence), segment.end_offset() + 50, 2);
  Onlooker onlooker(disk);
  const auto summary = verify(onlooker);
  REQUIRE_FALSE(summary);
  CHECK(summary.error().code == ErrorCode::corrupt);
}
