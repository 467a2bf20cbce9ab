#pragma once
#include <cstdint>
#include <deque>

#include "common/base/ids.hpp"

namespace parley::raft {

/// What the leader knows of one peer's log (thesis 3.5, 10.1.2), and how it sends to it.
///
/// probe: it is not known where the logs agree; one append at a time, and the next only after an answer or a heartbeat.
/// replicate: everything up to next - 1 was sent; appends are pipelined, up to the window.
/// image: it needs what the log no longer has; nothing is appended until an image has brought it further, or was given
/// up.
///
/// Invariants: match < next; match never falls; only in replicate is anything in the window.
class Progress {
 public:
  enum class State { probe, replicate, image };

  explicit Progress(Index next) : next_(next) {}

  [[nodiscard]] Index match() const { return match_; }
  [[nodiscard]] Index next() const { return next_; }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool may_send(std::size_t max_appends, std::size_t max_bytes) const;

  /// An append with entries up to `last` has been sent (or, from probe, any append).
  void sent(Index last, std::size_t bytes);
  /// The peer has everything up to `match`; false if that was known.
  bool accepted(Index match);
  /// Whether the peer has room for entries. Without, it is sent none.
  void set_room(bool has_room);
  [[nodiscard]] bool lacks_room() const { return lacks_room_; }
  /// The peer lacks the entry at `previous`; the logs may agree up to `hint`. False if the rejection is stale.
  bool rejected(Index previous, Index hint);
  /// What was sent optimistically may be lost.
  void lost();
  /// From now on it waits for an image.
  void begin_image();
  /// The image is there up to `index`: probes behind it, at once.
  void end_image(Index index);
  /// The image was given up. Another may begin after a pause: none the first time, then `first` ticks, then twice as
  /// long each time, up to `most`, until the peer has got on.
  void give_up_image(std::uint32_t first, std::uint32_t most);
  [[nodiscard]] bool may_begin_image() const { return image_pause_ == 0; }
  /// The peer may be another than the one that could not keep an image: the next may begin at once.
  void forget_pauses();
  void tick();
  /// What it has acknowledged lies before the leader's log, but it may have more: an image that was given up may have
  /// landed, entries may have arrived before the peer was lost. After a heartbeat it is asked what it has, from the end
  /// of the leader's log, `last`, on downward, before it is sent an image.
  void ask_from_end(Index last);
  /// A heartbeat was answered: a probe whose answer was lost may be sent again. True if acknowledgements have stalled
  /// since the last answer, so that something sent in replicate may have been lost.
  bool heartbeat_answered();

  // Kept by the leader beside the above; each has one writer.
  std::uint64_t acked_round = 0;     ///< the latest round of heartbeats it answered
  std::uint64_t probed_after = 0;    ///< the latest round that was sent before the last probe was
  std::uint64_t stamp_us = 0;        ///< of its own clock, as it last told; 0 for none
  std::uint64_t stamp_heard_us = 0;  ///< and what the leader's clock said when that was heard
  std::uint32_t ticks_unheard = 0;   ///< since anything came from it
  bool heard_in_period = false;      ///< since the last check of the quorum
  Index commit_sent;                 ///< the commit index it was last told
  bool wants_commits = false;        ///< it waits for commits of its own clients: tell it at once
  bool reading = false;              ///< entries for it are being read from disk
  bool committed_only = false;       ///< a logger: it keeps what is committed, and is sent nothing else
  Index round_target;                ///< thesis 4.2.1: where the current round of catching up ends
  std::uint32_t round_ticks = 0;     ///< and how long it has taken

 private:
  struct Sent {
    Index last;
    std::size_t bytes;
  };
  State state_ = State::probe;
  Index match_;
  Index next_;
  bool probe_sent_ = false;
  bool lacks_room_ = false;
  Index match_at_heartbeat_;
  std::uint32_t image_pause_ = 0;       ///< ticks until an image may begin
  std::uint32_t next_image_pause_ = 0;  ///< after the next one that is given up
  std::deque<Sent> window_;
  std::size_t window_bytes_ = 0;
};

}  // namespace parley::raft
