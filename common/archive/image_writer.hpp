#pragma once
#include <memory>

#include "common/archive/image_format.hpp"
#include "common/transfer/image_receiver.hpp"
#include "common/wal/file_system.hpp"

namespace parley::archive {

/// Puts an image together in a file, which has its name once it is complete and durable, and no sooner. One thread at a
/// time. After an error nothing of the image is left, but for what the next opening of the archive removes.
class ImageFileWriter final : public transfer::ImageSink {
 public:
  /// Images go to `folder`, which must be there, under the names of their indexes. `files` must outlive the writer.
  ImageFileWriter(wal::FileSystem& files, std::filesystem::path folder) : files_(&files), folder_(std::move(folder)) {}
  ImageFileWriter(const ImageFileWriter&) = delete;
  ImageFileWriter& operator=(const ImageFileWriter&) = delete;
  ~ImageFileWriter() override { discard(); }

  /// What the next image is of. To be called before begin(), since a sink is not told.
  void expect(ImageFileHead head) { expected_ = std::move(head); }

  [[nodiscard]] Status begin() override;
  /// `protocol` if these are no rows, or more than a chunk may have.
  [[nodiscard]] Status add(BytesView rows) override;
  /// On return the file stands under its name for good. If there is one of the same state already, that one stays: the
  /// manifest may speak of it.
  /// `protocol` if `head` is not what was expected.
  [[nodiscard]] Status complete(const transfer::ImageHead& head) override;
  void discard() override;

  /// Bytes written of the image that is being put together.
  [[nodiscard]] std::uint64_t bytes() const { return offset_; }
  /// Where the image is once it is complete.
  [[nodiscard]] const std::filesystem::path& where() const { return where_; }

 private:
  [[nodiscard]] std::filesystem::path temporary() const;
  [[nodiscard]] Status write(BytesView bytes);
  [[nodiscard]] Result<bool> is_there_already();
  [[nodiscard]] Status failed(Status status);

  wal::FileSystem* files_;
  std::filesystem::path folder_;
  ImageFileHead expected_;
  ImageFileHead head_;               ///< of the image that was begun last
  std::filesystem::path where_;      ///< of the image that was begun last
  std::unique_ptr<wal::File> file_;  ///< null while nothing is being written
  std::uint64_t head_checksum_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t synced_ = 0;
  ImageFileEnd end_;
};

}  // namespace parley::archive
