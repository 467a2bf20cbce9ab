#include "common/replica/restore.hpp"

#include <algorithm>
#include <limits>

namespace parley::replica {
namespace {

constexpr std::size_t unbounded = std::numeric_limits<std::size_t>::max();

std::string number(Index index) { return std::to_string(index.value); }

/// The entries [from, to], all of them.
Result<std::vector<Entry>> read_all(const wal::Log& log, Index from, Index to) {
  auto entries = log.read(from, to, unbounded);
  if (entries && Index{entries->size()} != Index{to.value - from.value + 1}) {
    return fail(ErrorCode::corrupt, "the log gives " + std::to_string(entries->size()) + " entries for " +
                                        number(from) + " to " + number(to));
  }
  return entries;
}

/// The chain of the log up to `index`, which lies between its start and its end.
Result<Digest> digest_at(const wal::Recovered& recovered, const wal::Log& log, Index index) {
  if (index == recovered.start.index) return recovered.start.digest;
  if (index == recovered.last.index) return recovered.last.digest;
  const auto entry = read_all(log, index, index);
  if (!entry) return std::unexpected(entry.error());
  return entry->front().digest;
}

Status check_store(const wal::Recovered& recovered, const wal::Log& log, Index applied, const Digest& digest) {
  if (applied > recovered.last.index) {
    return fail(ErrorCode::corrupt,
                "the store has entry " + number(applied) + ", but the log ends with " + number(recovered.last.index));
  }
  if (applied < recovered.start.index) {
    return fail(ErrorCode::corrupt, "the log begins behind entry " + number(recovered.start.index) +
                                        ", but the store ends with " + number(applied));
  }
  if (applied == Index{}) return {};
  const auto ours = digest_at(recovered, log, applied);
  if (!ours) return std::unexpected(ours.error());
  if (*ours == digest) return {};
  return fail(ErrorCode::corrupt, "store and log differ at entry " + number(applied) + ": the digests are " +
                                      digest.text() + " and " + ours->text());
}

Result<std::vector<raft::MembershipAt>> decode_memberships(const std::vector<wal::MembershipAt>& stored) {
  std::vector<raft::MembershipAt> memberships;
  for (const wal::MembershipAt& each : stored) {
    auto membership = raft::decode_membership(each.payload);
    if (!membership) return fail(ErrorCode::corrupt, "the membership of entry " + number(each.index) + " is none");
    memberships.push_back({each.index, std::move(*membership)});
  }
  return memberships;
}

}  // namespace

Result<raft::Restored> restore(const wal::Recovered& recovered, const wal::Log& log, Index store_applied,
                               const Digest& store_digest) {
  if (Status fits = check_store(recovered, log, store_applied, store_digest); !fits)
    return std::unexpected(fits.error());
  raft::Restored restored;
  restored.cluster = recovered.identity.cluster;
  restored.hard_state = recovered.hard_state;
  restored.start = {recovered.start.index, recovered.start.term, recovered.start.digest, recovered.start.time};
  for (const wal::TermRun& run : recovered.term_runs) restored.runs.push_back({run.first, run.term});
  restored.last = recovered.last.index;
  restored.last_digest = recovered.last.digest;
  // The hint was written along with entries that may have been torn off.
  restored.commit = std::max(std::min(recovered.commit_hint, recovered.last.index), store_applied);
  restored.applied = store_applied;
  auto memberships = decode_memberships(recovered.memberships);
  if (!memberships) return std::unexpected(memberships.error());
  restored.memberships = std::move(*memberships);
  if (restored.last == restored.start.index) return restored;
  // All that may still be truncated, and the entry before it for its digest.
  const Index from = std::max(restored.commit, recovered.start.index.next());
  auto tail = read_all(log, from, restored.last);
  if (!tail) return std::unexpected(tail.error());
  restored.tail = std::move(*tail);
  return restored;
}

}  // namespace parley::replica
