#pragma once
#include <filesystem>
#include <string>

#include "common/base/result.hpp"

/// What `parley-node inspect FOLDER` and `verify FOLDER` print. Both read a stopped node's data folder and change
/// nothing.
namespace parley::node {

/// What is in the folder: cluster, incarnation, term and vote, indexes, membership, digests. `corrupt` for a damaged
/// log, since every record is read.
[[nodiscard]] Result<std::string> inspect(const std::filesystem::path& folder);

/// Checks every record of the log, every page and row of the store, and that the two agree. `corrupt`, naming file and
/// place, at the first thing that does not.
[[nodiscard]] Result<std::string> verify(const std::filesystem::path& folder);

}  // namespace parley::node
