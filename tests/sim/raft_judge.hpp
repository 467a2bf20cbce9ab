#pragma once
#include <map>
#include <set>
#include <vector>

#include "common/raft/invariants.hpp"
#include "tests/sim/counters.hpp"
#include "tests/sim/findings.hpp"

namespace parley::sim {

/// What stands on a replica's disk for certain: hard state, and the digest of every entry from the first on.
struct DurableRecord {
  raft::HardState hard_state;
  std::vector<Digest> digests;

  [[nodiscard]] Index last() const { return Index{digests.size()}; }
  [[nodiscard]] bool has(Index index, const Digest& digest) const {
    return index == Index{} || (index <= last() && digests[index.value - 1] == digest);
  }
};

/// Watches the cores of a cluster: the predicates of raft/invariants.hpp after every step, and what binds cores to
/// their disks: no promise leaves a replica before it is durable, nothing is committed before a majority has it on
/// disk, nothing that was synced is lost by a crash. It knows what is durable from the completions of the disks, not
/// from the cores.
class RaftJudge {
 public:
  RaftJudge(Findings& findings, Counters& counters) : findings_(findings), counters_(counters) {}

  /// A replica has started with this on its disk. `core` lives until ended().
  void began(const raft::Core& core, DurableRecord found);
  void ended(ServerId server) { lives_.erase(server); }
  /// The core of a living replica has been stepped, and its output was performed.
  void stepped(ServerId server);
  /// The message leaves its sender for good.
  void sent(const raft::Message& message);
  /// The disk is asked for this, and will have done it when `synced` is called with its number.
  void asked(ServerId server, const raft::Persist& persist);
  void synced(ServerId server, std::uint64_t sequence);
  /// Of this and all before it, term and vote are on the disk.
  void hard_state_synced(ServerId server, std::uint64_t sequence);

  /// The highest index that any replica knows to be committed; a majority has it on disk.
  [[nodiscard]] Index committed() const { return Index{committed_.size()}; }
  [[nodiscard]] Index durable(ServerId server) const;
  /// The digests of what is committed, up to `index` if it is known so far.
  [[nodiscard]] std::vector<Digest> committed_up_to(Index index) const;

 private:
  /// What is cheap to compare in order to see whether anything has changed.
  struct Signature {
    raft::HardState hard_state;
    raft::Role role = raft::Role::follower;
    ServerId leader;
    Digest last_digest;
    Index last, commit, handed_over, applied, stable, membership;
    Term durable_term;
    std::uint64_t round = 0;
    std::uint64_t peers = 0;  ///< sum over what a leader knows of them; each only grows but for `next`
    friend bool operator==(const Signature&, const Signature&) = default;
  };
  struct Asked {
    std::uint64_t sequence;
    std::optional<raft::HardState> hard_state;
    std::optional<raft::LogStart> restart;
    Index first;  ///< of the digests
    std::vector<Digest> digests;
  };
  struct Life {
    const raft::Core* core;
    Signature signature;
    raft::CoreMemory memory;
    raft::Membership membership;
    std::vector<Asked> asked;
  };

  static Signature signature_of(const raft::Core& core);
  void report(const raft::BrokenSentences& sentences);
  void check_commit(const Life& life);
  void note_committed(const raft::Core& core);
  [[nodiscard]] Index last_committed_in(const DurableRecord& record) const;
  [[nodiscard]] bool is_on_quorum(const raft::Membership& membership, Index index, const Digest& digest) const;

  Findings& findings_;
  Counters& counters_;
  raft::ClusterMemory memory_;
  std::map<ServerId, Life> lives_;
  std::map<ServerId, DurableRecord> durable_;
  std::set<Term> led_;
  std::vector<Digest> committed_;  ///< of index 1, 2, ...
};

}  // namespace parley::sim
