#pragma once
#include <catch2/catch.hpp>

#include "common/app/meta.hpp"
#include "common/raft/membership.hpp"
#include "tests/sim/store/simulated_backend.hpp"

/// States of a store as the application leaves them.
namespace parley::node {

inline raft::Membership one_voter() {
  raft::Membership membership;
  membership.members.push_back({ServerId{1}, *NodeId::parse("node1"), {}, true});
  membership.voters.push_back(ServerId{1});
  return membership;
}

inline app::Meta meta_at(Index index, Term term, const Digest& digest) {
  app::Meta meta;
  meta.applied = index;
  meta.applied_term = term;
  meta.digest = digest;
  meta.time = {index.value * 10, index.value * 1000};
  meta.membership_index = Index{1};
  meta.membership = raft::encode_membership(one_voter());
  return meta;
}

/// One row and the meta row, in one commit.
inline void put_state(store::Backend& backend, const app::Meta& meta, BytesView value) {
  Bytes encoded;
  app::encode_meta(meta, encoded);
  store::Overlay overlay;
  overlay.put("key", value);
  overlay.put(app::meta_key().view(), encoded);
  REQUIRE(backend.commit(overlay).has_value());
}

inline Bytes value_of(store::Backend& backend) {
  const auto snapshot = backend.snapshot();
  REQUIRE(snapshot.has_value());
  return Bytes((*snapshot)->get("key").value_or(""));
}

}  // namespace parley::node
