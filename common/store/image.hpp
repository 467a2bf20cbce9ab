#pragma once
#include <functional>
#include <memory>

#include "common/store/backend.hpp"
#include "common/transfer/image_receiver.hpp"
#include "common/transfer/image_sender.hpp"

namespace parley::store {

/// All rows of a snapshot, in pieces. It holds the snapshot, and so the pages of its commit, as long as it lives.
class SnapshotSource final : public transfer::ImageSource {
 public:
  explicit SnapshotSource(std::unique_ptr<Snapshot> snapshot);
  [[nodiscard]] std::optional<Bytes> next() override;

 private:
  std::unique_ptr<Snapshot> snapshot_;
  std::unique_ptr<RowCursor> row_;
};

/// Puts the rows of an image into a backend's image, in commits of about limits::overlay_bytes.
class BackendSink final : public transfer::ImageSink {
 public:
  /// Whether these rows are what their sender has said. Asked before the image counts as complete, so that whoever
  /// finds a complete one, after a crash perhaps, need not ask.
  using Check = std::function<Status(const Snapshot& rows, const transfer::ImageHead& said)>;
  BackendSink(Backend& backend, Check check) : backend_(backend), check_(std::move(check)) {}
  BackendSink(const BackendSink&) = delete;
  BackendSink& operator=(const BackendSink&) = delete;
  [[nodiscard]] Status begin() override;
  [[nodiscard]] Status add(BytesView rows) override;
  [[nodiscard]] Status complete(const transfer::ImageHead& head) override;
  void discard() override;

 private:
  [[nodiscard]] Status commit();

  Backend& backend_;
  Check check_;
  Backend* image_ = nullptr;
  std::unique_ptr<Overlay> rows_;
};

}  // namespace parley::store
