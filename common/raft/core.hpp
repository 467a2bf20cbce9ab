#pragma once
#include <optional>
#include <vector>

#include "common/base/random.hpp"
#include "common/raft/io.hpp"
#include "common/raft/log.hpp"
#include "common/raft/membership_history.hpp"
#include "common/raft/options.hpp"
#include "common/raft/roles.hpp"

namespace parley::raft {

/// The consensus of one replica: Raft as in Ongaro's thesis, with pre-vote (9.6), check-quorum and leader stickiness
/// (6.2, 4.2.3), pipelined replication (10.2.1), learners (4.2.1), joint membership changes (4.3), leadership transfer
/// (3.10) and ReadIndex (6.4).
///
/// It is a function from inputs to outputs: no thread, no clock, no file, no socket; the same inputs give the same
/// outputs, byte for byte. Step any number of inputs, then take one Output and perform it in the order in which Output
/// lists it. Not thread-safe: one owner.
class Core {
 public:
  Core(const Options& options, Restored restored);

  void step(Input input);
  /// Everything the world must now do. Batches what was stepped since the last call: one append a peer, one persist.
  [[nodiscard]] Output take_output();
  /// True when take_output would return anything to do.
  [[nodiscard]] bool has_output() const;

  // ---- what is known, for status, tests and invariants ----
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] ServerId self() const { return options_.self; }
  [[nodiscard]] const ClusterId& cluster() const { return cluster_; }
  [[nodiscard]] Term term() const { return hard_state_.term; }
  [[nodiscard]] const HardState& hard_state() const { return hard_state_; }
  [[nodiscard]] Role role() const { return static_cast<Role>(role_.index()); }
  [[nodiscard]] const RoleState& role_state() const { return role_; }
  [[nodiscard]] ServerId leader() const;
  [[nodiscard]] const Log& log() const { return log_; }
  [[nodiscard]] Index commit() const { return commit_; }
  [[nodiscard]] Index stable() const { return stable_; }
  [[nodiscard]] Term durable_term() const { return durable_term_; }
  [[nodiscard]] Index applied() const { return applied_; }
  [[nodiscard]] Index handed_over() const { return handed_over_; }
  [[nodiscard]] const Membership& membership() const { return memberships_.current(); }
  [[nodiscard]] Index membership_index() const { return memberships_.current_index(); }

 private:
  // core.cpp: dispatch, persistence, hand-over
  void on(const Tick&);
  void on(const ClockInput& input) { clock_ = input.now; }
  void on(Message& message);
  void on(Found& input);
  void on(const Adopt& input);
  void on(const Persisted& input);
  void on(const HardStatePersisted& input);
  void on(const Applied& input);
  void on(const Trimmed& input);
  void on(ImageReceived& input);
  void send(ServerId to, MessageBody body) { send_in_term(to, term(), std::move(body)); }
  void send_in_term(ServerId to, Term term, MessageBody body);
  void send_promise(ServerId to, MessageBody body);
  void append_entry(EntryKind kind, SharedBytes payload);
  void truncate_from(Index from);
  void collect_persist();
  void collect_committed();
  void collect_role();
  [[nodiscard]] Leader* as_leader() { return std::get_if<Leader>(&role_); }
  [[nodiscard]] const Leader* as_leader() const { return std::get_if<Leader>(&role_); }
  [[nodiscard]] bool is_heard_from_leader() const;

  // core_election.cpp
  void on_tick_without_leadership();
  void reset_election_timer();
  void become_follower(Term term, ServerId leader);
  void campaign_pre_vote();
  void campaign(bool transfer);
  void become_leader();
  void count_vote(ServerId from, bool granted);
  [[nodiscard]] bool is_disruptive(const Message& message) const;
  void answer_lower_term(const Message& message);
  void handle(const Message& message, const PreVoteRequest& request);
  void handle(const Message& message, const PreVoteReply& reply);
  void handle(const Message& message, const VoteRequest& request);
  void handle(const Message& message, const VoteReply& reply);
  void handle(const Message& message, const TimeoutNow&);
  void ask_whether_member();
  void tell_if_removed(ServerId server);
  void handle(const Message& message, const MembershipQuestion&) { tell_if_removed(message.from); }
  void handle(const Message& message, const NotMember& told);

  // core_replication.cpp
  void on_leader_tick(Leader& leader);
  void check_quorum(Leader& leader);
  void check_disk(Leader& leader);
  void resign(Resigned why);
  void on(Propose& input);
  void on(const ProposeTime&);
  void on(EntriesRead& input);
  void on(const Unreachable& input);
  void on(const ImageSent& input);
  void on(const Room& input) { room_ = input; }
  std::optional<Refusal> propose(std::vector<SharedBytes>& commands);
  void send_appends(Leader& leader);
  void send_append(ServerId peer, Progress& progress);
  void want_image(ServerId peer, Progress& progress);
  void send_entries(ServerId peer, Progress& progress, std::vector<Entry> entries);
  void send_empty_append(ServerId peer, Progress& progress);
  void send_heartbeats(Leader& leader);
  void tell_commits(Leader& leader);
  void maybe_commit();
  void commit_to(Index index);
  [[nodiscard]] Index match_of(const Leader& leader, ServerId server) const;
  void handle(const Message& message, AppendRequest& request);
  void leave_out_new(std::vector<Entry>& entries) const;
  void handle(const Message& message, const AppendAccepted& accepted);
  void handle(const Message& message, const AppendRejected& rejected);
  void handle(const Message& message, const Heartbeat& heartbeat);
  void handle(const Message& message, const HeartbeatReply& reply);
  void handle(const Message& message, ForwardedProposal& forwarded);
  void handle(const Message& message, const ProposalRefused& refused);

  // core_membership.cpp
  void on(ChangeMembership& input);
  void on(const TransferLeadership& input);
  std::optional<Refusal> change(const AddMember& change);
  std::optional<Refusal> change(const RemoveMember& change);
  [[nodiscard]] bool is_majority_heard(const Membership& of) const;
  void propose_membership(Membership target);
  void apply_membership(Index index, Membership membership);
  void sync_progress(Leader& leader);
  void on_membership_committed();
  void maybe_promote(Leader& leader);
  void continue_transfer(Leader& leader);
  [[nodiscard]] bool may_change_membership(const Leader& leader) const;

  // core_reads.cpp
  void on(const ReadIndex& input);
  void begin_reads(Leader& leader);
  void confirm_rounds(Leader& leader);
  [[nodiscard]] bool is_round_answered(const Leader& leader, std::uint64_t round) const;
  [[nodiscard]] Freshness freshness_for(const Leader& leader, const Progress& progress) const;
  void answer_read(const ReadQueue::Read& read, std::optional<Index> index);
  void refuse_reads(Leader& leader);
  void handle(const Message& message, const ReadIndexRequest& request);
  void handle(const Message& message, const ReadIndexReply& reply);

  Options options_;
  Random random_;
  ClusterId cluster_;
  HardState hard_state_;
  Log log_;
  MembershipHistory memberships_;
  RoleState role_;
  ClockReading clock_;
  Room room_;
  EntryTime last_time_;  ///< of the last entry: cluster time never goes back

  Index commit_;
  Index handed_over_;
  Index applied_;

  // What the disk has been asked for, and what it has confirmed.
  struct Asked {
    std::uint64_t sequence;
    Term term;
    Index last;  ///< lowered when a truncation makes the end of it void
  };
  std::vector<Asked> asked_;
  std::uint64_t next_sequence_ = 1;
  Index stable_;
  Term durable_term_;
  Index persist_from_;  ///< the first entry that the disk has not been asked to write
  bool hard_state_changed_ = false;
  std::optional<ClusterId> adopted_;
  std::optional<LogRestart> restart_;

  struct HandedOver {
    Index last;
    std::size_t bytes;
  };
  std::vector<HandedOver> unapplied_;
  std::size_t unapplied_bytes_ = 0;
  bool reading_to_apply_ = false;
  std::vector<Entry> read_to_apply_;

  std::uint32_t election_elapsed_ = 0;
  std::uint32_t election_timeout_ = 0;
  bool is_removed_ = false;  ///< as others have told, and no leader was heard since
  /// Since a leader was heard, or since the start: who was heard before a restart is not known, and may count on it.
  std::uint32_t ticks_since_leader_ = 0;

  Output output_;
  RoleChanged reported_;
  Resigned resigned_ = Resigned::no;
};

}  // namespace parley::raft
