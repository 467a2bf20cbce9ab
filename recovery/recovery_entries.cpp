// Recovery: entries, from one source after the other.
#include <algorithm>
#include <utility>

#include "common/base/recovery_limits.hpp"
#include "common/transfer/range_block.hpp"
#include "recovery/recovery.hpp"

namespace parley::recovery {

using transfer::EntryReceiver;
using transport::AskFailed;

namespace {

/// How long a source that has not got it yet is listened to while another may get it first.
constexpr std::uint64_t glance_us = 1'000'000;

std::string text(Index index) { return std::to_string(index.value); }

}  // namespace

Recovery::Step Recovery::fetch_entries() {
  while (next_ <= outcome_.plan.to) {
    const auto heads = sources_.heads();
    const auto best = choose(heads, next_);
    const bool may_come_back = sources_.may_come_back();
    if (best && (has(heads[*best], next_) || !may_come_back)) {
      if (Step fetched = fetch_some(sources_.ready()[*best]); !fetched) return fetched;
      continue;
    }
    if (!best && !may_come_back && heads.empty()) return std::unexpected(sources_.failure());
    if (!best && !may_come_back) return std::unexpected(Again{});
    if (Step waited = wait_for_sources(); !waited) return waited;
    // Nobody new: then the one that is nearest, for a while.
    const auto now_there = sources_.heads();
    const auto nearest = choose(now_there, next_);
    if (!nearest) continue;
    if (Step fetched = fetch_some(sources_.ready()[*nearest]); !fetched) return fetched;
  }
  return {};
}

Recovery::Step Recovery::wait_for_sources() {
  const std::uint64_t left_us = time_left_us();
  if (left_us == 0) {
    return std::unexpected(does_not_come(sources_.failure()));
  }
  // Whoever fails now is away, or out; it is for the caller to see whether anybody is there.
  const Status asked = sources_.ask_heads(now_us() + left_us, Sources::Patience::short_for_others);
  if (sources_.is_stopped()) return std::unexpected(Error{ErrorCode::refused, "interrupted"});
  if (sources_.contradiction()) return std::unexpected(*sources_.contradiction());
  return {};
}

/// What is known of the chain just before next_ must be what has come.
Recovery::Step Recovery::check_boundary() {
  if (!digest_ || next_ == Index{1}) return {};
  for (const auto& [index, digest] : sources_.statements().from(next_.previous())) {
    if (index >= next_ || digest == *digest_) break;
    const auto other = sources_.statements().who_says(index, digest, digest_by_);
    const auto by = sources_.find(digest_by_);
    if (!by || sources_.at(*by).standing == Source::Standing::out) return std::unexpected(Again{});
    if (!other) break;
    sources_.contradict({index, digest_by_, *digest_, *other, digest});
    return std::unexpected(*sources_.contradiction());
  }
  return {};
}

/// From this source until it has no more, fails, or a gap comes.
Recovery::Step Recovery::fetch_some(std::size_t number) {
  if (Step agreed = check_boundary(); !agreed) return agreed;
  Source& source = sources_.at(number);
  transport::RangeClient& client = *source.client;
  const bool is_there = has(source.head, next_);
  Index to = outcome_.plan.to;
  if (is_there) {
    // What lies behind may be another's. Without another it is waited for here, but not if it is a gap.
    const Index there = reach(source.head, next_);
    if (there < source.head.last.index || sources_.size() > 1) to = std::min(to, there);
  }
  const bool is_glance = !is_there && (sources_.may_come_back() || sources_.ready().size() > 1);
  const std::uint64_t timeout_us = is_glance ? std::min(glance_us, time_left_us()) : time_left_us();
  const auto ask =
      client.open_entries(EntryReceiver(next_, to, digest_), limits::range_window_bytes, timeout_us, now_us());
  for (const auto& [index, digest] : sources_.statements().from(next_)) {
    if (index <= to) (void)client.expect(ask, index, digest);
  }
  while (true) {
    auto event = await(number);
    if (!event) {
      client.cancel(ask);
      return std::unexpected(event.error());
    }
    if (auto* came = std::get_if<transport::EntriesCame>(&*event)) take(number, *came);
    if (std::holds_alternative<transport::EntriesEnded>(*event)) return {};
    if (const auto* failed = std::get_if<AskFailed>(&*event)) return take_failure(number, *failed);
  }
}

void Recovery::take(std::size_t number, transport::EntriesCame& came) {
  std::size_t bytes = 0;
  for (const transfer::RangeEntry& item : came.entries) {
    bytes += transfer::range_entry_bytes(item);
    outcome_.commands += item.entry.kind == EntryKind::command && item.entry.index >= outcome_.from ? 1 : 0;
  }
  const std::size_t count = came.entries.size();
  digest_before_ = count > 1 ? came.entries[count - 2].entry.digest : digest_;
  digest_ = came.entries.back().entry.digest;
  digest_by_ = sources_.name_of(number);
  next_ = came.entries.back().entry.index.next();
  came_us_ = now_us();
  outcome_.bytes += bytes;
  outcome_.entries += count;
  sources_.at(number).bytes += bytes;
  sources_.at(number).entries += count;
  if (installer_) installer_->add_entries(std::move(came.entries), bytes);
}

Recovery::Step Recovery::take_failure(std::size_t number, const AskFailed& failed) {
  Source& source = sources_.at(number);
  if (const auto* receiver = std::get_if<EntryReceiver>(&failed.receiver);
      receiver != nullptr && receiver->disagreement() && failed.error.code == ErrorCode::corrupt)
    return disagree(number, *receiver->disagreement());
  if (failed.word == ErrorWord::not_found) {
    // It was trimmed since: what it has begins behind.
    const Index behind = failed.first > next_ ? failed.first : source.head.last.index.next();
    source.head.gaps.push_back({next_, std::max(next_, behind.previous())});
    return {};
  }
  if (failed.error.code != ErrorCode::unreachable) return go_on_without(number, failed.error);
  if (failed.word != ErrorWord::timeout) {
    sources_.put_away(number, failed.error);
    return {};
  }
  // What a source says that it has it must bring at once.
  if (has(source.head, next_))
    return go_on_without(number, {ErrorCode::corrupt, sources_.name_of(number) + ": it has said that it has entry " +
                                                          text(next_) + ", and does not bring it"});
  // A source counts whole milliseconds.
  if (time_left_us() <= 5'000) return std::unexpected(does_not_come(failed.error));
  // Another may have it by now.
  return sources_.size() > 1 ? wait_for_sources() : Step();
}

Error Recovery::does_not_come(const Error& why) const {
  const std::string enough = next_ > Index{1} ? "; up to entry " + text(next_.previous()) + " all are there" : "";
  return {why.code, "entry " + text(next_) + " does not come: " + why.what + enough};
}

/// What it says is sound in itself and contradicts what was known: of whom?
Recovery::Step Recovery::disagree(std::size_t number, const EntryReceiver::Disagreement& found) {
  const std::string here = sources_.name_of(number);
  const Error lie{ErrorCode::corrupt, here + ": entry " + text(found.index) +
                                          " has another digest there than follows from the cluster, or than it said"};
  const bool is_at_boundary = found.index.next() == next_ && digest_ && found.stated == *digest_;
  const std::string by =
      is_at_boundary ? digest_by_ : sources_.statements().who_says(found.index, found.stated, here).value_or(here);
  if (by.empty() || by == here) return go_on_without(number, lie);
  const auto other = sources_.find(by);
  if (other && sources_.at(*other).standing == Source::Standing::out) return std::unexpected(Again{});
  sources_.contradict({found.index, by, found.stated, here, found.found});
  return std::unexpected(*sources_.contradiction());
}

/// It lies, is damaged or refuses. What only it has said of the end is not believed either.
Recovery::Step Recovery::go_on_without(std::size_t number, const Error& error) {
  sources_.leave_out(number, error);
  const auto heads = sources_.heads();
  if (heads.empty() && !sources_.may_come_back()) return std::unexpected(sources_.failure());
  if (request_.wanted.to || heads.empty()) return {};
  const Index last = last_of(heads);
  if (last.next() < next_) return std::unexpected(Again{});
  outcome_.plan.to = std::min(outcome_.plan.to, last);
  return {};
}

// --- the others ---

Recovery::Step Recovery::ask_others() {
  for (const std::size_t number : sources_.ready()) {
    const Source& source = sources_.at(number);
    const Index to = outcome_.plan.to;
    // Where its own last entry lies on the way, that was compared as it came.
    if (sources_.name_of(number) == digest_by_ || !has(source.head, to) || source.head.last.index == to) continue;
    if (Step agreed = ask_other(number); !agreed) return agreed;
  }
  return {};
}

/// Whether it has the same last entry, behind the same chain.
Recovery::Step Recovery::ask_other(std::size_t number) {
  transport::RangeClient& client = *sources_.at(number).client;
  const Index to = outcome_.plan.to;
  const std::uint64_t patience_us = std::min(limits::recovery_patience_ms * 1000, request_.sources.timeout_us);
  const auto ask =
      client.open_entries(EntryReceiver(to, to, digest_before_), limits::range_window_bytes, patience_us, now_us());
  (void)client.expect(ask, to, *digest_);
  while (true) {
    const auto event = await(number);
    if (!event) {
      client.cancel(ask);
      return std::unexpected(event.error());
    }
    if (std::holds_alternative<transport::EntriesEnded>(*event)) return {};
    const auto* failed = std::get_if<AskFailed>(&*event);
    if (failed == nullptr) continue;
    const auto* receiver = std::get_if<EntryReceiver>(&failed->receiver);
    if (receiver != nullptr && receiver->disagreement()) {
      const auto& found = *receiver->disagreement();
      sources_.contradict({found.index, digest_by_, found.stated, sources_.name_of(number), found.found});
      return std::unexpected(*sources_.contradiction());
    }
    const bool is_damaged = failed->error.code == ErrorCode::corrupt || failed->error.code == ErrorCode::protocol;
    report_(failed->error.what + (is_damaged ? "; it is damaged" : "; its chain was not compared"));
    return {};
  }
}

}  // namespace parley::recovery
