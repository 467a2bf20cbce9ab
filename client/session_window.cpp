#include "client/session_window.hpp"

#include "common/base/ensure.hpp"

namespace parley::client {

SessionWindow::SessionWindow(SessionId id, std::uint32_t window) : id_(id), window_(window) {
  ENSURE_LE(1U, window);
  ENSURE_LE(window, limits::session_window);
}

RequestSeq SessionWindow::take() {
  ENSURE(has_room());
  const RequestSeq seq = next_;
  next_ = next_.next();
  settled_.reset(seq.value % limits::session_window);
  return seq;
}

void SessionWindow::settle(RequestSeq seq) {
  ENSURE_LE(lowest_, seq);
  ENSURE_LT(seq, next_);
  settled_.set(seq.value % limits::session_window);
  while (lowest_ < next_ && settled_.test(lowest_.value % limits::session_window)) lowest_ = lowest_.next();
}

}  // namespace parley::client
