#pragma once
#include <deque>
#include <map>
#include <optional>

#include "logger/archive_desk.hpp"
#include "tests/archive/archive_testing.hpp"
#include "tests/sim/files/simulated_file_system.hpp"

namespace parley::logger_testing {

using archive_testing::good;
using archive_testing::History;
using archive_testing::layout;

/// An ArchiveDesk on its live log, with a consensus and a server of ranges that do what they are told when the test
/// lets them.
class ArchiveBench {
 public:
  explicit ArchiveBench(History& history, std::size_t segment_bytes = 16 * limits::KiB);
  /// As of which cluster the live log is made.
  wal::Identity identity = wal_testing::test_identity();

  /// Opens both, as a logger does when it starts.
  void start();
  void die();

  /// The next entries are committed: in the log, synced, handed over. Not yet known to be stable.
  void commit(std::size_t count);
  /// Consensus and the disk do what they were asked for; the answers arrive.
  void obey();
  /// The same, and then steps, until nothing is left to do.
  void settle();
  /// Until the live log has begun so many segments since the last start.
  void fill(std::size_t segments);

  void take(logger::ArchiveWork work) { good(desk->take(work)); }
  /// An image comes from a peer, whole, as of this entry; consensus has a use for it.
  void bring_image(Index index, std::size_t chunks = 2);

  // What whoever serves ranges asks; the answers, in order.
  replica::RangeTicket ask(Index from, Index to, std::size_t max_bytes = 1'000'000);
  /// The outcome of a read, once there is one.
  [[nodiscard]] std::optional<replica::RunRead> outcome(replica::RangeTicket ticket);
  /// Everything from `from` to `to`, asked for until it is there.
  [[nodiscard]] std::vector<Entry> read(Index from, Index to);
  template <class T>
  std::optional<T> take_served() {
    for (auto each = served.begin(); each != served.end(); ++each) {
      if (!std::holds_alternative<T>(*each)) continue;
      T found = std::move(std::get<T>(*each));
      served.erase(each);
      return found;
    }
    return std::nullopt;
  }
  /// As it was told last.
  [[nodiscard]] const transfer::RangeHead& head() const { return head_; }
  [[nodiscard]] Index last() const { return log->last().index; }

  struct Fetch {
    Index least;
    std::unique_ptr<archive::ImageFileWriter> writer;
  };

  sim::SimulatedFileSystem disk;
  History& history;
  std::optional<wal::Log> log;
  std::optional<logger::ArchiveDesk> desk;
  raft::Membership membership;
  std::deque<replica::Order> orders;
  std::deque<replica::ReadRun> live_reads;
  std::deque<logger::LiveRunRead> live_answers;
  std::deque<replica::RangeOrder> served;
  std::vector<ClusterId> served_clusters;  ///< clusters that are served since the last start
  std::vector<transfer::LogPoint> advanced;
  std::vector<Fetch> fetches;
  std::vector<std::string> warnings;
  std::vector<transfer::ImageProgress> progress;
  bool has_use_for_images = true;

 private:
  void carry_out(replica::Order order);
  void tell_extent();

  wal::Options options_;
  replica::LogExtent extent_;
  transfer::RangeHead head_;
  std::uint64_t next_ticket_ = 1;
  std::uint64_t next_transfer_ = 1;
};

/// So many voters, with servers 1, 2, ... named node1, node2, ..., and a logger with server 9.
[[nodiscard]] raft::Membership voters(std::uint64_t count);

}  // namespace parley::logger_testing
