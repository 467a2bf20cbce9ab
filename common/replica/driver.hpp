#pragma once
#include <deque>
#include <optional>

#include "common/raft/core.hpp"
#include "common/replica/ports.hpp"

namespace parley::replica {

/// Owns a core and performs what it puts out. perform() is the one function that does so, in the safe order:
///
///  1. what needs no promise is sent (the leader's appends travel while its own disk works);
///  2. hard state and entries go to the disk, in one request;
///  3. promises are held until that request, and every one before it, is synced: see on_disk(). Of requests with
///  entries
///     that a full disk does not take, term and vote are enough for all promises but those of entries;
///  4. committed entries, 5. reads, 6. refusals and changes of role go to the owner of the application, in one Round.
///
/// Not thread-safe: one owner, the consensus actor or the simulation.
class Driver {
 public:
  Driver(raft::Core core, DiskPort& disk, NetworkPort& network, RoundSink& sink);

  /// Steps the core; perform() must follow before the thread waits.
  void step(raft::Input input);
  /// The disk has done something: steps the core, and sends the promises that waited for it.
  void on_disk(DiskDone done);
  /// Asks for a Round with `stable_reached` once the own log is synced up to `index`.
  void notify_stable(Index index) { stable_wanted_ = index; }
  /// The store cannot be flushed for want of room, or can be again.
  void store_room_changed(bool is_full);
  /// The same of the application's own log.
  void application_log_room_changed(bool is_full);
  /// The log may forget the entries below `first_kept`, which are flushed to the store.
  void trim_before(Index first_kept) { disk_.submit(TrimBefore{first_kept}); }
  void ask_status(std::uint64_t ticket);
  void perform();

  [[nodiscard]] const raft::Core& core() const { return core_; }

 private:
  struct Promise {
    std::uint64_t after_sequence;
    raft::Message message;
  };

  void room_changed();
  void hand_over_if_full();
  [[nodiscard]] ServerId next_to_lead() const;
  [[nodiscard]] bool is_full() const { return is_log_full_ || is_store_full_ || is_application_log_full_; }
  void hold_or_send(std::vector<raft::Message> messages);
  [[nodiscard]] bool may_go(const Promise& promise) const;
  void send_promises();

  raft::Core core_;
  DiskPort& disk_;
  NetworkPort& network_;
  RoundSink& sink_;
  std::uint64_t submitted_ = 0;          ///< the last persist that was given to the disk
  std::uint64_t synced_ = 0;             ///< the last persist that the disk has confirmed
  std::uint64_t hard_state_synced_ = 0;  ///< the last one of which it has confirmed term and vote at least
  std::deque<Promise> promises_;
  std::optional<Index> stable_wanted_;
  bool is_log_full_ = false;
  bool is_store_full_ = false;
  bool is_application_log_full_ = false;
  ServerId handed_to_ = nobody;       ///< who was asked last to lead instead, for want of room here
  std::uint32_t hand_over_wait_ = 0;  ///< ticks until another may be asked
  Round round_;
};

}  // namespace parley::replica
