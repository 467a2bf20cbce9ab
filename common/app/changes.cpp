#include "common/app/changes.hpp"

#include "common/app/effect_details.hpp"
#include "common/base/byte_codec.hpp"

namespace parley::app {

void ChangeList::clear_more() {
  has_more_ = false;
  chats_.clear();
  detail_.clear();
  kept_.clear();
}

void ChangeList::begin_detail() {
  has_more_ = true;
  if (detail_.empty()) ByteWriter(detail_).number(detail_version);
}

void ChangeList::tell_item() {
  begin_detail();
  ByteWriter(detail_).number(item_detail).number(*item_);
}

void ChangeList::add_made(BytesView key, BytesView value, std::optional<BytesView> present) {
  begin_detail();
  if (item_) {
    ByteWriter(detail_).number(made_item_detail).number(*item_).sized(value);
  } else {
    ByteWriter(detail_).number(made_detail).sized(key).sized(value);
  }
  push(key, keep(value), present);
}

void ChangeList::add_ended(BytesView key, BytesView present) {
  begin_detail();
  ByteWriter(detail_).number(ended_detail).sized(key);
  push(keep(key), std::nullopt, present);
}

void ChangeList::back_to(const Mark& mark) {
  changes_.resize(mark.changes);
  detail_.resize(mark.detail_bytes);
}

}  // namespace parley::app
