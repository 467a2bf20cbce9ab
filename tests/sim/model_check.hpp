#pragma once
#include <string>

#include "common/app/query.hpp"
#include "common/app/reply.hpp"
#include "tests/app/chat_model.hpp"
#include "tests/app/key_model.hpp"

namespace parley::sim {

/// What is wrong with an answer to a query, by a model of the state that it was answered from; empty if nothing is. Of
/// what models do not know (when somebody joined, how long a token lives) nothing is said.
[[nodiscard]] std::string wrong_in(const app::Reply& reply, const app::Query& query, const app::KeyModel& keys,
                                   const app::chat::ChatModel& chats);

/// The same of a page of events of a chat behind a position, as a feed has it.
[[nodiscard]] std::string wrong_in(const app::chat::Events& page, std::uint64_t after,
                                   const app::chat::ChatModel::Chat& chat, const app::chat::ChatModel& chats);

/// With the letters of ASCII in lower case.
[[nodiscard]] std::string folded(BytesView name);

}  // namespace parley::sim
