#pragma once
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "common/raft/io.hpp"
#include "node/admission.hpp"
#include "node/asker.hpp"

namespace parley::node {

/// The reads, linearizable or by lease, that clients wait for at this node. All of a kind that arrive in one round of
/// the service share one ReadIndex; once it is answered they are served as soon as everything up to its index is
/// applied here.
class PendingReads {
 public:
  struct Read {
    Asker asker;
    SharedBytes query;
    std::uint64_t deadline_us = 0;
    bool by_lease = false;  ///< a leader need not ask the others while its lease holds
  };

  /// `first_round` must not have been used by an earlier life of this replica (an answer to it could be older than the
  /// read): draw it at random.
  PendingReads(Admission& admission, std::uint64_t first_round) : admission_(admission), next_round_(first_round) {}

  [[nodiscard]] std::optional<wire::ErrorReply> add(Read read);
  /// What arrived since, of one kind, as one round; nothing if there is no more, or while no leader is known.
  [[nodiscard]] std::optional<raft::ReadIndex> take_round();
  /// Rounds under way may never be answered: their reads are asked for again.
  void leader_changed(bool is_known);
  /// Whether there is a leader to ask; for the owner to put right from time to time what a refusal has made of it.
  void set_leader_known(bool is_known) { leader_known_ = is_known; }
  void ready(const raft::ReadReady& ready);
  void refused(const raft::ReadRefused& refused, Answers& answers);
  /// Those that may now be served; they no longer count as waiting. Of connections that have much to do, no more than
  /// limits::reads_per_round at a time: true from has_servable() says that others are left.
  [[nodiscard]] std::vector<Read> take_servable(Index applied);
  [[nodiscard]] bool has_servable() const { return !servable_.empty(); }
  /// Answers `no_leader` to those whose deadline has passed (a read that was not answered had no effect), and asks
  /// again for rounds that were begun before the last call and are still unanswered: a message may have been lost.
  void expire(std::uint64_t now_us, Answers& answers);

 private:
  struct UnderWay {
    std::vector<Read> reads;
    bool is_old = false;
  };

  void expire(std::vector<Read>& reads, std::uint64_t now_us, Answers& answers);
  void ask_again(std::vector<Read>& reads);

  Admission& admission_;
  std::uint64_t next_round_;
  bool leader_known_ = false;
  std::vector<Read> gathered_;
  std::vector<Read> gathered_by_lease_;
  std::map<std::uint64_t, UnderWay> under_way_;
  std::multimap<Index, std::vector<Read>> confirmed_;
  std::deque<Read> servable_;  ///< of connections that have much to do
};

}  // namespace parley::node
