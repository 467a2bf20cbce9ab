#pragma once
#include <memory>
#include <optional>

#include "common/archive/image_format.hpp"
#include "common/wal/file_system.hpp"

namespace parley::archive {

/// Reads an image from its file, chunk by chunk in the order of its rows. Opening looks at the head and the end; each
/// chunk is verified when it is read, and their digest behind the last, unless some were passed over. Holds one chunk
/// in memory. `corrupt` names file, offset and the image's index. One thread at a time.
class ImageFileReader {
 public:
  /// `files` need not outlive the reader.
  [[nodiscard]] static Result<ImageFileReader> open(wal::FileSystem& files, const std::filesystem::path& where);

  [[nodiscard]] const ImageFileHead& head() const { return head_; }
  [[nodiscard]] const ImageFileEnd& end() const { return end_; }
  [[nodiscard]] std::uint64_t file_bytes() const { return file_bytes_; }

  /// The rows of the next chunk (transfer/rows.hpp); nothing behind the last.
  [[nodiscard]] Result<std::optional<Bytes>> next();
  /// The number of the chunk that next() will return.
  [[nodiscard]] std::uint64_t sequence() const { return sequence_; }
  /// The next chunk is that one, as after a transfer that broke off; it must be one of the image's, or end().chunks.
  /// Reads the heads of those between.
  [[nodiscard]] Status go_to(std::uint64_t sequence);

 private:
  ImageFileReader() = default;
  [[nodiscard]] Status read_frame();
  [[nodiscard]] Result<ImagePart> part_at(std::uint64_t offset) const;
  [[nodiscard]] std::unexpected<Error> fault(std::uint64_t offset, const std::string& why) const;

  std::filesystem::path where_;
  std::unique_ptr<wal::File> file_;
  std::uint64_t file_bytes_ = 0;
  ImageFileHead head_;
  ImageFileEnd end_;
  std::uint64_t head_bytes_ = 0;
  std::uint64_t head_checksum_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t sequence_ = 0;
  std::optional<ImageDigest> digest_;  ///< of what was read; nothing once a chunk was passed over
};

}  // namespace parley::archive
