// What is said in the user's chats as it is said: a feed for each.
#include <algorithm>
#include <utility>

#include "client/chat_pages.hpp"
#include "client/cli/chat_prompt.hpp"
#include "common/app/follow.hpp"
#include "common/base/prompt_limits.hpp"

namespace parley::client::cli {

using prompt::Line;

void ChatPrompt::follow(const prompt::Room& room, std::uint64_t after) {
  Followed& followed = followed_[room.id];
  followed = {};
  followed.is_anew = after == wire::follow_from_now;
  followed.feed = feeds_.follow(
      app::encode_follow(app::FollowChat{user_.token().id(), room.name}), after,
      [this, chat = room.id](FeedEvent&& event) {
        ++events_;
        std::visit([&](auto& each) { take(chat, each); }, event);
      },
      user_.token().secret());
  ++events_;
}

void ChatPrompt::unfollow(ChatId chat) {
  const auto followed = followed_.find(chat);
  if (followed == followed_.end()) return;
  feeds_.unfollow(followed->second.feed);
  followed_.erase(followed);
}

void ChatPrompt::take(ChatId chat, FeedItems& page) {
  prompt::Room* room = rooms_.find(chat);
  const auto followed = followed_.find(chat);
  if (room == nullptr || followed == followed_.end()) return;
  followed->second.owed += page.count;
  if (std::exchange(followed->second.is_anew, false)) {
    room->last = page.after;
    room->shown = std::min(room->shown, page.after);
  }
  if (page.items.empty()) return;
  auto events = ChatPages(chat).take(page.items);
  if (!events) {
    feeds_.unfollow(followed->second.feed);
    return take(chat, events.error());
  }
  rooms_.follow(*room, *events);
  outbox_.shown(chat, room->is_loading ? room->shown : room->last);
}

void ChatPrompt::take(ChatId chat, FeedGone& gone) {
  prompt::Room* room = rooms_.find(chat);
  if (room == nullptr) return;
  rooms_.tell(Line::failure("what is said in " + room->name + " behind " + std::to_string(room->last) +
                            " cannot be had: " + gone.detail + "; it goes on with what comes from now on"));
  follow(*room, gone.first > 0 ? gone.first - 1 : wire::follow_from_now);
}

/// The list of chats tells what has become of this one: left, renamed, gone, or of a user who is none any more.
void ChatPrompt::take(ChatId chat, FeedRefused& refused) {
  followed_.erase(chat);
  const bool is_expected = refused.word == ErrorWord::not_member || refused.word == ErrorWord::not_found;
  if (const prompt::Room* room = rooms_.find(chat); room != nullptr && !is_expected)
    say_trouble(room->name + ": " + std::string(text(refused.word)) + ": " + refused.detail);
  list_again();
}

void ChatPrompt::take(ChatId, FeedTrouble& trouble) { say_trouble(trouble.detail + "; going on at another node"); }

/// For what was shown. What waits for the history of its chat holds the feed up.
void ChatPrompt::grant_credit() {
  for (auto& [chat, followed] : followed_) {
    const prompt::Room* room = rooms_.find(chat);
    if (followed.owed == 0 || (room != nullptr && room->is_loading)) continue;
    feeds_.consumed(followed.feed, std::exchange(followed.owed, 0));
    ++events_;
  }
}

/// All feeds of a node are lost together, and a node that comes and goes is told of once in a while.
void ChatPrompt::say_trouble(const std::string& what) {
  const std::uint64_t now = now_us();
  std::erase_if(said_us_, [now](const auto& said) { return now - said.second >= limits::prompt_trouble_us; });
  if (said_us_.emplace(what, now).second) rooms_.tell(Line::trouble(what));
}

}  // namespace parley::client::cli
