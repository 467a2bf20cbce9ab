#pragma once
#include "common/base/limits.hpp"

/// The bounds of keys with a life, leases, transactions, and of what falls due.
namespace parley::limits {

/// Of what has fallen due, so much is worked off by one entry: a key counts one, a lease one and each of its keys. What
/// is more follows with the next entries, which an idle leader makes at once. Some milliseconds of work; and what an
/// entry can tell of the keys that it erased fits a chunk of entries. Part of what apply computes, so it never changes.
inline constexpr std::size_t due_per_entry = 1025;

}  // namespace parley::limits
