#include "node/image_keeper.hpp"

#include "common/base/engine_limits.hpp"
#include "node/image_desk.hpp"

namespace parley::node {

void ImageKeeper::begin(const ClusterId& cluster, std::unique_ptr<archive::ImageFileWriter> writer) {
  source_.reset();
  cluster_ = cluster;
  writer_ = std::move(writer);
}

bool ImageKeeper::step() {
  if (!writer_) return false;
  const auto more = write_some();
  if (!more) {
    end(std::unexpected(more.error()));
  } else if (!*more) {
    end(head_);
  }
  return writer_ != nullptr;
}

Result<bool> ImageKeeper::write_some() {
  if (!source_) {
    auto snapshot = backend_.snapshot();
    if (!snapshot) return std::unexpected(snapshot.error());
    auto head = head_of(**snapshot);
    if (!head) return std::unexpected(head.error());
    head_ = *std::move(head);
    writer_->expect({cluster_, head_});
    if (Status begun = writer_->begin(); !begun) return std::unexpected(begun.error());
    source_ = std::make_unique<store::SnapshotSource>(*std::move(snapshot));
  }
  for (std::size_t bytes = 0; bytes < limits::engine_step_bytes;) {
    const auto rows = source_->next();
    if (!rows) {
      if (Status completed = writer_->complete(head_); !completed) return std::unexpected(completed.error());
      return false;
    }
    if (Status added = writer_->add(*rows); !added) return std::unexpected(added.error());
    bytes += rows->size();
  }
  return true;
}

void ImageKeeper::end(Result<transfer::ImageHead> outcome) {
  source_.reset();
  writer_.reset();
  done_(std::move(outcome));
}

void ImageKeeper::give_up() {
  source_.reset();
  writer_.reset();
}

}  // namespace parley::node
