#include "common/raft/progress.hpp"

#include <algorithm>

#include "common/base/ensure.hpp"

namespace parley::raft {

bool Progress::may_send(std::size_t max_appends, std::size_t max_bytes) const {
  if (state_ == State::image) return false;
  if (state_ == State::probe) return !probe_sent_;
  return window_.size() < max_appends && window_bytes_ < max_bytes;
}

void Progress::sent(Index last, std::size_t bytes) {
  if (state_ == State::probe) {
    probe_sent_ = true;
    return;
  }
  ENSURE_LE(next_, last);
  next_ = last.next();
  window_.push_back({last, bytes});
  window_bytes_ += bytes;
}

bool Progress::accepted(Index match) {
  if (match < match_) return false;
  const bool is_news = match > match_ || state_ == State::probe;
  match_ = match;
  next_ = std::max(next_, match.next());
  while (!window_.empty() && window_.front().last <= match) {
    window_bytes_ -= window_.front().bytes;
    window_.pop_front();
  }
  if (state_ == State::probe) {
    // An answer to a probe shows where the logs agree, so everything behind it may be pipelined.
    state_ = State::replicate;
    next_ = match.next();
    probe_sent_ = false;
    forget_pauses();
  }
  return is_news;
}

void Progress::set_room(bool has_room) {
  lacks_room_ = !has_room;
  if (has_room || state_ == State::image) return;
  lost();
  probe_sent_ = true;
}

bool Progress::rejected(Index previous, Index hint) {
  if (state_ == State::image) return false;
  // A rejection at or below what the peer has acknowledged was overtaken; one of another probe was, too.
  if (previous <= match_) return false;
  if (state_ == State::probe && previous.next() != next_) return false;
  lost();
  next_ = std::max(match_.next(), std::min(previous, hint.next()));
  return true;
}

void Progress::begin_image() {
  lost();
  state_ = State::image;
}

void Progress::end_image(Index index) {
  lost();
  next_ = std::max(next_, index.next());
}

void Progress::give_up_image(std::uint32_t first, std::uint32_t most) {
  lost();
  image_pause_ = next_image_pause_;
  next_image_pause_ = std::min(std::max(first, 2 * next_image_pause_), most);
}

void Progress::forget_pauses() { image_pause_ = next_image_pause_ = 0; }

void Progress::tick() {
  ++ticks_unheard;
  ++round_ticks;
  if (image_pause_ > 0) --image_pause_;
}

void Progress::ask_from_end(Index last) {
  lost();
  next_ = std::max(next_, last.next());
  probe_sent_ = true;
}

void Progress::lost() {
  state_ = State::probe;
  next_ = match_.next();
  probe_sent_ = false;
  window_.clear();
  window_bytes_ = 0;
}

bool Progress::heartbeat_answered() {
  if (state_ != State::replicate) {
    probe_sent_ = false;
    return false;
  }
  const bool stalled = !window_.empty() && match_ == match_at_heartbeat_;
  match_at_heartbeat_ = match_;
  return stalled;
}

}  // namespace parley::raft
