#pragma once
#include <map>
#include <set>

#include "common/base/random.hpp"
#include "common/files/file_system.hpp"

namespace parley::sim {

/// What a crash does to what was not synced.
enum class Unsynced {
  lost,  ///< nothing of it survives
  kept,  ///< all of it does: the process died, the machine did not
  any,   ///< each write is lost, kept or torn, whatever became of those before it; each change to names lost or kept
};

/// A file system in memory that does everything that a real one may do to a log or a store: it forgets what was not
/// synced, in any order; it runs full; it fails; bits flip. Deterministic: the same calls give the same bytes. One
/// thread at a time.
///
/// A file has two contents: the one that is read, and the durable one, which gets the writes when sync() succeeds. A
/// folder has the same, synced by sync_directory(); folders themselves are durable at once, as make_directories()
/// promises. A renaming from one folder to another is lost or kept as a whole, as in the journals of ext4, XFS and
/// btrfs, and is durable once both folders are synced.
class SimulatedFileSystem final : public files::FileSystem {
 public:
  struct Counters {
    std::uint64_t reads = 0;
    std::uint64_t writes = 0;
    std::uint64_t bytes_written = 0;
    std::uint64_t syncs = 0;  ///< of files
    std::uint64_t directory_syncs = 0;
  };

  SimulatedFileSystem();
  ~SimulatedFileSystem() override;

  // ---- what the log sees ----
  [[nodiscard]] Result<std::unique_ptr<files::File>> open(const std::filesystem::path& path,
                                                          files::Access access) override;
  [[nodiscard]] Result<std::unique_ptr<files::File>> create(const std::filesystem::path& path) override;
  [[nodiscard]] Status rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  [[nodiscard]] Status remove(const std::filesystem::path& path) override;
  [[nodiscard]] Result<std::vector<std::string>> list(const std::filesystem::path& folder) override;
  [[nodiscard]] Status make_directories(const std::filesystem::path& folder) override;
  [[nodiscard]] Status sync_directory(const std::filesystem::path& folder) override;
  [[nodiscard]] Result<std::unique_ptr<files::DirectoryLock>> lock_directory(
      const std::filesystem::path& folder) override;
  [[nodiscard]] Result<std::uint64_t> free_bytes(const std::filesystem::path& folder) override;

  // ---- what the test does to it ----
  /// The machine, or with Unsynced::kept the process, dies. Files that are open fail from now on, locks are gone, and
  /// so are the injections below, but for the capacity.
  void crash(Random& random, Unsynced unsynced = Unsynced::any);
  /// The machine dies when exactly the first so many bytes of what was not synced, in the order of the writes, have
  /// reached the disk. Changes to folders survive.
  void crash_after(std::uint64_t bytes);
  /// Bytes written and not synced, of all files.
  [[nodiscard]] std::uint64_t unsynced_bytes() const;

  /// After so many more operations that change something, every operation fails with `io`; crash() ends that.
  void stop_after(std::uint64_t operations);
  [[nodiscard]] bool has_stopped() const;
  /// Operations so far that change something.
  [[nodiscard]] std::uint64_t operations() const;

  /// The next sync of a file fails, and what it should have synced is never written: later syncs succeed all the same.
  void fail_next_sync();
  /// The next sync of a folder fails.
  void fail_next_directory_sync();
  /// The next write fails with this code when so many of its bytes are written.
  void fail_next_write(std::uint64_t after_bytes, ErrorCode code = ErrorCode::io);
  /// The next renaming fails with this code and changes nothing.
  void fail_next_rename(ErrorCode code);
  /// Space for all files together; writes and reservations beyond it fail with `disk_full`, writes after what fits.
  void set_capacity(std::uint64_t bytes);
  [[nodiscard]] std::uint64_t used_bytes() const;
  /// sync_directory() succeeds and does nothing: what a log that forgets it would do.
  void ignore_directory_syncs(bool ignored);
  /// A bit of the disk changes by itself.
  void flip_bit(const std::filesystem::path& path, std::uint64_t offset, unsigned bit);
  /// A file is gone for good.
  void lose(const std::filesystem::path& path);

  /// The bytes as they are read now. The file must exist.
  [[nodiscard]] Bytes contents(const std::filesystem::path& path) const;
  /// Every file with its bytes, to see whether anything changed.
  [[nodiscard]] std::map<std::string, Bytes> everything() const;
  [[nodiscard]] const Counters& counters() const;

  struct Disk;

 private:
  std::shared_ptr<Disk> disk_;
};

}  // namespace parley::sim
