#include "client/chat_pages.hpp"

#include <utility>

#include "common/app/reply.hpp"

namespace parley::client {

std::expected<app::chat::Events, FeedRefused> ChatPages::take(const SharedBytes& items) {
  auto reply = app::decode_reply(items.view());
  auto* answer = reply ? std::get_if<app::chat::Answer>(&reply->body) : nullptr;
  auto* events = answer != nullptr ? std::get_if<app::chat::Events>(answer) : nullptr;
  if (events == nullptr)
    return std::unexpected(FeedRefused{ErrorWord::invalid, "a page is of a kind that this client does not know"});
  for (const app::chat::Event& event : events->events) {
    if (!chat_) chat_ = event.chat;
    if (event.chat != *chat_)
      return std::unexpected(FeedRefused{ErrorWord::not_found, "its name is that of another chat now"});
  }
  return std::move(*events);
}

}  // namespace parley::client
