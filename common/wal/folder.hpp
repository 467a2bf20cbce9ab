#pragma once
#include <map>

#include "common/wal/file_system.hpp"

namespace parley::wal {

/// The names in a log's folder. A segment goes through three of them: `.tmp` while it is filled with zeros, `.spare`
/// when it is ready, `.segment` from when its header is durable.
[[nodiscard]] std::string segment_name(std::uint64_t sequence);
[[nodiscard]] std::string spare_name(std::uint64_t sequence);
[[nodiscard]] std::string temporary_name(std::uint64_t sequence);

/// What stands in a log's folder. Files with other names are left alone.
struct Folder {
  std::vector<std::uint64_t> segments;          ///< sequence numbers, ascending
  std::map<std::uint64_t, std::string> unused;  ///< spares and temporary ones: names by sequence number
  std::vector<std::string> torn_copies;         ///< names, oldest segment first

  /// True if a log was made here, even if no segment of it is left.
  [[nodiscard]] bool has_log() const { return !segments.empty() || (!unused.empty() && unused.rbegin()->first > 1); }
};
[[nodiscard]] Result<Folder> look_into(FileSystem& files, const std::filesystem::path& folder);

/// Removes files such that a crash leaves a gap nowhere: one after the other, each durably, in this order. Missing ones
/// are an error.
[[nodiscard]] Status remove_in_order(FileSystem& files, const std::filesystem::path& folder,
                                     const std::vector<std::string>& names);

/// Lets go of segments that the log no longer needs: with a folder `retired` they go there under their names, in this
/// order, each durably in both folders; if it is empty they are removed. `corrupt`, and nothing is overwritten, if a
/// file of that name is there already.
[[nodiscard]] Status retire_in_order(FileSystem& files, const std::filesystem::path& folder,
                                     const std::filesystem::path& retired, const std::vector<std::string>& names);

}  // namespace parley::wal
