#pragma once
#include <map>
#include <string>
#include <vector>

#include "common/app/chat/ids.hpp"
#include "common/base/bytes.hpp"

namespace parley::sim {

/// What the people who use the chat tell each other.
struct People {
  struct Token {
    std::string user;
    Bytes secret;
    [[nodiscard]] app::chat::TokenId id() const { return blake2b(secret); }
  };
  /// Who has logged in, the newest last; some of these have ended.
  std::vector<Token> tokens;
  /// What a user's password may be: more than one while nobody knows whether it was changed.
  std::map<std::string, std::vector<std::string>> passwords;
  /// The last event of a chat that anybody has heard of, by the chat's name in lower case.
  std::map<std::string, std::uint64_t> last_seq;
};

}  // namespace parley::sim
