#include "tests/sim/follower.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/app/change_page.hpp"
#include "common/app/chat/answer.hpp"
#include "common/app/follow.hpp"
#include "common/app/reply.hpp"
#include "tests/sim/model_check.hpp"

namespace parley::sim {
namespace {

constexpr std::uint64_t random_part = 500;
constexpr std::uint64_t most_rest_us = 2'000'000;
constexpr std::uint64_t most_life_us = 15'000'000;
constexpr std::uint64_t most_reading_us = 300'000;
constexpr std::uint64_t quick_reading_us = 1'000;

}  // namespace

Follower::Follower(World& world, const People& people, std::size_t number, Calls calls)
    : world_(world),
      people_(people),
      name_(fmt::format("f{}", number)),
      random_(random_for(world.plan.seed, random_part + number)),
      calls_(std::move(calls)),
      clock_(world) {}

void Follower::must(bool condition, const std::string& what) const {
  world_.findings.must(condition, [&] { return fmt::format("{}: {}.", text(), what); });
}

std::string Follower::text() const {
  const std::string where = position_ ? fmt::format("at {}", *position_) : "at no position yet";
  const std::string what = follows_keys_ ? "keys " + std::string(prefix_) : "chat " + std::string(chat_);
  return fmt::format("follower {} of {} {}", name_, what, where);
}

void Follower::later(std::uint64_t delay_us, std::function<void()> action) {
  world_.queue.after(delay_us, [alive = is_alive_, action = std::move(action)] {
    if (*alive) action();
  });
}

void Follower::rest() {
  later(random_.between(10'000, most_rest_us), [this] { begin(); });
}

void Follower::begin() {
  if (life_) return;
  // Mostly it goes on with what it followed before.
  if (!position_ || random_.one_in(4)) choose();
  if (!follows_keys_ && token_.secret.empty()) return rest();
  follow();
}

void Follower::choose() {
  const Plan& plan = world_.plan;
  follows_keys_ = !plan.has_chat || (plan.has_keys && random_.one_in(3));
  wants_all_ = random_.one_in(2);
  position_.reset();
  chat_id_ = 0;
  token_ = {};
  if (follows_keys_) {
    const char* const prefixes[] = {"", "work-", "account-", "key-"};
    prefix_ = prefixes[random_.below(4)];
  } else if (!people_.tokens.empty()) {
    token_ = people_.tokens[people_.tokens.size() - 1 - random_.below(std::min<std::size_t>(people_.tokens.size(), 5))];
    chat_ = fmt::format("Room {}", random_.below(plan.chats));
  }
}

void Follower::follow() {
  life_.emplace();
  life_->links = std::make_unique<FeedLinks>(world_, fmt::format("{}/{}", name_, ++lives_), random_.next(),
                                             FeedLinks::Calls{calls_.machine, [this] { wake(); }});
  if (world_.is_calm) life_->links->make_reliable();
  client::FeedClient::Settings settings;
  for (std::size_t machine = 0; machine < calls_.count_machines(); ++machine) {
    const auto address = Address::parse(FeedLinks::address_of(machine));
    ENSURE(address.has_value());
    settings.servers.push_back(*address);
  }
  settings.seed = random_.next();
  settings.window = world_.plan.feed_window;
  life_->client = std::make_unique<client::FeedClient>(*life_->links, clock_, settings);
  unconsumed_ = 0;
  if (position_) ++world_.counters.feeds_resumed;
  const Bytes subject = follows_keys_ ? app::encode_follow(app::FollowKeys{prefix_, true})
                                      : app::encode_follow(app::FollowChat{token_.id(), chat_});
  const std::uint64_t after = position_ ? *position_ : wants_all_ ? 0 : wire::follow_from_now;
  if (wants_all_ && !position_) position_ = 0;
  life_->feed = life_->client->follow(
      subject, after, [this](client::FeedEvent&& event) { take(std::move(event)); }, token_.secret);
  later(random_.between(100'000, most_life_us), [this, life = lives_] {
    if (life == lives_) die();
  });
  world_.trace.note(Trace::nobody_special, "follower {} follows from {}", name_.back() - '0', after);
  wake();
}

/// It knows only its position afterwards.
void Follower::die() {
  if (!life_ || world_.is_calm) return;
  end();
  rest();
}

void Follower::end() {
  ended_.push_back(std::move(*life_));
  life_.reset();
  later(0, [this] { ended_.clear(); });
}

void Follower::calm_down() {
  if (life_) life_->links->make_reliable();
}

void Follower::answer(std::size_t machine, const node::Answer& answer, const std::string& node,
                      const std::string& leader, const std::string& leader_address) {
  if (!answer.to.connection.starts_with(name_ + "/")) return;
  if (life_) return life_->links->answer(machine, answer, node, leader, leader_address);
  if (Machine* at = calls_.machine(machine); at != nullptr && at->is_up()) at->replica()->lost(answer.to.connection);
}

void Follower::wake() {
  later(random_.below(100), [this] { step(); });
}

void Follower::step() {
  if (!life_) return;
  life_->client->step();
  arrange_step();
}

void Follower::arrange_step() {
  if (!life_) return;
  const std::uint64_t next_us = std::max(life_->client->next_wake_us(), world_.now_us() + 1'000);
  if (next_us == UINT64_MAX || (step_at_us_ > world_.now_us() && step_at_us_ <= next_us)) return;
  step_at_us_ = next_us;
  later(next_us - world_.now_us(), [this, next_us] {
    if (step_at_us_ == next_us) step();
  });
}

// ---- what it is told
// ---------------------------------------------------------------------------------------------------------

void Follower::take(client::FeedEvent&& event) {
  world_.trace.note(Trace::nobody_special, "follower {} at {} is told something of kind {}", name_.back() - '0',
                    position_.value_or(0), event.index());
  if (const auto* page = std::get_if<client::FeedItems>(&event)) return take_page(*page);
  if (std::holds_alternative<client::FeedTrouble>(event)) {
    ++world_.counters.feeds_resumed;
    return;
  }
  if (const auto* gone = std::get_if<client::FeedGone>(&event)) {
    ++world_.counters.feeds_gone;
    must(gone->first != 0 || position_, "is told that it is ahead before it has a position");
    // Keys are kept for a while, events of chats for good: of those only a node that lags can say so.
    must(follows_keys_ || gone->first == 0, "is told that events of a chat are gone");
    if (gone->first != 0) {
      must(gone->first > position_.value_or(0), "is told that something is gone which it has");
      position_.reset();
      wants_all_ = false;
    }
  }
  if (std::holds_alternative<client::FeedRefused>(event)) {
    must(!follows_keys_, "is refused the changes of keys");
    token_ = {};
    position_.reset();
  }
  end();
  rest();
}

void Follower::take_page(const client::FeedItems& page) {
  must(!position_ || page.after == *position_, fmt::format("is told what is behind {}", page.after));
  must(page.after <= page.upto, "is told to go back");
  if (follows_keys_) {
    take_changes(page);
  } else {
    take_events(page);
    if (!life_) return;
  }
  position_ = page.upto;
  unconsumed_ += page.count;
  if (page.count == 0) return;
  const std::uint64_t reading_us = world_.is_calm ? quick_reading_us : random_.below(most_reading_us);
  later(reading_us, [this, life = lives_] {
    if (!life_ || life != lives_) return;
    life_->client->consumed(life_->feed, std::exchange(unconsumed_, 0));
    wake();
  });
}

/// A page says how events were when it was made: what was edited or deleted since, it may not know yet.
void Follower::take_events(const client::FeedItems& page) {
  must(page.count == page.upto - page.after, "is told of a gap, or of more than there is");
  if (page.count == 0) return;
  const auto reply = app::decode_reply(page.items.view());
  const auto* answer = reply ? std::get_if<app::chat::Answer>(&reply->body) : nullptr;
  const auto* events = answer != nullptr ? std::get_if<app::chat::Events>(answer) : nullptr;
  must(events != nullptr && events->events.size() == page.count, "is told what is no page of events");
  if (events == nullptr) return;
  std::uint64_t seq = page.after;
  for (const app::chat::Event& event : events->events) {
    if (chat_id_ == 0) chat_id_ = event.chat.value;
    if (event.chat.value != chat_id_) return follow_another();
    must(event.seq.value == ++seq, "is told of events out of order");
    const auto& all = world_.models.events_of(event.chat.value);
    must(seq <= all.size(), "is told of an event that never was");
    if (seq > all.size()) return;
    const ModelJudge::ChatEvent& was = all[seq - 1];
    const bool is_same = event.kind == was.kind && folded(event.user) == was.author && event.time_us == was.time_us &&
                         event.of.value == was.of &&
                         (event.deleted_by.value == 0 ? event.text == was.text : event.text.empty());
    must(is_same, fmt::format("is told of event {} what it never was", seq));
  }
}

/// A chat is followed by its name, and when the feed went on at another node that was another chat's: as a client can
/// see by the number in its events. That no node changes from one to another, is judged there.
void Follower::follow_another() {
  ++world_.counters.feeds_gone;
  position_.reset();
  end();
  rest();
}

/// Everything with the prefix that lies in the page's bounds, with what was there before.
void Follower::take_changes(const client::FeedItems& page) {
  const auto& all = world_.models.key_events();
  auto expected = std::ranges::upper_bound(all, Index{page.after}, {}, &ModelJudge::KeyEvent::index);
  const auto skip = [&] {
    while (expected != all.end() && expected->index.value <= page.upto && !expected->key.starts_with(prefix_))
      ++expected;
    return expected != all.end() && expected->index.value <= page.upto;
  };
  const auto changes = page.count == 0 ? std::vector<app::ChangeRecord>{} : app::decode_change_page(page.items.view());
  must(changes && changes->size() == page.count, "is told what is no page of changes");
  if (!changes) return;
  for (const app::ChangeRecord& change : *changes) {
    const bool is_more = skip();
    must(is_more, "is told of a change that never was");
    if (!is_more) return;
    using Previous = app::ChangeRecord::Previous;
    const bool is_previous = change.previous == Previous::none    ? !expected->previous
                             : change.previous == Previous::value ? expected->previous == Bytes(change.previous_value)
                                                                  : change.previous == Previous::omitted;
    const bool is_same = change.index == expected->index && change.key == expected->key &&
                         change.value.has_value() == expected->value.has_value() &&
                         (!change.value || *change.value == *expected->value) && is_previous;
    must(is_same, fmt::format("is told of another change by entry {} than there was", change.index.value));
    ++expected;
  }
  must(!skip(), fmt::format("is not told of a change up to {}", page.upto));
}

bool Follower::is_up_to_date() const {
  if (!life_) return true;
  if (!position_) return false;
  if (!follows_keys_) return chat_id_ == 0 || *position_ == world_.models.events_of(chat_id_).size();
  const auto& all = world_.models.key_events();
  const auto last =
      std::find_if(all.rbegin(), all.rend(), [&](const auto& each) { return each.key.starts_with(prefix_); });
  return last == all.rend() || last->index.value <= *position_;
}

}  // namespace parley::sim
