#include "common/raft/membership.hpp"

#include <algorithm>

#include "common/base/byte_codec.hpp"
#include "common/base/limits.hpp"

namespace parley::raft {
namespace {

constexpr std::uint8_t format_version = 1;

void put_servers(ByteWriter& out, const std::vector<ServerId>& servers) {
  out.number(static_cast<std::uint32_t>(servers.size()));
  for (const ServerId server : servers) out.number(server.value);
}

/// A count that no honest encoder exceeds; the reader is failed by asking for more than there is.
std::size_t bounded_count(ByteReader& in) {
  const auto count = in.number<std::uint32_t>();
  if (count > limits::members) in.raw(in.remaining() + 1);
  return in.ok() ? count : 0;
}

std::vector<ServerId> take_servers(ByteReader& in) {
  std::vector<ServerId> servers(bounded_count(in));
  for (ServerId& server : servers) server = ServerId{in.number<std::uint64_t>()};
  return servers;
}

std::string take_address(ByteReader& in) {
  const BytesView text = in.sized();
  if (text.size() > limits::address_bytes) in.raw(in.remaining() + 1);
  return std::string(text);
}

template <class Range, class Projection>
bool strictly_sorted(const Range& range, Projection projection) {
  return std::ranges::adjacent_find(range, [&](const auto& left, const auto& right) {
           return !(projection(left) < projection(right));
         }) == range.end();
}

bool is_consistent(const Membership& membership) {
  const auto identity = [](ServerId server) { return server; };
  const auto is_member = [&](ServerId server) { return membership.find(server) != nullptr; };
  return strictly_sorted(membership.members, [](const Member& member) { return member.server; }) &&
         strictly_sorted(membership.voters, identity) && strictly_sorted(membership.outgoing, identity) &&
         std::ranges::all_of(membership.voters, is_member) && std::ranges::all_of(membership.outgoing, is_member) &&
         !(membership.voters.empty() && !membership.outgoing.empty());
}

}  // namespace

const Member* Membership::find(ServerId server) const {
  const auto at = std::ranges::lower_bound(members, server, {}, &Member::server);
  return at != members.end() && at->server == server ? &*at : nullptr;
}

const Member* Membership::find(const NodeId& name) const {
  const auto at = std::ranges::find(members, name, &Member::name);
  return at != members.end() ? &*at : nullptr;
}

bool Membership::is_voter(ServerId server) const {
  return std::ranges::binary_search(voters, server) || std::ranges::binary_search(outgoing, server);
}

Bytes encode_membership(const Membership& membership) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.number(format_version).number(static_cast<std::uint32_t>(membership.members.size()));
  for (const Member& member : membership.members) {
    out.number(member.server.value).sized(member.name.text());
    out.sized(member.addresses.raft)
        .sized(member.addresses.client)
        .sized(member.addresses.join)
        .sized(member.addresses.recovery);
    out.number(static_cast<std::uint8_t>(member.wants_vote));
  }
  put_servers(out, membership.voters);
  put_servers(out, membership.outgoing);
  return bytes;
}

std::optional<Membership> decode_membership(BytesView bytes) {
  ByteReader in(bytes);
  if (in.number<std::uint8_t>() != format_version) return std::nullopt;
  Membership membership;
  membership.members.resize(bounded_count(in));
  for (Member& member : membership.members) {
    member.server = ServerId{in.number<std::uint64_t>()};
    const auto name = NodeId::parse(in.sized());
    if (!name || member.server.is_nobody()) return std::nullopt;
    member.name = *name;
    member.addresses.raft = take_address(in);
    member.addresses.client = take_address(in);
    member.addresses.join = take_address(in);
    member.addresses.recovery = take_address(in);
    const auto wants_vote = in.number<std::uint8_t>();
    if (wants_vote > 1) return std::nullopt;
    member.wants_vote = wants_vote == 1;
  }
  membership.voters = take_servers(in);
  membership.outgoing = take_servers(in);
  if (!in.done() || !is_consistent(membership)) return std::nullopt;
  return membership;
}

}  // namespace parley::raft
