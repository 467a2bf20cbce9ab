#pragma once
#include <functional>

#include "common/app/chat/chat_changes.hpp"
#include "common/app/meta.hpp"
#include "common/app/table.hpp"
#include "node/feed_source.hpp"

namespace parley::node {

/// Events of chats, from the rows. Positions are their numbers.
class ChatFeeds final : public FeedSource {
 public:
  /// The state of now: an image may put another in its place.
  struct State {
    const app::Table& rows;
    const app::Meta& meta;
  };
  explicit ChatFeeds(std::function<State()> state) : state_(std::move(state)) {}

  /// What an entry did.
  void note(const app::chat::ChatChanges& changes) { access_version_ += changes.is_access_changed ? 1 : 0; }
  /// The state is another one.
  void replaced() { ++access_version_; }
  [[nodiscard]] static Bytes topic_of(app::chat::ChatId chat);

  [[nodiscard]] std::expected<Opened, wire::ErrorReply> open(const app::Follow& subject) const override;
  [[nodiscard]] std::uint64_t last(BytesView topic) const override;
  [[nodiscard]] FeedPages page(BytesView topic, std::uint64_t after, std::size_t most_items) const override;
  [[nodiscard]] std::uint64_t access_version() const override { return access_version_; }

 private:
  std::function<State()> state_;
  std::uint64_t access_version_ = 1;
};

}  // namespace parley::node
