#pragma once
#include <parley/parley.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/result.hpp"

namespace parley::followers {

/// A chat, and users who are in it.
struct Stage {
  std::string chat;
  std::vector<ChatUser> users;
};

/// Makes them, under names that nobody else has, some at a time, since nodes take only so many passwords.
/// ErrorCode::refused says what went wrong.
[[nodiscard]] Result<Stage> set_stage(Cluster& cluster, std::uint64_t users);

}  // namespace parley::followers
