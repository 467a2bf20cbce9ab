#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

/// How calls end: with what was asked for, or with a word that says why not. Nothing here throws.
namespace parley {

/// Why something was not done. The words are stable: scripts and logs may rely on them. After `timeout` nobody knows
/// whether a write was carried out; every other word says that it certainly was not.
enum class Word : std::uint8_t {
  not_found = 1,         ///< there is no such key, lease, chat
  mismatch = 2,          ///< the value is another than was expected, or no number; Failure::value has it
  busy = 3,              ///< too much is under way, here or at the cluster: try again later
  no_leader = 4,         ///< the cluster had no leader, or could not be reached, for as long as the call might take
  too_large = 5,         ///< beyond a limit, which the detail names
  invalid = 6,           ///< a mistake of the program, which the detail explains
  denied = 7,            ///< not allowed; or the servers belong to another cluster than before
  exists = 8,            ///< there is one already
  not_member = 9,        ///< the servers belong to no cluster
  quota = 10,            ///< the cluster holds as much as it may
  disk_full = 11,        ///< a disk of the cluster is full
  session_expired = 12,  ///< see Cluster: the session was closed, and no other could be opened in time
  timeout = 13,          ///< no answer in time
};

/// The word itself: "not_found".
[[nodiscard]] std::string_view text(Word word);

struct Failure {
  Word word = Word::timeout;
  std::string detail{};                ///< for people; may be empty, and its wording may change
  std::optional<std::string> value{};  ///< with `mismatch`: the present value
  /// Of a transaction of which an item could not be done, so that nothing was: its number, from 1; else 0.
  std::size_t item = 0;
  bool held = false;  ///< the item is one of `then`, else of `otherwise`

  /// `WORD: DETAIL`, for a message.
  [[nodiscard]] std::string message() const;
};

/// What was asked for, or why it was not done:
///
///     if (auto got = cluster.get("colour")) use(got->bytes); else if (got.error().word == parley::Word::not_found) ...
template <class T>
using Answer = std::expected<T, Failure>;

/// What a call in callback form is given. Called exactly once, on the I/O thread of its Cluster; see there.
template <class T>
using Callback = std::move_only_function<void(Answer<T>)>;

}  // namespace parley
