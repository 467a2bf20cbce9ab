#include "common/base/limits.hpp"
#include "tests/store/layers.hpp"

using namespace parley;
using namespace parley::store;

TEST_CASE("the map is a multiple of the quota, and costs no disk") {
  TemporaryFolder folder;
  const auto backend = open_lmdb(folder / "store", limits::quota_bytes);
  CHECK(backend->usage().map_bytes == limits::quota_bytes * limits::map_per_quota);
  CHECK(backend->usage().high_water_bytes < limits::MiB);
  CHECK(std::filesystem::file_size(folder / "store/data.mdb") < limits::MiB);
}

TEST_CASE("a store is crowded by what is in it and by what a snapshot pins, not by what was there once") {
  TemporaryFolder folder;
  const auto backend = open_lmdb(folder / "store", 2 * limits::MiB);  // a map of 8
  const auto table = table_over(*backend);
  const auto fill = [&](int from, int to) {
    for (int i = from; i < to; ++i) table->put("k" + std::to_string(i), Bytes(2000, 'v'));
    flush(*table, *backend);
  };
  fill(1000, 1500);
  CHECK_FALSE(backend->is_crowded());
  int end = 1500;
  for (; !backend->is_crowded() && end < 5000; end += 50) fill(end, end + 50);
  REQUIRE(end < 5000);
  CHECK(end > 2500);
  for (int i = 1500; i < end; i += 50) {
    for (int k = i; k < i + 50; ++k) table->erase("k" + std::to_string(k));
    flush(*table, *backend);
  }
  fill(1000, 1001);
  fill(1000, 1001);
  CHECK(backend->usage().high_water_bytes > backend->usage().map_bytes * 3 / 4);
  CHECK_FALSE(backend->is_crowded());
  auto image = backend->snapshot();
  REQUIRE(image.has_value());
  // Every page is written anew each time, and the snapshot needs those of before.
  // LMDB reuses nothing that was freed since.
  fill(1000, 1500);
  CHECK_FALSE(backend->is_crowded());
  for (int i = 0; i < 10 && !backend->is_crowded(); ++i) fill(1000, 1100);
  CHECK(backend->is_crowded());
  image = fail(ErrorCode::io, "gone");
  fill(1000, 1001);
  fill(1000, 1001);
  CHECK_FALSE(backend->is_crowded());
}

TEST_CASE("a commit that finds the map full says so and changes nothing") {
  TemporaryFolder folder;
  const auto backend = open_lmdb(folder / "store", 64 * limits::KiB);
  const auto table = table_over(*backend);
  table->put("before", "v");
  flush(*table, *backend);
  for (int i = 0; i < 300; ++i) table->put("k" + std::to_string(i), Bytes(2000, 'v'));
  const auto frozen = table->freeze();
  const Status full = backend->commit(*frozen);
  REQUIRE_FALSE(full.has_value());
  CHECK(full.error().code == ErrorCode::disk_full);
  CHECK(full.error().what.find("data.mdb") != std::string::npos);
  CHECK(rows_of(*table_over(*backend)) == Model{{"before", "v"}});
}

TEST_CASE("a write transaction that is dropped leaves nothing, and the next one works") {
  TemporaryFolder folder;
  REQUIRE(LmdbEnvironment::create(folder / "store").has_value());
  auto environment = LmdbEnvironment::open(folder / "store", limits::MiB, LmdbEnvironment::Access::read_write);
  REQUIRE(environment.has_value());
  {
    auto dropped = LmdbWriteTransaction::begin(*environment);
    REQUIRE(dropped.has_value());
    REQUIRE(dropped->put("k", "dropped").has_value());
  }
  auto next = LmdbWriteTransaction::begin(*environment);
  REQUIRE(next.has_value());
  REQUIRE(next->put("l", "kept").has_value());
  REQUIRE(next->erase("never there").has_value());
  REQUIRE(next->commit().has_value());
  const auto reading = LmdbReadTransaction::begin(*environment);
  REQUIRE(reading.has_value());
  CHECK_FALSE((*reading)->get("k").has_value());
  CHECK((*reading)->get("l") == "kept");
}

TEST_CASE("pages are used again while the table is refreshed, so that the file does not grow for ever") {
  TemporaryFolder folder;
  const auto backend = open_lmdb(folder / "store");
  const auto table = table_over(*backend);
  std::uint64_t early = 0;
  for (int round = 0; round < 60; ++round) {
    for (int i = 0; i < 200; ++i) table->put("k" + std::to_string(i), Bytes(500, static_cast<char>('a' + round % 26)));
    flush(*table, *backend);
    if (round == 10) early = backend->usage().high_water_bytes;
  }
  CHECK(backend->usage().high_water_bytes <= early * 3 / 2);
}
