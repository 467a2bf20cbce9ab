#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <parley/answer.hpp>
#include <parley/lease.hpp>

namespace parley {

/// What must hold of a key. Values are compared as bytes. Of a key that is not there `not_equal` and `absent` hold, and
/// no other.
struct Compare {
  enum class Is : std::uint8_t {
    equal = 1,
    not_equal = 2,
    less = 3,  ///< the key's value is less than the one given
    greater = 4,
    exists = 5,
    absent = 6,
  };
  std::string key{};
  Is is = Is::exists;
  std::string value{};  ///< of no meaning to `exists` and `absent`
};

/// If all compares hold (none does always), the items of `then` are carried out, else those of `otherwise`: all of
/// them, in order and by one entry of the log, so that nobody sees a part; or nothing. Each sees what those before it
/// have done. At most 128 compares and items of each list, and 1.5 MiB in all; values read together are as much.
///
///     using T = parley::Transaction;
///     cluster.transact({.compares = {{"owner", parley::Compare::Is::absent}},
///                       .then = {T::Set{.key = "owner", .value = "amy"}, T::Increment{.key = "changes"}},
///                       .otherwise = {T::Get{"owner"}}});
struct Transaction {
  struct Get {
    std::string key{};
  };
  struct Set {
    std::string key{};
    std::string value{};
    std::optional<std::chrono::milliseconds> ttl{};  ///< as in SetOptions
    std::optional<LeaseId> lease{};
  };
  struct Remove {
    std::string key{};
  };
  struct Increment {
    std::string key{};
    std::int64_t by = 1;
  };
  using Item = std::variant<Get, Set, Remove, Increment>;

  std::vector<Compare> compares{};
  std::vector<Item> then{};
  std::vector<Item> otherwise{};
};

/// What became of an item.
struct ItemDone {
  bool found = true;                   ///< false of a get or remove of what was not there, which is no failure
  std::optional<std::string> value{};  ///< what a get has read, what an increment has made
};

/// A transaction that was carried out. One that was refused is a Failure, with the number of the item.
struct Transacted {
  bool held = false;              ///< all compares did
  std::vector<ItemDone> items{};  ///< of `then` if they held, else of `otherwise`
  /// It was sent more than once, and the cluster had not kept what it has read, which was long: `value` is nothing
  /// everywhere.
  bool values_left_out = false;
  std::uint64_t index = 0;  ///< of the entry in the cluster's log that did it
};

}  // namespace parley
