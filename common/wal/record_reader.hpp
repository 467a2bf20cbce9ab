#pragma once
#include <memory>
#include <optional>

#include "common/wal/file_system.hpp"
#include "common/wal/format.hpp"

namespace parley::wal {

/// Reads a file in large pieces and gives out views of them.
class FileWindow {
 public:
  /// Never reads at or beyond `end`, which must not lie beyond the end of the file. `file` must outlive this object.
  FileWindow(const File& file, std::uint64_t end, std::size_t window_bytes)
      : file_(&file), end_(end), window_bytes_(window_bytes) {}

  /// The bytes [offset, offset + size), which must lie before the end. They live until the next call, or as long as
  /// owner().
  [[nodiscard]] Result<BytesView> at(std::uint64_t offset, std::size_t size);
  /// Keeps the last view alive beyond the next call.
  [[nodiscard]] std::shared_ptr<const void> owner() const { return bytes_; }
  [[nodiscard]] std::uint64_t end() const { return end_; }

 private:
  const File* file_;
  std::uint64_t end_;
  std::size_t window_bytes_;
  std::uint64_t begin_ = 0;
  std::shared_ptr<Bytes> bytes_;
};

/// The offset of the last byte in [from, to) that is not zero, if any.
[[nodiscard]] Result<std::optional<std::uint64_t>> last_written(const File& file, std::uint64_t from, std::uint64_t to);

/// What stands where a record was looked for.
enum class Finding {
  record,   ///< an intact record
  end,      ///< zeros, or no room for a record
  bad,      ///< something else
  unknown,  ///< an intact record that this version cannot read
};

/// Reads the records of one segment one after the other, verifying each.
class RecordReader {
 public:
  /// Reads [from, to) of the file. `segment` is the place of the file's first byte.
  RecordReader(const File& file, const Place& segment, std::uint64_t from, std::uint64_t to, std::size_t window_bytes)
      : window_(file, to, window_bytes), segment_(segment), next_(from) {}

  /// Looks at what stands at next_offset(), and goes behind it if it is a record.
  [[nodiscard]] Result<Finding> read();
  /// The next record to look at stands there.
  void seek(std::uint64_t offset) { next_ = offset; }

  /// The record that read() found; its payload lives until the next read(), or as long as owner().
  [[nodiscard]] const Record& record() const { return record_; }
  [[nodiscard]] std::shared_ptr<const void> owner() const { return window_.owner(); }
  /// The offset of the record found.
  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  [[nodiscard]] std::uint64_t next_offset() const { return next_; }

 private:
  FileWindow window_;
  Place segment_;
  std::uint64_t next_;
  std::uint64_t offset_ = 0;
  Record record_;
};

/// The highest position that an intact batch record or seal in [from, to) of the file declares synced; 0 if there is
/// none. This is for a segment in which a bad record hides where the next one begins, so it looks at every aligned
/// offset.
[[nodiscard]] Result<std::uint64_t> highest_declared(const File& file, const Place& segment, std::uint64_t from,
                                                     std::uint64_t to);

}  // namespace parley::wal
