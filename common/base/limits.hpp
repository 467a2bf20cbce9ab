#pragma once
#include <cstddef>
#include <cstdint>

/// Every bound of Parley, with its unit, why it has that value, and what happens at it. The relations between them are
/// proved below. (Those of entries and images on the move stand in range_limits.hpp.)
namespace parley::limits {

inline constexpr std::size_t KiB = 1024;
inline constexpr std::size_t MiB = 1024 * KiB;
inline constexpr std::size_t GiB = 1024 * MiB;

// --- names and values (promised in INTERFACE: beyond them a request is answered `too_large`) ---

/// Bytes of a key. LMDB takes 511; the rest is for the prefixes of the tables that share it.
inline constexpr std::size_t key_bytes = 400;
/// Bytes of a value.
inline constexpr std::size_t value_bytes = 1 * MiB;
/// Bytes of an encoded command: the largest value, twice a key and room for what later commands carry.
inline constexpr std::size_t command_bytes = 3 * MiB / 2;
/// Bytes of a node's name; a longer one is no name.
inline constexpr std::size_t node_name_bytes = 64;
/// Bytes of an address `HOST:PORT` in membership and greetings; a longer one is refused where it is configured.
inline constexpr std::size_t address_bytes = 280;

/// Bytes that the quota counts for a row beyond its key and value: about what LMDB takes for its node and the free part
/// of its page. Part of what apply computes, so it never changes.
inline constexpr std::size_t quota_row_bytes = 64;

// --- membership ---

/// Voters of a cluster: 9 tolerate 4 failures, more only cost. The tenth stays a learner.
inline constexpr std::size_t voters = 9;
/// Learners and loggers. Beyond it a join is refused.
inline constexpr std::size_t non_voters = 32;
/// Members altogether, as decoders count them: a joint configuration lists those that leave as well.
inline constexpr std::size_t members = 2 * (voters + non_voters);
/// Clusters that one logger process follows. Each has four threads and a folder of its own; more are a usage error.
inline constexpr std::size_t logged_clusters = 64;

/// Milliseconds after which a member that was not heard may be replaced by another incarnation under its name; before,
/// a joiner is answered `exists`.
inline constexpr std::uint64_t replace_after_ms = 10'000;

// --- sessions (DESIGN section 8) ---

/// Commands of one session that may be unanswered at once, and replies kept for it. One beyond is `invalid`.
inline constexpr std::size_t session_window = 256;
/// Bytes of a reply kept for a duplicate. A longer one is kept without its value, which is read again.
inline constexpr std::size_t kept_reply_bytes = 1 * KiB;
/// Sessions of a cluster. Opening one more closes the one that was used least recently.
inline constexpr std::size_t sessions = 4096;

// --- the network ---

/// Bytes of a frame from a client: one command and its envelope, or as many small ones as fit. libzmq drops the
/// connection that sends more.
inline constexpr std::size_t client_frame_bytes = 2 * MiB;
/// Bytes of a frame between replicas. libzmq drops the connection that sends more.
inline constexpr std::size_t peer_frame_bytes = 4 * MiB;
/// Complete frames of one connection that libzmq holds unread, from a peer and from a client (which may send each
/// request in a frame of its own). Beyond it, it reads no more, and the sender has to wait.
inline constexpr int unread_frames_per_peer = 64;
inline constexpr int unread_frames_per_client = 256;
/// Bytes that libzmq reads at once; that much of a connection may be read and not yet looked at.
inline constexpr std::size_t read_buffer_bytes = 8 * KiB;
/// Bytes by which what we know of an unfinished message may be wrong: read buffers, the handshake, heartbeats of
/// clients that are not ours. A connection whose unfinished message exceeds one frame and this slack is cut. Since
/// empty parts take 2 bytes on the wire and 64 in libzmq, one connection can take 66 MiB of memory on a port for
/// clients and 130 MiB on the raft port, and besides what comes until the next look: 15 MiB in the 10 ms between two
/// looks. When it is cut, the memory is free for whatever comes next; the allocator gives it back to the system later.
inline constexpr std::size_t framing_slack_bytes = 64 * KiB;
/// Bytes of unfinished messages over all connections of a port: 32 clients that are in the middle of the largest frame,
/// or 64 that send the largest value. In empty parts that is 2 GiB of memory. Beyond it the connection with the most is
/// cut.
inline constexpr std::size_t unfinished_bytes_in_all = 64 * MiB;
/// Bytes of messages that libzmq holds unread over all connections of a port: more than one connection can have, so
/// that it takes several to exceed it, and a service that is far behind. Beyond it the connection with the most is cut.
inline constexpr std::size_t unread_in_bytes_in_all = 576 * MiB;
/// Requests in one frame of a client; a frame with more is refused whole as malformed.
inline constexpr std::size_t requests_per_frame = 4096;
/// Bytes of a frame of replies; replies that do not fit go into another frame. libzmq on the client's side drops the
/// connection that sends more.
inline constexpr std::size_t reply_frame_bytes = 4 * MiB;
/// Replies in one frame; the rest goes into another frame.
inline constexpr std::size_t replies_per_frame = 4096;
/// Messages of consensus in one frame between replicas; the rest goes into another frame.
inline constexpr std::size_t messages_per_frame = 4096;
/// Commands in one forwarded proposal, as decoders count them; a message with more is not sent.
inline constexpr std::size_t forwarded_commands = 4096;
/// Values (numbers, texts, arrays, ...) that the frame with the most of them has, generously: 4096 messages of a dozen.
/// A frame with more is refused while it is read.
inline constexpr std::size_t values_per_frame = 64 * 1024;
/// How deep arrays nest in a frame; a deeper one is refused while it is read.
inline constexpr std::size_t frame_depth = 8;
/// Bytes of an explaining text in a frame (a detail, a reason, a health): the sender cuts it there.
inline constexpr std::size_t explanation_bytes = 1 * KiB;
/// Bytes of the settings that a joiner declares; longer ones are refused.
inline constexpr std::size_t settings_bytes = 4 * KiB;
/// Rows in one answer to a scan; the client asks for the next page.
inline constexpr std::size_t scan_rows = 1000;
/// Bytes of one answer to a scan; it ends early and says that there is more.
inline constexpr std::size_t scan_bytes = 1 * MiB;

// --- replication (raft) ---

/// Bytes of entries in one append message. At least one entry travels even if it alone is larger.
inline constexpr std::size_t append_bytes = 1 * MiB;
/// Committed entries for which a logger is sent a message before the next tick. More would come in larger pieces, fewer
/// in messages that cost more than what they carry.
inline constexpr std::size_t logger_append_entries = 1024;
/// Entries in one append message, as decoders count them: more than append_bytes holds of the smallest
/// (raft/options.hpp proves it).
inline constexpr std::size_t append_entries = 16384;
/// Append messages to one peer that may be unacknowledged; beyond it the leader waits for an acknowledgement.
inline constexpr std::size_t inflight_appends = 64;
/// Bytes of such messages to one peer; the same.
inline constexpr std::size_t inflight_bytes = 8 * MiB;
/// Bytes of entries that a leader may have appended and not committed. Beyond it proposals are refused as `busy`.
inline constexpr std::size_t uncommitted_bytes = 32 * MiB;
/// Bytes of entries handed to apply and not yet applied. Beyond it the core hands over no more until apply catches up.
inline constexpr std::size_t unapplied_bytes = 16 * MiB;
/// Bytes of entries kept in memory for peers that are nearly up to date. Older ones are read from the log on disk.
inline constexpr std::size_t entry_cache_bytes = 48 * MiB;
/// Reads that wait for their round of confirmation; beyond it they are refused as `busy`.
inline constexpr std::size_t pending_reads = 65536;
/// Rounds of heartbeats of which a leader remembers when it sent them; beyond it the oldest is forgotten, and a
/// majority that answers it confirms nothing.
inline constexpr std::size_t unanswered_rounds = 64;

/// Bytes to one peer that libzmq still holds because the peer does not read them. Beyond it messages are dropped and
/// the peer is reported as lost; raft sends them again.
inline constexpr std::size_t unread_bytes_per_peer = 32 * MiB;

// --- images of the state (transfer) ---

/// Bytes of rows in one chunk of an image; a larger row travels alone.
inline constexpr std::size_t image_chunk_bytes = 256 * KiB;
/// Bytes of a chunk, as decoders take it: one more row of the largest than was meant to be in it.
inline constexpr std::size_t image_chunk_most_bytes = image_chunk_bytes + value_bytes + 64 * KiB;
/// Chunks that a receiver allows on their way: enough to keep a network busy, few enough that a heartbeat behind them
/// is not late. The sender keeps them until they are acknowledged, for the case that they are lost.
inline constexpr std::size_t image_window_chunks = 8;
/// Milliseconds without an acknowledgement after which what is on its way is sent again.
inline constexpr std::uint64_t image_resend_ms = 1'000;
/// Milliseconds in which a receiver must acknowledge a chunk; else its image is given up, and with it the read
/// transaction and the log that it pins. The peer gets a new one once it is heard again.
inline constexpr std::uint64_t image_silence_ms = 10'000;
/// Milliseconds between two images for a peer that could keep none of them: the first is followed by another at once,
/// then the pause is an election timeout and doubles up to this. What a receiver without room costs is then one image a
/// minute; one that has made room is helped as late.
inline constexpr std::uint64_t image_pause_ms = 60'000;
/// Milliseconds that a receiver may take to put an image in the place of its state before it is given up. Long, since
/// beginning anew would only take longer.
inline constexpr std::uint64_t image_install_ms = 600'000;
/// Bytes of entries, behind an image on its way, that the log keeps for it. Beyond it the image is given up and another
/// begins from what is then flushed: while a slow one travels, as much has been written as a cluster may hold at all.
inline constexpr std::uint64_t image_log_bytes = 8 * GiB;

// --- the log (wal) ---

/// Default bytes of a segment.
inline constexpr std::size_t segment_bytes = 64 * MiB;
/// Smallest segment that may be asked for: it must hold a few of the largest records.
inline constexpr std::size_t min_segment_bytes = 8 * MiB;
/// Largest: offsets within a segment are 32-bit.
inline constexpr std::size_t max_segment_bytes = 1 * GiB;
/// Bytes of an encoded membership: `members` of the largest. Decoders refuse more members, so it is never exceeded.
inline constexpr std::size_t membership_bytes = 112 * KiB;
/// Bytes at the end of a segment that only terms and votes may use while there is no spare segment: some hundred
/// elections. Entries that would need them are answered `disk_full`.
inline constexpr std::size_t segment_reserve_bytes = 64 * KiB;
/// Bytes of a spare segment that are zeroed and synced in one step, some milliseconds; a write waits for one step at
/// most.
inline constexpr std::size_t zero_step_bytes = 1 * MiB;
/// Entries, and bytes of the stream, between two marks of the position index in memory: what finding an entry may read
/// in vain.
inline constexpr std::size_t mark_entries = 64;
inline constexpr std::size_t mark_bytes = 64 * KiB;
/// Bytes that are read from the log at once; a larger record is read alone.
inline constexpr std::size_t log_read_bytes = 1 * MiB;
/// Bytes of the buffer for batches that are kept from one to the next; a larger batch gives its buffer back.
inline constexpr std::size_t log_buffer_bytes = 4 * MiB;
/// Bytes kept of a torn tail that is cut, and how many such copies are kept; the oldest goes.
inline constexpr std::size_t torn_copy_bytes = 4 * MiB;
inline constexpr std::size_t torn_copies = 8;

// --- the store ---

/// Default bytes of rows a cluster may hold. A command that would exceed it is answered `quota`.
inline constexpr std::size_t quota_bytes = 8 * GiB;
/// While images are on their way, one part in so many of the map must be free: neither in use nor pinned by their read
/// transactions. Else they are given up, so that the living have room.
inline constexpr std::size_t map_share_free = 4;
/// The LMDB map is this many times the quota: copy-on-write, fragmentation and rows of our own need room beyond it.
inline constexpr std::size_t map_per_quota = 4;
/// Bytes in the overlay at which it is frozen and flushed. With the frozen one, twice this is the most it takes; then
/// apply waits, and back-pressure reaches the clients.
inline constexpr std::size_t overlay_bytes = 32 * MiB;
/// Bytes that a row in the overlay counts beyond its key and value: its place in memory, and a share of the page that
/// its flush copies. It bounds an overlay of small rows to about a hundred thousand.
inline constexpr std::size_t overlay_row_bytes = 192;
/// Microseconds after which a non-empty overlay is flushed.
inline constexpr std::uint64_t overlay_age_us = 1'000'000;

// --- the service for clients ---

/// Requests that one connection may have unanswered; beyond it the answer is `busy`.
inline constexpr std::size_t requests_per_client = 4096;
/// Bytes of replies to one connection that libzmq still holds because the client does not read them. Beyond it, further
/// replies to it are dropped and counted: it holds the largest frame and one more.
inline constexpr std::size_t unread_bytes_per_client = 2 * reply_frame_bytes;
/// The same over all connections of a port. Beyond it, a connection loses replies from unread_bytes_when_full on: those
/// who do not read make room for those who do.
inline constexpr std::size_t unread_bytes_in_all = 128 * MiB;
inline constexpr std::size_t unread_bytes_when_full = 64 * KiB;
/// Requests unanswered in all; beyond it the answer is `busy`.
inline constexpr std::size_t requests_in_all = 65536;
/// Bytes of requests unanswered in all; beyond it the answer is `busy`.
inline constexpr std::size_t request_bytes_in_all = 64 * MiB;
/// Changes of membership, transfers of leadership and foundings unanswered in all; beyond it the answer is `busy`.
/// There are never so many members to be changed.
inline constexpr std::size_t admin_requests = 1024;

// --- memory in all ---

/// Bytes of memory that a node takes at most under whatever load clients put on it, but for the pages of its store,
/// which are the system's, and for images on their way: what the bounds above allow, with the books that are kept of
/// it. `scripts/overload` holds nodes to it. Nothing happens at it: the bounds are what keeps it.
inline constexpr std::size_t node_memory_bytes = 1536 * MiB;
/// Of it, what the books of one unanswered request take, and what a node takes that does nothing.
inline constexpr std::size_t request_books_bytes = 1 * KiB;
inline constexpr std::size_t idle_memory_bytes = 64 * MiB;

// --- what people write and read ---

/// Bytes of a configuration file. A larger one is refused, so that a wrong path (a log, a device) cannot fill memory.
inline constexpr std::size_t config_file_bytes = 1 * MiB;
/// Bytes of one message in the process log, where names and reasons from outside end up. The rest is cut, and the cut
/// marked.
inline constexpr std::size_t log_message_bytes = 4 * KiB;

// --- the client ---

/// Operations of one client that may be unanswered; one more is answered `busy` by the client itself.
inline constexpr std::size_t client_operations = 65536;
/// Servers that a client knows, from its configuration, from hints who leads and from members; a further one is
/// ignored.
inline constexpr std::size_t client_servers = 128;
/// Bytes of a line that `batch` and the prompt read: the largest value in base64, or escaped, and the rest of a
/// request. A longer one is answered `too_large` and skipped.
inline constexpr std::size_t client_line_bytes = 8 * MiB;

static_assert(key_bytes + 64 <= 511, "a key and the prefix of its table fit LMDB");
static_assert(value_bytes + 2 * key_bytes + 1024 <= command_bytes, "the largest set is a command");
static_assert(command_bytes + 1024 <= client_frame_bytes, "the largest command fits a client's frame");
static_assert(append_bytes + command_bytes + append_entries * 32 + 4 * KiB <= peer_frame_bytes,
              "an append fits a frame");
static_assert(command_bytes + 4 * explanation_bytes <= reply_frame_bytes, "the largest reply fits a frame");
static_assert(inflight_bytes + image_window_chunks * image_chunk_most_bytes + peer_frame_bytes <= unread_bytes_per_peer,
              "full windows of appends and of an image are not dropped");
static_assert(image_chunk_most_bytes + 4 * KiB <= peer_frame_bytes, "a chunk fits a frame");
static_assert(3 * image_resend_ms < image_silence_ms, "an image is not given up for one lost word");
static_assert(command_bytes * 4 <= min_segment_bytes, "a segment holds several of the largest records");
static_assert(members * (32 + node_name_bytes + 4 * address_bytes) + members * 16 + 16 <= membership_bytes,
              "every member at its largest fits");
static_assert(unapplied_bytes + uncommitted_bytes <= entry_cache_bytes, "what is in flight is in memory");
static_assert(members <= client_servers, "a client can ask every member");
static_assert(6 * value_bytes < client_line_bytes, "the largest value fits a line, however it is escaped");
static_assert((unread_frames_per_client + 2) * (client_frame_bytes + framing_slack_bytes) <= unread_in_bytes_in_all,
              "one client alone is never cut for what waits to be read");
static_assert(2 * peer_frame_bytes <= unfinished_bytes_in_all && 2 * read_buffer_bytes <= framing_slack_bytes,
              "a frame on its way is no unfinished message too many");
static_assert(image_log_bytes >= quota_bytes, "an image of the largest state may be followed by as much again");
static_assert(map_share_free <= map_per_quota, "a full quota alone does not keep images from being sent");
/// The bounds together: of the smallest entries the books are as large as they are, and of overlays one fills, one is
/// flushed and one is freed.
inline constexpr std::size_t node_bounds_bytes =
    request_bytes_in_all + requests_in_all * request_books_bytes + 2 * entry_cache_bytes + unapplied_bytes +
    3 * overlay_bytes + unread_in_bytes_in_all + unread_bytes_in_all + (voters - 1) * unread_bytes_per_peer +
    log_buffer_bytes + idle_memory_bytes;
static_assert(node_bounds_bytes <= node_memory_bytes);
static_assert(overlay_bytes * 4 < quota_bytes, "the overlays are small against the map");

}  // namespace parley::limits
