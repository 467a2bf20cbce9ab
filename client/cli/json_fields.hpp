#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "client/client.hpp"
#include "common/base/bytes.hpp"

namespace parley::client::cli {

using Json = nlohmann::ordered_json;

/// Nothing if it is no JSON, or nests so deep that to look at it takes too much stack; `problem` then says why.
[[nodiscard]] std::optional<Json> parse_json(std::string_view text, std::string& problem);
/// In one line; bytes that are not UTF-8 are replaced.
[[nodiscard]] std::string dump(const Json& json);
/// Under `name` if they are UTF-8, else in base64 under `name`_base64.
void put_bytes(Json& json, const std::string& name, const Bytes& bytes);

/// The fields of one JSON object. The first that is wrong is remembered.
class Fields {
 public:
  /// `json` must be an object and outlive this.
  explicit Fields(const Json& json) : json_(json) {}

  [[nodiscard]] bool has(const std::string& name) const { return json_.contains(name); }
  /// Bytes under `name`, as text, or in base64 under `name`_base64.
  [[nodiscard]] bool has_bytes(const std::string& name) const { return has(name) || has(name + "_base64"); }
  Bytes bytes(const std::string& name, bool is_required);
  /// 0 if there is none.
  std::uint64_t number(const std::string& name, std::uint64_t most);
  /// `otherwise` if there is none.
  std::int64_t signed_number(const std::string& name, std::int64_t otherwise);
  std::string_view word(const std::string& name);
  wire::ReadMode read_mode();
  /// `ttl_ms` in microseconds, and `lease`; 0 where there is none.
  std::uint64_t ttl_us();
  app::LeaseId lease();
  /// One of the two is there.
  [[nodiscard]] bool has_life() const { return has("ttl_ms") || has("lease"); }
  /// Every other name is wrong.
  void allow(std::initializer_list<std::string_view> names);

  void complain(std::string problem);
  /// Empty if nothing is wrong.
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  const Json& json_;
  std::string problem_;
};

}  // namespace parley::client::cli
