#include "client/prompt/outbox.hpp"

#include <algorithm>
#include <utility>

#include "common/base/ensure.hpp"
#include "common/base/prompt_limits.hpp"

namespace parley::client::prompt {
namespace {

/// Nobody has answered, or nobody who could: what comes next would fare no better, and must not overtake.
bool concerns_all(ErrorWord word) {
  switch (word) {
    case ErrorWord::busy:
    case ErrorWord::no_leader:
    case ErrorWord::timeout:
    case ErrorWord::session_expired:
    case ErrorWord::disk_full: return true;
    default: return false;
  }
}

}  // namespace

bool Outbox::has_room() const { return all_.size() < limits::prompt_outbox; }

void Outbox::add(app::chat::ChatId chat, std::string chat_name, std::string text, std::string key) {
  ENSURE(has_room());
  Sending sending;
  sending.number = ++last_number_;
  sending.chat = chat;
  sending.chat_name = std::move(chat_name);
  sending.text = std::move(text);
  sending.key = std::move(key);
  all_.push_back(std::move(sending));
}

const Sending* Outbox::next() {
  if (on_its_way_ != 0) return nullptr;
  const auto found = std::ranges::find(all_, Sending::State::waiting, &Sending::state);
  if (found == all_.end()) return nullptr;
  found->state = Sending::State::on_its_way;
  on_its_way_ = found->number;
  return &*found;
}

std::optional<Outbox::Ended> Outbox::acknowledged(std::uint64_t number, std::uint64_t seq) {
  ENSURE_EQ(number, on_its_way_);
  on_its_way_ = 0;
  Sending* sending = find(number);
  if (sending == nullptr) return std::nullopt;
  sending->state = Sending::State::acknowledged;
  sending->seq = seq;
  return Ended{*sending, 0};
}

std::optional<Outbox::Ended> Outbox::failed(std::uint64_t number, ErrorWord word) {
  ENSURE_EQ(number, on_its_way_);
  on_its_way_ = 0;
  Sending* sending = find(number);
  if (sending == nullptr) return std::nullopt;
  sending->state = Sending::State::failed;
  sending->word = word;
  Ended ended{*sending, 0};
  if (!concerns_all(word)) return ended;
  for (Sending& other : all_) {
    if (other.state != Sending::State::waiting) continue;
    other.state = Sending::State::failed;
    other.word = ErrorWord::no_leader;
    ++ended.fail_along;
  }
  return ended;
}

std::optional<Sending> Outbox::seen(app::chat::ChatId chat, std::string_view text, std::uint64_t seq) {
  const auto found = std::ranges::find_if(all_, [&](const Sending& each) {
    if (each.chat != chat || each.text != text) return false;
    if (each.state == Sending::State::acknowledged) return each.seq == seq;
    // One that was never sent, or refused for certain, is not there.
    return each.state == Sending::State::on_its_way ||
           (each.state == Sending::State::failed && each.word == ErrorWord::timeout);
  });
  if (found == all_.end()) return std::nullopt;
  std::optional<Sending> was(std::move(*found));
  all_.erase(found);
  return was;
}

void Outbox::shown(app::chat::ChatId chat, std::uint64_t upto) {
  std::erase_if(all_, [&](const Sending& each) {
    return each.chat == chat && each.state == Sending::State::acknowledged && each.seq <= upto;
  });
}

std::size_t Outbox::retry() {
  std::size_t count = 0;
  for (Sending& each : all_) {
    if (each.state != Sending::State::failed) continue;
    each.state = Sending::State::waiting;
    ++count;
  }
  return count;
}

std::size_t Outbox::drop() {
  return std::erase_if(all_, [](const Sending& each) { return each.state == Sending::State::failed; });
}

std::size_t Outbox::count(Sending::State state) const {
  return static_cast<std::size_t>(std::ranges::count(all_, state, &Sending::state));
}

bool Outbox::is_idle() const { return on_its_way_ == 0 && count(Sending::State::waiting) == 0; }

Sending* Outbox::find(std::uint64_t number) {
  const auto found = std::ranges::find(all_, number, &Sending::number);
  return found == all_.end() ? nullptr : &*found;
}

}  // namespace parley::client::prompt
