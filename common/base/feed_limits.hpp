#pragma once
#include "common/base/limits.hpp"

/// The bounds of feeds: what clients follow on the port for clients.
namespace parley::limits {

/// Feeds of one connection, and of a node. Each is some 200 bytes of memory; one more is answered `busy`.
inline constexpr std::size_t feeds_per_client = 16 * 1024;
inline constexpr std::size_t feeds = 64 * 1024;
/// Bytes of the last changes of keys that a node keeps for who follows them, with the values that were there before:
/// some seconds of a full load, so that a follower that changes to another node finds its position there. Beyond it the
/// oldest go, and who asks for them is told the first that remains.
inline constexpr std::size_t change_ring_bytes = 16 * MiB;
/// Items (changes, events of a chat) and bytes of one page of a feed; the next page follows as soon as there is credit.
inline constexpr std::size_t feed_page_items = 256;
inline constexpr std::size_t feed_page_bytes = 256 * KiB;
/// Bytes of earlier values that one entry may bring into the ring; a transaction and the end of a lease change many
/// keys at once. Those beyond are left out, and the change says so.
inline constexpr std::size_t previous_bytes_per_entry = value_bytes;
/// Bytes of a page, as decoders take it: the changes of an entry are never parted, so it may have one more entry of the
/// largest than was meant to be in it.
inline constexpr std::size_t feed_page_most_bytes =
    feed_page_bytes + command_bytes + previous_bytes_per_entry + MiB / 2;
/// Bytes of pages that a node makes before it looks at other work again.
inline constexpr std::size_t feed_round_bytes = 4 * MiB;
/// Feeds whose pages a node makes before it looks at other work again: about five milliseconds of work.
inline constexpr std::size_t feed_round_feeds = 4096;
/// Bytes of the subject of a feed: a prefix or a name, and who asks.
inline constexpr std::size_t feed_subject_bytes = 4 * KiB;
/// Names in an answer to who is there; beyond it the others are left out.
inline constexpr std::size_t presence_names = 4096;
/// Milliseconds between two signs of life to a connection that has feeds. A client that has missed several follows at
/// another node.
inline constexpr std::uint64_t feed_beat_ms = 1'000;
inline constexpr std::uint64_t feed_silence_ms = 3'500;
/// Milliseconds for which a node that hears of no leader lets its feeds be; then it ends them with `no_leader`, so that
/// who follows finds a node that is told what happens. An election is over sooner.
inline constexpr std::uint64_t feed_stale_ms = 3'000;

static_assert(feed_page_most_bytes < reply_frame_bytes);
static_assert(feed_round_bytes >= feed_page_most_bytes);

}  // namespace parley::limits
