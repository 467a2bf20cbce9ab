#pragma once
#include <bitset>

#include "common/base/ids.hpp"
#include "common/base/limits.hpp"

namespace parley::client {

/// The numbers of the commands of one session (DESIGN section 8): dense from 1, of which at most as many may be
/// unanswered as the cluster has said, counted from the lowest that is.
class SessionWindow {
 public:
  /// `window`: at least 1, at most limits::session_window.
  explicit SessionWindow(SessionId id, std::uint32_t window = limits::session_window);

  [[nodiscard]] SessionId id() const { return id_; }
  [[nodiscard]] bool has_room() const { return next_.value - lowest_.value < window_; }
  [[nodiscard]] RequestSeq lowest_unanswered() const { return lowest_; }
  /// The number of the next command. There must be room.
  [[nodiscard]] RequestSeq take();
  /// The command with this number was answered or given up: it will never be sent again.
  void settle(RequestSeq seq);

 private:
  SessionId id_;
  std::uint64_t window_;
  RequestSeq lowest_{1};
  RequestSeq next_{1};
  std::bitset<limits::session_window>
      settled_;  ///< by number modulo the largest window; of those from lowest_ to next_
};

}  // namespace parley::client
