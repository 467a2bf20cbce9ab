#pragma once
#include <functional>
#include <set>
#include <string>

#include "client/chat_user.hpp"
#include "client/client.hpp"

namespace parley::client {

/// Which members of a chat follow a chat now. Each node knows who does so at it; all of them were asked.
struct ChatPresence {
  std::set<std::string> users;
  std::size_t nodes = 0;   ///< that there are
  std::size_t silent = 0;  ///< of these, did not say
  Outcome refusal;         ///< of one of them, if all did not
  [[nodiscard]] bool is_known() const { return silent < nodes; }
};

/// Asks as this user. `callback` is called as those of the client are, after which `user` may be gone.
void ask_presence(Client& client, const ChatUser& user, const std::string& chat,
                  std::function<void(ChatPresence&&)> callback);

}  // namespace parley::client
