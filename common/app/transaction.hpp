#pragma once
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "common/app/command.hpp"
#include "common/app/query.hpp"

namespace parley::app {

/// What must hold of a key for the items of `then` to be carried out. Values are compared as bytes. Of a key that is
/// not there only not_equal and absent hold.
struct Compare {
  enum class How : std::uint8_t { equal = 1, not_equal = 2, less = 3, greater = 4, exists = 5, absent = 6 };
  How how = How::exists;
  BytesView key;
  BytesView value{};  ///< empty for exists and absent; less: the key's value is less than this
  friend bool operator==(const Compare&, const Compare&) = default;
};
inline constexpr std::uint8_t last_compare = 6;

/// An item sees what those before it have done. A delete of what is not there does nothing, and is no failure.
using TransactionItem = std::variant<Get, Set, SetExpiring, Delete, Increment>;

/// The views are borrowed.
struct TransactionParts {
  std::vector<Compare> compares;           ///< if all hold (none does always) ...
  std::vector<TransactionItem> then;       ///< ... these are carried out,
  std::vector<TransactionItem> otherwise;  ///< else these: all of them, or none
  friend bool operator==(const TransactionParts&, const TransactionParts&) = default;
};

/// KEY_VALUE.md has the bytes. They are what Transaction::parts refers to.
[[nodiscard]] Bytes encode_transaction(const TransactionParts& parts);
/// Nothing if the bytes are none.
[[nodiscard]] std::optional<TransactionParts> decode_transaction(BytesView bytes);
/// Whether they are, without memory of its own.
[[nodiscard]] bool is_transaction(BytesView bytes);

}  // namespace parley::app
