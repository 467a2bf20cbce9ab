#include "node/state_machine.hpp"

#include <utility>

#include "common/base/ensure.hpp"
#include "common/base/limits.hpp"

namespace parley::node {

Result<std::unique_ptr<StateMachine>> StateMachine::open(store::Backend& backend) {
  auto snapshot = backend.snapshot();
  if (!snapshot) return std::unexpected(snapshot.error());
  std::unique_ptr<StateMachine> machine(new StateMachine(std::move(*snapshot)));
  auto application = app::Application::open(machine->table_);
  if (!application) return std::unexpected(application.error());
  machine->application_.emplace(std::move(*application));
  machine->application_->want_previous(true);  // for those who follow keys
  machine->flushed_ = machine->applied();
  machine->history_.add({machine->applied(), machine->meta().digest, machine->meta().state});
  return machine;
}

void StateMachine::enqueue(std::vector<Entry> entries) {
  if (!entries.empty()) waiting_.push_back(std::move(entries));
}

std::vector<std::span<const Entry>> StateMachine::waiting() const {
  std::vector<std::span<const Entry>> runs;
  if (next_in_batch_ > 0) runs.push_back(std::span(applying_).subspan(next_in_batch_));
  // The first was moved from there when it was begun.
  for (std::size_t i = next_in_batch_ > 0 ? 1 : 0; i < waiting_.size(); ++i) runs.emplace_back(waiting_[i]);
  return runs;
}

app::Outcome StateMachine::apply_next() {
  ENSURE(can_apply());
  if (next_in_batch_ == 0) applying_ = std::move(waiting_.front());
  const Entry& entry = applying_[next_in_batch_];
  app::Outcome outcome = application_->apply(entry);
  history_.add({entry.index, meta().digest, meta().state});
  if (++next_in_batch_ == applying_.size()) {
    waiting_.pop_front();
    next_in_batch_ = 0;
  }
  return outcome;
}

bool StateMachine::wants_flush(std::uint64_t now_us) const {
  if (table_.has_frozen() || applied() == flushed_) return false;
  return table_.wants_freeze() || now_us >= last_freeze_us_ + limits::overlay_age_us;
}

Index StateMachine::freeze(std::uint64_t now_us) {
  application_->save_meta();
  frozen_ = table_.freeze();
  frozen_index_ = applied();
  last_freeze_us_ = now_us;
  return frozen_index_;
}

Result<std::shared_ptr<const store::Overlay>> StateMachine::flushed() {
  flushed_ = frozen_index_;
  return table_.flushed();
}

}  // namespace parley::node
