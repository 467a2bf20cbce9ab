#include "client/cli/batch_line.hpp"

#include <algorithm>
#include <array>

#include "client/cli/chat_text.hpp"
#include "client/cli/json_fields.hpp"
#include "client/cli/transaction_json.hpp"

namespace parley::client::cli {
namespace {

using Op = BatchRequest::Op;

struct OpName {
  std::string_view name;
  Op op;
};
constexpr std::array<OpName, 13> ops = {{{"get", Op::get},
                                         {"set", Op::set},
                                         {"delete", Op::erase},
                                         {"cas", Op::cas},
                                         {"scan", Op::scan},
                                         {"incr", Op::incr},
                                         {"txn", Op::transaction},
                                         {"lease_grant", Op::lease_grant},
                                         {"lease_keep_alive", Op::lease_keep_alive},
                                         {"lease_revoke", Op::lease_revoke},
                                         {"lease_info", Op::lease_info},
                                         {"send", Op::send},
                                         {"history", Op::history}}};

std::optional<Op> find_op(const Json& json) {
  const auto at = json.find("op");
  if (at == json.end() || !at->is_string()) return std::nullopt;
  for (const OpName& each : ops) {
    if (each.name == at->get_ref<const std::string&>()) return each.op;
  }
  return std::nullopt;
}

std::string unknown_op() {
  std::string names;
  for (const OpName& each : ops) names += (names.empty() ? "" : ", ") + std::string(each.name);
  return "`op` is none of " + names;
}

bool has_key(Op op) {
  switch (op) {
    case Op::get:
    case Op::set:
    case Op::erase:
    case Op::cas:
    case Op::incr: return true;
    case Op::scan:
    case Op::transaction:
    case Op::lease_grant:
    case Op::lease_keep_alive:
    case Op::lease_revoke:
    case Op::lease_info:
    case Op::send:
    case Op::history: return false;
  }
  return false;
}

void read_chat_fields(Fields& fields, BatchRequest& request) {
  request.chat = fields.bytes("chat", true);
  request.user = fields.bytes("user", false);
  if (request.op == Op::send) {
    request.value = fields.bytes("text", true);
    request.key = fields.bytes("key", false);
  } else {
    request.before = fields.number("before", UINT64_MAX);
    request.has_after = fields.has("after");
    request.after = fields.number("after", UINT64_MAX);
    request.limit = static_cast<std::uint32_t>(fields.number("limit", UINT32_MAX));
  }
}

void read_fields(Fields& fields, BatchRequest& request) {
  if (has_key(request.op)) request.key = fields.bytes("key", true);
  switch (request.op) {
    case Op::get: request.mode = fields.read_mode(); break;
    case Op::set:
      request.value = fields.bytes("value", true);
      request.has_life = fields.has_life();
      request.ttl_us = fields.ttl_us();
      request.lease = fields.lease();
      break;
    case Op::erase:
      if (fields.has_bytes("expected")) request.expected = fields.bytes("expected", true);
      break;
    case Op::cas:
      request.value = fields.bytes("value", true);
      request.expected = fields.bytes("expected", true);
      break;
    case Op::scan:
      request.key = fields.bytes("prefix", false);
      request.after_key = fields.bytes("after", false);
      request.limit = static_cast<std::uint32_t>(fields.number("limit", UINT32_MAX));
      request.mode = fields.read_mode();
      break;
    case Op::incr: request.by = fields.signed_number("by", 1); break;
    case Op::lease_grant:
      if (!fields.has("ttl_ms")) fields.complain("`ttl_ms` is missing");
      request.ttl_us = fields.ttl_us();
      break;
    case Op::lease_info: request.mode = fields.read_mode(); [[fallthrough]];
    case Op::lease_keep_alive:
    case Op::lease_revoke: request.lease = fields.lease(); break;
    case Op::send:
    case Op::history: read_chat_fields(fields, request); break;
    // A list under a name that is none would be nothing to do, and done.
    case Op::transaction: fields.allow({"id", "op", "compare", "then", "else"}); break;
  }
}

std::uint64_t rounded_up_ms(std::uint64_t us) { return us / 1000 + (us % 1000 != 0 ? 1 : 0); }

void put_body(Json& json, const Outcome& outcome) {
  if (const Bytes* value = outcome.value()) put_bytes(json, "value", *value);
  if (const auto* rows = std::get_if<app::ReplyRows>(&outcome.body)) {
    json["rows"] = Json::array();
    for (const app::Row& row : rows->rows) {
      Json entry;
      put_bytes(entry, "key", row.key);
      put_bytes(entry, "value", row.value);
      json["rows"].push_back(std::move(entry));
    }
    json["more"] = rows->more;
  }
  if (const auto* lease = std::get_if<app::ReplyLease>(&outcome.body)) {
    json["lease"] = lease->lease.value;
    json["ttl_ms"] = rounded_up_ms(lease->ttl_us);
    json["remaining_ms"] = rounded_up_ms(lease->remaining_us);
    json["keys"] = lease->keys;
  }
  if (const auto* transaction = std::get_if<app::ReplyTransaction>(&outcome.body)) {
    put_transaction(json, *transaction);
    if (outcome.values_left_out) json["values_left_out"] = true;
  }
  if (const auto* sent = outcome.chat<app::chat::Sent>()) {
    json["seq"] = sent->seq.value;
    json["time"] = sent->time_us;
  }
  if (const auto* page = outcome.chat<app::chat::Events>()) {
    json["messages"] = Json::array();
    for (const app::chat::Event& event : page->events)
      json["messages"].push_back(Json::parse(event_json(event, chat_name_of(*page, event))));
    json["more"] = page->more;
  }
}

Json describe(const Outcome& outcome) {
  Json json;
  json["ok"] = outcome.ok();
  put_body(json, outcome);
  if (outcome.index != Index{}) json["index"] = outcome.index.value;
  if (outcome.age_ms) json["age_ms"] = *outcome.age_ms == wire::unknown_age ? Json() : Json(*outcome.age_ms);
  if (!outcome.ok()) json["error"] = text(outcome.word);
  if (!outcome.ok() && !outcome.detail.empty()) json["detail"] = outcome.detail;
  return json;
}

std::string answer(const std::string& id, const Json& rest) {
  // The id is already JSON; the rest begins with its brace.
  return "{\"id\":" + id + "," + dump(rest).substr(1);
}

}  // namespace

std::variant<BatchRequest, BatchProblem> parse_batch_line(std::string_view line) {
  std::string problem;
  const auto json = parse_json(line, problem);
  if (!json) return BatchProblem{"null", problem};
  if (!json->is_object()) return BatchProblem{"null", "not a JSON object"};
  BatchRequest request;
  if (const auto id = json->find("id"); id != json->end()) request.id = dump(*id);
  const auto op = find_op(*json);
  if (!op) return BatchProblem{request.id, unknown_op()};
  request.op = *op;
  Fields fields(*json);
  read_fields(fields, request);
  if (!fields.problem().empty()) return BatchProblem{request.id, fields.problem()};
  if (request.op != Op::transaction) return request;
  auto parts = transaction_of(*json);
  if (!parts) return BatchProblem{request.id, parts.error().what};
  request.parts = *std::move(parts);
  return request;
}

std::string batch_answer(const std::string& id, const Outcome& outcome) { return answer(id, describe(outcome)); }

std::string answer_line(const Outcome& outcome) { return dump(describe(outcome)); }

std::string batch_answer(const BatchProblem& problem) {
  Outcome outcome;
  outcome.word = ErrorWord::invalid;
  outcome.detail = problem.detail;
  return batch_answer(problem.id, outcome);
}

std::string row_line(const app::Row& row) {
  Json json;
  put_bytes(json, "key", row.key);
  put_bytes(json, "value", row.value);
  return dump(json);
}

Result<ImportedRow> parse_row_line(std::string_view line) {
  std::string problem;
  const auto json = parse_json(line, problem);
  if (!json) return fail(ErrorCode::usage, problem);
  if (!json->is_object()) return fail(ErrorCode::usage, "not a JSON object");
  Fields fields(*json);
  fields.allow({"key", "value", "ttl_ms", "lease"});
  ImportedRow row{fields.bytes("key", true), fields.bytes("value", true), fields.has_life(), fields.ttl_us(),
                  fields.lease()};
  if (!fields.problem().empty()) return fail(ErrorCode::usage, fields.problem());
  return row;
}

std::string change_line(const Change& change) {
  Json json;
  json["index"] = change.index.value;
  json["time"] = change.time.wall_us;
  json["op"] = change.value ? "set" : "delete";
  put_bytes(json, "key", change.key);
  if (change.value) put_bytes(json, "value", *change.value);
  switch (change.previous) {
    case app::ChangeRecord::Previous::unknown: break;
    case app::ChangeRecord::Previous::none: json["previous"] = nullptr; break;
    case app::ChangeRecord::Previous::value: put_bytes(json, "previous", change.previous_value); break;
    case app::ChangeRecord::Previous::omitted: json["previous_omitted"] = true; break;
  }
  return dump(json);
}

}  // namespace parley::client::cli
