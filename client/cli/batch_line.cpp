#include "client/cli/batch_line.hpp"

#include <array>

#include <nlohmann/json.hpp>

#include "client/cli/chat_text.hpp"
#include "common/base/base64.hpp"
#include "common/base/utf8.hpp"
#include "common/config/value.hpp"

namespace parley::client::cli {
namespace {

using Json = nlohmann::ordered_json;

/// How deep an id may nest: writing it takes stack.
constexpr int deepest = 64;

/// Looks at brackets outside of texts alone; whether the line is JSON shows when it is parsed.
bool is_too_deep(std::string_view line) {
  int depth = 0;
  bool is_text = false;
  for (std::size_t at = 0; at < line.size(); ++at) {
    const char c = line[at];
    if (is_text && c == '\\') ++at;
    if (c == '"') is_text = !is_text;
    if (is_text) continue;
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    if (depth > deepest) return true;
  }
  return false;
}

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// The fields of one line; the first that is wrong is remembered.
class Fields {
 public:
  explicit Fields(const Json& json) : json_(json) {}

  /// Bytes under `name`, as text or in base64.
  Bytes bytes(const std::string& name, bool is_required) {
    if (const auto at = json_.find(name); at != json_.end()) {
      if (at->is_string()) return at->get<std::string>();
      return complain("`" + name + "` is not a text");
    }
    if (const auto at = json_.find(name + "_base64"); at != json_.end()) {
      auto decoded = at->is_string() ? from_base64(at->get_ref<const std::string&>()) : std::nullopt;
      if (decoded) return *std::move(decoded);
      return complain("`" + name + "_base64` is not base64");
    }
    return is_required ? complain("`" + name + "` is missing") : Bytes{};
  }

  std::uint32_t number(const std::string& name) { return static_cast<std::uint32_t>(number(name, UINT32_MAX)); }
  std::uint64_t number(const std::string& name, std::uint64_t most) {
    const auto at = json_.find(name);
    if (at == json_.end()) return 0;
    if (at->is_number_unsigned() && at->get<std::uint64_t>() <= most) return at->get<std::uint64_t>();
    complain("`" + name + "` is not a number from 0 to " + std::to_string(most));
    return 0;
  }

  wire::ReadMode read_mode() {
    const auto at = json_.find("read");
    if (at == json_.end() || *at == "linearizable") return wire::ReadMode::linearizable;
    if (*at == "lease") return wire::ReadMode::lease;
    if (*at != "stale") complain("`read` is none of linearizable, lease, stale");
    return wire::ReadMode::stale;
  }

  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  Bytes complain(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
    return {};
  }
  const Json& json_;
  std::string problem_;
};

struct OpName {
  std::string_view name;
  BatchRequest::Op op;
};
constexpr std::array<OpName, 7> ops = {{{"get", BatchRequest::Op::get},
                                        {"set", BatchRequest::Op::set},
                                        {"delete", BatchRequest::Op::erase},
                                        {"cas", BatchRequest::Op::cas},
                                        {"scan", BatchRequest::Op::scan},
                                        {"send", BatchRequest::Op::send},
                                        {"history", BatchRequest::Op::history}}};

std::optional<BatchRequest::Op> find_op(const Json& json) {
  const auto at = json.find("op");
  if (at == json.end() || !at->is_string()) return std::nullopt;
  for (const OpName& each : ops) {
    if (each.name == at->get_ref<const std::string&>()) return each.op;
  }
  return std::nullopt;
}

void read_chat_op(Fields& fields, BatchRequest& request) {
  request.chat = fields.bytes("chat", true);
  request.user = fields.bytes("user", false);
  if (request.op == BatchRequest::Op::send) {
    request.value = fields.bytes("text", true);
    request.key = fields.bytes("key", false);
  } else {
    request.before = fields.number("before", UINT64_MAX);
    request.after = fields.number("after", UINT64_MAX);
    request.limit = fields.number("limit");
  }
}

void put_bytes(Json& json, const std::string& name, const Bytes& bytes) {
  if (is_utf8(bytes)) {
    json[name] = bytes;
  } else {
    json[name + "_base64"] = to_base64(bytes);
  }
}

std::string answer(const std::string& id, const Json& rest) {
  // The id is already JSON; the rest begins with its brace.
  return "{\"id\":" + id + "," + dump(rest).substr(1);
}

}  // namespace

std::variant<BatchRequest, BatchProblem> parse_batch_line(std::string_view line) {
  if (is_too_deep(line)) return BatchProblem{"null", "nested deeper than " + std::to_string(deepest) + " levels"};
  const Json json = Json::parse(line, nullptr, false);
  if (json.is_discarded()) return BatchProblem{"null", "not JSON"};
  if (!json.is_object()) return BatchProblem{"null", "not a JSON object"};
  BatchRequest request;
  if (const auto id = json.find("id"); id != json.end()) request.id = dump(*id);
  const auto op = find_op(json);
  if (!op) return BatchProblem{request.id, "`op` is none of get, set, delete, cas, scan, send, history"};
  request.op = *op;
  Fields fields(json);
  if (request.op == BatchRequest::Op::send || request.op == BatchRequest::Op::history) {
    read_chat_op(fields, request);
  } else if (request.op == BatchRequest::Op::scan) {
    request.key = fields.bytes("prefix", false);
    request.limit = fields.number("limit");
  } else {
    request.key = fields.bytes("key", true);
  }
  if (request.op == BatchRequest::Op::set || request.op == BatchRequest::Op::cas)
    request.value = fields.bytes("value", true);
  if (request.op == BatchRequest::Op::cas) request.expected = fields.bytes("expected", true);
  if (request.op == BatchRequest::Op::get || request.op == BatchRequest::Op::scan) request.mode = fields.read_mode();
  if (!fields.problem().empty()) return BatchProblem{request.id, fields.problem()};
  return request;
}

std::string batch_answer(const std::string& id, const Outcome& outcome) {
  Json json;
  json["ok"] = outcome.ok();
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
  if (outcome.index != Index{}) json["index"] = outcome.index.value;
  if (outcome.age_ms) json["age_ms"] = *outcome.age_ms == wire::unknown_age ? Json() : Json(*outcome.age_ms);
  if (!outcome.ok()) json["error"] = text(outcome.word);
  if (!outcome.ok() && !outcome.detail.empty()) json["detail"] = outcome.detail;
  return answer(id, json);
}

std::string batch_answer(const BatchProblem& problem) {
  Outcome outcome;
  outcome.word = ErrorWord::invalid;
  outcome.detail = problem.detail;
  return batch_answer(problem.id, outcome);
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
