#pragma once
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "common/app/command.hpp"
#include "common/app/meta.hpp"
#include "common/app/table.hpp"
#include "node/pending_reads.hpp"

namespace parley::node {

/// What there is to be done about a password, off the service's thread.
struct PasswordWork {
  std::uint64_t ticket = 0;
  Bytes password;
  bool is_to_verify = false;
  Bytes hash;  ///< to verify against; empty for nobody's, which takes as long
  bool is_to_hash = false;
  Bytes new_password;  ///< to be hashed, if the other one is right where that is to be verified
};
struct PasswordDone {
  std::uint64_t ticket = 0;
  bool is_right = false;
  Bytes hash;               ///< empty if none was asked for
  bool has_failed = false;  ///< there was no memory for it
};

/// Requests with a password, on their way to become commands that can be proposed:
///
///     add() -- the user is to be read --> take_work() -- it is hashed elsewhere --> finish() --> PendingWrites
///
/// The user is read in a linearizable read, so that a password that was set at another node counts here. A command is
/// here at most once, whoever waits for it, and there are at most limits::password_queue. Nothing here has left the
/// node yet: whoever is refused may be certain that it had no effect. One thread, the service's.
class PasswordDesk {
 public:
  /// `first_round`: as PendingReads has it.
  PasswordDesk(Admission& admission, std::uint64_t first_round)
      : admission_(admission), lookups_(lookup_admission_, first_round) {}

  /// Takes in a command that is a template (app::chat::is_template). One that is here already is joined. Nothing
  /// returned means that the answer comes later.
  [[nodiscard]] std::optional<wire::ErrorReply> add(Asker asker, const app::CommandId& id,
                                                    wire::PasswordRequest&& request, std::uint64_t deadline_us);

  // As PendingReads has them, for the reads of users.
  [[nodiscard]] std::optional<raft::ReadIndex> take_round() { return lookups_.take_round(); }
  void leader_changed(bool is_known) { lookups_.leader_changed(is_known); }
  void set_leader_known(bool is_known) { lookups_.set_leader_known(is_known); }
  void ready(const raft::ReadReady& ready) { lookups_.ready(ready); }
  void refused(const raft::ReadRefused& refused, Answers& answers);

  struct Known {
    const app::Table& rows;
    const app::Meta& meta;
    std::uint64_t cluster_us = 0;  ///< what cluster time may be now
  };
  /// The next whose user may now be read and for whom somebody waits; nothing while another is being hashed. One who
  /// must wait after wrong passwords is refused: verifying would be in vain.
  [[nodiscard]] std::optional<PasswordWork> take_work(const Known& known, Answers& answers);

  struct Waiter {
    Asker asker;
    std::uint64_t deadline_us = 0;
  };
  struct Finished {
    app::CommandId id;
    SharedBytes command;
    std::vector<Waiter> waiters;  ///< they no longer count as waiting here
  };
  /// Nothing if nobody waits for it any more, or it has failed.
  [[nodiscard]] std::optional<Finished> finish(const PasswordDone& done, Answers& answers);

  /// Answers those whose deadline has passed.
  void expire(std::uint64_t now_us, Answers& answers);
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    app::CommandId id;
    SharedBytes command;
    Bytes password;
    Bytes new_password;
    std::size_t bytes = 0;  ///< that each of its waiters counts
    std::uint64_t version = 0;
    bool is_readable = false;  ///< its user may be read
    bool is_hashed = false;    ///< or on its way to be
    std::vector<Waiter> waiters;
  };
  using Entries = std::map<std::uint64_t, Entry>;

  [[nodiscard]] Entries::iterator find(const app::CommandId& id);
  void refuse(Entries::iterator at, const wire::ErrorReply& why, Answers& answers);
  [[nodiscard]] std::optional<wire::ErrorReply> look_up(std::uint64_t ticket, std::uint64_t deadline_us);
  [[nodiscard]] PasswordWork begin_work(std::uint64_t ticket, Entry& entry, const Known& known);

  Admission& admission_;
  Admission lookup_admission_;
  PendingReads lookups_;             ///< whose askers are our tickets
  Entries entries_;                  ///< by ticket
  std::deque<std::uint64_t> turns_;  ///< tickets that may be hashed, in order; some may be gone
  bool is_hashing_ = false;
  std::uint64_t next_ticket_ = 1;
};

}  // namespace parley::node
