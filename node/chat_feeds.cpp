#include "node/chat_feeds.hpp"

#include "common/app/chat/chat.hpp"
#include "common/base/byte_codec.hpp"

namespace parley::node {
namespace {

using app::chat::ChatId;
using app::chat::EventSeq;

/// So that no topic of keys is one of chats.
constexpr char topic_begin = 'c';

ChatId chat_of(BytesView topic) {
  ChatId chat;
  ByteReader in(topic.substr(1));
  chat.value = in.number<std::uint64_t>();
  return chat;
}

}  // namespace

Bytes ChatFeeds::topic_of(ChatId chat) {
  Bytes topic(1, topic_begin);
  ByteWriter(topic).number(chat.value);
  return topic;
}

std::expected<FeedSource::Opened, wire::ErrorReply> ChatFeeds::open(const app::Follow& subject) const {
  const auto& follow = std::get<app::FollowChat>(subject);
  const State state = state_();
  const auto reader = app::chat::reader_of(follow.token, follow.chat, state.rows, state.meta);
  if (!reader) return std::unexpected(wire::ErrorReply{reader.error().word, reader.error().detail, 0});
  return Opened{topic_of(reader->chat), reader->user.value};
}

std::uint64_t ChatFeeds::last(BytesView topic) const {
  const auto last = app::chat::last_event(chat_of(topic), state_().rows);
  return last ? last->value : 0;
}

FeedPages ChatFeeds::page(BytesView topic, std::uint64_t after, std::size_t most_items) const {
  const State state = state_();
  const ChatId chat = chat_of(topic);
  const auto last = app::chat::last_event(chat, state.rows);
  if (!last) return wire::ErrorReply{ErrorWord::not_found, "there is no such chat any more", 0};
  if (after > last->value) {
    return wire::FeedGoneReply{
        0, "event " + std::to_string(after) + " is not there yet; the last one is " + std::to_string(last->value)};
  }
  if (after == last->value) return FeedPage{after, 0, {}};
  app::chat::Events events =
      app::chat::events_behind(chat, EventSeq{after}, static_cast<std::uint32_t>(most_items), state.rows);
  FeedPage page;
  page.items = events.events.size();
  page.upto = events.events.back().seq.value;
  page.bytes = SharedBytes(app::encode_reply({.body = app::chat::Answer(std::move(events))}));
  return page;
}

}  // namespace parley::node
