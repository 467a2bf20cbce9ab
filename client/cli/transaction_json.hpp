#pragma once
#include <string>
#include <string_view>

#include "client/cli/json_fields.hpp"
#include "common/app/reply.hpp"
#include "common/base/result.hpp"

namespace parley::client::cli {

/// A transaction as people write it, all three fields optional:
///
///     {"compare":[{"key":K,"is":"equal|not_equal|less|greater|exists|absent","value":V}, ...],
///      "then":[{"op":"get","key":K}, {"op":"set","key":K,"value":V,"ttl_ms":N},
///      {"op":"set","key":K,"value":V,"lease":ID},
///              {"op":"delete","key":K}, {"op":"incr","key":K,"by":N}, ...],
///      "else":[...]}
///
/// with `key_base64` and `value_base64` for bytes. What it has besides `compare`, `then` and `else` is not looked at;
/// what is wrong within them is ErrorCode::usage and names the place. Gives app::encode_transaction of it.
[[nodiscard]] Result<Bytes> transaction_of(const Json& json);
/// The same of a text that is nothing else.
[[nodiscard]] Result<Bytes> parse_transaction(std::string_view text);

/// `held`, `items` with `ok`, `value` or `error` each.
void put_transaction(Json& json, const app::ReplyTransaction& transaction);

}  // namespace parley::client::cli
