#include "common/transport/greeting.hpp"

#include <algorithm>

namespace parley::transport {

Greeting::Heard Greeting::heard(BootId boot, BootId answers, std::uint64_t now_us) {
  const bool is_new = boot != peer_;
  const Heard result{.restarted = is_new && peer_.value != 0};
  if (is_new) {
    peer_ = boot;
    greeted_ = false;
    answered_ = false;
  }
  if (answers == own_) greeted_ = true;
  // The peer has not heard our answer if it does not know our life, and perhaps not if it still asks after a while.
  const bool asks = answers != own_ || !answered_ || now_us - said_us_ >= last_interval_us;
  if (!asks) {
    if (is_open()) due_us_ = said_us_ + refresh_us;  // all is said
    return result;
  }
  interval_us_ = first_interval_us;
  due_us_ = has_tried_ && !is_new ? std::max(now_us, tried_us_ + answer_gap_us) : now_us;
  return result;
}

void Greeting::doubt(std::uint64_t now_us) {
  interval_us_ = first_interval_us;
  const std::uint64_t soon = has_tried_ ? std::max(now_us, tried_us_ + first_interval_us) : now_us;
  due_us_ = std::min(due_us_, soon);
}

void Greeting::begin_anew() {
  const BootId peer = peer_;
  *this = Greeting(own_);
  peer_ = peer;
}

void Greeting::said(bool was_sent, std::uint64_t now_us) {
  has_tried_ = true;
  tried_us_ = now_us;
  if (!was_sent) {
    // There is no connection: asking the socket costs nothing, and the first moment of a new one counts.
    due_us_ = now_us + first_interval_us;
    return;
  }
  said_us_ = now_us;
  if (peer_.value != 0) answered_ = true;
  due_us_ = now_us + (greeted_ ? refresh_us : interval_us_);
  interval_us_ = std::min(2 * interval_us_, last_interval_us);
}

}  // namespace parley::transport
