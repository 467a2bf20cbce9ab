#pragma once
#include <optional>
#include <string>

#include "common/base/bytes.hpp"

namespace parley {

/// RFC 4648 with padding.
[[nodiscard]] std::string to_base64(BytesView bytes);
/// Nothing for anything that to_base64 does not make: other characters, missing padding, spare bits that are set.
[[nodiscard]] std::optional<Bytes> from_base64(std::string_view text);

}  // namespace parley
