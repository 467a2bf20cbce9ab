#include "node/pending_image.hpp"

#include "node/image_desk.hpp"

namespace parley::node {
namespace {

/// As of which entry the backend's own rows are; 0 for none.
Result<Index> flushed_index(store::Backend& backend) {
  const auto snapshot = backend.snapshot();
  if (!snapshot) return std::unexpected(snapshot.error());
  const auto head = head_of(**snapshot);
  return head ? head->index : Index{};
}

}  // namespace

Result<bool> finish_pending_image(store::Backend& backend, wal::Log& log) {
  std::optional<transfer::ImageHead> head;
  {
    const auto image = backend.completed_image();
    if (!image) return std::unexpected(image.error());
    if (*image == nullptr) return false;
    if (const auto found = head_of(**image)) head = *found;
  }
  const auto flushed = flushed_index(backend);
  if (!flushed) return std::unexpected(flushed.error());
  if (!head || head->index <= *flushed) {
    backend.discard_image();
    return false;
  }
  // In this order: a log that begins behind the state would have lost something.
  const bool agrees = log.term_at(head->index) == head->term;
  if (!agrees) {
    const Status restarted = log.start_after({head->index, head->term, head->digest, head->time},
                                             {head->membership_index, Bytes(head->membership.view())});
    if (!restarted) return std::unexpected(restarted.error());
  }
  if (Status installed = backend.install_image(); !installed) return std::unexpected(installed.error());
  return !agrees;
}

}  // namespace parley::node
