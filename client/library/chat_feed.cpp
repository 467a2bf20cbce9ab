#include <algorithm>
#include <optional>
#include <utility>

#include "client/chat_pages.hpp"
#include "client/feed_client.hpp"
#include "client/library/chat_core.hpp"
#include "client/library/feed_core.hpp"
#include "client/transport_network.hpp"
#include "common/app/follow.hpp"
#include "common/base/entropy.hpp"

namespace parley {

template class BasicFeed<ChatEvent>;

std::size_t detail::bytes_of(const ChatEvent& event) {
  return event.chat.size() + event.user.size() + event.text.size();
}

}  // namespace parley

namespace parley::client::library {
namespace {

using Deliver = detail::FeedCore<ChatEvent>::Deliver;

/// Follows a chat over connections of its own.
class ChatFollow {
 public:
  ChatFollow(std::shared_ptr<Common> common, const ChatToken& token, std::string chat, const ChatFeedOptions& options)
      : common_(std::move(common)), token_(token), chat_(std::move(chat)), options_(options) {}

  std::optional<Failure> operator()(int stop, const Deliver& deliver) {
    TransportNetwork network(common_->context);
    FeedClient feeds(network, common_->clock,
                     {.servers = common_->settings.servers, .cluster = {}, .seed = draw_u64()});
    static_assert(ChatFeedOptions::newest == wire::follow_from_now);
    const FeedId id = feeds.follow(
        app::encode_follow(app::FollowChat{token_.id(), chat_}), options_.after,
        [&](FeedEvent&& event) {
          if (auto* page = std::get_if<FeedItems>(&event)) take(*page, deliver);
          if (auto* gone = std::get_if<FeedGone>(&event)) fail(Word::not_found, std::move(gone->detail));
          if (auto* refused = std::get_if<FeedRefused>(&event)) {
            fail(static_cast<Word>(refused->word), std::move(refused->detail));
          }
        },
        token_.secret());
    const std::uint64_t begin_us = common_->clock.now().monotonic_us;
    while (!is_over_) {
      const std::uint64_t consumed = std::exchange(consumed_, 0);
      if (consumed > 0) feeds.consumed(id, consumed);
      feeds.step();
      const std::uint64_t now_us = common_->clock.now().monotonic_us;
      if (is_over_) break;
      if (!has_answer_ && now_us - begin_us >= common_->settings.timeout_us)
        return failure(Word::timeout, "no server has answered in time");
      const std::uint64_t wake_us = consumed_ > 0 ? now_us : std::max(feeds.next_wake_us(), now_us);
      if (network.wait(wake_us - now_us, stop)) return std::nullopt;
    }
    return std::move(why_);
  }

 private:
  void fail(Word word, std::string detail) {
    is_over_ = true;
    why_ = failure(word, std::move(detail));
  }

  void take(const FeedItems& page, const Deliver& deliver) {
    has_answer_ = true;
    consumed_ += page.count;
    if (page.items.empty() || is_over_) return;
    const auto events = pages_.take(page.items);
    if (!events) return fail(static_cast<Word>(events.error().word), events.error().detail);
    for (const app::chat::Event& event : events->events) {
      if (!deliver(event_of(event, chat_))) {
        is_over_ = true;
        return;
      }
    }
  }

  std::shared_ptr<Common> common_;
  ChatToken token_;
  std::string chat_;
  ChatFeedOptions options_;
  ChatPages pages_;
  std::uint64_t consumed_ = 0;  ///< items that the server has not been told of
  bool has_answer_ = false;
  bool is_over_ = false;
  std::optional<Failure> why_;
};

}  // namespace

Answer<ChatFeed> start_chat_feed(std::shared_ptr<Common> common, const ChatToken& token, std::string chat,
                                 const ChatFeedOptions& options, ChatFeedCallback callback) {
  return detail::FeedCore<ChatEvent>::start(ChatFollow(std::move(common), token, std::move(chat), options),
                                            std::move(callback));
}

}  // namespace parley::client::library
