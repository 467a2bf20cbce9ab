#pragma once
#include <cstdint>
#include <functional>

#include "common/app/command.hpp"

/// What can be said of an operation before it is carried out.
namespace parley::app {

/// Each key whose row it may read or write. (Not the keys that end with a lease: of those only the state knows.)
void visit_keys(const Operation& operation, const std::function<void(BytesView key)>& visitor);

/// By how much it may raise the used bytes at most.
[[nodiscard]] std::uint64_t most_growth(const Operation& operation);

}  // namespace parley::app
