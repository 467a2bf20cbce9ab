#include "recovery/key_replay.hpp"

#include <limits>
#include <string>

#include "common/base/ensure.hpp"

namespace parley::recovery {
namespace {

constexpr std::uint64_t as_long_as_it_takes = std::numeric_limits<std::int32_t>::max();
/// Entries that are handed out together: so many that waking a hand costs little beside them.
constexpr std::size_t run_entries = 512;
/// Runs that are handed out and not finished: so many that neither side waits for the other.
constexpr std::size_t runs_under_way = 4;

}  // namespace

Result<app::Outcome> apply_entry(app::Application& application, const transfer::RangeEntry& item) {
  if (!item.payload_hash) return application.apply(item.entry);
  auto outcome = application.apply_reduced(item.entry);
  if (outcome) return *std::move(outcome);
  return fail(ErrorCode::corrupt, "what is left of entry " + std::to_string(item.entry.index.value) + " means nothing");
}

/// What is left out comes first, so that at no moment less seems to be missing than is.
void tell_changes(const transfer::RangeEntry& item, const app::Outcome& outcome, const KeyReplay::Changed& changed) {
  const app::KeyChange* left_out = nullptr;
  if (item.payload_hash && !outcome.changes.empty() && outcome.changes.back().value) left_out = &outcome.changes.back();
  if (left_out != nullptr) changed(item.entry.index, left_out->key, true);
  for (const app::KeyChange& change : outcome.changes) {
    if (left_out == nullptr || change.key != left_out->key) changed(item.entry.index, change.key, false);
  }
}

Result<std::unique_ptr<KeyReplay>> KeyReplay::start(app::Application& application, ShardedTable& table,
                                                    Changed changed) {
  std::unique_ptr<KeyReplay> made(new KeyReplay(application, table, std::move(changed)));
  KeyReplay* const self = made.get();
  for (std::size_t number = 0; number < table.shards(); ++number) {
    Hand& hand = *made->hands_.emplace_back(std::make_unique<Hand>());
    auto actor = mq::Actor::start(
        "hand " + std::to_string(number), [&hand] { hand.orders.wake(); }, []() -> Result<int> { return 0; },
        [self, &hand, number](int&, std::stop_token stop) { return self->work(hand, number, std::move(stop)); });
    if (!actor) return std::unexpected(actor.error());
    hand.actor = std::move(*actor);
  }
  return made;
}

KeyReplay::KeyReplay(app::Application& application, ShardedTable& table, Changed changed)
    : application_(application), table_(table), changed_(std::move(changed)) {
  ENSURE(table.shards() > 0);
}

// --- in the hands' threads ---

Status KeyReplay::work(Hand& self, std::size_t number, std::stop_token stop) {
  store::WriteBehindTable& rows = table_.shard(number);
  app::KeyHand hand(rows);
  std::vector<Run*> batch;
  while (!stop.stop_requested()) {
    self.orders.drain(batch);
    for (Run* run : batch) {
      for (const std::uint32_t task : run->parts[number]) hand.carry_out(run->tasks[task], run->effects[task]);
      done_.post({run, number, rows.active_bytes()});
    }
    self.orders.wait(as_long_as_it_takes);
  }
  return {};
}

// --- in the owner's thread ---

Status KeyReplay::apply(std::vector<transfer::RangeEntry> entries) {
  for (transfer::RangeEntry& item : entries) {
    if (begin(item)) continue;
    settle();
    if (Status applied = apply_alone(item); !applied) return applied;
  }
  hand_out();
  return {};
}

bool KeyReplay::begin(transfer::RangeEntry& item) {
  auto task = item.payload_hash ? application_.begin_reduced_by_key(item.entry) : application_.begin_by_key(item.entry);
  if (!task) return false;
  if (!filling_ && !idle_.empty()) {
    filling_ = std::move(idle_.back());
    idle_.pop_back();
  } else if (!filling_) {
    filling_ = std::make_unique<Run>();
    filling_->parts.resize(hands_.size());
    filling_->effects.resize(run_entries);
  }
  const auto number = static_cast<std::uint32_t>(filling_->tasks.size());
  filling_->parts[table_.shard_of(task->key())].push_back(number);
  filling_->tasks.push_back(*std::move(task));
  filling_->entries.push_back(std::move(item));
  if (filling_->tasks.size() == run_entries) hand_out();
  return true;
}

void KeyReplay::hand_out() {
  if (!filling_) return;
  Run* const run = under_way_.emplace_back(std::move(filling_)).get();
  run->hands_at_work = 0;
  for (std::size_t hand = 0; hand < hands_.size(); ++hand) run->hands_at_work += run->parts[hand].empty() ? 0 : 1;
  for (std::size_t hand = 0; hand < hands_.size(); ++hand) {
    Run* order = run;
    if (!run->parts[hand].empty()) hands_[hand]->orders.post(std::move(order));
  }
  while (under_way_.size() > runs_under_way) finish_first();
}

void KeyReplay::finish_first() {
  Run& run = *under_way_.front();
  while (run.hands_at_work > 0) {
    if (!done_.drain(taken_)) done_.wait(as_long_as_it_takes);
    for (const Done& done : taken_) {
      --done.run->hands_at_work;
      hands_[done.hand]->bytes = done.bytes;
    }
    taken_.clear();
  }
  for (std::size_t i = 0; i < run.tasks.size(); ++i) {
    application_.finish_by_key(run.entries[i].entry, run.tasks[i], run.effects[i]);
    if (run.effects[i].is_changed)
      changed_(run.entries[i].entry.index, run.tasks[i].key(), run.tasks[i].reduced.has_value());
  }
  run.entries.clear();
  run.tasks.clear();
  for (auto& part : run.parts) part.clear();
  idle_.push_back(std::move(under_way_.front()));
  under_way_.pop_front();
}

void KeyReplay::settle() {
  hand_out();
  while (!under_way_.empty()) finish_first();
}

Status KeyReplay::apply_alone(const transfer::RangeEntry& item) {
  const auto outcome = apply_entry(application_, item);
  if (!outcome) return std::unexpected(outcome.error());
  tell_changes(item, *outcome, changed_);
  return {};
}

std::size_t KeyReplay::bytes_of_hands() const {
  std::size_t bytes = 0;
  for (const auto& hand : hands_) bytes += hand->bytes;
  return bytes;
}

void KeyReplay::frozen() {
  for (const auto& hand : hands_) hand->bytes = 0;
}

}  // namespace parley::recovery
