#include "client/cli/transaction_json.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <utility>

#include "common/app/transaction.hpp"

namespace parley::client::cli {
namespace {

using How = app::Compare::How;
constexpr std::array<std::pair<std::string_view, How>, 6> hows = {{{"equal", How::equal},
                                                                   {"not_equal", How::not_equal},
                                                                   {"less", How::less},
                                                                   {"greater", How::greater},
                                                                   {"exists", How::exists},
                                                                   {"absent", How::absent}}};

/// Reads the parts, and keeps the bytes that they refer to.
class Reader {
 public:
  void read(const Json& json) {
    each(json, "compare", [this](Fields& fields) { parts_.compares.push_back(compare(fields)); });
    each(json, "then", [this](Fields& fields) { parts_.then.push_back(item(fields)); });
    each(json, "else", [this](Fields& fields) { parts_.otherwise.push_back(item(fields)); });
  }
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] Bytes encoded() const { return app::encode_transaction(parts_); }

 private:
  template <class Take>
  void each(const Json& json, const std::string& name, Take take) {
    const auto list = json.find(name);
    if (list == json.end() || !problem_.empty()) return;
    if (!list->is_array()) {
      problem_ = "`" + name + "` is not a list";
      return;
    }
    std::size_t number = 0;
    for (const Json& entry : *list) {
      ++number;
      std::string wrong = "not an object";
      if (entry.is_object()) {
        Fields fields(entry);
        take(fields);
        wrong = fields.problem();
      }
      if (wrong.empty()) continue;
      problem_ = std::to_string(number) + " of `" + name + "`: " + wrong;
      return;
    }
  }

  BytesView keep(Bytes bytes) { return kept_.emplace_back(std::move(bytes)); }
  BytesView key(Fields& fields) { return keep(fields.bytes("key", true)); }
  BytesView value(Fields& fields) { return keep(fields.bytes("value", true)); }

  app::Compare compare(Fields& fields) {
    fields.allow({"key", "is", "value"});
    const std::string_view word = fields.word("is");
    const auto* const how = std::ranges::find(hows, word, &decltype(hows)::value_type::first);
    if (how == hows.end()) {
      fields.complain("`is` is none of equal, not_equal, less, greater, exists, absent");
      return {};
    }
    const bool has_value = how->second != How::exists && how->second != How::absent;
    if (!has_value && fields.has_bytes("value")) fields.complain("`value` does not go with " + std::string(word));
    return {how->second, key(fields), has_value ? value(fields) : BytesView()};
  }

  app::TransactionItem item(Fields& fields) {
    const std::string_view op = fields.word("op");
    if (op == "get" || op == "delete") {
      fields.allow({"op", "key"});
      if (op == "get") return app::Get{key(fields)};
      return app::Delete{key(fields)};
    }
    if (op == "incr") {
      fields.allow({"op", "key", "by"});
      return app::Increment{key(fields), fields.signed_number("by", 1)};
    }
    if (op != "set") fields.complain("`op` is none of get, set, delete, incr");
    fields.allow({"op", "key", "value", "ttl_ms", "lease"});
    if (!fields.has_life()) return app::Set{key(fields), value(fields)};
    return app::SetExpiring{key(fields), value(fields), fields.ttl_us(), fields.lease()};
  }

  app::TransactionParts parts_;
  std::deque<Bytes> kept_;
  std::string problem_;
};

}  // namespace

Result<Bytes> transaction_of(const Json& json) {
  Reader reader;
  reader.read(json);
  if (!reader.problem().empty()) return fail(ErrorCode::usage, reader.problem());
  return reader.encoded();
}

Result<Bytes> parse_transaction(std::string_view text) {
  std::string problem;
  const auto json = parse_json(text, problem);
  if (!json) return fail(ErrorCode::usage, problem);
  if (!json->is_object()) return fail(ErrorCode::usage, "not a JSON object");
  Fields fields(*json);
  fields.allow({"compare", "then", "else"});
  if (!fields.problem().empty()) return fail(ErrorCode::usage, fields.problem());
  return transaction_of(*json);
}

void put_transaction(Json& json, const app::ReplyTransaction& transaction) {
  json["held"] = transaction.held;
  json["items"] = Json::array();
  for (const app::ItemResult& item : transaction.items) {
    Json entry;
    entry["ok"] = item.word == ErrorWord::ok;
    if (item.value) put_bytes(entry, "value", *item.value);
    if (item.word != ErrorWord::ok) entry["error"] = text(item.word);
    json["items"].push_back(std::move(entry));
  }
}

}  // namespace parley::client::cli
