#include "client/cluster_status.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

namespace parley::client {
namespace {

/// After the first answer, how long the others have.
constexpr std::uint64_t wait_for_others_us = 500'000;

std::vector<wire::MemberInfo> ask_members(Client& client, const Address& server) {
  const auto answer = std::make_shared<std::optional<Outcome>>();
  client.submit_to(server, wire::MembersRequest{}, [answer](Outcome&& outcome) { *answer = std::move(outcome); });
  while (!*answer) client.poll(client.timeout_us());
  auto* members = std::get_if<wire::MembersReply>(&(*answer)->body);
  return members != nullptr ? std::move(members->members) : std::vector<wire::MemberInfo>{};
}

MemberStatus not_up(const wire::MemberInfo& member) {
  const bool can_be_asked = !member.client_address.empty() || !member.recovery_address.empty();
  return {member, std::nullopt, std::nullopt, 0,
          can_be_asked ? "does not answer" : "serves no clients, so it cannot be asked"};
}

std::string health_of(const transfer::RangeHead& archive) {
  std::string health = archive.gaps.empty() ? "ok" : "";
  for (const transfer::IndexRange& gap : archive.gaps) {
    health +=
        (health.empty() ? "gap " : ", gap ") + std::to_string(gap.from.value) + "-" + std::to_string(gap.to.value);
  }
  if (archive.first > Index{1}) health += ", from entry " + std::to_string(archive.first.value);
  return health;
}

/// Where a node can be asked for the digest of an entry that it has applied.
std::optional<Address> node_beyond(const ClusterStatus& status, Index index) {
  for (const MemberStatus& member : status.members) {
    const auto address = Address::parse(member.member.client_address);
    if (member.answer && address && member.answer->applied >= index) return *address;
  }
  return std::nullopt;
}

void merge(ClusterStatus& status, const StatusAnswer& answer, bool is_list_known) {
  const auto at = std::ranges::find(status.members, answer.status.self.server,
                                    [](const MemberStatus& each) { return each.member.server; });
  const bool is_listed = at != status.members.end();
  const bool is_left_over = !is_listed && is_list_known;
  MemberStatus& member = is_listed ? *at : status.members.emplace_back();
  member.member = answer.status.self;
  member.answer = answer.status;
  member.health = answer.status.health;
  if (is_left_over && !answer.cluster.is_nil()) member.health = "no member any more";
  if (status.cluster.is_nil()) status.cluster = answer.cluster;
  if (answer.status.self.role == "leader" && answer.status.term >= status.term) status.leader = answer.status.self.name;
  status.term = std::max(status.term, answer.status.term);
}

void mark_divergent(ClusterStatus& status, const wire::StatusReply& answer, const std::string& what) {
  for (MemberStatus& member : status.members) {
    if (member.member.server != answer.self.server) continue;
    member.health = what + " DIFFERS at index " + std::to_string(answer.digest_at.value) + "; " + member.health;
  }
}

}  // namespace

ClusterStatus assemble_status(const std::vector<wire::MemberInfo>& members, const std::vector<StatusAnswer>& answers) {
  ClusterStatus status;
  for (const wire::MemberInfo& member : members) status.members.push_back(not_up(member));
  for (const StatusAnswer& answer : answers) merge(status, answer, !members.empty());
  // The log's order is that of random numbers.
  std::ranges::stable_sort(status.members, {}, [](const MemberStatus& each) { return each.member.name; });
  Index commit;
  for (const MemberStatus& member : status.members) {
    if (member.answer) commit = std::max(commit, member.answer->commit);
  }
  for (MemberStatus& member : status.members) {
    if (member.answer && member.answer->applied < commit) member.lag = commit.value - member.answer->applied.value;
    // The log says who votes; who leads is what somebody believed.
    const bool was_leader = !member.answer && member.member.role == "leader";
    if (was_leader && member.member.name != status.leader) member.member.role = "follower";
  }
  return status;
}

void compare_digests(ClusterStatus& status, const std::vector<StatusAnswer>& answers_at_index) {
  std::map<std::string, std::vector<const StatusAnswer*>> groups;
  std::set<std::string> logs;
  for (const StatusAnswer& answer : answers_at_index) {
    if (answer.status.digest_at == Index{}) continue;
    groups[answer.status.digest_there.text() + answer.status.state_there.text()].push_back(&answer);
    logs.insert(answer.status.digest_there.text());
  }
  if (groups.size() < 2) return;
  status.is_divergent = true;
  std::size_t most = 0;
  for (const auto& [digests, group] : groups) most = std::max(most, group.size());
  const auto largest = std::ranges::count_if(groups, [most](const auto& group) { return group.second.size() == most; });
  const std::string what = logs.size() > 1 ? "DIGEST" : "STATE";
  for (const auto& [digests, group] : groups) {
    if (group.size() == most && largest == 1) continue;
    for (const StatusAnswer* answer : group) mark_divergent(status, answer->status, what);
  }
}

void add_archives(Client& client, ClusterStatus& status, const AskArchives& ask) {
  std::vector<Address> addresses;
  for (const MemberStatus& member : status.members) {
    const auto address = Address::parse(member.member.recovery_address);
    if (member.member.role == "logger" && address && address->port() != 0) addresses.push_back(*address);
  }
  if (addresses.empty()) return;
  Index commit;
  for (const MemberStatus& member : status.members) {
    if (member.answer) commit = std::max(commit, member.answer->commit);
  }
  const std::vector<ArchiveHead> heads = ask(addresses, status.cluster);
  for (MemberStatus& member : status.members) {
    const auto is_it = [&](const ArchiveHead& head) { return head.address.text() == member.member.recovery_address; };
    const auto head = std::ranges::find_if(heads, is_it);
    if (member.member.role != "logger" || head == heads.end()) continue;
    member.archive = head->head;
    const transfer::LogPoint& last = head->head.last;
    if (last.index < commit) member.lag = commit.value - last.index.value;
    member.health = health_of(head->head);
    const auto node = node_beyond(status, last.index);
    if (!node || last.index == Index{}) continue;
    for (const StatusAnswer& answer : ask_servers(client, {*node}, last.index, status.notes)) {
      if (answer.status.digest_at != last.index || answer.status.digest_there == last.digest) continue;
      status.is_divergent = true;
      member.health = "ARCHIVE DIFFERS at index " + std::to_string(last.index.value) + "; " + member.health;
    }
  }
}

std::vector<StatusAnswer> ask_servers(Client& client, const std::vector<Address>& servers, Index digest_at,
                                      std::vector<std::string>& notes) {
  struct Asked {
    std::vector<std::optional<Outcome>> outcomes;
    std::size_t ended = 0;
    std::uint64_t until_us = UINT64_MAX;
  };
  // Shared with the callbacks: those of servers that do not answer are called after this function has returned.
  const auto asked = std::make_shared<Asked>();
  asked->outcomes.resize(servers.size());
  for (std::size_t i = 0; i < servers.size(); ++i) {
    client.submit_to(servers[i], wire::StatusRequest{digest_at}, [asked, i, &client](Outcome&& outcome) {
      if (outcome.ok()) asked->until_us = std::min(asked->until_us, client.now_us() + wait_for_others_us);
      asked->outcomes[i] = std::move(outcome);
      ++asked->ended;
    });
  }
  while (asked->ended < servers.size() && client.now_us() < asked->until_us) {
    const std::uint64_t left = asked->until_us - client.now_us();
    client.poll(std::min(left, client.timeout_us()));
  }
  std::vector<StatusAnswer> answers;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const auto& outcome = asked->outcomes[i];
    if (outcome && std::holds_alternative<wire::StatusReply>(outcome->body)) {
      answers.push_back({servers[i], outcome->cluster, std::get<wire::StatusReply>(outcome->body)});
    } else {
      notes.push_back(outcome ? outcome->detail : servers[i].text() + " does not answer");
    }
  }
  return answers;
}

std::optional<ClusterStatus> ask_status(Client& client) {
  std::vector<std::string> notes;
  const std::vector<Address>& servers = client.configured_servers();
  std::vector<StatusAnswer> answers = ask_servers(client, servers, Index{}, notes);
  if (answers.empty()) return std::nullopt;
  const auto in_cluster = std::ranges::find_if(answers, [](const auto& answer) { return !answer.cluster.is_nil(); });
  std::vector<wire::MemberInfo> members;
  if (in_cluster != answers.end()) members = ask_members(client, in_cluster->address);
  std::vector<Address> others;
  for (const wire::MemberInfo& member : members) {
    const auto address = Address::parse(member.client_address);
    const auto is_it = [&](const StatusAnswer& answer) { return answer.status.self.server == member.server; };
    const bool was_asked = address && std::ranges::find(servers, *address) != servers.end();
    if (address && !was_asked && std::ranges::none_of(answers, is_it)) others.push_back(*address);
  }
  if (!others.empty()) std::ranges::move(ask_servers(client, others, Index{}, notes), std::back_inserter(answers));
  ClusterStatus status = assemble_status(members, answers);
  status.notes = std::move(notes);

  std::optional<Index> passed_by_all;
  std::vector<Address> replicas;
  for (const StatusAnswer& answer : answers) {
    if (answer.cluster.is_nil()) continue;
    replicas.push_back(answer.address);
    passed_by_all = std::min(passed_by_all.value_or(answer.status.applied), answer.status.applied);
  }
  if (replicas.size() > 1 && *passed_by_all > Index{}) {
    compare_digests(status, ask_servers(client, replicas, *passed_by_all, status.notes));
  }
  return status;
}

}  // namespace parley::client
