#include "recovery/sources.hpp"

#include <algorithm>

#include "common/base/chain.hpp"
#include "common/base/recovery_limits.hpp"

namespace parley::recovery {

using transport::AskFailed;
using transport::HeadCame;

Sources::Sources(mq::Context& context, const Clock& clock, SourcesOptions options, Report report)
    : context_(context), clock_(clock), options_(std::move(options)), report_(std::move(report)) {
  cluster_ = options_.cluster;
}

Status Sources::connect() {
  for (const Address& address : options_.addresses) {
    Source source;
    source.address = address;
    if (Status connected = connect(source); !connected) return connected;
    sources_.push_back(std::move(source));
  }
  return {};
}

/// Where there is another source, one that is silent is not waited for any longer than it takes to be sure.
Status Sources::connect(Source& source) {
  const std::uint64_t patience_us = options_.addresses.size() == 1
                                        ? options_.timeout_us
                                        : std::min(options_.timeout_us, limits::recovery_patience_ms * 1000);
  auto client = transport::RangeClient::connect(context_, source.address, {cluster_, patience_us});
  if (!client) return std::unexpected(client.error());
  source.client = std::make_unique<transport::RangeClient>(std::move(*client));
  return {};
}

// --- heads ---

Status Sources::ask_heads(std::uint64_t until_us, Patience patience) {
  heads_until_us_ = until_us;
  patience_ = patience;
  for (Source& source : sources_) {
    if (source.standing == Source::Standing::out) continue;
    if (source.head_ask) source.client->cancel(*source.head_ask);
    source.head_ask.reset();
    source.standing = Source::Standing::away;
    ask_head(source);
  }
  while (is_any(Source::Standing::asked) && !contradiction_) {
    if (clock_.now().monotonic_us >= heads_until_us_) break;
    (void)await(heads_until_us_);
    if (is_stopped()) return fail(ErrorCode::refused, "interrupted");
  }
  if (contradiction_) return std::unexpected(*contradiction_);
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (sources_[i].standing == Source::Standing::asked && sources_[i].trouble == std::nullopt)
      report_(name_of(i) + " has not answered yet");
  }
  return is_any(Source::Standing::ready) ? Status() : std::unexpected(failure());
}

bool Sources::take(std::size_t number, transport::RangeEvent& event) {
  Source& source = sources_[number];
  if (const auto* came = std::get_if<HeadCame>(&event)) {
    take_head(number, *came);
    return true;
  }
  const auto* failed = std::get_if<AskFailed>(&event);
  if (failed == nullptr || failed->ask != source.head_ask) return false;
  head_failed(number, *failed);
  return true;
}

void Sources::take_head(std::size_t number, const HeadCame& came) {
  Source& source = sources_[number];
  source.head_ask.reset();
  source.name = came.source;
  source.head = came.head;
  if (cluster_.is_nil()) {
    cluster_ = came.cluster;
    ask_named();
  }
  if (came.cluster != cluster_) {
    contradiction_ =
        Error{ErrorCode::refused, name_of(number) + " is of cluster " + came.cluster.text() +
                                      ", and others are of cluster " + cluster_.text() + ": which one, -cluster says"};
    return;
  }
  const RangeHead& head = source.head;
  const bool is_sound = head.first.value > 0 && head.last.index.next() >= head.first &&
                        (head.first.value > 1 || head.before == chain_start(cluster_));
  if (!is_sound) return leave_out(number, {ErrorCode::corrupt, name_of(number) + ": its head contradicts itself"});
  source.standing = Source::Standing::ready;
  source.trouble.reset();
  if (head.first.value > 1 && !state(number, head.first.previous(), head.before)) return;
  if (head.last.index >= head.first && !state(number, head.last.index, head.last.digest)) return;
  if (patience_ == Patience::until_the_end) return;
  const std::uint64_t now_us = clock_.now().monotonic_us;
  heads_until_us_ = std::min(heads_until_us_, now_us + limits::recovery_heads_ms * 1000);
}

/// The cluster has a name now: those that would not answer without are asked again.
void Sources::ask_named() {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    Source& source = sources_[i];
    if (source.standing != Source::Standing::out || source.trouble->code != ErrorCode::usage) continue;
    if (connect(source)) ask_head(source);
  }
}

/// If there is time.
void Sources::ask_head(Source& source) {
  const std::uint64_t now_us = clock_.now().monotonic_us;
  if (now_us >= heads_until_us_) return;
  source.head_ask = source.client->ask_head(heads_until_us_ - now_us, now_us);
  source.standing = Source::Standing::asked;
}

void Sources::head_failed(std::size_t number, const AskFailed& failed) {
  Source& source = sources_[number];
  source.head_ask.reset();
  if (failed.error.code == ErrorCode::unreachable) {
    put_away(number, failed.error);
    return ask_head(source);  // until somebody else is there, or the time is over
  }
  // One that serves several clusters is asked again as soon as another source has named ours.
  if (failed.word == ErrorWord::invalid && source.client->cluster().is_nil() && !cluster_.is_nil() && connect(source))
    return ask_head(source);
  leave_out(number, failed.error);
}

// --- waiting ---

std::optional<Sources::Said> Sources::await(std::uint64_t until_us) {
  while (true) {
    const std::uint64_t now_us = clock_.now().monotonic_us;
    std::optional<std::uint64_t> due_us;
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      transport::RangeClient& client = *sources_[i].client;
      client.work(now_us);
      if (auto event = client.next()) return take(i, *event) ? std::nullopt : std::optional(Said{i, *std::move(event)});
      if (const auto due = client.next_due_us()) due_us = std::min(due_us.value_or(*due), *due);
    }
    if (now_us >= until_us) return std::nullopt;
    mq::Poller poller;
    const auto wakes = watch_wakes(poller);
    for (Source& source : sources_) source.client->watch(poller);
    const std::uint64_t end_us = std::min(until_us, due_us.value_or(until_us));
    poller.wait(end_us - std::min(end_us, now_us));
    if (std::ranges::any_of(wakes, [&](auto slot) { return poller.ready(slot); })) return std::nullopt;
  }
}

std::vector<mq::Poller::Slot> Sources::watch_wakes(mq::Poller& poller) const {
  std::vector<mq::Poller::Slot> wakes;
  for (const int fd : {options_.stop_fd, options_.bell_fd}) {
    if (fd >= 0) wakes.push_back(poller.watch(fd));
  }
  return wakes;
}

void Sources::wait_for_bell(std::uint64_t until_us) const {
  mq::Poller poller;
  (void)watch_wakes(poller);
  const std::uint64_t now_us = clock_.now().monotonic_us;
  poller.wait(until_us - std::min(until_us, now_us));
}

bool Sources::is_stopped() const {
  if (options_.stop_fd < 0) return false;
  mq::Poller poller;
  const auto slot = poller.watch(options_.stop_fd);
  poller.wait(0);
  return poller.ready(slot);
}

// --- who can be asked, and who said what ---

void Sources::leave_out(std::size_t number, const Error& error) {
  Source& source = sources_[number];
  source.standing = Source::Standing::out;
  source.trouble = error;
  statements_.withdraw(name_of(number));
  report_(error.what + "; it is left out");
}

void Sources::put_away(std::size_t number, const Error& error) {
  Source& source = sources_[number];
  source.standing = Source::Standing::away;
  if (!source.trouble || source.trouble->what != error.what) report_(error.what);
  source.trouble = error;
}

bool Sources::state(std::size_t number, Index index, const Digest& digest) {
  const auto mismatch = statements_.add(name_of(number), index, digest);
  if (!mismatch) return true;
  if (mismatch->one == mismatch->other) {
    leave_out(number, {ErrorCode::corrupt, name_of(number) + ": it has said another digest of entry " +
                                               std::to_string(index.value) + " before"});
  } else {
    contradict(*mismatch);
  }
  return false;
}

void Sources::contradict(const Mismatch& mismatch) {
  contradiction_ = Error{ErrorCode::refused, "mismatch: " + mismatch.text()};
}

std::optional<std::size_t> Sources::find(const std::string& address) const {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (name_of(i) == address) return i;
  }
  return std::nullopt;
}

std::vector<std::size_t> Sources::ready() const {
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (sources_[i].standing == Source::Standing::ready) numbers.push_back(i);
  }
  return numbers;
}

std::vector<RangeHead> Sources::heads() const {
  std::vector<RangeHead> heads;
  for (const std::size_t number : ready()) heads.push_back(sources_[number].head);
  return heads;
}

bool Sources::is_any(Source::Standing standing) const {
  return std::ranges::any_of(sources_, [standing](const Source& source) { return source.standing == standing; });
}

Error Sources::failure() const {
  const auto is_damage = [](const Error& error) {
    return error.code == ErrorCode::corrupt || error.code == ErrorCode::protocol;
  };
  const Error* found = nullptr;
  for (const Source& source : sources_) {
    if (!source.trouble) continue;
    const bool is_more = found == nullptr || found->code == ErrorCode::unreachable;
    if (is_more || (is_damage(*source.trouble) && !is_damage(*found))) found = &*source.trouble;
  }
  if (found == nullptr) return {ErrorCode::unreachable, "no source answers in time"};
  return *found;
}

}  // namespace parley::recovery
