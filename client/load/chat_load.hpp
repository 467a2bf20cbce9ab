#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "client/chat_user.hpp"
#include "common/base/random.hpp"

namespace parley::client::load {

struct ChatOptions {
  std::uint64_t users = 100;
  std::uint64_t chats = 20;
  std::uint64_t chats_per_user = 5;  ///< at most as many as there are
};

/// The users and chats of a load. They are new each time, under names that nobody else has, and stay. One thread.
class ChatLoad {
 public:
  ChatLoad(const ChatOptions& options, Random& random);

  struct User {
    std::string name;
    ChatToken token;
    std::vector<std::uint64_t> chats;  ///< that he is in
    app::chat::Messages behind{};      ///< what he has read
  };

  /// Makes the users and chats, a few users at a time, since nodes take only so many passwords. `ended` is called for
  /// each user, with the first problem that he had.
  void prepare(Client& client, std::function<void(const Outcome&)> ended);
  /// Who acts for a client of this number.
  [[nodiscard]] User& user_of(std::uint32_t client) { return users_[client % users_.size()]; }
  /// A chat that he is in.
  [[nodiscard]] const std::string& draw_chat(const User& user, Random& random) const {
    return chats_[user.chats[random.below(user.chats.size())]];
  }

 private:
  void prepare_next(Client& client);
  void log_in(Client& client, std::size_t user);
  void join(Client& client, std::size_t user, std::size_t chat);
  void ended(Client& client, const Outcome& outcome);

  std::string password_;
  std::vector<User> users_;
  std::vector<std::string> chats_;  ///< names
  std::size_t next_ = 0;            ///< user to be prepared
  std::function<void(const Outcome&)> ended_;
};

}  // namespace parley::client::load
