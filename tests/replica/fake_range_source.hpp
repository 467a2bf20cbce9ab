#pragma once
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "common/replica/range_source.hpp"
#include "common/transfer/rows.hpp"
#include "tests/transfer/range_testing.hpp"

namespace parley::replica::testing {

/// What a source has, in memory. Thread-safe, since a test goes on writing while a desk in another thread reads.
class FakeStore {
 public:
  explicit FakeStore(ClusterId id) : id_(id), log_(id) {}

  [[nodiscard]] const ClusterId& id() const { return id_; }
  /// Changes or looks at the log.
  template <class Use>
  auto with_log(Use use) {
    const std::lock_guard lock(mutex_);
    return use(log_);
  }
  void append(int entries, std::size_t bytes = 20) {
    with_log([&](transfer::testing::FakeLog& log) {
      for (int i = 0; i < entries; ++i) log.append(std::string(bytes, static_cast<char>('a' + i % 26)));
    });
  }
  [[nodiscard]] transfer::LogPoint last() {
    return with_log([](const auto& log) { return log.point(log.last()); });
  }
  void add_gap(std::uint64_t from, std::uint64_t to) {
    const std::lock_guard lock(mutex_);
    gaps_.push_back({Index{from}, Index{to}});
  }
  /// An image of so many pieces, of so many bytes each.
  void add_image(std::uint64_t index, int pieces, std::size_t bytes = 10) {
    const std::lock_guard lock(mutex_);
    for (int i = 0; i < pieces; ++i) {
      Bytes rows;
      transfer::append_row(rows, "image " + std::to_string(index) + " row " + std::to_string(i),
                           std::string(bytes, 'v'));
      images_[Index{index}].push_back(std::move(rows));
    }
  }
  /// An image of what is said, in these pieces.
  void add_image(const transfer::ImageHead& head, std::vector<Bytes> pieces) {
    const std::lock_guard lock(mutex_);
    images_[head.index] = std::move(pieces);
    image_heads_[head.index] = head;
  }
  void remove_image(std::uint64_t index) {
    const std::lock_guard lock(mutex_);
    images_.erase(Index{index});
  }
  /// Called before each read of entries, under the lock, with the first that is wanted: it may change the log, or what
  /// fails.
  void before_reads(std::function<void(transfer::testing::FakeLog&, Index)> act) {
    const std::lock_guard lock(mutex_);
    before_read_ = std::move(act);
  }
  [[nodiscard]] std::vector<Bytes> image(std::uint64_t index) {
    const std::lock_guard lock(mutex_);
    return images_.at(Index{index});
  }
  [[nodiscard]] transfer::RangeHead head() {
    const std::lock_guard lock(mutex_);
    transfer::RangeHead head{transfer::SourceKind::logger, log_.first(), log_.digest_at(log_.first().previous()),
                             log_.point(log_.last()),      gaps_,        {}};
    for (const auto& [index, rows] : images_) head.images.push_back(index);
    return head;
  }

  [[nodiscard]] auto read(Index from, Index to, std::size_t max_bytes) -> decltype(ReadDone::outcome) {
    const std::lock_guard lock(mutex_);
    ++reads;
    if (before_read_) before_read_(log_, from);
    if (fails_with) return *fails_with;
    if (from < log_.first()) return EntriesGone{log_.first()};
    return log_.read(from, to, max_bytes);
  }
  [[nodiscard]] auto open(Index at_or_below) -> decltype(ImageOpened::outcome) {
    const std::lock_guard lock(mutex_);
    if (fails_with) return *fails_with;
    auto behind = images_.upper_bound(at_or_below);
    if (behind == images_.begin()) return ImageGone{};
    const Index index = std::prev(behind)->first;
    if (const auto head = image_heads_.find(index); head != image_heads_.end()) return head->second;
    return transfer::ImageHead{index, Term{1}, {}, {1, 2}, Index{1}, SharedBytes(Bytes("members"))};
  }
  [[nodiscard]] Result<ImageRows> rows(Index image, std::size_t piece) {
    const std::lock_guard lock(mutex_);
    if (fails_with) return std::unexpected(*fails_with);
    const auto at = images_.find(image);
    if (at == images_.end()) return fail(ErrorCode::io, "the image is gone");
    return ImageRows{SharedBytes(Bytes(at->second.at(piece))), piece + 1 == at->second.size()};
  }
  /// Of three members, whose servers are 1 to 3.
  [[nodiscard]] auto vote(ServerId server, Index first_kept) -> decltype(VoteTaken::reply) {
    const std::lock_guard lock(mutex_);
    if (server.value > 3) return wire::RangeErrorReply{ErrorWord::denied, "no member", 0, {}};
    votes_[server] = first_kept;
    if (votes_.size() > 1) return wire::RangeDoneReply{};
    return wire::VotesReply{static_cast<std::uint32_t>(votes_.size()), 3, first_kept};
  }

  std::size_t reads = 0;
  std::optional<Error> fails_with;  ///< for one thread

 private:
  ClusterId id_;
  std::mutex mutex_;
  transfer::testing::FakeLog log_;
  std::vector<transfer::IndexRange> gaps_;
  std::map<Index, std::vector<Bytes>> images_;
  std::map<Index, transfer::ImageHead> image_heads_;  ///< of those that are of something
  std::function<void(transfer::testing::FakeLog&, Index)> before_read_;
  std::map<ServerId, Index> votes_;
};

/// A source over it, which gives its answers to whoever made it.
class FakeRangeSource final : public RangeSource {
 public:
  FakeRangeSource(FakeStore& store, std::function<void(RangeOrder)> answer)
      : store_(store), answer_(std::move(answer)) {}

  void read(RangeTicket ticket, Index from, Index to, std::size_t max_bytes) override {
    answer_(ReadDone{ticket, store_.read(from, to, max_bytes)});
  }
  void open_image(RangeTicket ticket, Index at_or_below) override {
    auto opened = store_.open(at_or_below);
    if (const auto* head = std::get_if<transfer::ImageHead>(&opened)) open_[ticket] = {head->index, 0};
    answer_(ImageOpened{ticket, std::move(opened)});
  }
  void read_image(RangeTicket ticket) override {
    auto& [index, piece] = open_.at(ticket);
    answer_(ImageRowsRead{ticket, store_.rows(index, piece++)});
  }
  void close_image(RangeTicket ticket) override { open_.erase(ticket); }
  void truncate(RangeTicket ticket, ServerId server, const NodeId&, Index first_kept) override {
    answer_(VoteTaken{ticket, store_.vote(server, first_kept)});
  }

  [[nodiscard]] std::size_t images_open() const { return open_.size(); }

 private:
  FakeStore& store_;
  std::function<void(RangeOrder)> answer_;
  std::map<RangeTicket, std::pair<Index, std::size_t>> open_;
};

}  // namespace parley::replica::testing
