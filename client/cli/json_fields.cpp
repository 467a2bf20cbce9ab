#include "client/cli/json_fields.hpp"

#include <algorithm>

#include "common/base/base64.hpp"
#include "common/base/utf8.hpp"

namespace parley::client::cli {
namespace {

/// How deep JSON may nest: writing it takes stack.
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

}  // namespace

std::optional<Json> parse_json(std::string_view text, std::string& problem) {
  if (is_too_deep(text)) {
    problem = "nested deeper than " + std::to_string(deepest) + " levels";
    return std::nullopt;
  }
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_discarded()) return json;
  problem = "not JSON";
  return std::nullopt;
}

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

void put_bytes(Json& json, const std::string& name, const Bytes& bytes) {
  if (is_utf8(bytes)) {
    json[name] = bytes;
  } else {
    json[name + "_base64"] = to_base64(bytes);
  }
}

Bytes Fields::bytes(const std::string& name, bool is_required) {
  if (const auto at = json_.find(name); at != json_.end()) {
    if (at->is_string()) return at->get<std::string>();
    complain("`" + name + "` is not a text");
  } else if (const auto base64 = json_.find(name + "_base64"); base64 != json_.end()) {
    auto decoded = base64->is_string() ? from_base64(base64->get_ref<const std::string&>()) : std::nullopt;
    if (decoded) return *std::move(decoded);
    complain("`" + name + "_base64` is not base64");
  } else if (is_required) {
    complain("`" + name + "` is missing");
  }
  return {};
}

std::uint64_t Fields::number(const std::string& name, std::uint64_t most) {
  const auto at = json_.find(name);
  if (at == json_.end()) return 0;
  if (at->is_number_unsigned() && at->get<std::uint64_t>() <= most) return at->get<std::uint64_t>();
  complain("`" + name + "` is not a number from 0 to " + std::to_string(most));
  return 0;
}

std::int64_t Fields::signed_number(const std::string& name, std::int64_t otherwise) {
  const auto at = json_.find(name);
  if (at == json_.end()) return otherwise;
  const bool is_too_large = at->is_number_unsigned() && at->get<std::uint64_t>() > INT64_MAX;
  if (at->is_number_integer() && !is_too_large) return at->get<std::int64_t>();
  complain("`" + name + "` is not a whole number of 64 bits");
  return otherwise;
}

std::string_view Fields::word(const std::string& name) {
  const auto at = json_.find(name);
  if (at != json_.end() && at->is_string()) return at->get_ref<const std::string&>();
  complain("`" + name + "` is " + (at == json_.end() ? "missing" : "not a text"));
  return {};
}

wire::ReadMode Fields::read_mode() {
  const auto at = json_.find("read");
  if (at == json_.end() || *at == "linearizable") return wire::ReadMode::linearizable;
  if (*at == "lease") return wire::ReadMode::lease;
  if (*at != "stale") complain("`read` is none of linearizable, lease, stale");
  return wire::ReadMode::stale;
}

std::uint64_t Fields::ttl_us() {
  constexpr std::uint64_t us_per_ms = 1000;
  return number("ttl_ms", UINT64_MAX / us_per_ms) * us_per_ms;
}

app::LeaseId Fields::lease() {
  const app::LeaseId lease{number("lease", UINT64_MAX)};
  if (has("lease") && lease.value == 0) complain("`lease` is 0, which is none");
  return lease;
}

void Fields::allow(std::initializer_list<std::string_view> names) {
  for (const auto& [name, value] : json_.items()) {
    std::string_view plain = name;
    if (plain.ends_with("_base64")) plain.remove_suffix(7);
    const bool is_known =
        std::ranges::find(names, plain) != names.end() || std::ranges::find(names, name) != names.end();
    if (!is_known) complain("`" + name + "` is not known here");
  }
}

void Fields::complain(std::string problem) {
  if (problem_.empty()) problem_ = std::move(problem);
}

}  // namespace parley::client::cli
