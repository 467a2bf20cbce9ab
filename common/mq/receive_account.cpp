#include "common/mq/receive_account.hpp"

#include <algorithm>

#include "common/base/limits.hpp"

namespace parley::mq {

void ReceiveAccount::look(std::uint64_t taken) {
  taken_ = std::max(taken_, static_cast<std::int64_t>(taken));
  has_delivered_since_look_ = false;
}

void ReceiveAccount::settle() {
  const std::int64_t not_delivered = taken_ - delivered_;
  if (delivered_ > settled_delivered_) {
    const std::int64_t most_unfinished = taken_ - settled_taken_ + std::int64_t{limits::read_buffer_bytes};
    overhead_ = std::max(overhead_, not_delivered - most_unfinished);
  }
  unfinished_ = not_delivered - overhead_;
  settled_taken_ = taken_;
  settled_delivered_ = delivered_;
}

}  // namespace parley::mq
