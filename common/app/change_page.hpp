#pragma once
#include <optional>
#include <vector>

#include "common/base/bytes.hpp"
#include "common/base/entry.hpp"

namespace parley::app {

/// A change of a key by an entry, as it is told to those who follow keys. The views are borrowed.
struct ChangeRecord {
  /// What is known of the value that was there before.
  enum class Previous : std::uint8_t {
    unknown = 0,  ///< it was not asked for
    none = 1,     ///< there was no such key
    value = 2,
    omitted = 3,  ///< there was one, too long to be told
  };
  Index index;
  EntryTime time;
  BytesView key;
  std::optional<BytesView> value;  ///< nothing if the key was deleted
  Previous previous = Previous::unknown;
  BytesView previous_value;
  friend bool operator==(const ChangeRecord&, const ChangeRecord&) = default;
};

/// COMMANDS.md has the bytes of a record and of a page, which is a version and records.
void append_change(const ChangeRecord& change, Bytes& out);
/// The first record of `bytes`, and behind it what is left of them. Nothing if there is none.
[[nodiscard]] std::optional<ChangeRecord> take_change(BytesView& bytes);

[[nodiscard]] Bytes begin_change_page();
/// Nothing if the bytes are no page that this version knows. The views live as long as `bytes`.
[[nodiscard]] std::optional<std::vector<ChangeRecord>> decode_change_page(BytesView bytes);

}  // namespace parley::app
