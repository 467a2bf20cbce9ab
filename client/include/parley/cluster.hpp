#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <parley/answer.hpp>
#include <parley/feed.hpp>
#include <parley/lease.hpp>
#include <parley/transaction.hpp>

namespace parley {

namespace detail {
class Core;
}

/// How fresh the answer to a read must be. Any node serves all three.
enum class ReadMode : std::uint8_t {
  linearizable,  ///< nothing older than what was acknowledged before it began; assumes nothing
  lease,         ///< the same at no cost, as long as clocks run at nearly the same speed
  stale,         ///< what one node has applied; it works without a leader, and says how old it is at most
};

struct Options {
  /// `[HOST]:PORT` of nodes of one cluster, at least one. They are asked in turn until one answers; the leader is
  /// followed wherever it is.
  std::vector<std::string> servers{};
  /// How long calls take at most that say nothing else; at least a millisecond.
  std::chrono::milliseconds timeout{5000};
};

/// In each of these a timeout of 0 is the one of Options.
struct WriteOptions {
  std::chrono::milliseconds timeout{0};
};
struct ReadOptions {
  ReadMode mode = ReadMode::linearizable;
  std::chrono::milliseconds timeout{0};
};

struct Written {
  std::uint64_t index = 0;  ///< of the entry in the cluster's log that did it
};
struct Incremented {
  std::int64_t number = 0;  ///< the new one
  std::uint64_t index = 0;  ///< as of Written
};
struct Value {
  std::string bytes{};
  std::uint64_t index = 0;  ///< the entry as of which it was read
  /// Of a stale read: how old it is at most; the largest number if nobody can say.
  std::optional<std::chrono::milliseconds> age{};
};
struct Row {
  std::string key{};
  std::string value{};
};
struct Range {
  std::string prefix{};     ///< of the keys; empty for all
  std::string after{};      ///< only keys behind this one, exclusive; empty to begin at the first
  std::uint32_t limit = 0;  ///< rows of a page; 0 for as many as a page may have (a thousand, or 1 MiB)
};
/// Rows in byte order of their keys. Each page is read by itself: rows that change between two may or may not be seen.
struct Page {
  std::vector<Row> rows{};
  bool more = false;        ///< rows follow: ask with the last key of this page as Range::after
  std::uint64_t index = 0;  ///< as of Value
  std::optional<std::chrono::milliseconds> age{};
};

struct Member {
  std::string id{};
  std::string role{};     ///< leader, follower, candidate, learner, logger
  std::string address{};  ///< where clients reach it, of a logger its archive; may be empty
  std::string health{};   ///< "ok", or what is wrong with it
  bool up = false;        ///< it answered; else the numbers are 0 and the texts below empty
  std::uint64_t term = 0;
  std::uint64_t commit = 0;
  std::uint64_t applied = 0;
  std::uint64_t lag = 0;     ///< entries that it has not applied and another knows to be committed
  std::string digest{};      ///< of the log up to `applied`, hexadecimal: the same at the same index everywhere
  std::string state{};       ///< of the state there; not of a logger
  std::string durability{};  ///< "fsync" or "no-fsync"; not of a logger
};
struct ClusterStatus {
  std::string cluster{};  ///< its id; empty if the servers belong to none
  std::string leader{};   ///< its name; empty if nobody says that it leads
  std::uint64_t term = 0;
  bool divergent = false;  ///< replicas differ at the same index, which cannot be unless one of them is wrong
  std::vector<Member> members{};
  std::vector<std::string> notes{};  ///< what else a person should know
};

/// A cluster, as a program sees it: a key-value store of bytes, and what changes in it. What a call is answered is the
/// same for the library, the command line and `batch`, in the same words.
///
/// **Threads.** All calls may be made from any number of threads at once. The object has one thread for input and
/// output. Calls come in two forms. The blocking form returns the answer, at the latest a second after its timeout. The
/// callback form returns at once; its callback is called exactly once, by the I/O thread. A callback must be short: as
/// long as it runs nothing else is sent or received. It may begin further calls in callback form. It must not throw
/// (that ends the process), not destroy its Cluster, and not wait: a blocking call there is answered `invalid`.
///
/// **Writes take effect exactly once.** They travel in a session that is opened by itself, and are sent again, to
/// whichever node leads, until they are answered or their time is over. At most 256 of one Cluster are on their way at
/// once; the rest waits its turn. No order is promised between calls that are under way at once.
///
/// A cluster keeps 4096 sessions and closes those that were used least recently. If that happens to ours, a new one is
/// opened and the writes go on in it, but for those that may have been carried out in the old one: they end with
/// `timeout`. So `session_expired` is seen only if no new session could be opened in time.
///
/// **Bounds.** 65,535 calls or 256 MiB may be under way; a further one is answered `busy`, or in callback form not
/// taken. Keys have 1 to 400 bytes, values up to 1 MiB.
///
/// The object has one more thread, of ZeroMQ, and a few file descriptors for each server. Both threads block all
/// signals.
class Cluster {
 public:
  /// Fails with `invalid` only: an address that makes no sense, no servers, no thread. That nobody answers shows with
  /// the first call.
  [[nodiscard]] static Answer<Cluster> open(const Options& options);

  Cluster(Cluster&& other) noexcept;
  Cluster& operator=(Cluster&& other) noexcept;
  /// Waits for nothing but a callback that runs. Callbacks that were not called yet are called with `timeout`, before
  /// this returns. No call may run in another thread.
  ~Cluster();

  // --- reads: `not_found` if there is no such key

  [[nodiscard]] Answer<Value> get(std::string_view key, ReadOptions options = {});
  [[nodiscard]] Answer<Page> scan(const Range& range, ReadOptions options = {});

  // --- writes

  [[nodiscard]] Answer<Written> set(std::string_view key, std::string_view value, SetOptions options = {});
  /// `not_found` if there is no such key.
  [[nodiscard]] Answer<Written> remove(std::string_view key, WriteOptions options = {});
  /// Only if its value is `expected`; else `mismatch`, with the present value, or `not_found`.
  [[nodiscard]] Answer<Written> remove_if(std::string_view key, std::string_view expected, WriteOptions options = {});
  /// Sets `desired` if the present value is `expected`; else `mismatch`, with the present value, or `not_found`.
  [[nodiscard]] Answer<Written> compare_and_set(std::string_view key, std::string_view expected,
                                                std::string_view desired, WriteOptions options = {});
  /// Adds to a value that is a decimal number of 64 bits; a key that is not there counts as 0. `mismatch`, with the
  /// present value, if it is no such number, or the sum is none. Whether the key ends is not changed.
  [[nodiscard]] Answer<Incremented> increment(std::string_view key, std::int64_t by = 1, WriteOptions options = {});
  /// Several keys in one step. If an item cannot be done, nothing is: with its word, and its number in Failure::item.
  [[nodiscard]] Answer<Transacted> transact(const Transaction& transaction, WriteOptions options = {});

  // --- leases: `not_found` if there is no such lease, or it has ended

  [[nodiscard]] Answer<Lease> grant_lease(std::chrono::milliseconds ttl, WriteOptions options = {});
  [[nodiscard]] Answer<Lease> keep_lease_alive(LeaseId lease, WriteOptions options = {});
  /// Ends it, with its keys.
  [[nodiscard]] Answer<Written> revoke_lease(LeaseId lease, WriteOptions options = {});
  [[nodiscard]] Answer<Lease> lease_info(LeaseId lease, ReadOptions options = {});

  // --- the same in callback form: false if too much is under way; then the callback is never called

  [[nodiscard]] bool get(std::string_view key, Callback<Value> callback, ReadOptions options = {});
  [[nodiscard]] bool scan(const Range& range, Callback<Page> callback, ReadOptions options = {});
  [[nodiscard]] bool set(std::string_view key, std::string_view value, Callback<Written> callback,
                         SetOptions options = {});
  [[nodiscard]] bool remove(std::string_view key, Callback<Written> callback, WriteOptions options = {});
  [[nodiscard]] bool remove_if(std::string_view key, std::string_view expected, Callback<Written> callback,
                               WriteOptions options = {});
  [[nodiscard]] bool compare_and_set(std::string_view key, std::string_view expected, std::string_view desired,
                                     Callback<Written> callback, WriteOptions options = {});
  [[nodiscard]] bool increment(std::string_view key, std::int64_t by, Callback<Incremented> callback,
                               WriteOptions options = {});
  [[nodiscard]] bool transact(const Transaction& transaction, Callback<Transacted> callback, WriteOptions options = {});
  [[nodiscard]] bool grant_lease(std::chrono::milliseconds ttl, Callback<Lease> callback, WriteOptions options = {});
  [[nodiscard]] bool keep_lease_alive(LeaseId lease, Callback<Lease> callback, WriteOptions options = {});
  [[nodiscard]] bool revoke_lease(LeaseId lease, Callback<Written> callback, WriteOptions options = {});
  [[nodiscard]] bool lease_info(LeaseId lease, Callback<Lease> callback, ReadOptions options = {});

  /// Waits until no call is under way any more, that is until all callbacks have returned. False if that is not so in
  /// time; in a callback it is at once.
  [[nodiscard]] bool drain(std::chrono::milliseconds timeout);

  // --- following changes; the feed may outlive this object

  /// For Feed::next().
  [[nodiscard]] Answer<Feed> watch(const FeedOptions& options = {});
  /// `callback` is called by a thread of the feed's own.
  [[nodiscard]] Answer<Feed> watch(const FeedOptions& options, FeedCallback callback);

  /// What every member says of itself. Asked over connections of the call's own; blocking form only.
  [[nodiscard]] Answer<ClusterStatus> status(std::chrono::milliseconds timeout = std::chrono::milliseconds(0));

  // For the library itself.
  explicit Cluster(std::shared_ptr<detail::Core> core);
  [[nodiscard]] detail::Core& core() { return *core_; }

 private:
  std::shared_ptr<detail::Core> core_;
};

}  // namespace parley
