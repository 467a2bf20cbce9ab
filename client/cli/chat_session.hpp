#pragma once
#include <optional>

#include "client/chat_user.hpp"
#include "client/cli/environment.hpp"
#include "client/cli/token_store.hpp"

namespace parley::client::cli {

/// Which cluster the servers are of, and who is logged in there: what the commands of the chat begin with.
class ChatSession {
 public:
  /// Asks a server for its cluster if none has answered yet. Nothing if that cannot be known; then it was said, and
  /// `code` is the exit code.
  [[nodiscard]] static std::optional<ChatSession> open(Environment& environment, int& code);
  struct LoggedIn {
    std::string name;
    ChatUser user;
  };
  /// The user who is to act: the one of this name, or if it is empty the only one who is logged in. Nothing as above.
  [[nodiscard]] std::optional<LoggedIn> user(Environment& environment, std::string_view name, int& code) const;
  [[nodiscard]] TokenStore& tokens() { return tokens_; }

 private:
  explicit ChatSession(TokenStore tokens) : tokens_(std::move(tokens)) {}
  TokenStore tokens_;
};

/// Both, for a command that acts as `-user` says. Nothing if it was said why not.
[[nodiscard]] std::optional<ChatUser> acting_user(Environment& environment, int& code);

/// Says an error of the environment and gives its exit code.
[[nodiscard]] int explain(Environment& environment, const Error& error);

/// What a call that prints no more than `OK` ends with.
[[nodiscard]] int print_ok(Environment& environment, const Outcome& outcome);

}  // namespace parley::client::cli
