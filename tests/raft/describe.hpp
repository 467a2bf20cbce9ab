#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "common/raft/core.hpp"

/// Cores, messages and entries in words that a person reads in a scenario or a failed test. Servers are called n1, n2,
/// ...
namespace parley::raft::harness {

[[nodiscard]] std::string name_of(ServerId server);
[[nodiscard]] NodeId node_name(ServerId server);

/// `append`, `vote_reply`, ...: what a scenario calls the messages.
[[nodiscard]] std::string_view kind_name(std::size_t kind);
[[nodiscard]] std::optional<std::size_t> kind_by_name(std::string_view name);
[[nodiscard]] std::string_view role_name(Role role);
[[nodiscard]] std::string_view refusal_name(Refusal refusal);
/// The end of a sentence: `, for its disk is stuck`; nothing if it did not resign.
[[nodiscard]] std::string_view why_resigned(Resigned resigned);

/// `n1 -> n2 append, term 2: after 3@1, 4@2 "x"; commit 3`
[[nodiscard]] std::string describe(const Message& message);
/// `4@2 "x"`
[[nodiscard]] std::string describe(const Entry& entry);
/// `voters n1 n2 n3, leaving -, learners n4, loggers -`
[[nodiscard]] std::string describe(const Membership& membership);

}  // namespace parley::raft::harness
