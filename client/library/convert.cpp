#include "client/library/convert.hpp"

#include <algorithm>
#include <utility>

namespace parley {

// The words of programs are those of the wire, by number.
static_assert(static_cast<int>(Word::not_found) == static_cast<int>(ErrorWord::not_found));
static_assert(static_cast<int>(Word::disk_full) == static_cast<int>(ErrorWord::disk_full));
static_assert(static_cast<int>(Word::timeout) == static_cast<int>(ErrorWord::timeout));
static_assert(detail::error_words.size() == static_cast<std::size_t>(Word::timeout) + 1, "a word is missing in Word");

std::string_view text(Word word) { return text(static_cast<ErrorWord>(word)); }

std::string Failure::message() const {
  std::string message(text(word));
  return detail.empty() ? message : message + ": " + detail;
}

}  // namespace parley

namespace parley::client::library {
namespace {

std::optional<std::chrono::milliseconds> age_of(const Outcome& outcome) {
  if (!outcome.age_ms) return std::nullopt;
  constexpr auto longest = std::chrono::milliseconds::max();
  const bool is_known = *outcome.age_ms < static_cast<std::uint64_t>(longest.count());
  return is_known ? std::chrono::milliseconds(*outcome.age_ms) : longest;
}

Member member_of(const MemberStatus& status) {
  Member member;
  member.id = status.member.name;
  member.role = status.member.role;
  member.address = status.archive ? status.member.recovery_address : status.member.client_address;
  member.health = status.health;
  member.up = status.answer || status.archive;
  member.lag = member.up ? status.lag : 0;
  if (const auto& answer = status.answer) {
    member.term = answer->term.value;
    member.commit = answer->commit.value;
    member.applied = answer->applied.value;
    member.digest = answer->digest.text();
    member.state = answer->state.text();
    member.durability = answer->fsync ? "fsync" : "no-fsync";
  } else if (const auto& archive = status.archive) {
    member.term = archive->last.term.value;
    member.commit = member.applied = archive->last.index.value;
    member.digest = archive->last.digest.text();
  }
  return member;
}

}  // namespace

Failure failure(Word word, std::string detail) {
  Failure result;
  result.word = word;
  result.detail = std::move(detail);
  return result;
}

Failure unknown_answer() { return failure(Word::timeout, "the answer is of a kind that this client does not know"); }

Answer<void> nothing_of(Outcome&& outcome) {
  if (!outcome.ok()) return std::unexpected(failure_of(std::move(outcome)));
  return {};
}

Failure failure_of(Outcome&& outcome) {
  Failure result = failure(static_cast<Word>(outcome.word), std::move(outcome.detail));
  if (auto* held = std::get_if<app::ReplyValue>(&outcome.body)) result.value = std::move(held->value);
  auto* transaction = std::get_if<app::ReplyTransaction>(&outcome.body);
  if (transaction != nullptr && !transaction->items.empty()) {
    result.item = transaction->items.size();  // the last one is the one that was not done
    result.held = transaction->held;
    result.value = std::move(transaction->items.back().value);
  }
  return result;
}

Answer<Value> value_of(Outcome&& outcome) {
  if (!outcome.ok()) return std::unexpected(failure_of(std::move(outcome)));
  auto* held = std::get_if<app::ReplyValue>(&outcome.body);
  if (held == nullptr) return std::unexpected(unknown_answer());
  return Value{std::move(held->value), outcome.index.value, age_of(outcome)};
}

Answer<Page> page_of(Outcome&& outcome) {
  if (!outcome.ok()) return std::unexpected(failure_of(std::move(outcome)));
  auto* held = std::get_if<app::ReplyRows>(&outcome.body);
  if (held == nullptr) return std::unexpected(unknown_answer());
  Page page{{}, held->more, outcome.index.value, age_of(outcome)};
  page.rows.reserve(held->rows.size());
  for (app::Row& row : held->rows) page.rows.push_back({std::move(row.key), std::move(row.value)});
  return page;
}

Answer<Written> written_of(Outcome&& outcome) {
  if (!outcome.ok()) return std::unexpected(failure_of(std::move(outcome)));
  return Written{outcome.index.value};
}

parley::ClusterStatus status_of(const client::ClusterStatus& status) {
  parley::ClusterStatus result;
  if (!status.cluster.is_nil()) result.cluster = status.cluster.text();
  result.leader = status.leader;
  result.term = status.term.value;
  result.divergent = status.is_divergent;
  std::ranges::transform(status.members, std::back_inserter(result.members), member_of);
  result.notes = status.notes;
  return result;
}

wire::ReadMode read_mode_of(ReadMode mode) {
  switch (mode) {
    case ReadMode::linearizable: return wire::ReadMode::linearizable;
    case ReadMode::lease: return wire::ReadMode::lease;
    case ReadMode::stale: break;
  }
  return wire::ReadMode::stale;
}

std::chrono::system_clock::time_point time_of(std::uint64_t wall_us) {
  constexpr std::uint64_t latest_us = INT64_MAX / 1000;  // the clock of the standard library counts nanoseconds
  return std::chrono::system_clock::time_point(std::chrono::microseconds(std::min(wall_us, latest_us)));
}

std::uint64_t timeout_us_of(std::chrono::milliseconds timeout) {
  constexpr std::chrono::milliseconds longest = std::chrono::hours(24 * 365);
  return static_cast<std::uint64_t>(std::clamp(timeout, std::chrono::milliseconds(0), longest).count()) * 1000;
}

}  // namespace parley::client::library
