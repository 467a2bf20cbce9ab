#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "common/archive/image_writer.hpp"
#include "common/store/backend.hpp"
#include "common/store/image.hpp"

namespace parley::node {

/// Puts an image of what is flushed into an archive, a step at a time. One thread, the store's.
class ImageKeeper {
 public:
  using Done = std::function<void(Result<transfer::ImageHead>)>;

  /// `backend` must outlive it; `done` is told of each image, from step().
  ImageKeeper(store::Backend& backend, Done done) : backend_(backend), done_(std::move(done)) {}

  /// Begins; one that is under way is given up, and not spoken of.
  void begin(const ClusterId& cluster, std::unique_ptr<archive::ImageFileWriter> writer);
  /// Some megabytes. True if there is more to do.
  bool step();
  /// The rows are replaced.
  void give_up();

 private:
  [[nodiscard]] Result<bool> write_some();
  void end(Result<transfer::ImageHead> outcome);

  store::Backend& backend_;
  Done done_;
  ClusterId cluster_;
  std::unique_ptr<archive::ImageFileWriter> writer_;
  std::unique_ptr<store::SnapshotSource> source_;
  transfer::ImageHead head_;
};

}  // namespace parley::node
