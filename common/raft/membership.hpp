#pragma once
#include <optional>
#include <string>
#include <vector>

#include "common/base/bytes.hpp"
#include "common/base/ids.hpp"

namespace parley::raft {

/// Where a replica can be reached, each as `HOST:PORT`; empty where it does not serve that.
struct Addresses {
  std::string raft;
  std::string client;
  std::string join;
  std::string recovery;
  friend bool operator==(const Addresses&, const Addresses&) = default;
};

/// A replica as the log knows it.
struct Member {
  ServerId server;
  NodeId name;
  Addresses addresses;
  /// True for a node, which becomes a voter once it has caught up; false for a logger, which never votes.
  bool wants_vote = false;
  friend bool operator==(const Member&, const Member&) = default;
};

/// A configuration (thesis 4.1, 4.3): everyone who gets the log, and who of them votes. While `outgoing` is not empty
/// it is a joint one: every decision needs a majority of `voters` and a majority of `outgoing`. All lists are sorted by
/// server id.
struct Membership {
  std::vector<Member> members;
  std::vector<ServerId> voters;
  std::vector<ServerId> outgoing;

  [[nodiscard]] bool is_joint() const { return !outgoing.empty(); }
  [[nodiscard]] const Member* find(ServerId server) const;
  [[nodiscard]] const Member* find(const NodeId& name) const;
  /// True in either half of a joint configuration.
  [[nodiscard]] bool is_voter(ServerId server) const;
  friend bool operator==(const Membership&, const Membership&) = default;
};

/// The payload of a membership entry. Numbers little-endian, texts with a 32-bit length:
/// u8 version = 1, u32 members, each (u64 server, name, raft, client, join, recovery, u8 wants_vote),
/// u32 voters, each u64, u32 outgoing, each u64.
[[nodiscard]] Bytes encode_membership(const Membership& membership);
/// Nothing if the bytes are no membership: truncated, unsorted, over limits::members, a voter that is no member.
[[nodiscard]] std::optional<Membership> decode_membership(BytesView bytes);

/// The membership that an entry put in force.
struct MembershipAt {
  Index index;
  Membership membership;
};

}  // namespace parley::raft
