#pragma once
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "common/raft/io.hpp"
#include "common/replica/read_run.hpp"
#include "common/transfer/message.hpp"
#include "common/wal/log.hpp"

/// What a replica's driver needs from the world. Each port has two implementations: the real one (actors, sockets,
/// files) and the simulated one of tests/sim.
namespace parley::replica {

/// The log may forget the entries below this one: they are committed, and flushed to the store.
struct TrimBefore {
  Index first_kept;
};

/// Work for the disk, done in order. A Persist is answered by PersistDone once it is synced, EntriesWanted by
/// EntriesRead, TrimBefore by Trimmed if anything could go; ReadRun answers for itself.
using DiskRequest = std::variant<raft::Persist, raft::EntriesWanted, TrimBefore, ReadRun>;

/// Which segments a log has, for who keeps what it lets go.
struct LogExtent {
  std::uint64_t first_segment = 0;  ///< its number
  wal::Start begin;                 ///< the entry before the first
  std::uint64_t last_segment = 0;
  Index last_begin;  ///< the entry before the first in the last segment
  friend bool operator==(const LogExtent&, const LogExtent&) = default;

  [[nodiscard]] static LogExtent of(const wal::Log& log) {
    const wal::Segment& first = log.segments().front();
    const wal::Segment& last = log.segments().back();
    return {first.sequence, first.before, last.sequence, last.before.index};
  }
};

struct PersistDone {
  std::uint64_t sequence = 0;
};
/// Terms and votes up to that Persist are synced, though entries are not for which there is no room.
struct HardStateDone {
  std::uint64_t sequence = 0;
};
/// No further segment can be made, or one can again. While it is so, what is already in the log's preallocated room
/// still works.
struct DiskFullChanged {
  bool is_full = false;
};
using DiskDone = std::variant<PersistDone, HardStateDone, raft::EntriesRead, raft::Trimmed, DiskFullChanged>;

class DiskPort {
 public:
  virtual ~DiskPort() = default;
  virtual void submit(DiskRequest request) = 0;
};

class NetworkPort {
 public:
  virtual ~NetworkPort() = default;
  /// May lose the message; consensus sends again.
  virtual void send(raft::Message message) = 0;
  /// These are the members now; connect to the new ones, let go of the others.
  virtual void members_changed(const raft::Membership& membership) = 0;
};

/// What a replica knows of a peer, for status.
struct PeerStatus {
  ServerId server;
  Index match;
  std::uint32_t ticks_unheard = 0;
};

struct ReplicaStatus {
  raft::Role role = raft::Role::follower;
  Term term;
  ServerId leader = nobody;
  Index first;
  Index last;
  Index stable;
  Index commit;
  std::vector<PeerStatus> peers;  ///< on the leader only
};

struct StatusAnswer {
  std::uint64_t ticket = 0;
  ReplicaStatus status;
};

/// Everything that one round of consensus has for the owner of the application, in the order in which it must be taken:
/// committed entries first, so that a read that is ready finds them.
struct Round {
  std::vector<Entry> committed;
  std::optional<raft::ImageVerdict> image;  ///< before `committed`: what that holds lies behind the image
  std::optional<raft::RoleChanged> role_changed;
  std::optional<raft::Membership> membership;  ///< the configuration in force
  ClusterId cluster;                           ///< to which it belongs; set along with `membership`
  std::vector<raft::ReadReady> reads_ready;
  std::vector<raft::ReadRefused> reads_refused;
  std::vector<raft::ProposalRefused> proposals_refused;
  std::vector<raft::ChangeDone> changes_done;
  std::optional<Index> stable_reached;  ///< the own log is synced at least up to the index that was asked for
  std::optional<bool> disk_full;        ///< log or store want for room: a leader takes no proposals
  std::vector<StatusAnswer> status_answers;
  std::vector<raft::ImageWanted> images_wanted;
  std::optional<raft::FreshUpTo> fresh;
  std::optional<Index> removed;  ///< by this entry, as another has told: no leader will

  [[nodiscard]] bool is_empty() const;
};

/// Who sends and takes in images of the state.
class ImagePort {
 public:
  virtual ~ImagePort() = default;
  virtual void arrived(ServerId from, transfer::Message message) = 0;
  /// Whatever it knew of an image is gone.
  virtual void peer_restarted(ServerId peer) = 0;
};

class RoundSink {
 public:
  virtual ~RoundSink() = default;
  virtual void deliver(Round round) = 0;
};

}  // namespace parley::replica
