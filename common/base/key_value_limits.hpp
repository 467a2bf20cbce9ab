#pragma once
#include <cstdint>

#include "common/base/limits.hpp"

/// The bounds of keys with a life, leases, transactions, and of what falls due. What apply judges by them is part of
/// what it computes, so these never change.
namespace parley::limits {

/// Microseconds of the longest life of a key or lease: 100 years of 366 days. A longer one is answered `too_large`.
inline constexpr std::uint64_t life_us = std::uint64_t{100} * 366 * 24 * 3600 * 1'000'000;
/// Keys of a lease, which end together in one entry. One more is answered `too_large`.
inline constexpr std::size_t lease_keys = 1024;
/// Of what has fallen due, so much is worked off by one entry: a key counts one, a lease one and each of its keys. What
/// is more follows with the next entries, which an idle leader makes at once. Some milliseconds of work; and what an
/// entry can tell of the keys that it erased fits a chunk of entries.
inline constexpr std::size_t due_per_entry = 1 + lease_keys;
/// Compares of a transaction, items for the case that they hold, and for the other one: each. Beyond it the answer is
/// `too_large`.
inline constexpr std::size_t transaction_items = 128;
/// Bytes of values that the answer to a transaction holds together: the largest value, and as much as a command. Beyond
/// it the transaction is refused as `too_large`.
inline constexpr std::size_t transaction_reply_bytes = command_bytes;
/// Digits of a number that is incremented, and its sign.
inline constexpr std::size_t increment_bytes = 20;
/// Bytes of rows that tell what entries changed beyond what their commands say. Beyond it the oldest go first, and
/// whoever watches from there is told that it is not known any more.
inline constexpr std::size_t effect_detail_bytes_in_all = 256 * MiB;
/// Of these rows, so many go with one entry at most: many more than one can add.
inline constexpr std::size_t effect_details_per_entry = 1024;
/// Bytes of one of them: a lease that is revoked, and before it another that falls due.
inline constexpr std::size_t effect_detail_bytes = 2 * due_per_entry * (key_bytes + 5) + 4 * KiB;
/// The same beside a command of any size: what falls due, and the items of a transaction.
inline constexpr std::size_t effect_detail_beside_bytes = due_per_entry * (key_bytes + 5) + 4 * KiB;

static_assert(1 + lease_keys <= due_per_entry, "the largest lease is worked off by one entry");
static_assert(transaction_items * (3 + 4 + increment_bytes) + 1 <= 4 * KiB, "of a transaction no more is told");
static_assert(transaction_reply_bytes + 4 * explanation_bytes + transaction_items * 16 <= reply_frame_bytes,
              "the largest answer to a transaction fits a frame");
static_assert(6 + transaction_items * 6 + 8 <= kept_reply_bytes, "an answer to a transaction is kept without values");

}  // namespace parley::limits
