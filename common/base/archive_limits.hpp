#pragma once
#include "common/base/limits.hpp"

/// The bounds of the archive of a logger.
namespace parley::limits {

/// Sealed segments of an archive: 8 TiB at the default size, and 23 MB of manifest. Beyond it, and beyond the next two,
/// nothing more is taken up (`disk_full`) until the archive is truncated; its live log keeps what comes.
inline constexpr std::size_t archive_segments = 128 * 1024;
/// Gaps, each of which stands for a logger that was away for long.
inline constexpr std::size_t archive_gaps = 4096;
/// Images of the state.
inline constexpr std::size_t archive_images = 1024;
/// Bytes of a segment that are verified in one step, some milliseconds; whoever asks for entries waits for one step at
/// most.
inline constexpr std::size_t archive_step_bytes = 1 * MiB;
/// Streams that can read sealed segments at a time without seeking anew; one more costs a seek for each answer.
inline constexpr std::size_t archive_cursors = 8;
/// Entries of a window of compaction at most: what is known of the keys of one is in memory, about 100 bytes each and
/// the key. At least so many, or the work at the end of a window is most of it.
inline constexpr std::uint64_t max_compaction_period = 10'000'000;
inline constexpr std::uint64_t min_compaction_period = 10;
/// Bytes of entries that compaction looks at before it saves how far it has come: what a restart looks at again.
inline constexpr std::uint64_t compaction_save_bytes = 256 * MiB;
/// Bytes of what it saves, as it is read: as many sessions with as many kept replies as settings allow, and room.
inline constexpr std::size_t compaction_state_bytes = 2 * GiB;
/// Bytes of an image that are written between two syncs, so that the last one is not of all of it.
inline constexpr std::size_t image_sync_bytes = 32 * MiB;
/// How often somebody who looks at an archive that is in use begins again because it was changed meanwhile. Beyond it
/// the fault that was seen is reported.
inline constexpr int archive_attempts = 4;

}  // namespace parley::limits
