#pragma once
#include <expected>
#include <optional>

#include "client/feed_client.hpp"
#include "common/app/chat/answer.hpp"

namespace parley::client {

/// What the pages of one feed of a chat hold. A chat is followed by its name, which may belong to another one when the
/// feed goes on at another server: events of that one would not be those behind the feed's position.
class ChatPages {
 public:
  ChatPages() = default;
  /// Whose events they must be; else it is whose the first are.
  explicit ChatPages(app::chat::ChatId chat) : chat_(chat) {}
  /// Of a page that is not empty. Or why the feed is over: `invalid` for bytes that are no page, `not_found` for one of
  /// another chat.
  [[nodiscard]] std::expected<app::chat::Events, FeedRefused> take(const SharedBytes& items);

 private:
  std::optional<app::chat::ChatId> chat_;
};

}  // namespace parley::client
