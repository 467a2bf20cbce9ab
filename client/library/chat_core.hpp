#pragma once
#include <parley/chat.hpp>

#include <memory>

#include "client/chat_user.hpp"
#include "client/library/core.hpp"

namespace parley::detail {

/// What stands behind a ChatUser. Never changed, so any number of threads may use it.
class ChatCore {
 public:
  ChatCore(Core& core, client::ChatToken token) : core_(core), token_(std::move(token)) {}
  [[nodiscard]] Core& core() const { return core_; }
  [[nodiscard]] const client::ChatToken& token() const { return token_; }

 private:
  Core& core_;  ///< of the Cluster, which outlives its users
  client::ChatToken token_;
};

}  // namespace parley::detail

/// From what the chat answers to what programs are told.
namespace parley::client::library {

[[nodiscard]] ChatEvent event_of(const app::chat::Event& event, std::string chat);
[[nodiscard]] Answer<std::string> user_name_of(Outcome&& outcome);
[[nodiscard]] Answer<ChatSent> sent_of(Outcome&& outcome);
[[nodiscard]] Answer<ChatEvents> events_of(Outcome&& outcome);
[[nodiscard]] Answer<ChatList> chats_of(Outcome&& outcome);
[[nodiscard]] Answer<ChatMembers> members_of(Outcome&& outcome);
[[nodiscard]] Answer<ChatDetails> details_of(Outcome&& outcome);

[[nodiscard]] Answer<ChatFeed> start_chat_feed(std::shared_ptr<Common> common, const ChatToken& token, std::string chat,
                                               const ChatFeedOptions& options, ChatFeedCallback callback);

}  // namespace parley::client::library
