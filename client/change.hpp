#pragma once
#include <optional>

#include "common/app/change_page.hpp"
#include "common/base/bytes.hpp"
#include "common/base/entry.hpp"

namespace parley::client {

/// A key-value pair was changed by the entry `index`.
struct Change {
  Index index;
  EntryTime time;
  Bytes key;
  std::optional<Bytes> value;  ///< nothing if the key is there no more
  /// What is known of the value before.
  app::ChangeRecord::Previous previous = app::ChangeRecord::Previous::unknown;
  Bytes previous_value{};
  friend bool operator==(const Change&, const Change&) = default;
};

}  // namespace parley::client
