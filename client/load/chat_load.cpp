#include "client/load/chat_load.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "common/base/entropy.hpp"

namespace parley::client::load {
namespace {

/// Users who are being made: fewer than passwords that a node takes, since others may log in meanwhile.
constexpr std::size_t users_at_once = 4;

bool is_done_or_there(const Outcome& outcome) { return outcome.ok() || outcome.word == ErrorWord::exists; }

}  // namespace

ChatLoad::ChatLoad(const ChatOptions& options, Random& random) {
  // Drawn by the system, not by the load's seed: nobody may guess the password, nor take the names.
  password_ = fmt::format("{:016x}", draw_u64());
  const std::string run = fmt::format("bench-{:016x}", draw_u64());
  for (std::uint64_t chat = 0; chat < options.chats; ++chat) chats_.push_back(fmt::format("{}-chat{}", run, chat));
  const std::uint64_t each = std::min(options.chats_per_user, options.chats);
  for (std::uint64_t user = 0; user < options.users; ++user) {
    User one{fmt::format("{}-{}", run, user), ChatToken::draw(), {}};
    // Chats in a row from anywhere: all of them get their share.
    const std::uint64_t first = random.below(options.chats);
    for (std::uint64_t at = 0; at < each; ++at) one.chats.push_back((first + at) % options.chats);
    users_.push_back(std::move(one));
  }
}

void ChatLoad::prepare(Client& client, std::function<void(const Outcome&)> ended) {
  ended_ = std::move(ended);
  for (std::size_t at = 0; at < users_at_once; ++at) prepare_next(client);
}

void ChatLoad::prepare_next(Client& client) {
  if (next_ >= users_.size()) return;
  const std::size_t user = next_++;
  create_user(client, users_[user].name, password_, [this, &client, user](Outcome&& outcome) {
    // It exists if an answer was lost and the name sent again.
    if (!is_done_or_there(outcome)) return ended(client, outcome);
    log_in(client, user);
  });
}

void ChatLoad::log_in(Client& client, std::size_t user) {
  client::log_in(client, users_[user].name, password_, users_[user].token, [this, &client, user](Outcome&& outcome) {
    if (!outcome.ok()) return ended(client, outcome);
    join(client, user, 0);
  });
}

void ChatLoad::join(Client& client, std::size_t user, std::size_t at) {
  if (at == users_[user].chats.size()) return ended(client, {});
  const std::string& chat = chats_[users_[user].chats[at]];
  ChatUser(client, users_[user].token).create(chat, {}, false, [this, &client, user, at](Outcome&& created) {
    if (!is_done_or_there(created)) return ended(client, created);
    ChatUser(client, users_[user].token)
        .join(chats_[users_[user].chats[at]], [this, &client, user, at](Outcome&& joined) {
          if (!joined.ok()) return ended(client, joined);
          join(client, user, at + 1);
        });
  });
}

void ChatLoad::ended(Client& client, const Outcome& outcome) {
  ended_(outcome);
  if (outcome.ok()) prepare_next(client);
}

}  // namespace parley::client::load
