#pragma once
#include "common/base/key_value_limits.hpp"
#include "common/base/limits.hpp"

/// The bounds of entries and images on the move: what a source (the `-hrecov` of a node or a logger) and those who ask
/// it take upon themselves.
namespace parley::limits {

/// Bytes of a frame of requests there: the largest names a member. libzmq drops the connection that sends more.
inline constexpr std::size_t range_request_bytes = 4 * KiB;
/// Bytes of a frame of replies there: one chunk and its envelope. libzmq on the receiver's side drops the connection
/// that sends more.
inline constexpr std::size_t range_reply_bytes = 2 * MiB;
/// Bytes of entries (as entry_bytes counts) in one chunk, and so in one read of the log for it; a larger entry travels
/// alone.
inline constexpr std::size_t range_chunk_bytes = 1 * MiB;
/// Bytes of the entries of a chunk, as decoders take them: the largest alone, with what stands before it and what is
/// told of its effect.
inline constexpr std::size_t range_block_bytes = command_bytes + effect_detail_beside_bytes + 64;
/// Entries of a chunk, as decoders count them: more than range_chunk_bytes holds of the smallest.
inline constexpr std::size_t range_chunk_entries = 16384;
/// Bytes that one stream may have on its way; who asks for more is answered `too_large`. Enough to keep a network and
/// both ends busy. One chunk may exceed it by its last entry.
inline constexpr std::size_t range_window_bytes = 4 * MiB;
/// What a chunk costs of it at least: frames are bounded too, since libzmq counts those.
inline constexpr std::size_t range_chunk_least_bytes = 4 * KiB;
/// Bytes that all streams of a server may have on their way: 32 of the largest, 512 that watch what is new. Beyond it
/// the answer to a new one is `busy`.
inline constexpr std::size_t range_window_in_all = 128 * MiB;
/// Streams of one connection, which share range_window_bytes; beyond it the answer is `busy`.
inline constexpr std::size_t range_streams_per_connection = 8;
/// Streams of a server; beyond it the answer is `busy`.
inline constexpr std::size_t range_streams_in_all = 1024;
/// Reads of one log under way for all its streams: the disk has more important things to do. The others wait for their
/// turn.
inline constexpr std::size_t range_reads_at_once = 2;
/// Images that are sent of one cluster at a time: each may pin pages of a store. Beyond it the answer is `busy`.
inline constexpr std::size_t range_images_at_once = 2;
/// Votes for a truncation that are unanswered in all; beyond it the answer is `busy`.
inline constexpr std::size_t range_votes_in_all = 256;
/// Gaps and images that a head lists, the newest ones; more are not told.
inline constexpr std::size_t range_gaps = 256;
inline constexpr std::size_t range_images = 256;
/// Complete frames that libzmq holds unread at a receiver; the rest waits in the kernel and at the source. What a
/// source sends beyond its credit takes no more memory than this.
inline constexpr int range_unread_frames = 64;
/// Digests that a receiver remembers as stated for entries that have not come yet, the nearest ones: more than there
/// are sources.
inline constexpr std::size_t range_expected = 64;
/// Bytes of replies to one connection that libzmq still holds: what its streams, or those that have just ended, may
/// have on their way, and a chunk by which they exceed it. Whoever lets more wait has granted credit for what he did
/// not read, and loses the stream.
inline constexpr std::size_t range_unread_bytes = 13 * range_window_bytes / 8;
/// The same over all connections: what lost streams have left behind, and what open ones may have on their way. Beyond
/// it a connection has no more than the windows of its streams, and the answer to a new stream is `busy`, until
/// somebody reads or the kernel gives up a connection that does not.
inline constexpr std::size_t range_unread_in_all = 192 * MiB;
/// Bytes beyond that for what is neither entries nor rows, so that a stream can be told why it is lost.
inline constexpr std::size_t range_unread_words = 64 * KiB;
/// Milliseconds after which a stream that has nothing to say says so.
inline constexpr std::uint64_t range_alive_ms = 2'000;
/// Milliseconds without a word after which a receiver takes its source for lost, and asks again, there or elsewhere.
inline constexpr std::uint64_t range_silence_ms = 10'000;
/// Milliseconds without credit after which a receiver loses its stream. It may ask again from where it is.
inline constexpr std::uint64_t range_stall_ms = 60'000;

static_assert(range_block_bytes + 4 * KiB <= range_reply_bytes &&
                  image_chunk_most_bytes + 4 * KiB <= range_reply_bytes &&
                  membership_bytes + 4 * KiB <= range_reply_bytes,
              "whatever a source says fits a frame");
static_assert(effect_detail_bytes + 4 * KiB <= range_block_bytes, "and the most that is told of a small entry");
static_assert(range_chunk_bytes <= range_block_bytes, "a chunk of small entries is no larger than the largest entry");
static_assert(range_window_bytes / range_chunk_least_bytes <= 1024, "libzmq holds as many frames as a window has");
static_assert(range_window_bytes <= range_window_in_all && range_window_in_all <= range_unread_in_all,
              "whoever grants credit for what he has read loses nothing");
static_assert(3 * range_alive_ms < range_silence_ms, "a source is not taken for lost for one lost word");

}  // namespace parley::limits
