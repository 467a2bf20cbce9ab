#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/address.hpp"
#include "common/base/clock.hpp"
#include "common/base/range_limits.hpp"
#include "common/base/result.hpp"
#include "common/mq/context.hpp"
#include "common/mq/poller.hpp"
#include "common/mq/socket.hpp"
#include "common/transfer/credit.hpp"
#include "common/transfer/entry_receiver.hpp"
#include "common/transfer/rows_stream.hpp"
#include "common/wire/range_message.hpp"

namespace parley::transport {

/// Something that is asked of a source until it is answered, over as many connections as it takes.
struct RangeAsk : StrongNumber<struct RangeAskTag> {};

struct HeadCame {
  RangeAsk ask;
  ClusterId cluster;
  std::string source;  ///< its name
  transfer::RangeHead head;
};
/// The next entries, verified. Taking this grants credit for more.
struct EntriesCame {
  RangeAsk ask;
  std::vector<transfer::RangeEntry> entries;
};
/// All entries have come.
struct EntriesEnded {
  RangeAsk ask;
  transfer::EntryReceiver receiver;
};
/// An image comes from its first rows on. It may be said again: then it had to begin anew, and what came before is
/// void.
struct ImageBegun {
  RangeAsk ask;
  transfer::ImageHead head;
};
/// The next rows, verified against accidents. Taking this grants credit for more.
struct ImageRowsCame {
  RangeAsk ask;
  SharedBytes rows;
};
struct ImageEnded {
  RangeAsk ask;
  transfer::RowsReceiver receiver;
};
struct VoteCounted {
  RangeAsk ask;
  std::variant<wire::RangeDoneReply, wire::VotesReply> outcome;
};
/// It is over, and asking this source again would not help now.
struct AskFailed {
  RangeAsk ask;
  Error error;       ///< with the address; `corrupt` if the source lies or is damaged, `unreachable` if time is over
  ErrorWord word{};  ///< of the source; `ok` if it was not the source that refused
  Index first;       ///< with `not_found`: the next entry that it has, 0 if that is not known
  /// What to go on with, here or at another source: all of it was handed out before this.
  std::variant<std::monostate, transfer::EntryReceiver, transfer::RowsReceiver> receiver;
};
using RangeEvent =
    std::variant<HeadCame, EntriesCame, EntriesEnded, ImageBegun, ImageRowsCame, ImageEnded, VoteCounted, AskFailed>;

struct RangeClientOptions {
  ClusterId cluster;  ///< nil: the only one that the source serves; then the first that it names
  /// How long a source may be away, silent or busy before what was asked of it fails; UINT64_MAX: for ever.
  std::uint64_t patience_us = limits::range_silence_ms * 1000;
};

/// Asks one source, a node's or a logger's `-hrecov`. It connects again when a connection is lost, and goes on with
/// each stream where it was; it grants credit as what came is taken. Nothing blocks but await(). One thread. Time is in
/// microseconds of one clock that does not go back.
///
///     auto client = RangeClient::connect(context, address, {});
///     client->open_entries(EntryReceiver(from, to, before), window, timeout_us, now_us);
///     while (auto event = client->await(clock, until_us)) std::visit(..., *event);
///
/// Whoever has other things to wait for calls watch() once, and then in a loop work(), next() until it gives nothing,
/// and the poller's wait() until next_due_us().
class RangeClient {
 public:
  /// Starts connecting. ErrorCode::usage, naming the address, if nobody can have it.
  [[nodiscard]] static Result<RangeClient> connect(mq::Context& context, const Address& address,
                                                   const RangeClientOptions& options);

  [[nodiscard]] const Address& address() const { return address_; }
  /// Nil until the source has named it.
  [[nodiscard]] const ClusterId& cluster() const { return options_.cluster; }

  /// Answered by HeadCame, or fails when the time is over.
  RangeAsk ask_head(std::uint64_t timeout_us, std::uint64_t now_us);
  /// What the receiver wants, by EntriesCame and then EntriesEnded. `timeout_us` is how long entries that are not there
  /// yet are waited for; a range without end waits for ever. `window`: bytes that may be on their way or wait to be
  /// taken, at most limits::range_window_bytes for all streams of one client.
  RangeAsk open_entries(transfer::EntryReceiver receiver, std::uint64_t window, std::uint64_t timeout_us,
                        std::uint64_t now_us);
  /// The newest image at or below `index`, 0 for the newest; with something of one in the receiver, the rest of that if
  /// it is still there. By ImageBegun, ImageRowsCame, ImageEnded.
  RangeAsk open_image(Index index, transfer::RowsReceiver receiver, std::uint64_t window, std::uint64_t timeout_us,
                      std::uint64_t now_us);
  /// Answered by VoteCounted, or fails when the time is over.
  RangeAsk vote(const wire::TruncateRequest& vote, std::uint64_t timeout_us, std::uint64_t now_us);
  /// What somebody else states of an index that a stream is still to bring (transfer::EntryReceiver::expect). An error
  /// changes nothing; nothing is done for what is over.
  [[nodiscard]] Status expect(RangeAsk ask, Index index, const Digest& digest);
  /// It is no longer wanted; what came of it and was not taken is gone.
  void cancel(RangeAsk ask);

  /// False when it was answered, ended, failed or cancelled; events of it may still wait.
  [[nodiscard]] bool is_open(RangeAsk ask) const { return asked_.contains(ask); }

  /// Takes in what came, and asks what is due. To be called when the socket or its connection has something, and when
  /// next_due_us() says so.
  void work(std::uint64_t now_us);
  /// The next event; nothing if there is none.
  [[nodiscard]] std::optional<RangeEvent> next();
  [[nodiscard]] std::optional<std::uint64_t> next_due_us() const;
  void watch(mq::Poller& poller);
  /// Works and waits until there is an event; nothing if there is none by then.
  [[nodiscard]] std::optional<RangeEvent> await(const Clock& clock, std::uint64_t until_us);

 private:
  struct Head {};
  struct Vote {
    wire::TruncateRequest request;
  };
  struct Entries {
    transfer::EntryReceiver receiver;
    std::uint64_t window;
    transfer::CreditGiven credit;
  };
  struct Image {
    Index index;
    transfer::RowsReceiver receiver;
    std::uint64_t window;
    transfer::CreditGiven credit;
  };
  using What = std::variant<Head, Vote, Entries, Image>;
  struct Asked {
    What what;
    std::uint64_t deadline_us = 0;
    std::uint64_t id = 0;           ///< under which it was sent on this connection; 0: it is to be sent
    std::uint64_t retry_us = 0;     ///< not to be sent before
    std::uint64_t heard_us = 0;     ///< when it was asked, or the last word of it came
    std::uint64_t good_us = 0;      ///< when it was begun, or the last word that was no refusal came
    std::size_t events_queued = 0;  ///< of entries or rows
    std::string trouble;            ///< why it does not go on
    ErrorWord word{};               ///< of that
  };
  using AskedMap = std::map<RangeAsk, Asked>;
  struct Queued {
    RangeEvent event;
    RangeAsk ask;
    std::uint64_t id = 0;   ///< of the stream that brought entries or rows; 0 for what takes no credit
    std::size_t bytes = 0;  ///< that they took of it
  };

  RangeClient(mq::Socket dealer, Address address, const RangeClientOptions& options);
  RangeAsk begin(What what, std::uint64_t timeout_us, std::uint64_t now_us);
  void look_at_connection();
  void receive();
  void take(const wire::RangeReply& reply);
  void on(AskedMap::iterator at, const wire::RangeErrorReply& error);
  void on(AskedMap::iterator at, const wire::RangeDoneReply& done);
  void on(AskedMap::iterator at, const wire::HeadReply& head);
  void on(AskedMap::iterator at, const wire::EntriesReply& entries);
  void on(AskedMap::iterator at, const wire::ImageHeadReply& head);
  void on(AskedMap::iterator at, const wire::ImageRowsReply& rows);
  void on(AskedMap::iterator at, const wire::VotesReply& votes);
  void on(AskedMap::iterator, const wire::AliveReply&) {}
  void look_at_time(AskedMap::iterator at);
  void send_if_due(AskedMap::iterator at);
  [[nodiscard]] wire::RangeRequestBody request_of(const Asked& asked) const;
  bool send(std::uint64_t id, std::uint32_t deadline_ms, wire::RangeRequestBody body);
  void give_credit(Asked& asked);
  void release(const Queued& queued);
  void ask_again(Asked& asked, std::uint64_t after_us);
  void cancel_stream(Asked& asked);
  void fail(AskedMap::iterator at, ErrorCode code, const std::string& what, ErrorWord word = {}, Index first = {});
  void fail_all(ErrorCode code, const std::string& what);
  void answered(AskedMap::iterator at, RangeEvent event);

  mq::Socket dealer_;
  Address address_;
  RangeClientOptions options_;
  AskedMap asked_;
  std::map<std::uint64_t, RangeAsk> by_id_;
  std::deque<Queued> events_;
  std::uint64_t next_ask_ = 1;
  std::uint64_t next_id_ = 1;
  bool is_up_ = false;
  std::uint64_t now_us_ = 0;
};

}  // namespace parley::transport
