#pragma once
#include <catch2/catch.hpp>
#include <map>

#include "common/base/random.hpp"
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

/// Keys that meet, that begin alike, and that have zeros at their end.
inline Bytes random_key(Random& random) {
  static constexpr const char* stems[] = {"a", "key-", "a-long-stem-of-more-than-sixteen-bytes-", "\xff"};
  Bytes key = stems[random.below(4)];
  key += std::to_string(random.below(60));
  if (random.one_in(5)) key += Bytes(random.below(4), '\0');
  return key;
}

inline Bytes random_value(Random& random) {
  return Bytes(random.one_in(20) ? random.below(9000) : random.below(200), static_cast<char>('a' + random.below(26)));
}

}  // namespace parley::store
