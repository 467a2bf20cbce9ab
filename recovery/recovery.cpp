#include "recovery/recovery.hpp"

#include <algorithm>
#include <utility>

#include "common/base/chain.hpp"
#include "common/base/recovery_limits.hpp"

namespace parley::recovery {

using transport::AskFailed;

namespace {

constexpr std::uint64_t show_us = 1'000'000;
/// Entries that are fetched at a time behind a state that is not complete, until it is.
constexpr std::uint64_t look_ahead_entries = 10'000;

SourcesOptions with_bell(SourcesOptions options, int bell_fd) {
  options.bell_fd = bell_fd;
  return options;
}

/// What no source has of the entries up to here.
std::vector<transfer::IndexRange> missing(const std::vector<RangeHead>& heads, Index to) {
  std::vector<transfer::IndexRange> gaps;
  for (Index at{1}; at <= to;) {
    const Index there = reach(heads, at);
    if (there >= at) {
      at = there.next();
      continue;
    }
    const auto next = next_there(heads, at);
    gaps.push_back({at, next ? std::min(next->previous(), to) : to});
    at = gaps.back().to.next();
  }
  return gaps;
}

}  // namespace

Recovery::Recovery(mq::Context& context, const Clock& clock, RecoveryRequest request, Report report, Show show)
    : clock_(clock),
      request_(std::move(request)),
      report_(report),
      show_(std::move(show)),
      sources_(context, clock, with_bell(request_.sources, bell_.fd()), std::move(report)) {}

Result<Outcome> Recovery::run() {
  began_us_ = came_us_ = now_us();
  if (Status connected = sources_.connect(); !connected) return std::unexpected(connected.error());
  const std::size_t most = static_cast<std::size_t>(limits::recovery_attempts) + sources_.size();
  for (std::size_t attempts = 0; attempts < most; ++attempts) {
    const Step done = attempt();
    if (done) {
      outcome_.cluster = sources_.cluster();
      outcome_.total_us = now_us() - began_us_;
      return std::move(outcome_);
    }
    if (const auto* error = std::get_if<Error>(&done.error())) return std::unexpected(*error);
    report_("beginning anew: what the sources have is not what they said");
  }
  return fail(ErrorCode::unreachable, "the sources forget what comes next faster than it can be fetched");
}

Recovery::Step Recovery::attempt() {
  installer_.reset();
  outcome_ = {};
  has_image_ = false;
  if (Step planned = make_plan_of_heads(); !planned) return planned;
  const Plan& plan = outcome_.plan;
  if (plan.installs) {
    auto installer = Installer::start(request_.folder, {.hands = request_.hands}, clock_, bell_);
    if (!installer) return std::unexpected(installer.error());
    installer_ = std::move(*installer);
  }
  next_ = plan.first;
  digest_ = next_ == Index{1} ? std::optional(chain_start(sources_.cluster())) : std::nullopt;
  digest_before_.reset();
  digest_by_.clear();
  if (plan.image) {
    if (Step fetched = fetch_image(); !fetched) return fetched;
  }
  if (Step fetched = fetch_entries(); !fetched) return fetched;
  if (Step agreed = ask_others(); !agreed) return agreed;
  outcome_.digest = digest_.value_or(Digest{});
  outcome_.transfer_us = now_us() - began_us_;
  if (Step complete = check_complete(); !complete) return complete;
  return end_installation();
}

Recovery::Step Recovery::make_plan_of_heads() {
  using enum Sources::Patience;
  if (Status asked = sources_.ask_heads(now_us() + time_left_us(), short_for_others); !asked)
    return std::unexpected(asked.error());
  auto plan = make_plan(sources_.heads(), request_.wanted);
  // One that has not answered yet may have what the others lack.
  if (!plan && sources_.may_come_back()) {
    const std::uint64_t patience_us = std::min(time_left_us(), limits::recovery_patience_ms * 1000);
    if (Status asked = sources_.ask_heads(now_us() + patience_us, until_the_end); !asked)
      return std::unexpected(asked.error());
    plan = make_plan(sources_.heads(), request_.wanted);
  }
  if (!plan) return std::unexpected(plan.error());
  outcome_.plan = *plan;
  outcome_.from = request_.wanted.from.value_or(plan->first);
  if (plan->image) outcome_.gaps = missing(sources_.heads(), *plan->image);
  return {};
}

// --- an image ---

Recovery::Step Recovery::fetch_image() {
  while (!has_image_) {
    const auto ready = sources_.ready();
    const auto holder = std::ranges::find_if(ready, [&](std::size_t number) {
      const auto& images = sources_.at(number).head.images;
      return std::ranges::find(images, *outcome_.plan.image) != images.end();
    });
    if (holder == ready.end()) {
      if (ready.empty() && !sources_.may_come_back()) return std::unexpected(sources_.failure());
      if (!sources_.may_come_back()) return std::unexpected(Again{});
      if (Step waited = wait_for_sources(); !waited) return waited;
      return std::unexpected(Again{});
    }
    if (Step fetched = fetch_image_from(*holder); !fetched) return fetched;
  }
  return {};
}

/// The newest one that is of use, since a node has no other than that of now.
Recovery::Step Recovery::fetch_image_from(std::size_t number) {
  transport::RangeClient& client = *sources_.at(number).client;
  const Wanted& wanted = request_.wanted;
  const Index highest = wanted.from ? wanted.from->previous() : wanted.to.value_or(Index{});
  const auto ask = client.open_image(highest, {}, limits::range_window_bytes, time_left_us(), now_us());
  std::optional<transfer::ImageHead> head;
  while (true) {
    auto event = await(number);
    if (!event) {
      client.cancel(ask);
      return std::unexpected(event.error());
    }
    if (auto* begun = std::get_if<transport::ImageBegun>(&*event)) {
      if (head) installer_->drop_rows();
      head = begun->head;
      if (head->index >= *outcome_.plan.image && (highest.value == 0 || head->index <= highest)) continue;
      client.cancel(ask);
      std::erase(sources_.at(number).head.images, *outcome_.plan.image);
      return {};
    }
    if (auto* rows = std::get_if<transport::ImageRowsCame>(&*event)) {
      outcome_.bytes += rows->rows.size();
      sources_.at(number).bytes += rows->rows.size();
      came_us_ = now_us();
      installer_->add_rows(std::move(rows->rows));
    }
    if (std::holds_alternative<transport::ImageEnded>(*event)) return install_image(number, *head);
    if (const auto* failed = std::get_if<AskFailed>(&*event)) {
      if (head) installer_->drop_rows();
      return take_image_failure(number, *failed);
    }
  }
}

/// Nothing but an error of all ends here: another source is looked for.
Recovery::Step Recovery::take_image_failure(std::size_t number, const AskFailed& failed) {
  if (failed.word == ErrorWord::not_found) {
    std::erase(sources_.at(number).head.images, *outcome_.plan.image);
    return {};
  }
  if (failed.error.code != ErrorCode::unreachable) return go_on_without(number, failed.error);
  sources_.put_away(number, failed.error);
  return {};
}

Recovery::Step Recovery::install_image(std::size_t number, const transfer::ImageHead& head) {
  Plan& plan = outcome_.plan;
  if (!sources_.state(number, head.index, head.digest)) {
    if (sources_.contradiction()) return std::unexpected(*sources_.contradiction());
    return std::unexpected(Again{});
  }
  installer_->end_image(head);
  while (!installer_->has_image()) {
    sources_.wait_for_bell(now_us() + show_us);
    if (Step fine = look_around(); !fine) {
      const auto* error = std::get_if<Error>(&fine.error());
      const bool is_lie = error != nullptr && (error->code == ErrorCode::corrupt || error->code == ErrorCode::protocol);
      if (!installer_->error() || !is_lie) return fine;
      sources_.leave_out(number, {error->code, sources_.name_of(number) + ": " + error->what});
      return std::unexpected(Again{});
    }
  }
  has_image_ = true;
  plan.image = head.index;
  plan.first = next_ = head.index.next();
  if (!request_.wanted.to) plan.to = std::max(plan.to, head.index);
  if (!request_.wanted.from) outcome_.from = plan.first;
  digest_ = head.digest;
  digest_by_ = outcome_.image_source = sources_.name_of(number);
  return {};
}

// --- waiting, and the end ---

std::expected<transport::RangeEvent, std::variant<Error, Recovery::Again>> Recovery::await(std::size_t number) {
  while (true) {
    if (Step fine = look_around(); !fine) return std::unexpected(fine.error());
    if (installer_ && !installer_->has_room()) {
      sources_.wait_for_bell(now_us() + show_us);
      came_us_ = now_us();  // nobody but we keeps anybody waiting
      continue;
    }
    auto said = sources_.await(now_us() + show_us);
    if (said && said->source == number) return std::move(said->event);
  }
}

Recovery::Step Recovery::look_around() {
  if (sources_.is_stopped()) return std::unexpected(Error{ErrorCode::refused, "interrupted"});
  if (sources_.contradiction()) return std::unexpected(*sources_.contradiction());
  (void)bell_.clear();
  if (installer_) {
    installer_->take_news();
    if (installer_->error()) return std::unexpected(*installer_->error());
  }
  show();
  return {};
}

/// A folder is made of nothing that lacks values. Which index would do is worth to be known.
Recovery::Step Recovery::check_complete() {
  if (!installer_ || !request_.keeps_folder) return {};
  const auto looked = look();
  if (!looked) return std::unexpected(looked.error());
  if (looked->is_complete) return {};
  const std::string here = std::to_string(outcome_.plan.to.value);
  const auto above = next_complete();
  return std::unexpected(
      Error{ErrorCode::refused, "the archive is compacted: it has not all values as of entry " + here +
                                    "; the nearest state below is as of entry " +
                                    std::to_string(looked->last_complete.value) +
                                    (above ? ", above as of entry " + std::to_string(above->value) : "")});
}

/// Goes on behind what is wanted: that state is given up anyway.
std::optional<Index> Recovery::next_complete() {
  const Index last = last_of(sources_.heads());
  while (next_ <= last) {
    outcome_.plan.to = std::min(last, next_ + Count{look_ahead_entries});
    if (!fetch_entries()) return std::nullopt;
    const auto looked = look();
    if (!looked) return std::nullopt;
    if (looked->completed) return looked->completed;
  }
  return std::nullopt;
}

std::expected<Installer::Looked, std::variant<Error, Recovery::Again>> Recovery::look() {
  installer_->look();
  while (!installer_->looked()) {
    if (Step fine = look_around(); !fine) return std::unexpected(fine.error());
    if (!installer_->looked()) sources_.wait_for_bell(now_us() + show_us);
  }
  return *installer_->looked();
}

Recovery::Step Recovery::end_installation() {
  if (!installer_) return {};
  installer_->end(request_.keeps_folder ? Installer::Ending::finish : Installer::Ending::sync);
  while (!installer_->installed()) {
    if (Step fine = look_around(); !fine) return fine;
    if (!installer_->installed()) sources_.wait_for_bell(now_us() + show_us);
  }
  outcome_.installed = installer_->installed();
  return {};
}

void Recovery::show() {
  const std::uint64_t now = now_us();
  if (now - shown_us_ < show_us) return;
  shown_us_ = now;
  const Plan& plan = outcome_.plan;
  const char* phase = next_.value == 0            ? "asking"
                      : plan.image && !has_image_ ? "image"
                      : next_ <= plan.to          ? "entries"
                                                  : "installing";
  show_({phase, next_, plan.to, outcome_.bytes, now - began_us_});
}

std::uint64_t Recovery::time_left_us() const {
  const std::uint64_t waited_us = now_us() - came_us_;
  return request_.sources.timeout_us - std::min(request_.sources.timeout_us, waited_us);
}

}  // namespace parley::recovery
