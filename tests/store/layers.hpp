#pragma once
#include <catch2/catch.hpp>
#include <map>

#include "common/base/random.hpp"
#include "common/files/posix_file_system.hpp"
#include "common/store/journaled_backend.hpp"
#include "common/store/lmdb_backend.hpp"
#include "common/store/write_behind_table.hpp"
#include "tests/sim/store/simulated_backend.hpp"
#include "tests/store/temporary_folder.hpp"

namespace parley::store {

inline constexpr std::uint64_t small_quota = std::uint64_t{64} * 1024 * 1024;

using Model = std::map<Bytes, Bytes>;

inline std::unique_ptr<LmdbBackend> open_lmdb(const std::filesystem::path& folder, std::uint64_t quota = small_quota) {
  auto backend = LmdbBackend::open(folder, quota);
  INFO((backend ? "" : backend.error().what));
  REQUIRE(backend.has_value());
  return *std::move(backend);
}

/// So small that in a short test everything happens often.
inline JournaledOptions small_options(bool has_slots) {
  JournaledOptions options;
  options.slot = has_slots ? 16384 : 0;
  options.slot_growth_bytes = 100'000;
  options.journal_least_bytes = 20'000;
  options.step_bytes = 10'000;
  return options;
}

inline std::unique_ptr<JournaledBackend> open_journaled(const std::filesystem::path& folder, bool has_slots) {
  static files::PosixFileSystem machine;
  auto backend = JournaledBackend::open(machine, folder, small_options(has_slots));
  INFO((backend ? "" : backend.error().what));
  REQUIRE(backend.has_value());
  return *std::move(backend);
}

/// The engines behave alike, and so does that of the simulation, but that it is in no folder: tests of what they have
/// in common are run with each.
#define ANY_ENGINE GENERATE(as<std::string>{}, "lmdb", "memory", "disk", "simulated")
#define REAL_ENGINE GENERATE(as<std::string>{}, "lmdb", "memory", "disk")

inline std::unique_ptr<Backend> open_backend(const std::string& engine, const std::filesystem::path& folder) {
  if (engine == "simulated") return std::make_unique<sim::SimulatedBackend>();
  if (engine == "lmdb") return open_lmdb(folder);
  return open_journaled(folder, engine == "disk");
}

inline std::unique_ptr<WriteBehindTable> table_over(Backend& backend) {
  auto snapshot = backend.snapshot();
  REQUIRE(snapshot.has_value());
  return std::make_unique<WriteBehindTable>(*std::move(snapshot));
}

inline Model rows_of(const app::Table& table, BytesView from = {}, std::size_t most = ~std::size_t{0}) {
  Model rows;
  table.scan(from, [&](BytesView key, BytesView value) {
    const bool ascending = rows.empty() || rows.rbegin()->first < key;
    CHECK(ascending);
    rows.emplace(key, value);
    return rows.size() < most;
  });
  return rows;
}

/// A whole round.
inline void flush(WriteBehindTable& table, Backend& backend) {
  const auto frozen = table.freeze();
  REQUIRE(backend.commit(*frozen).has_value());
  REQUIRE(table.flushed().has_value());
}

/// Keys that meet, that begin alike, and that have zeros at their end; and some of clients, which every engine takes.
inline Bytes random_key(Random& random) {
  static constexpr const char* stems[] = {"a", "k", "a-long-stem-of-more-than-sixteen-bytes-", "\xff"};
  Bytes key = stems[random.below(4)];
  const bool is_clients = key == "k";
  key += std::to_string(random.below(60));
  if (!is_clients && random.one_in(5)) key += Bytes(random.below(4), '\0');
  return key;
}

inline Bytes random_value(Random& random) {
  return Bytes(random.one_in(20) ? random.below(9000) : random.below(200), static_cast<char>('a' + random.below(26)));
}

}  // namespace parley::store
