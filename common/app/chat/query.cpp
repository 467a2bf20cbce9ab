#include "common/app/chat/query.hpp"

#include "common/app/chat/fields.hpp"

namespace parley::app::chat {

static_assert(std::is_same_v<std::variant_alternative_t<0, Query>, ListChats>, "the kinds stand on the wire");
static_assert(std::is_same_v<std::variant_alternative_t<5, Query>, ChatInfo>, "the kinds stand on the wire");

const TokenId& token_of(const Query& query) {
  return std::visit([](const auto& kind) -> const TokenId& { return kind.token; }, query);
}

void write(ByteWriter& out, const Query& query) {
  out.number(static_cast<std::uint8_t>(first_query + query.index()));
  std::visit(FieldWriter(out), query);
}

std::optional<Query> read_query(ByteReader& in, std::uint8_t kind) {
  if (kind < first_query) return std::nullopt;
  return read_alternative<Query>(in, kind - first_query);
}

}  // namespace parley::app::chat
