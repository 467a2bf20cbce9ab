#include "client/cli/status_text.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace parley::client::cli {
namespace {

using Json = nlohmann::ordered_json;

/// Digits of a digest that a person compares.
constexpr std::size_t short_digest = 12;

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

std::string durability(const wire::StatusReply& answer) { return answer.fsync ? "fsync" : "no-fsync"; }

/// An archive has no state; what it has of the log is on stable storage.
void add_archive(Json& json, const transfer::RangeHead& archive, std::uint64_t lag) {
  const transfer::LogPoint& last = archive.last;
  json.update({{"term", last.term.value},
               {"commit", last.index.value},
               {"applied", last.index.value},
               {"lag", lag},
               {"digest", last.digest.text()},
               {"state", nullptr},
               {"durability", nullptr},
               {"first", archive.first.value},
               {"last", last.index.value},
               {"flushed", last.index.value},
               {"gaps", Json::array()},
               {"images", Json::array()}});
  for (const transfer::IndexRange& gap : archive.gaps) json["gaps"].push_back({gap.from.value, gap.to.value});
  for (const Index image : archive.images) json["images"].push_back(image.value);
}

Json json_of(const MemberStatus& member) {
  Json json = {{"id", member.member.name},
               {"role", member.member.role},
               {"up", member.answer || member.archive},
               {"address", member.archive ? member.member.recovery_address : member.member.client_address}};
  if (const auto& answer = member.answer) {
    json.update({{"term", answer->term.value},
                 {"commit", answer->commit.value},
                 {"applied", answer->applied.value},
                 {"lag", member.lag},
                 {"digest", answer->digest.text()},
                 {"state", answer->state.text()},
                 {"durability", durability(*answer)},
                 {"first", answer->first.value},
                 {"last", answer->last.value},
                 {"flushed", answer->flushed.value}});
  } else if (member.archive) {
    add_archive(json, *member.archive, member.lag);
  } else {
    for (const char* key :
         {"term", "commit", "applied", "lag", "digest", "state", "durability", "first", "last", "flushed"}) {
      json[key] = nullptr;
    }
  }
  json["health"] = member.health;
  return json;
}

}  // namespace

std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      line.append(i + 1 < row.size() ? widths[i] - row[i].size() + 2 : 0, ' ');
    }
    text += line + '\n';
  }
  return text;
}

std::string status_table(const ClusterStatus& status) {
  const std::string cluster = status.cluster.is_nil() ? "none" : status.cluster.text();
  std::string text = "cluster " + cluster + ", leader " + (status.leader.empty() ? "none" : status.leader) + ", term " +
                     std::to_string(status.term.value) + '\n';
  std::vector<std::vector<std::string>> rows = {
      {"ID", "ROLE", "UP", "TERM", "COMMIT", "APPLIED", "LAG", "DIGEST", "DURABILITY", "ADDRESS", "HEALTH"}};
  for (const MemberStatus& member : status.members) {
    std::vector<std::string> row = {member.member.name, member.member.role};
    if (const auto& answer = member.answer) {
      row.insert(row.end(), {"yes", std::to_string(answer->term.value), std::to_string(answer->commit.value),
                             std::to_string(answer->applied.value), std::to_string(member.lag),
                             answer->digest.text().substr(0, short_digest), durability(*answer)});
    } else if (member.archive) {
      const std::string last = std::to_string(member.archive->last.index.value);
      row.insert(row.end(),
                 {"yes", std::to_string(member.archive->last.term.value), last, last, std::to_string(member.lag),
                  member.archive->last.digest.text().substr(0, short_digest), "-"});
    } else {
      row.insert(row.end(), {"no", "-", "-", "-", "-", "-", "-"});
    }
    row.push_back(or_dash(member.archive ? member.member.recovery_address : member.member.client_address));
    row.push_back(member.health);
    rows.push_back(std::move(row));
  }
  return text + aligned(rows);
}

std::string status_json(const ClusterStatus& status) {
  Json json = {{"cluster", status.cluster.is_nil() ? "" : status.cluster.text()},
               {"leader", status.leader},
               {"term", status.term.value},
               {"divergent", status.is_divergent},
               {"members", Json::array()}};
  for (const MemberStatus& member : status.members) json["members"].push_back(json_of(member));
  return dump(json);
}

std::string members_table(const std::vector<wire::MemberInfo>& members) {
  std::vector<std::vector<std::string>> rows = {{"ID", "ROLE", "ADDRESS", "RAFT"}};
  for (const wire::MemberInfo& member : members) {
    rows.push_back({member.name, member.role, or_dash(member.client_address), or_dash(member.raft_address)});
  }
  return aligned(rows);
}

std::string members_json(const std::vector<wire::MemberInfo>& members) {
  Json json = Json::array();
  for (const wire::MemberInfo& member : members) {
    json.push_back({{"id", member.name},
                    {"address", member.client_address},
                    {"role", member.role},
                    {"raft", member.raft_address},
                    {"hjoin", member.join_address},
                    {"hrecov", member.recovery_address}});
  }
  return dump(json);
}

}  // namespace parley::client::cli
