#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "common/app/application.hpp"
#include "common/store/write_behind_table.hpp"
#include "node/digest_history.hpp"

namespace parley::node {

/// The application on its write-behind table: applies committed entries in order, and says when rows must be flushed. A
/// flush goes through these steps, each begun by its owner, who alone knows disk and log:
///
///     idle --freeze()--> waiting until the own log is synced up to frozen_index() --take_frozen()--> being written
///     --flushed()--> idle
///
/// so that the store is never ahead of the log (a leader may commit before its own disk has the entry). One thread.
class StateMachine {
 public:
  /// Goes on from what the backend holds.
  [[nodiscard]] static Result<std::unique_ptr<StateMachine>> open(store::Backend& backend);

  /// Takes committed entries; they are applied by apply_next().
  void enqueue(std::vector<Entry> entries);
  /// What waits, in order; lives until the next call that changes anything.
  [[nodiscard]] std::vector<std::span<const Entry>> waiting() const;
  /// True if an entry waits and there is room for its rows.
  [[nodiscard]] bool can_apply() const { return !waiting_.empty() && table_.can_apply(); }
  /// Applies the next entry. The outcome's views live until the next call.
  app::Outcome apply_next();
  /// `now_us`: what cluster time may be by now.
  [[nodiscard]] app::Reply query(const app::Query& query, std::uint64_t now_us = 0) const {
    return application_->query(query, now_us);
  }

  /// All rows, as they are.
  [[nodiscard]] const app::Table& rows() const { return application_->rows(); }
  [[nodiscard]] Index applied() const { return application_->applied(); }
  [[nodiscard]] const app::Meta& meta() const { return application_->meta(); }
  /// See app::Application::next_due_us(); of what waits to be applied nothing is known yet.
  [[nodiscard]] std::uint64_t next_due_us() const { return application_->next_due_us(); }
  /// Which of the entries of a block took effect, as far as that is still known (app/effects.hpp).
  [[nodiscard]] std::optional<app::EffectBlock> effects(std::uint64_t block) const {
    return application_->effects(block);
  }
  /// What applied entries changed beyond what their commands say, in order; known from meta().details_from on.
  void visit_details(Index from, const std::function<bool(Index, BytesView detail)>& visitor) const {
    application_->visit_details(from, visitor);
  }
  [[nodiscard]] std::optional<DigestHistory::Point> digests_at(Index index) const { return history_.at(index); }
  /// Up to which the store is durable.
  [[nodiscard]] Index flushed_index() const { return flushed_; }

  /// True if rows are due to be flushed, by size or by age, and no flush is under way.
  [[nodiscard]] bool wants_flush(std::uint64_t now_us) const;
  /// Freezes the rows; the log must be synced up to the returned index before take_frozen().
  Index freeze(std::uint64_t now_us);
  [[nodiscard]] bool has_frozen() const { return frozen_ != nullptr; }
  [[nodiscard]] Index frozen_index() const { return frozen_index_; }
  [[nodiscard]] std::shared_ptr<const store::Overlay> take_frozen() { return std::move(frozen_); }
  /// The rows are durable. Returns the overlay for whoever has the time to free it. An error is fatal.
  [[nodiscard]] Result<std::shared_ptr<const store::Overlay>> flushed();

 private:
  explicit StateMachine(std::unique_ptr<store::Snapshot> snapshot) : table_(std::move(snapshot)) {}

  store::WriteBehindTable table_;
  std::optional<app::Application> application_;
  DigestHistory history_;
  std::deque<std::vector<Entry>> waiting_;
  std::size_t next_in_batch_ = 0;
  std::vector<Entry> applying_;  ///< keeps the payload that an outcome's views lie in
  std::shared_ptr<const store::Overlay> frozen_;
  Index frozen_index_;
  Index flushed_;
  std::uint64_t last_freeze_us_ = 0;
};

}  // namespace parley::node
