#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "client/chat_user.hpp"
#include "common/base/result.hpp"

namespace parley::client::cli {

/// Where tokens of the chat are kept for later commands: a file for each user of each cluster,
///
///     HOME/tokens/CLUSTER/USER.token      "parley-token 1", the user's name, the token in hexadecimal, a line each
///
/// USER in lower case. Folders are made for their owner alone (0700), files too (0600); a file that others can read is
/// not used. A file is replaced in one step, and is on the disk when it has been.
class TokenStore {
 public:
  /// `home`: PARLEY_HOME. Nothing is made before something is to be kept.
  TokenStore(std::filesystem::path home, const ClusterId& cluster);

  struct Kept {
    std::string user;  ///< as it was created
    ChatToken token;
  };
  /// Whether there is a place where one can be kept; makes the folders. To be asked before a token is granted.
  [[nodiscard]] Status prepare() const;
  Status keep(std::string_view user, const ChatToken& token);
  /// No such file is no error.
  Status forget(std::string_view user);
  /// Nothing if nobody of this name is logged in here. `refused` for a file that others can read, `corrupt` for one
  /// that holds something else.
  [[nodiscard]] Result<std::optional<Kept>> find(std::string_view user) const;
  /// The names of all who are logged in here, in order.
  [[nodiscard]] Result<std::vector<std::string>> users() const;

 private:
  [[nodiscard]] std::filesystem::path file_of(std::string_view user) const;
  [[nodiscard]] Status make_folders() const;

  std::filesystem::path home_;
  std::filesystem::path folder_;
};

/// PARLEY_HOME, or `.parley` in the user's home; nothing if neither is known.
[[nodiscard]] std::optional<std::filesystem::path> parley_home();

}  // namespace parley::client::cli
