#include "common/app/chat/answer.hpp"

#include "common/app/chat/fields.hpp"
#include "common/base/chat_limits.hpp"

namespace parley::app::chat {

static_assert(std::is_same_v<std::variant_alternative_t<0, Answer>, LoggedIn>, "the numbers stand in kept replies");
static_assert(std::is_same_v<std::variant_alternative_t<1, Answer>, Sent>, "the numbers stand in kept replies");
static_assert(std::is_same_v<std::variant_alternative_t<6, Answer>, ChatDetails>, "the numbers stand on the wire");
static_assert(limits::chat_page_rows <= most_in_list && limits::chats_per_user <= most_in_list);

void write(ByteWriter& out, const Answer& answer) { std::visit(FieldWriter(out), answer); }

std::size_t size_of(const Answer& answer) {
  return std::visit([](const auto& kind) { return size_of_field(kind); }, answer);
}

std::optional<Answer> read_answer(ByteReader& in, std::uint8_t body) {
  if (body < first_body) return std::nullopt;
  return read_alternative<Answer>(in, body - first_body);
}

}  // namespace parley::app::chat
