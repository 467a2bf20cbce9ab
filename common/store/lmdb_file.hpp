#pragma once
#include <cstdint>
#include <filesystem>

#include "common/base/result.hpp"

/// Looks into `data.mdb` without LMDB. LMDB maps the file and trusts it: a page beyond its end is a SIGBUS, a page of
/// garbage an assertion or worse. So what it is about to trust is looked at first.
///
/// The format is that of LMDB 0.9 (data version 1), numbers in the machine's order. All of the file is pages of one
/// size. Pages 0 and 1 are the meta pages, of which the one with the greater transaction counts; it has the roots of
/// two B+trees, that of free pages and that of rows.
namespace parley::store {

/// A tree as the meta page describes it.
struct LmdbTree {
  std::uint16_t flags = 0;
  std::uint16_t depth = 0;
  std::uint64_t branch_pages = 0;
  std::uint64_t leaf_pages = 0;
  std::uint64_t overflow_pages = 0;
  std::uint64_t entries = 0;
  std::uint64_t root = 0;  ///< no_page if it is empty
};
inline constexpr std::uint64_t no_page = ~std::uint64_t{0};

/// What the meta page in force says.
struct LmdbHead {
  std::uint64_t file_bytes = 0;
  std::uint32_t page_bytes = 0;
  std::uint64_t last_page = 0;
  std::uint64_t transaction = 0;
  LmdbTree free;
  LmdbTree rows;
};

/// `corrupt` if the file is missing, too short for its meta pages or not a store; names it.
[[nodiscard]] Result<LmdbHead> read_head(const std::filesystem::path& file);

/// Walks every page of both trees: each is within the file, is what its parent takes it for, belongs to one place
/// alone and not to the free pages, has its nodes within itself and its keys in order; and their numbers are those of
/// the meta page. `corrupt` at the first that is not so, naming file and page. Reads the whole file.
[[nodiscard]] Status check_pages(const std::filesystem::path& file, const LmdbHead& head);

/// What is done on every opening: head and pages as above. It costs about as much as reading the log, which a replica does
/// then as well; without it a damaged page would be a SIGBUS in the middle of serving.
[[nodiscard]] Status check_before_opening(const std::filesystem::path& file);

}  // namespace parley::store
