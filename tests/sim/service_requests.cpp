// What clients ask of a simulated node, and what they follow there: as node/service_requests.cpp has it.
#include "common/app/chat/chat.hpp"
#include "common/app/validate.hpp"
#include "common/base/ensure.hpp"
#include "common/base/feed_limits.hpp"
#include "tests/sim/service.hpp"

namespace parley::sim {
namespace {

/// How long hashing takes, in place of Argon2id.
constexpr std::uint64_t least_hashing_us = 20'000;
constexpr std::uint64_t most_hashing_us = 200'000;

bool is_shown(const app::chat::TokenId* id, const SharedBytes& token) {
  return id == nullptr || blake2b(token.view()) == *id;
}

/// Who knows the hash knows the password; nobody here looks.
Bytes cheap_hash(BytesView password) { return "hash of " + Bytes(password); }

std::optional<app::FollowChat> chat_of(const SharedBytes& subject) {
  const auto decoded = app::decode_follow(subject.view());
  const auto* follow = decoded ? std::get_if<app::FollowChat>(&*decoded) : nullptr;
  return follow == nullptr ? std::nullopt : std::optional(*follow);
}

}  // namespace

void Service::refuse(const node::Asker& asker, ErrorWord word, const char* why) {
  answers_.push_back({asker, wire::ErrorReply{word, why, 0}});
}

void Service::on(Asked& asked) {
  const bool is_follow = std::holds_alternative<wire::FollowRequest>(asked.body);
  const bool is_of_feed = std::holds_alternative<wire::GrantRequest>(asked.body) ||
                          std::holds_alternative<wire::EndFeedRequest>(asked.body);
  if (!is_member_ && !is_of_feed)
    return refuse(asked.asker, is_follow ? ErrorWord::no_leader : ErrorWord::not_member, "belongs to no cluster yet");
  std::visit(
      [&](auto& body) {
        if constexpr (requires { take(asked, body); }) {
          take(asked, body);
        } else if constexpr (requires { feeds_.grant(asked.asker, body); }) {
          feeds_.grant(asked.asker, body);
        } else if constexpr (requires { feeds_.end(asked.asker, body); }) {
          feeds_.end(asked.asker, body);
        }
      },
      asked.body);
}

void Service::take(const Asked& asked, wire::WriteRequest& write) {
  const auto command = app::decode_command(write.command.view());
  ENSURE(command.has_value());
  if (const auto problem = app::validate(*command, machine_->meta().in_force()))
    return refuse(asked.asker, problem->word, "the command is not sound");
  if (const auto* operation = std::get_if<app::chat::Operation>(&command->operation)) {
    const bool may = !app::chat::needs_password(*operation) && is_shown(app::chat::token_of(*operation), write.token);
    if (!may) return refuse(asked.asker, ErrorWord::denied, "the token that is shown is not the one that is meant");
  }
  auto busy = writes_.add(asked.asker, app::id_of(*command), std::move(write.command), asked.deadline_us);
  if (busy) answers_.push_back({asked.asker, std::move(*busy)});
}

void Service::take(const Asked& asked, wire::ReadRequest& read) {
  if (const auto query = app::decode_query(read.query.view())) {
    const auto* of_chat = std::get_if<app::chat::Query>(&*query);
    if (of_chat != nullptr && !is_shown(&app::chat::token_of(*of_chat), read.token))
      return refuse(asked.asker, ErrorWord::denied, "the token that is shown is not the one that is meant");
  }
  node::PendingReads::Read pending{asked.asker, std::move(read.query), asked.deadline_us};
  if (read.mode == wire::ReadMode::stale) return answer_stale(pending);
  pending.by_lease = read.mode == wire::ReadMode::lease;
  auto busy = reads_.add(std::move(pending));
  if (busy) answers_.push_back({asked.asker, std::move(*busy)});
}

// ---- passwords
// --------------------------------------------------------------------------------------------------------------

void Service::take(const Asked& asked, wire::PasswordRequest& request) {
  const auto command = app::decode_command(request.command.view());
  const auto* operation = command ? std::get_if<app::chat::Operation>(&command->operation) : nullptr;
  ENSURE(operation != nullptr && app::chat::is_template(*operation));
  if (!is_shown(app::chat::token_of(*operation), request.token))
    return refuse(asked.asker, ErrorWord::denied, "the token that is shown is not the one that is meant");
  const app::CommandId id = app::id_of(*command);
  auto busy = writes_.is_waiting(id) ? writes_.add(asked.asker, id, {}, asked.deadline_us)
                                     : passwords_.add(asked.asker, id, std::move(request), asked.deadline_us);
  if (busy) answers_.push_back({asked.asker, std::move(*busy)});
}

void Service::begin_hashing() {
  if (!world_.plan.has_chat) return;
  const node::PasswordDesk::Known known{machine_->rows(), machine_->meta(),
                                        due_timer_.cluster_us(clock_().monotonic_us)};
  const auto work = passwords_.take_work(known, answers_);
  if (!work) return;
  node::PasswordDone done;
  done.ticket = work->ticket;
  done.is_right = work->is_to_verify && work->hash == cheap_hash(work->password);
  if (work->is_to_hash && (done.is_right || !work->is_to_verify)) done.hash = cheap_hash(work->new_password);
  process_.after(random_.between(least_hashing_us, most_hashing_us), [this, done] { post(done); });
}

void Service::on(const node::PasswordDone& done) {
  const auto finished = passwords_.finish(done, answers_);
  if (!finished) return;
  if (!done.is_right && done.hash.empty()) ++world_.counters.passwords_wrong;
  for (const node::PasswordDesk::Waiter& waiter : finished->waiters) {
    auto busy = writes_.add(waiter.asker, finished->id, finished->command, waiter.deadline_us);
    if (busy) answers_.push_back({waiter.asker, std::move(*busy)});
  }
}

// ---- feeds
// --------------------------------------------------------------------------------------------------------------

void Service::lost(Bytes connection) { post(Lost{std::move(connection)}); }

void Service::take(const Asked& asked, const wire::FollowRequest& request) {
  const auto age_us = freshness_.age_us(machine_->applied(), clock_().monotonic_us);
  if (!age_us || *age_us > limits::feed_stale_ms * 1000)
    return refuse(asked.asker, ErrorWord::no_leader, "this node has not been told for some time what is committed");
  const auto chat = chat_of(request.subject);
  if (chat && !is_shown(&chat->token, request.token))
    return refuse(asked.asker, ErrorWord::denied, "the token that is shown is not the one that is meant");
  const std::size_t from = answers_.size();
  const auto granted = chat ? world_.models.chat_of(machine_->applied(), *chat) : std::nullopt;
  followed_[{asked.asker.connection, asked.asker.request}] = {request.subject, granted.value_or(0)};
  ++world_.counters.feeds;
  world_.trace.note(node_, "is asked for a feed behind {}, chat {}", request.after, granted.value_or(0));
  feeds_.follow(asked.asker, request, answers_);
  judge_feeds(from);
}

void Service::note_changes(const app::Outcome& outcome) {
  const app::Meta& meta = machine_->meta();
  changes_.add(meta.applied, meta.time, outcome.changes);
  chat_feeds_.note(*outcome.chats);
  for (const app::chat::ChatId chat : outcome.chats->chats) feeds_.changed(node::ChatFeeds::topic_of(chat));
  if (outcome.chats->is_access_changed) feeds_.changed(chat_feeds_);
}

void Service::tend_feeds() {
  if (!world_.plan.has_feeds() || world_.now_us() < next_beat_us_) return;
  next_beat_us_ = world_.now_us() + limits::feed_beat_ms * 1000;
  const auto age_us = freshness_.age_us(machine_->applied(), clock_().monotonic_us);
  if (!age_us || *age_us > limits::feed_stale_ms * 1000) {
    feeds_.end_all({ErrorWord::no_leader, "this node has not been told for some time what is committed", 0}, answers_);
  }
  feeds_.beat(answers_);
}

void Service::judge_feeds(std::size_t from) {
  for (std::size_t at = from; at < answers_.size(); ++at) {
    const node::Answer& answer = answers_[at];
    if (const auto* page = std::get_if<wire::FeedReply>(&answer.body)) judge_feed(answer.to, *page);
    if (const auto* refusal = std::get_if<wire::ErrorReply>(&answer.body)) judge_refusal(answer.to, *refusal);
  }
}

void Service::judge_feed(const node::Asker& asker, const wire::FeedReply& page) {
  if (page.count == 0) return;
  const auto followed = followed_.find({asker.connection, asker.request});
  ENSURE(followed != followed_.end());
  ++world_.counters.feed_pages;
  world_.counters.feed_items += page.count;
  if (const auto chat = chat_of(followed->second.subject))
    world_.models.was_fed(machine_->applied(), *chat, followed->second.chat, page);
}

void Service::judge_refusal(const node::Asker& asker, const wire::ErrorReply& refusal) {
  const auto followed = followed_.find({asker.connection, asker.request});
  if (followed == followed_.end()) return;
  ++world_.counters.feeds_refused;
  world_.trace.note(node_, "refuses a feed: {}", static_cast<int>(refusal.error));
  if (const auto chat = chat_of(followed->second.subject))
    world_.models.was_refused(machine_->applied(), *chat, followed->second.chat, refusal);
}

}  // namespace parley::sim
