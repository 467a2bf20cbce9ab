#include "logger/tools/entry_json.hpp"

#include <array>

#include <fmt/format.h>

#include "common/app/command.hpp"
#include "common/app/reduced.hpp"
#include "common/app/settings.hpp"
#include "common/app/transaction.hpp"
#include "common/base/base64.hpp"
#include "common/base/ensure.hpp"
#include "common/raft/membership.hpp"

namespace parley::logger::tools {
namespace {

constexpr std::array<std::string_view, last_entry_kind + 1> kinds = {"noop", "command", "membership", "settings",
                                                                     "time"};

std::string unknown(std::string_view word, BytesView payload) {
  JsonObject json;
  if (!word.empty()) json.text("op", word);
  return std::move(json.text("payload_base64", to_base64(payload))).done();
}

JsonObject command_head(std::string_view op, SessionId session, RequestSeq seq, RequestSeq lowest_unanswered) {
  JsonObject json;
  json.text("op", op);
  json.number("session", session.value).number("seq", seq.value).number("lowest_unanswered", lowest_unanswered.value);
  return json;
}

template <class... Cases>
struct Match : Cases... {
  using Cases::operator()...;
};

/// `ttl_us` or `lease`.
JsonObject& add_life(JsonObject& json, const app::SetExpiring& set) {
  return set.lease.value != 0 ? json.number("lease", set.lease.value) : json.number("ttl_us", set.ttl_us);
}

std::string_view word_of(app::Compare::How how) {
  switch (how) {
    case app::Compare::How::equal: return "equal";
    case app::Compare::How::not_equal: return "not_equal";
    case app::Compare::How::less: return "less";
    case app::Compare::How::greater: return "greater";
    case app::Compare::How::exists: return "exists";
    case app::Compare::How::absent: return "absent";
  }
  return "";
}

std::string compares_json(const std::vector<app::Compare>& compares) {
  JsonArray array;
  for (const app::Compare& compare : compares) {
    JsonObject json;
    json.bytes("key", compare.key).text("is", word_of(compare.how));
    if (compare.how != app::Compare::How::exists && compare.how != app::Compare::How::absent)
      json.bytes("value", compare.value);
    array.json(std::move(json).done());
  }
  return std::move(array).done();
}

std::string item_json(const app::TransactionItem& item) {
  JsonObject json;
  std::visit(Match{
                 [&](const app::Get& get) { json.text("op", "get").bytes("key", get.key); },
                 [&](const app::Set& set) { json.text("op", "set").bytes("key", set.key).bytes("value", set.value); },
                 [&](const app::SetExpiring& set) {
                   add_life(json.text("op", "set").bytes("key", set.key).bytes("value", set.value), set);
                 },
                 [&](const app::Delete& erase) { json.text("op", "delete").bytes("key", erase.key); },
                 [&](const app::Increment& increment) {
                   json.text("op", "incr").bytes("key", increment.key).json("by", std::to_string(increment.by));
                 },
             },
             item);
  return std::move(json).done();
}

std::string items_json(const std::vector<app::TransactionItem>& items) {
  JsonArray array;
  for (const app::TransactionItem& item : items) array.json(item_json(item));
  return std::move(array).done();
}

/// A call of the chat. Hashes of passwords and tokens are left out: who has them can try to guess what they are of.
std::string chat_json(JsonObject json, const app::chat::Operation& operation) {
  std::visit(
      [&json](const auto& call) {
        if constexpr (requires { call.token; }) json.text("token", "omitted");
        if constexpr (requires { call.password_hash; }) json.text("password_hash", "omitted");
        if constexpr (requires { call.password_version; }) json.number("password_version", call.password_version);
        if constexpr (requires { call.is_right; }) json.truth("right", call.is_right);
        if constexpr (requires { call.chat; }) json.bytes("chat", call.chat);
        if constexpr (requires { call.name; }) json.bytes("name", call.name);
        if constexpr (requires { call.user; }) json.bytes("user", call.user);
        if constexpr (requires { call.description; }) json.bytes("description", call.description);
        if constexpr (requires { call.is_invite_only; }) json.truth("invite_only", call.is_invite_only);
        if constexpr (requires { call.seq; }) json.number("seq", call.seq.value);
        if constexpr (requires { call.text; }) json.bytes("text", call.text);
        if constexpr (requires { call.key; }) json.bytes("key", call.key);
      },
      operation);
  return std::move(json).done();
}

std::string command_json(BytesView payload) {
  const auto command = app::decode_command(payload);
  if (!command) return unknown("unknown", payload);
  const auto head = [&](std::string_view op) {
    return command_head(op, command->session, command->seq, command->lowest_unanswered);
  };
  return std::visit(
      Match{
          // A number beyond 2^53 is none to most readers of JSON.
          [&](const app::OpenSession& open) {
            return std::move(head("open_session").text("nonce", fmt::format("{:016x}", open.nonce))).done();
          },
          [&](const app::CloseSession&) { return head("close_session").done(); },
          [&](const app::Set& set) {
            return std::move(head("set").bytes("key", set.key).bytes("value", set.value)).done();
          },
          [&](const app::Delete& erase) { return std::move(head("delete").bytes("key", erase.key)).done(); },
          [&](const app::CompareAndSet& cas) {
            JsonObject json = head("cas");
            json.bytes("key", cas.key).bytes("expected", cas.expected).bytes("value", cas.desired);
            return std::move(json).done();
          },
          [&](const app::SetExpiring& set) {
            JsonObject json = head("set");
            add_life(json.bytes("key", set.key).bytes("value", set.value), set);
            return std::move(json).done();
          },
          [&](const app::LeaseGrant& grant) {
            return std::move(head("lease_grant").number("ttl_us", grant.ttl_us)).done();
          },
          [&](const app::LeaseKeepAlive& keep) {
            return std::move(head("lease_keep_alive").number("lease", keep.lease.value)).done();
          },
          [&](const app::LeaseRevoke& revoke) {
            return std::move(head("lease_revoke").number("lease", revoke.lease.value)).done();
          },
          [&](const app::Increment& increment) {
            JsonObject json = head("incr");
            json.bytes("key", increment.key).json("by", std::to_string(increment.by));
            return std::move(json).done();
          },
          [&](const app::DeleteIf& erase) {
            return std::move(head("delete").bytes("key", erase.key).bytes("expected", erase.expected)).done();
          },
          [&](const app::Transaction& transaction) {
            const auto parts = app::decode_transaction(transaction.parts);
            ENSURE(parts.has_value());
            JsonObject json = head("txn");
            json.json("compare", compares_json(parts->compares)).json("then", items_json(parts->then));
            json.json("else", items_json(parts->otherwise));
            return std::move(json).done();
          },
          [&](const app::chat::Operation& operation) { return chat_json(head(name_of(operation)), operation); },
      },
      command->operation);
}

std::string reduced_json(BytesView residue) {
  const auto set = app::decode_reduced(residue);
  if (!set) return unknown("unknown", residue);
  JsonObject json = command_head("set", set->session, set->seq, set->lowest_unanswered);
  json.bytes("key", set->key).number("value_bytes", set->value_bytes).text("value_digest", set->value.text());
  return std::move(json).done();
}

std::string servers_json(const std::vector<ServerId>& servers) {
  JsonArray array;
  for (const ServerId server : servers) array.json('"' + server.text() + '"');
  return std::move(array).done();
}

std::string membership_json(BytesView payload) {
  const auto membership = raft::decode_membership(payload);
  if (!membership) return unknown("", payload);
  JsonArray members;
  for (const raft::Member& member : membership->members) {
    JsonObject each;
    each.text("id", member.name.text()).text("server", member.server.text());
    each.text("role", membership->is_voter(member.server) ? "voter" : member.wants_vote ? "learner" : "logger");
    each.bytes("raft", member.addresses.raft).bytes("client", member.addresses.client);
    each.bytes("join", member.addresses.join).bytes("recovery", member.addresses.recovery);
    members.json(std::move(each).done());
  }
  JsonObject json;
  json.json("members", std::move(members).done()).json("voters", servers_json(membership->voters));
  if (membership->is_joint()) json.json("outgoing", servers_json(membership->outgoing));
  return std::move(json).done();
}

std::string settings_json(BytesView payload) {
  const auto settings = app::decode_settings(payload);
  if (!settings) return unknown("", payload);
  JsonObject json;
  json.bytes("engine", settings->engine).number("slot", settings->slot).number("quota_bytes", settings->quota_bytes);
  json.number("key_bytes", settings->key_bytes).number("value_bytes", settings->value_bytes);
  json.number("session_window", settings->session_window).number("sessions", settings->sessions);
  return std::move(json).done();
}

}  // namespace

std::string_view kind_word(EntryKind kind) { return kinds[static_cast<std::size_t>(kind)]; }

JsonObject entry_json(const archive::ArchivedEntry& archived) {
  const Entry& entry = archived.entry;
  const BytesView payload = entry.payload.view();
  JsonObject json;
  json.number("index", entry.index.value).number("term", entry.term.value);
  json.text("kind", kind_word(entry.kind)).number("time", entry.time.wall_us);
  switch (entry.kind) {
    case EntryKind::command:
      json.json("command", archived.is_reduced() ? reduced_json(payload) : command_json(payload));
      break;
    case EntryKind::membership: json.json("membership", membership_json(payload)); break;
    case EntryKind::settings: json.json("settings", settings_json(payload)); break;
    case EntryKind::noop:
    case EntryKind::time: break;
  }
  json.text("digest", entry.digest.text()).number("cluster_us", entry.time.cluster_us);
  if (archived.is_reduced()) json.truth("reduced", true).text("payload_digest", archived.payload_hash->text());
  return json;
}

}  // namespace parley::logger::tools
