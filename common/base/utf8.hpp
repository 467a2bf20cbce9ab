#pragma once
#include "common/base/bytes.hpp"

namespace parley {

/// True if the bytes are UTF-8: no overlong forms, no surrogates.
[[nodiscard]] bool is_utf8(BytesView bytes);

}  // namespace parley
