#include "tests/raft/describe.hpp"

#include <algorithm>
#include <array>
#include <sstream>

#include "common/base/ensure.hpp"

namespace parley::raft::harness {
namespace {

constexpr std::array<std::string_view, std::variant_size_v<MessageBody>> kinds = {
    "pre_vote",  "pre_vote_reply",  "vote", "vote_reply", "append",  "accepted", "rejected",
    "heartbeat", "heartbeat_reply", "read", "read_reply", "forward", "refused",  "timeout_now",
    "question",  "not_member"};

/// The part of a message that its kind gives it.
struct Text {
  std::ostringstream out;

  void operator()(const PreVoteRequest& m) { out << "last " << m.last_index << '@' << m.last_term; }
  void operator()(const PreVoteReply& m) { out << (m.granted ? "yes" : "no"); }
  void operator()(const VoteRequest& m) {
    out << "last " << m.last_index << '@' << m.last_term << (m.transfer ? ", for a transfer" : "");
  }
  void operator()(const VoteReply& m) { out << (m.granted ? "yes" : "no"); }
  void operator()(const AppendRequest& m) {
    out << "after " << m.previous_index << '@' << m.previous_term;
    for (const Entry& entry : m.entries) out << ", " << describe(entry);
    out << "; commit " << m.commit;
  }
  void operator()(const AppendAccepted& m) { out << "up to " << m.match << (m.has_room ? "" : ", without room"); }
  void operator()(const AppendRejected& m) {
    out << "no match at " << m.previous_index << ", perhaps at " << m.hint_index << '@' << m.hint_term;
  }
  void operator()(const Heartbeat& m) { out << "commit " << m.commit << ", round " << m.round; }
  void operator()(const HeartbeatReply& m) { out << "round " << m.round << (m.has_room ? "" : ", without room"); }
  void operator()(const ReadIndexRequest& m) { out << "read " << m.id; }
  void operator()(const ReadIndexReply& m) {
    out << "read " << m.id << (m.ok ? " at " + std::to_string(m.index.value) : " refused");
  }
  void operator()(const ForwardedProposal& m) { out << "proposal " << m.id << ", commands " << m.commands.size(); }
  void operator()(const ProposalRefused& m) { out << "proposal " << m.id << ": " << refusal_name(m.refusal); }
  void operator()(const TimeoutNow&) { out << "campaign at once"; }
  void operator()(const MembershipQuestion&) { out << "am I a member?"; }
  void operator()(const NotMember& m) { out << "no member as of " << m.committed; }
};

template <class Range, class Projection>
std::string names(const Range& range, Projection projection) {
  std::string text;
  for (const auto& element : range) {
    if (const std::optional<ServerId> server = projection(element))
      text += (text.empty() ? "" : " ") + name_of(*server);
  }
  return text.empty() ? "-" : text;
}

}  // namespace

std::string name_of(ServerId server) { return server.is_nobody() ? "nobody" : "n" + std::to_string(server.value); }

NodeId node_name(ServerId server) { return NodeId::parse(name_of(server)).value(); }

std::string_view kind_name(std::size_t kind) { return kinds.at(kind); }

std::optional<std::size_t> kind_by_name(std::string_view name) {
  const auto at = std::ranges::find(kinds, name);
  if (at == kinds.end()) return std::nullopt;
  return static_cast<std::size_t>(at - kinds.begin());
}

std::string_view role_name(Role role) {
  constexpr std::array<std::string_view, 4> names = {"follower", "pre-candidate", "candidate", "leader"};
  return names.at(static_cast<std::size_t>(role));
}

std::string_view refusal_name(Refusal refusal) {
  constexpr std::array<std::string_view, last_refusal + 1> names = {"no leader", "busy",      "not possible", "exists",
                                                                    "too many",  "disk full", "no majority"};
  return names.at(static_cast<std::size_t>(refusal));
}

std::string_view why_resigned(Resigned resigned) {
  switch (resigned) {
    case Resigned::unheard: return ", for it hears no majority";
    case Resigned::slow_disk: return ", for its disk is stuck";
    case Resigned::no: break;
  }
  return "";
}

std::string describe(const Message& message) {
  Text text;
  std::visit(text, message.body);
  std::ostringstream out;
  out << name_of(message.from) << " -> " << name_of(message.to) << ' ' << kind_name(message.body.index()) << ", term "
      << message.term << ": " << text.out.str();
  return out.str();
}

std::string describe(const Entry& entry) {
  std::ostringstream out;
  out << entry.index << '@' << entry.term << ' ';
  switch (entry.kind) {
    case EntryKind::noop: out << "no-op"; break;
    case EntryKind::command: out << '"' << entry.payload.view() << '"'; break;
    case EntryKind::membership: out << "membership"; break;
    case EntryKind::settings: out << "settings"; break;
    case EntryKind::time: out << "time"; break;
  }
  return out.str();
}

std::string describe(const Membership& membership) {
  const auto itself = [](ServerId server) { return std::optional(server); };
  const auto without_vote = [&](bool wants_vote) {
    return names(membership.members, [&membership, wants_vote](const Member& member) {
      const bool counts = member.wants_vote == wants_vote && !membership.is_voter(member.server);
      return counts ? std::optional(member.server) : std::nullopt;
    });
  };
  return "voters " + names(membership.voters, itself) + ", leaving half " + names(membership.outgoing, itself) +
         ", learners " + without_vote(true) + ", loggers " + without_vote(false);
}

}  // namespace parley::raft::harness
