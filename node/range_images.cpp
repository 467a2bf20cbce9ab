#include "node/range_images.hpp"

#include <utility>

#include "node/image_desk.hpp"

namespace parley::node {

replica::ImageOpened RangeImages::open(replica::RangeTicket ticket, Index at_or_below) {
  auto snapshot = backend_.snapshot();
  if (!snapshot) return {ticket, snapshot.error()};
  const auto head = head_of(**snapshot);
  // What was never flushed has no image yet.
  if (!head || head->index > at_or_below) return {ticket, replica::ImageGone{}};
  Image image{std::make_unique<store::SnapshotSource>(std::move(*snapshot)), std::nullopt};
  image.following = image.source->next();
  open_.insert_or_assign(ticket, std::move(image));
  return {ticket, *head};
}

std::optional<replica::ImageRowsRead> RangeImages::read(replica::RangeTicket ticket) {
  const auto at = open_.find(ticket);
  if (at == open_.end()) return std::nullopt;
  Image& image = at->second;
  if (!image.source) {
    return replica::ImageRowsRead{
        ticket, fail(ErrorCode::disk_full, "the store has no room to keep the state that this image is of")};
  }
  Bytes rows = std::exchange(image.following, std::nullopt).value_or(Bytes());
  image.following = image.source->next();
  const bool is_last = !image.following.has_value();
  return replica::ImageRowsRead{ticket, replica::ImageRows{SharedBytes(std::move(rows)), is_last}};
}

void RangeImages::give_up() {
  for (auto& [ticket, image] : open_) image = {};
}

}  // namespace parley::node
