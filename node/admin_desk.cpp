#include "node/admin_desk.hpp"

#include <algorithm>

#include "common/base/address.hpp"
#include "common/base/limits.hpp"

namespace parley::node {
namespace {

wire::ErrorReply error(ErrorWord word, std::string detail) { return {word, std::move(detail), 0}; }

/// After which a change that met another one under way may be asked for again.
constexpr std::uint32_t change_retry_ms = 100;

/// What is wrong with an address that a joiner names, for members to connect to.
std::optional<std::string> problem_of_address(const char* which, const std::string& address, bool required) {
  if (address.empty()) return required ? std::optional(std::string("no ") + which + " address") : std::nullopt;
  const auto parsed = Address::parse(address);
  if (address.size() > limits::address_bytes || !parsed || parsed->port() == 0) {
    return std::string("the ") + which + " address `" + address.substr(0, limits::address_bytes) + "` is none";
  }
  return std::nullopt;
}

std::optional<wire::ErrorReply> problem_of(const wire::JoinRequest& request, const app::Settings& settings) {
  if (!NodeId::parse(request.name)) return error(ErrorWord::invalid, "`" + request.name + "` is no name for a node");
  if (request.server.is_nobody()) return error(ErrorWord::invalid, "a joiner without an incarnation");
  const std::optional<std::string> problems[] = {problem_of_address("raft", request.raft_address, true),
                                                 problem_of_address("client", request.client_address, false),
                                                 problem_of_address("join", request.join_address, false),
                                                 problem_of_address("recovery", request.recovery_address, false)};
  for (const auto& problem : problems) {
    if (problem) return error(ErrorWord::invalid, *problem);
  }
  if (!request.wants_vote) return std::nullopt;
  const auto theirs = app::decode_settings(request.settings.view());
  if (!theirs) return error(ErrorWord::invalid, "the joiner's settings cannot be read");
  const std::vector<std::string> differences = app::difference(*theirs, settings);
  if (differences.empty()) return std::nullopt;
  std::string all;
  for (const std::string& each : differences) all += (all.empty() ? "" : "; ") + each;
  return error(ErrorWord::denied, "settings differ from the cluster's: " + all);
}

template <class Waiting>
void expire_all(std::vector<Waiting>& waiting, std::uint64_t now_us, const char* what, Answers& answers) {
  std::erase_if(waiting, [&](const Waiting& each) {
    if (each.deadline_us > now_us) return false;
    answers.push_back({each.asker, error(ErrorWord::timeout, what)});
    return true;
  });
}

}  // namespace

std::optional<wire::ErrorReply> AdminDesk::no_room() const {
  const std::size_t waiting = changes_.size() + transfers_.size() + foundings_.size();
  if (waiting < limits::admin_requests) return std::nullopt;
  return wire::ErrorReply{ErrorWord::busy, "too many requests of operators are unanswered", change_retry_ms};
}

AdminDesk::Begun AdminDesk::change(const Asker& asker, std::variant<raft::AddMember, raft::RemoveMember> wanted,
                                   std::uint64_t deadline_us) {
  if (auto busy = no_room()) return *busy;
  const std::uint64_t id = next_change_++;
  changes_.emplace(id, Change{asker, deadline_us, std::holds_alternative<raft::AddMember>(wanted)});
  return Ask(raft::ChangeMembership{id, std::move(wanted)});
}

AdminDesk::Begun AdminDesk::begin(const Asker& asker, const wire::JoinRequest& request, const app::Settings& settings,
                                  std::uint64_t deadline_us) {
  if (!is_member())
    return error(ErrorWord::not_member,
                 cluster_.is_nil() ? "this node belongs to no cluster yet" : "this node is no member of its cluster");
  if (auto problem = problem_of(request, settings)) return *problem;
  raft::Member member;
  member.server = request.server;
  member.name = *NodeId::parse(request.name);
  member.addresses = {request.raft_address, request.client_address, request.join_address, request.recovery_address};
  member.wants_vote = request.wants_vote;
  return change(asker, raft::AddMember{std::move(member)}, deadline_us);
}

AdminDesk::Begun AdminDesk::begin(const Asker& asker, const wire::RemoveRequest& request, std::uint64_t deadline_us) {
  const auto name = NodeId::parse(request.name);
  if (!name || membership_.find(*name) == nullptr)
    return error(ErrorWord::not_found, "no member is named `" + request.name + "`");
  return change(asker, raft::RemoveMember{*name}, deadline_us);
}

AdminDesk::Begun AdminDesk::begin(const Asker& asker, const wire::TransferLeaderRequest& request,
                                  std::uint64_t deadline_us) {
  if (leader_ != self_) return error(ErrorWord::no_leader, "this node does not lead");
  const auto name = NodeId::parse(request.name);
  const raft::Member* member = name ? membership_.find(*name) : nullptr;
  if (member == nullptr) return error(ErrorWord::not_found, "no member is named `" + request.name + "`");
  if (!std::ranges::binary_search(membership_.voters, member->server))
    return error(ErrorWord::denied, "`" + request.name + "` has no vote");
  if (member->server == leader_) return wire::DoneReply{};
  if (auto busy = no_room()) return *busy;
  transfers_.push_back({asker, deadline_us, member->server});
  return raft::TransferLeadership{member->server};
}

std::optional<wire::ErrorReply> AdminDesk::begin_found(const Asker& asker, std::uint64_t deadline_us) {
  if (auto busy = no_room()) return busy;
  foundings_.push_back({asker, deadline_us});
  return std::nullopt;
}

wire::ReplyBody AdminDesk::answer_to(const Change& change, const std::optional<raft::Refusal>& refusal) const {
  if (!refusal)
    return change.is_join ? wire::ReplyBody(wire::JoinReply{cluster_, describe_all()})
                          : wire::ReplyBody(wire::DoneReply{});
  switch (*refusal) {
    case raft::Refusal::no_leader: return error(ErrorWord::no_leader, "this node does not lead");
    case raft::Refusal::busy:
      return wire::ErrorReply{ErrorWord::busy, "another change of membership is under way", change_retry_ms};
    case raft::Refusal::disk_full: return error(ErrorWord::disk_full, "the disk of the leader is full");
    case raft::Refusal::exists:
      return error(ErrorWord::exists, "a member of this name is alive under another incarnation");
    case raft::Refusal::no_majority:
      return error(ErrorWord::denied,
                   "of the members that would be left no majority is up, so nothing could be decided");
    case raft::Refusal::too_many: return error(ErrorWord::denied, "the cluster has as many members as it may have");
    case raft::Refusal::not_possible: break;
  }
  return error(ErrorWord::denied, "the last voter cannot be removed or replaced");
}

void AdminDesk::change_done(const raft::ChangeDone& done, Answers& answers) {
  const auto at = changes_.find(done.id);
  if (at == changes_.end()) return;
  answers.push_back({at->second.asker, answer_to(at->second, done.refusal)});
  changes_.erase(at);
}

void AdminDesk::membership_changed(const ClusterId& cluster, const raft::Membership& membership, Answers& answers) {
  cluster_ = cluster;
  membership_ = membership;
  if (!is_member()) return;
  for (const Founding& founding : foundings_) answers.push_back({founding.asker, wire::DoneReply{}});
  foundings_.clear();
}

void AdminDesk::leader_changed(ServerId leader, Answers& answers) {
  leader_ = leader;
  if (!leader.is_nobody()) is_removed_ = false;
  std::erase_if(transfers_, [&](const Transfer& transfer) {
    if (leader.is_nobody() || leader == self_) return false;
    if (leader == transfer.to) {
      answers.push_back({transfer.asker, wire::DoneReply{}});
    } else {
      answers.push_back({transfer.asker, error(ErrorWord::denied, "another member was elected")});
    }
    return true;
  });
}

void AdminDesk::expire(std::uint64_t now_us, Answers& answers) {
  expire_all(transfers_, now_us, "leadership was not handed over in time", answers);
  expire_all(foundings_, now_us, "the cluster was not founded in time", answers);
  std::erase_if(changes_, [&](const auto& change) {
    if (change.second.deadline_us > now_us) return false;
    answers.push_back({change.second.asker, error(ErrorWord::timeout, "the change was not committed in time")});
    return true;
  });
}

wire::MemberInfo AdminDesk::describe(const raft::Member& member) const {
  std::string role = member.wants_vote ? "learner" : "logger";
  if (membership_.is_voter(member.server)) role = member.server == leader_ ? "leader" : "follower";
  return {member.server,           member.name.text(),    std::move(role),          member.addresses.raft,
          member.addresses.client, member.addresses.join, member.addresses.recovery};
}

std::vector<wire::MemberInfo> AdminDesk::describe_all() const {
  std::vector<wire::MemberInfo> all;
  for (const raft::Member& member : membership_.members) all.push_back(describe(member));
  return all;
}

}  // namespace parley::node
