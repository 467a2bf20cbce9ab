#include <fstream>

#include "common/app/application.hpp"
#include "common/store/inspect.hpp"
#include "common/store/lmdb_file.hpp"
#include "tests/store/layers.hpp"

using namespace parley;
using namespace parley::store;

namespace {

namespace fs = std::filesystem;

Bytes read_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const fs::path& file, BytesView bytes) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// A store with a tree of some levels, values on pages of their own, and free pages.
Bytes make_store(const fs::path& folder) {
  {
    const auto backend = open_lmdb(folder);
    const auto table = table_over(*backend);
    auto application = app::Application::open(*table);
    REQUIRE(application.has_value());
    const auto apply = [&application](const app::Command& command) {
      application->apply({application->applied().next(),
                          Term{1},
                          EntryKind::command,
                          {},
                          SharedBytes(app::encode_command(command)),
                          {}});
    };
    apply({.operation = app::OpenSession{1}});
    std::uint64_t seq = 0;
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 400; ++i) {
        const RequestSeq next{++seq};
        const Bytes key = Bytes(100, 'k') + std::to_string(i * 7 % 400);
        const Bytes value(i % 50 == 0 ? 9000 : 100, static_cast<char>('a' + round));
        if (i % 9 == round) {
          apply({SessionId{1}, next, next, app::Delete{key}});
        } else {
          apply({SessionId{1}, next, next, app::Set{key, value}});
        }
      }
      application->save_meta();
      flush(*table, *backend);
    }
    // Small commits use free pages, so that the roots do not lie at the end of the file.
    for (int round = 0; round < 2; ++round) {
      application->save_meta();
      flush(*table, *backend);
    }
  }
  return read_file(folder / "data.mdb");
}

std::optional<Error> error_of_opening(const fs::path& folder) {
  const auto backend = LmdbBackend::open(folder, small_quota);
  return backend ? std::nullopt : std::optional<Error>(backend.error());
}

}  // namespace

TEST_CASE("the head of a store is what LMDB wrote, and its pages are sound") {
  TemporaryFolder folder;
  const Bytes bytes = make_store(folder / "store");
  const auto head = read_head(folder / "store/data.mdb");
  REQUIRE(head.has_value());
  CHECK(head->file_bytes == bytes.size());
  CHECK(head->page_bytes == 4096);
  CHECK(head->rows.depth >= 2);
  CHECK(head->rows.overflow_pages > 0);
  CHECK(head->free.entries > 0);
  CHECK(head->transaction == 5);
  CHECK((head->rows.root + 10) * 4096 < bytes.size());
  const Status pages = check_pages(folder / "store/data.mdb", *head);
  INFO((pages ? "" : pages.error().what));
  CHECK(pages.has_value());
  CHECK(verify_store(folder / "store").has_value());
}

TEST_CASE("a data file that is missing, empty or garbage is corrupt and named") {
  TemporaryFolder folder;
  const Bytes sound = make_store(folder / "store");
  const fs::path file = folder / "store/data.mdb";
  SECTION("missing") { fs::remove(file); }
  SECTION("empty") { write_file(file, ""); }
  SECTION("a few bytes") { write_file(file, "some bytes"); }
  SECTION("zeros") { write_file(file, Bytes(sound.size(), '\0')); }
  SECTION("text") { write_file(file, Bytes(sound.size(), 't')); }
  SECTION("cut within the first page") { write_file(file, BytesView(sound).substr(0, 1000)); }
  SECTION("cut within the second page") { write_file(file, BytesView(sound).substr(0, 4200)); }
  SECTION("cut after the meta pages") { write_file(file, BytesView(sound).substr(0, 8192)); }
  SECTION("a folder") {
    fs::remove(file);
    fs::create_directory(file);
  }
  SECTION("its first page overwritten") {
    Bytes damaged = sound;
    damaged.replace(0, 4096, Bytes(4096, '\x5a'));
    write_file(file, damaged);
  }
  SECTION("its second page overwritten") {
    Bytes damaged = sound;
    damaged.replace(4096, 4096, Bytes(4096, '\x5a'));
    write_file(file, damaged);
  }
  const auto error = error_of_opening(folder / "store");
  REQUIRE(error.has_value());
  CHECK(error->code == ErrorCode::corrupt);
  CHECK(error->what.starts_with(file.string()));
  const auto report = verify_store(folder / "store");
  REQUIRE_FALSE(report.has_value());
  CHECK(report.error().what == error->what);
  CHECK_FALSE(inspect_store(folder / "store").has_value());
}

TEST_CASE("a data file cut anywhere is found on opening, unless all that is missing is free") {
  TemporaryFolder folder;
  const Bytes sound = make_store(folder / "store");
  const fs::path file = folder / "store/data.mdb";
  std::size_t refused = 0;
  for (std::size_t pages = sound.size() / 4096 - 1; pages > 1; --pages) {
    write_file(file, BytesView(sound).substr(0, pages * 4096 - (pages % 2 == 0 ? 0 : 100)));
    fs::remove(folder / "store/lock.mdb");
    if (const auto error = error_of_opening(folder / "store")) {
      REQUIRE(error->code == ErrorCode::corrupt);
      ++refused;
    } else {
      const auto report = verify_store(folder / "store");
      REQUIRE(report.has_value());
      CHECK(report->rows > 0);
    }
  }
  CHECK(refused > sound.size() / 4096 / 2);
}

TEST_CASE("verify finds a page that is garbage, zero or another one's, and never crashes on it") {
  TemporaryFolder folder;
  const Bytes sound = make_store(folder / "store");
  const fs::path file = folder / "store/data.mdb";
  const auto head = read_head(file);
  REQUIRE(head.has_value());
  std::size_t found = 0;
  const std::size_t pages = sound.size() / 4096;
  for (std::size_t page = 2; page < pages; ++page) {
    Bytes damaged = sound;
    const Bytes others[] = {Bytes(4096, '\xa5'), Bytes(4096, '\0'), sound.substr(2 * 4096, 4096)};
    damaged.replace(page * 4096, 4096, others[page % 3]);
    write_file(file, damaged);
    const auto report = verify_store(folder / "store");
    if (report) continue;  // a free page, or the inside of a long value
    CHECK(report.error().code == ErrorCode::corrupt);
    ++found;
  }
  CHECK(found >= head->rows.leaf_pages + head->rows.branch_pages - 1);
}

TEST_CASE("verify of a store with any byte changed ends with a report or with a word for it") {
  TemporaryFolder folder;
  const Bytes sound = make_store(folder / "store");
  const fs::path file = folder / "store/data.mdb";
  Random random(11);
  std::size_t found = 0;
  for (int i = 0; i < 600; ++i) {
    Bytes damaged = sound;
    // Mostly where structure is: heads of pages, and the meta pages.
    const std::size_t page = random.one_in(4) ? random.below(2) : random.below(sound.size() / 4096);
    const std::size_t offset = page * 4096 + (random.one_in(3) ? random.below(4096) : random.below(160));
    damaged[offset] = static_cast<char>(damaged[offset] ^ (1 << random.below(8)));
    write_file(file, damaged);
    const auto report = verify_store(folder / "store");
    if (report) continue;
    CHECK((report.error().code == ErrorCode::corrupt || report.error().code == ErrorCode::io));
    ++found;
  }
  CHECK(found > 50);
}
