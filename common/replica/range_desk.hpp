#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "common/replica/range_source.hpp"
#include "common/transfer/entry_sender.hpp"
#include "common/transfer/rows_stream.hpp"
#include "common/transport/client_key.hpp"

namespace parley::replica {

/// Counts since the desk was made.
struct RangeDeskStats {
  std::uint64_t streams = 0;  ///< opened
  std::uint64_t chunks = 0;   ///< sent, of entries and of rows
  std::uint64_t bytes = 0;    ///< in them
  std::uint64_t reads = 0;    ///< asked of sources
  std::uint64_t busy = 0;     ///< requests refused at a bound
  std::uint64_t slow = 0;     ///< streams lost because their receiver did not read, or gave no credit
  std::uint64_t gone = 0;     ///< streams lost with their connection
};

/// Serves committed entries and images of several clusters to whoever asks: ranges, which wait for what is not there
/// yet, feeds, images, heads, and votes for a truncation. No thread and no socket of its own: an actor or a test calls
/// it, and it calls back. RANGES.md of wire has the rules, range_limits.hpp the bounds.
///
/// After whatever it was told, work() is to be called. One read of a log serves every stream that is at the same place,
/// so that a crowd of feeds costs the disk no more than one.
class RangeDesk {
 public:
  enum class Sent { sent, gone, full };
  struct Calls {
    /// `windows`: what the streams of this connection may have on their way. `gone`: the connection is no longer there;
    /// `full`: it does not read. Then nothing was sent.
    std::function<Sent(const transport::ClientKey& to, const wire::RangeReply& reply, std::uint64_t windows)> send;
    std::function<std::size_t()> unread;           ///< bytes that were sent and are not read, over all connections
    std::function<void(const std::string&)> said;  ///< for the log, once in ten seconds at most
  };
  explicit RangeDesk(Calls calls) : calls_(std::move(calls)) {}
  RangeDesk(const RangeDesk&) = delete;
  RangeDesk& operator=(const RangeDesk&) = delete;

  void take(const transport::ClientKey& from, const wire::RangeRequest& request, std::uint64_t now_us);
  void take(RangeOrder& order, std::uint64_t now_us);
  /// Asks sources for what can be sent, and ends what has waited too long.
  void work(std::uint64_t now_us);
  /// When work() is to be called though nothing came; nothing if no stream is open and no vote unanswered.
  [[nodiscard]] std::optional<std::uint64_t> next_due_us() const;

  /// True if somebody may wait for what is committed next.
  [[nodiscard]] bool awaits_entries() const { return !streams_.empty(); }
  [[nodiscard]] std::size_t streams() const { return streams_.size(); }
  [[nodiscard]] const RangeDeskStats& stats() const { return stats_; }

 private:
  struct Source {
    std::string name;
    std::unique_ptr<RangeSource> source;
    transfer::RangeHead head;
    std::size_t reads = 0;   ///< under way
    std::size_t images = 0;  ///< open, or to be opened
    bool has_news = false;   ///< since the streams were last looked at
    std::pair<transport::ClientKey, std::uint64_t> last_served;
  };
  struct ImageStream {
    RangeTicket ticket;
    Index index;  ///< as asked for
    bool must_match = false;
    transfer::RowsSender sender;
    bool is_open = false;
    bool is_reading = false;
  };
  struct Stream {
    ClusterId cluster;
    std::uint64_t window = 0;
    std::uint64_t deadline_us = 0;
    std::uint64_t spoke_us = 0;               ///< when the last frame of it was sent
    std::optional<std::uint64_t> stalled_us;  ///< since when it has had no credit
    bool is_over = false;                     ///< to be erased by sweep()
    std::variant<transfer::EntrySender, ImageStream> work;
  };
  using StreamKey = std::pair<transport::ClientKey, std::uint64_t>;
  using Streams = std::map<StreamKey, Stream>;
  /// What one connection has taken of what it may have.
  struct Account {
    std::size_t streams = 0;
    std::uint64_t window = 0;
  };
  struct Reading {
    ClusterId cluster;
    Index from;
  };
  struct Vote {
    StreamKey asker;
    ClusterId cluster;
    std::uint64_t deadline_us = 0;
  };

  // range_desk_requests.cpp: what receivers ask
  void handle(const StreamKey& key, const wire::RangeRequest& request, const wire::HeadRequest& body);
  void handle(const StreamKey& key, const wire::RangeRequest& request, const wire::EntriesRequest& body);
  void handle(const StreamKey& key, const wire::RangeRequest& request, const wire::CreditRequest& body);
  void handle(const StreamKey& key, const wire::RangeRequest& request, const wire::CancelRequest& body);
  void handle(const StreamKey& key, const wire::RangeRequest& request, const wire::ImageRequest& body);
  void handle(const StreamKey& key, const wire::RangeRequest& request, const wire::TruncateRequest& body);
  [[nodiscard]] Source* find_source(const StreamKey& key, ClusterId& cluster);
  [[nodiscard]] bool may_open(const StreamKey& key, const ClusterId& cluster, std::uint64_t window);
  Stream& open(const StreamKey& key, Stream stream);
  [[nodiscard]] Sent send_to(const transport::ClientKey& client, const wire::RangeReply& reply);
  void answer(const StreamKey& key, const ClusterId& cluster, wire::RangeReplyBody body);
  void refuse(const StreamKey& key, const ClusterId& cluster, ErrorWord word, std::string detail);
  void refuse_as_busy(const StreamKey& key, const ClusterId& cluster, std::string detail);

  // range_desk.cpp: what sources say, and streams
  void on(OpenSource& opened);
  void on(const CloseSource& closed);
  void on(HeadChanged& changed);
  void on(const Advanced& advanced);
  void on(const ReadDone& done);
  void on(const ImageOpened& opened);
  void on(const ImageRowsRead& read);
  void on(const VoteTaken& taken);
  void close_source(const ClusterId& cluster, const std::string& why);
  void look_after(const ClusterId& cluster, Source& source);
  [[nodiscard]] Streams::iterator next_to_read(const ClusterId& cluster, const Source& source);
  [[nodiscard]] bool wants_read(const Stream& stream, const ClusterId& cluster, const Source& source) const;
  void give(const StreamKey& key, Stream& stream, const ReadDone& done);
  void read_rows(Stream& stream);
  void check_place(const StreamKey& key, Stream& stream);
  void send(const StreamKey& key, Stream& stream, wire::RangeReplyBody body);
  void sent_chunk(Stream& stream, std::size_t bytes, bool has_credit);
  void lose_slow(const StreamKey& key, Stream& stream, wire::RangeErrorReply reason);
  void end(const StreamKey& key, Stream& stream, const std::optional<wire::RangeErrorReply>& reason);
  void connection_gone(const transport::ClientKey& client);
  void expire();
  void look_at_time(const StreamKey& key, Stream& stream);
  [[nodiscard]] std::uint64_t due_us(const Stream& stream) const;
  void sweep();

  Calls calls_;
  std::map<ClusterId, Source> sources_;
  Streams streams_;
  std::map<transport::ClientKey, Account> accounts_;
  std::uint64_t window_in_all_ = 0;
  std::map<RangeTicket, Reading> reads_;
  std::map<RangeTicket, StreamKey> images_;
  std::map<RangeTicket, Vote> votes_;
  RangeTicket next_ticket_{1};
  bool has_over_ = false;  ///< some stream is to be erased
  std::uint64_t now_us_ = 0;
  std::uint64_t next_due_us_ = 0;
  std::optional<std::uint64_t> said_us_;
  RangeDeskStats stats_;
};

}  // namespace parley::replica
