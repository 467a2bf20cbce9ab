#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>

#include "common/app/meta.hpp"
#include "common/base/result.hpp"
#include "common/store/journaled_rows.hpp"

/// Looking into the store of a stopped node, for `parley-node inspect` and `verify`. Nothing is written, not even a
/// lock.
namespace parley::store {

/// What the last flush left; nothing if there was none. `corrupt`, naming the file, if that cannot be read.
[[nodiscard]] Result<std::optional<app::Meta>> inspect_store(const std::filesystem::path& folder);

/// What a sound store holds.
struct StoreReport {
  std::optional<app::Meta> meta;
  std::uint64_t rows = 0;       ///< of every kind
  std::uint64_t row_bytes = 0;  ///< keys and values of those
  std::uint64_t key_value_rows = 0;
  std::uint64_t key_value_bytes = 0;  ///< keys and values, as clients know them
  std::uint64_t used_bytes = 0;       ///< what all rows cost that count for the quota
  std::uint64_t file_bytes = 0;
  std::uint64_t commit = 0;        ///< the engine's number of the last one
  std::optional<TornCommit> torn;  ///< what a crash left of one more; of the engines with a journal
};

/// Reads all of every file and every row, and compares what the meta row counts with what there is. `corrupt`, naming
/// the file, at the first thing that does not agree. LMDB keeps no checksums: a bit flipped within a value is seen only
/// by comparing state digests with another replica.
[[nodiscard]] Result<StoreReport> verify_store(const std::filesystem::path& folder);

}  // namespace parley::store
