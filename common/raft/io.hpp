#pragma once
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/entry.hpp"
#include "common/raft/hard_state.hpp"
#include "common/raft/log.hpp"
#include "common/raft/membership.hpp"
#include "common/raft/message.hpp"

/// What goes into the core and what comes out of it. The core is the only place that decides; whoever owns it performs
/// the outputs in the order that replica::Driver documents.
namespace parley::raft {

// ---- inputs
// -----------------------------------------------------------------------------------------------------------

/// One tick of the clock has passed. Ticks are the only time by which the core decides anything but leases.
struct Tick {};

/// The clocks as the owner reads them; to be read after the inputs that follow it have arrived. Used for the time
/// stamped into new entries, for leases, and to say how fresh a follower is.
struct ClockInput {
  ClockReading now;
};

/// Put these commands into the log, here or through the leader. `id` is unique in the life of this replica.
struct Propose {
  std::uint64_t id = 0;
  std::vector<SharedBytes> commands;
};

/// Put the time into the log, in an entry of its own: only if this replica leads, and has room for it; otherwise
/// nothing happens. For what falls due while nobody writes.
struct ProposeTime {};

/// Ask for an index at which a linearizable read may be served. `id` is unique in the life of this replica. `lease`: a
/// leader whose lease holds (Options::lease_us) need not ask anybody.
struct ReadIndex {
  std::uint64_t id = 0;
  bool lease = false;
};

/// Take this member in as a learner; it is promoted when caught up if it wants a vote. Replaces a member of the same
/// name. With a known server id it changes addresses only.
struct AddMember {
  Member member;
};
struct RemoveMember {
  NodeId name;
};
/// A change of membership asked of this replica; answered by ChangeDone when the change, or its refusal, is certain.
struct ChangeMembership {
  std::uint64_t id = 0;
  std::variant<AddMember, RemoveMember> change;
};

/// Hand leadership over; to the most up-to-date voter if `to` is nobody.
struct TransferLeadership {
  ServerId to = nobody;
};

/// Found a cluster of one: only for a core that belongs to none, or that died while it founded this one. With a state
/// that was recovered, its log begins behind that state and goes on from there.
struct Found {
  ClusterId cluster;
  SharedBytes settings;  ///< the payload of entry 1; a recovered state has them already
  Member self;
};

/// Belong to this cluster from now on: only for a core that belongs to none, when a member has taken it in.
struct Adopt {
  ClusterId cluster;
};

/// The Persist of that number, and so every one before it, is on stable storage.
struct Persisted {
  std::uint64_t sequence = 0;
};

/// Terms and votes of the Persist of that number, and of every one before it, are on stable storage, though entries are
/// not that the disk has no room for. Those follow with Persisted.
struct HardStatePersisted {
  std::uint64_t sequence = 0;
};

/// The application has applied everything up to `index`.
struct Applied {
  Index index;
};

/// What EntriesWanted asked for. `previous_term` is the term of the entry before the first. Empty if the log no longer
/// has them.
struct EntriesRead {
  ServerId peer = nobody;
  Term term;
  Index from;
  std::vector<Entry> entries;
};

/// What this replica's disk has room for; at first, for everything. Without room a leader refuses proposals as
/// `disk_full`, and a follower leaves an append's new entries alone and says so. Heartbeats, votes and reads go on.
struct Room {
  bool for_proposals = true;
  bool for_entries = true;
};

/// The store has been flushed, and the log on disk begins behind `start` now: what was trimmed is gone.
struct Trimmed {
  LogStart start;
};

/// An image of the state as of `start` has come and is durable beside the old state, with the membership in force
/// there. Output::image says whether the core has a use for it.
struct ImageReceived {
  LogStart start;
  MembershipAt membership;
};

/// The image that ImageWanted asked for is installed at the peer, up to `index`; or, with nothing, was given up.
struct ImageSent {
  ServerId peer = nobody;
  std::optional<Index> index;
};

/// The transport could not reach this peer, or has lost it: what was sent to it optimistically may be gone.
struct Unreachable {
  ServerId peer;
};

using Input = std::variant<Tick, ClockInput, Message, Propose, ProposeTime, ReadIndex, ChangeMembership,
                           TransferLeadership, Found, Adopt, Persisted, HardStatePersisted, Applied, EntriesRead, Room,
                           Trimmed, ImageReceived, ImageSent, Unreachable>;

// ---- outputs
// ----------------------------------------------------------------------------------------------------------

enum class Role : std::uint8_t { follower, pre_candidate, candidate, leader };

/// Forget every entry: the log goes on behind `start`, where an image ends, with that membership in force.
struct LogRestart {
  LogStart start;
  MembershipAt membership;
};

/// To be written in one write and synced by one sync; then stepped back in as `Persisted{sequence}`, in order. Entries
/// replace everything in the log from the index of the first of them on.
struct Persist {
  std::uint64_t sequence = 0;         ///< 1, 2, 3, ...
  std::optional<LogRestart> restart;  ///< before everything else; a step of its own on disk
  std::optional<ClusterId> adopt;
  std::optional<HardState> hard_state;
  std::vector<Entry> entries;
  Index commit;  ///< what is known to be committed; a hint for the next start, never a promise
};

/// Entries that are no longer in memory: read them from the log and step them back in as EntriesRead. `peer` is the
/// follower that needs them, or nobody when they are to be applied here.
struct EntriesWanted {
  ServerId peer = nobody;
  Term term;
  Index from;
  Index to;                   ///< inclusive
  std::size_t max_bytes = 0;  ///< at least one entry is read even if it alone is larger
};

/// This peer needs what the log no longer has: send it an image of the state, and step ImageSent when it is there or
/// has failed. Until then it is not asked for again.
struct ImageWanted {
  ServerId peer = nobody;
  Term term;
};

/// What becomes of the image that was received as of `index`. To be installed: once the log is stable up to `index`, it
/// takes the place of the state, and what is handed over from now on comes behind it. Otherwise it is of no use.
struct ImageVerdict {
  Index index;
  bool install = false;
};

/// A linearizable read may be served once everything up to `index` is applied.
struct ReadReady {
  std::uint64_t id = 0;
  Index index;
  bool by_lease = false;  ///< nobody was asked
};
struct ReadRefused {
  std::uint64_t id = 0;
  Refusal refusal = Refusal::no_leader;
};

/// The answer to ChangeMembership: committed, or refused for certain.
struct ChangeDone {
  std::uint64_t id = 0;
  std::optional<Refusal> refusal;
};

/// Why a leader stepped down of its own accord.
enum class Resigned : std::uint8_t {
  no,
  unheard,    ///< no majority was heard for an election timeout
  slow_disk,  ///< its disk has confirmed nothing for an election timeout, and the others can elect another
};

/// Role, term or leader are no longer what they were. Commands proposed through an earlier leader may be lost.
struct RoleChanged {
  Role role = Role::follower;
  Term term;
  ServerId leader = nobody;
  Resigned resigned = Resigned::no;
};

/// Who has applied up to `commit` knows everything that was committed when the own monotonic clock stood at `as_of_us`.
struct FreshUpTo {
  Index commit;
  std::uint64_t as_of_us = 0;
};

/// Everything the world must now do, in the order in which replica::Driver does it.
struct Output {
  std::vector<Message> send_now;            ///< needs no promise of this replica; may go before anything is persisted
  std::optional<Persist> persist;           ///< hard state and entries
  std::optional<ImageVerdict> image;        ///< what becomes of an image that was received
  std::vector<Message> send_after_persist;  ///< promises: only once `persist`, and every persist before it, is synced,
                                            ///< of which all but AppendAccepted need terms and votes alone
  std::vector<Entry> committed;             ///< in order, each exactly once, for apply
  Index commit;                             ///< the commit index
  std::vector<ReadReady> reads_ready;
  std::vector<ReadRefused> reads_refused;
  std::vector<ProposalRefused> proposals_refused;
  std::vector<ChangeDone> changes_done;
  std::vector<EntriesWanted> entries_wanted;
  std::vector<ImageWanted> images_wanted;
  std::optional<RoleChanged> role_changed;
  std::optional<FreshUpTo> fresh;  ///< how old a stale read is
  std::optional<Index> removed;    ///< another knows that this entry, which is not in this log, removed this replica
  std::optional<Membership>
      membership_changed;  ///< the configuration now in force, committed or not: whom to connect to
};

}  // namespace parley::raft
