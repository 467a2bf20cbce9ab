#include "tests/histories/visitor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/limits.hpp"

namespace parley::histories {
namespace {

/// How long a client waits for an outcome: some give up during any election, some never before it is over. One that
/// asks a single node is impatient, so that it asks often while that node is cut off from its peers.
constexpr std::array<std::uint64_t, 4> timeouts_us = {300'000, 2'000'000, 2'000'000, 8'000'000};
constexpr std::array<std::uint64_t, 4> timeouts_of_one_server_us = {100'000, 100'000, 500'000, 4'000'000};
/// Of a hundred operations on the keys that all share.
constexpr std::uint64_t reads = 45;
constexpr std::uint64_t reads_of_one_server = 65;
constexpr std::uint64_t a_value_is_long_one_in = 50;
constexpr std::uint64_t long_value_bytes = 3'000;
constexpr std::uint64_t a_client_dies_one_in = 300;
constexpr std::uint64_t longest_agony_us = 200'000;
constexpr std::uint64_t a_journal_entry_one_in = 12;
constexpr std::uint64_t a_journal_read_one_in = 4;
/// A longer value of a reply is not kept for its repetition; the library then reads it again, later.
constexpr std::size_t kept_value_bytes = limits::kept_reply_bytes - 64;

}  // namespace

Result<std::unique_ptr<client::Connection>> OneServer::connect(const Address& server) {
  if (server == server_) return network_.connect(server);
  return fail(ErrorCode::unreachable, server.text() + " is out of reach");
}

Visitor::Visitor(client::Network& network, const Clock& clock, Visit& visit, std::string name,
                 std::vector<Address> servers, std::uint64_t seed)
    : network_(network),
      clock_(clock),
      visit_(visit),
      family_(std::move(name)),
      servers_(std::move(servers)),
      random_(seed) {
  if (servers_.size() == 1) only_ = std::make_unique<OneServer>(network, servers_.front());
  be_born();
  think();
}

void Visitor::be_born() {
  client_.reset();
  current_.reset();
  name_ = fmt::format("{}.{}", family_, ++lives_);
  values_ = 0;
  dies_at_us_ = UINT64_MAX;
  for (std::size_t left = servers_.size(); left > 1; --left)
    std::swap(servers_[left - 1], servers_[random_.below(left)]);
  client::Network& network = only_ ? *only_ : network_;
  client_ = std::make_unique<client::Client>(network, clock_,
                                             client::ClientSettings{.servers = servers_, .seed = random_.next()});
}

void Visitor::think() { due_us_ = clock_.now().monotonic_us + random_.below(2 * visit_.think_ms * 1000 + 1); }

void Visitor::step(bool is_closing) {
  client_->step();
  const std::uint64_t now_us = clock_.now().monotonic_us;
  if (current_ && now_us >= dies_at_us_) {
    be_born();
    think();
  }
  if (current_ || is_closing || now_us < due_us_) return;
  ask();
  client_->step();
}

std::uint64_t Visitor::next_wake_us(bool is_closing) const {
  const std::uint64_t own_us = current_ ? dies_at_us_ : is_closing ? UINT64_MAX : due_us_;
  return std::min(own_us, client_->next_wake_us());
}

void Visitor::ask() {
  Begin what = draw();
  what.client = name_;
  const auto number = visit_.book.begin(what);
  if (!number) return;
  if (random_.one_in(a_client_dies_one_in)) {
    dies_at_us_ = clock_.now().monotonic_us + random_.below(longest_agony_us);
  }
  submit(what, draw_timeout_us());
  current_ = Current{*number, std::move(what)};
}

void Visitor::submit(const Begin& what, std::uint64_t timeout_us) {
  const auto callback = [this](client::Outcome&& outcome) { ended(std::move(outcome)); };
  switch (what.kind) {
    case Kind::get: {
      const std::array modes = {wire::ReadMode::linearizable, wire::ReadMode::lease, wire::ReadMode::stale};
      return client_->submit(app::Get{what.key}, modes[static_cast<std::size_t>(what.read)], callback, timeout_us);
    }
    case Kind::set: return client_->submit(app::Set{what.key, what.value}, callback, timeout_us);
    case Kind::erase: return client_->submit(app::Delete{what.key}, callback, timeout_us);
    case Kind::compare_and_set:
      return client_->submit(app::CompareAndSet{what.key, what.expected, what.value}, callback, timeout_us);
  }
}

void Visitor::ended(client::Outcome&& outcome) {
  const Current was = *std::exchange(current_, std::nullopt);
  End end = end_of(was.asked, std::move(outcome));
  if (end.value) visit_.last_seen[was.asked.key] = *end.value;
  if (end.ending == Ending::ok && was.asked.kind != Kind::get) visit_.last_seen[was.asked.key] = was.asked.value;
  visit_.book.end(was.number, std::move(end));
  dies_at_us_ = UINT64_MAX;
  think();
}

Begin Visitor::draw() {
  if (random_.one_in(a_journal_entry_one_in)) return draw_journal();
  std::string key = fmt::format("shared/{}", random_.below(visit_.keys));
  if (random_.below(100) < (only_ ? reads_of_one_server : reads)) return draw_read(std::move(key));
  constexpr std::array kinds = {Kind::set,  Kind::set, Kind::set, Kind::compare_and_set, Kind::compare_and_set,
                                Kind::erase};
  Begin what;
  what.key = std::move(key);
  what.kind = kinds[random_.below(kinds.size())];
  if (what.kind == Kind::erase) return what;
  if (what.kind == Kind::compare_and_set) {
    const auto seen = visit_.last_seen.find(what.key);
    const bool guesses = random_.one_in(8) || seen == visit_.last_seen.end() || seen->second.empty();
    what.expected = guesses ? "nobody writes this" : seen->second;
  }
  what.value = draw_value();
  return what;
}

/// Each is written once and never again, so that it must be there for ever.
Begin Visitor::draw_journal() {
  if (journal_entries_ > 0 && random_.one_in(a_journal_read_one_in)) {
    return draw_read(fmt::format("journal/{}/{}", family_, 1 + random_.below(journal_entries_)));
  }
  Begin what;
  what.kind = Kind::set;
  what.key = fmt::format("journal/{}/{}", family_, ++journal_entries_);
  what.value = draw_value();
  return what;
}

Begin Visitor::draw_read(std::string key) {
  constexpr std::array modes = {Read::linearizable, Read::linearizable, Read::lease, Read::lease, Read::stale};
  Begin what;
  what.kind = Kind::get;
  what.key = std::move(key);
  what.read = modes[random_.below(modes.size())];
  return what;
}

std::string Visitor::draw_value() {
  std::string value = fmt::format("{}-{}", name_, ++values_);
  if (random_.one_in(a_value_is_long_one_in)) value += ' ' + std::string(random_.below(long_value_bytes), '.');
  return value;
}

std::uint64_t Visitor::draw_timeout_us() {
  const auto& timeouts = only_ ? timeouts_of_one_server_us : timeouts_us;
  return timeouts[random_.below(timeouts.size())];
}

End end_of(const Begin& asked, client::Outcome&& outcome) {
  End end;
  switch (outcome.word) {
    case ErrorWord::ok: end.ending = Ending::ok; break;
    case ErrorWord::not_found: end.ending = Ending::not_found; break;
    case ErrorWord::mismatch: end.ending = Ending::mismatch; break;
    case ErrorWord::timeout: end.ending = Ending::unknown; break;
    default: end.ending = Ending::failed;
  }
  if (end.ending >= Ending::failed) {
    end.error = text(outcome.word);
    return end;
  }
  end.index = outcome.index.value;
  const Bytes* value = outcome.value();
  const bool is_reread = end.ending == Ending::mismatch && value != nullptr && value->size() > kept_value_bytes;
  if (value != nullptr && !is_reread) end.value = *value;
  if (asked.read == Read::stale && outcome.age_ms && *outcome.age_ms != wire::unknown_age) end.age_ms = *outcome.age_ms;
  return end;
}

}  // namespace parley::histories
