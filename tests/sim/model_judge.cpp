#include "tests/sim/model_judge.hpp"

#include <fmt/format.h>

#include "common/app/chat/chat.hpp"
#include "tests/sim/model_check.hpp"

namespace parley::sim {

using app::chat::ChatModel;

void ModelJudge::must(bool condition, Index index, const std::string& what) const {
  findings_.must(condition, [&] { return fmt::format("entry {}: {}.", index.value, what); });
}

void ModelJudge::remember(Index index, bool is_keys, bool is_chats) {
  if (!is_close_) return;
  if (is_keys) past_keys_.note(index, keys_);
  if (is_chats) past_chats_.note(index, chats_);
}

// ---- entries
// -------------------------------------------------------------------------------------------------------------

void ModelJudge::begin(const Entry& entry) {
  if (entry.kind == EntryKind::time) ++counters_.times;
  const std::size_t keys = keys_.keys.size();
  const std::size_t ended = keys_.pass(entry.time.cluster_us);
  const std::size_t ended_keys = keys - keys_.keys.size();
  counters_.ended_keys += ended_keys;
  counters_.ended_leases += ended - ended_keys;
  chats_.now(entry.time.cluster_us, entry.time.wall_us);
  keys_changed_ = ended > 0;
  chats_changed_ = false;
}

void ModelJudge::executed(const Entry& entry, const app::Command& command, const app::Reply& reply) {
  const bool is_chat = std::holds_alternative<app::chat::Operation>(command.operation);
  keys_changed_ = keys_changed_ || (!is_chat && reply.word == ErrorWord::ok);
  std::visit(
      [&](const auto& operation) {
        if constexpr (requires { on(entry, operation, reply); }) {
          on(entry, operation, reply);
        } else if constexpr (requires { keys_.run(operation); }) {
          expect_answer(entry, keys_.run(operation), reply);
        }
      },
      command.operation);
  if (std::holds_alternative<app::Increment>(command.operation)) ++counters_.increments;
  if (is_chat && chats_.appended()) sends_.emplace(app::id_of(command), *chats_.appended());
}

void ModelJudge::expect_answer(const Entry& entry, const app::KeyModel::Answer& expected, const app::Reply& reply) {
  const auto* value = std::get_if<app::ReplyValue>(&reply.body);
  const bool is_right =
      reply.word == expected.word && (expected.value ? value != nullptr && value->value == *expected.value : !value);
  must(is_right, entry.index,
       fmt::format("the answer is \"{}\", and not \"{}\" as the model has it, or its value is another",
                   text(reply.word), text(expected.word)));
}

void ModelJudge::on(const Entry& entry, const app::LeaseGrant& grant, const app::Reply& reply) {
  const auto* lease = std::get_if<app::ReplyLease>(&reply.body);
  const bool is_new = lease != nullptr && *lease == app::ReplyLease{{entry.index.value}, grant.ttl_us, grant.ttl_us, 0};
  must(keys_.run(grant, entry.index.value).word == reply.word && is_new, entry.index, "this is no new lease");
  ++counters_.leases;
}

void ModelJudge::on(const Entry& entry, const app::Transaction& transaction, const app::Reply& reply) {
  const auto parts = app::decode_transaction(transaction.parts);
  must(parts.has_value(), entry.index, "a transaction is none");
  if (!parts) return;
  app::ReplyTransaction expected;
  const ErrorWord word = keys_.run(*parts, expected);
  const auto* said = std::get_if<app::ReplyTransaction>(&reply.body);
  must(word == reply.word && said != nullptr && *said == expected, entry.index,
       fmt::format("a transaction is answered \"{}\", and not \"{}\" as the model has it, or otherwise in its items",
                   text(reply.word), text(word)));
  ++(word != ErrorWord::ok ? counters_.transactions_refused
     : expected.held       ? counters_.transactions_held
                           : counters_.transactions_not_held);
}

void ModelJudge::on(const Entry& entry, const app::chat::Operation& operation, const app::Reply& reply) {
  const ChatModel::Answered expected = chats_.take(operation);
  const auto* answer = std::get_if<app::chat::Answer>(&reply.body);
  const auto* sent = answer != nullptr ? std::get_if<app::chat::Sent>(answer) : nullptr;
  const bool is_right = reply.word == expected.word && (expected.sent ? sent && *sent == *expected.sent : !sent);
  must(is_right, entry.index,
       fmt::format("{} is answered \"{}\", and not \"{}\" as the model has it, or gets another number",
                   name_of(operation), text(reply.word), text(expected.word)));
  chats_changed_ = reply.word == ErrorWord::ok;
  if (chats_.appended()) note_event(entry, *chats_.appended());
  count(operation, reply);
}

void ModelJudge::count(const app::chat::Operation& operation, const app::Reply& reply) {
  using namespace app::chat;
  if (reply.word != ErrorWord::ok) {
    ++counters_.chat_refusals;
  } else if (std::holds_alternative<Send>(operation)) {
    ++(chats_.appended() ? counters_.sends : counters_.sends_again);
  } else if (std::holds_alternative<Edit>(operation)) {
    ++counters_.edits;
  } else if (std::holds_alternative<DeleteMessage>(operation)) {
    ++counters_.deletions;
  } else if (std::holds_alternative<JoinChat>(operation)) {
    ++counters_.joins;
  } else if (std::holds_alternative<Login>(operation)) {
    ++counters_.logins;
  }
}

/// The sequence of a chat has no gap, whatever the model thinks of it, and no message stands in it twice.
void ModelJudge::note_event(const Entry& entry, const ChatModel::Place& place) {
  const auto chat = std::ranges::find(chats_.chats(), place.chat, [](const auto& each) { return each.second.id; });
  const ChatModel::Message& message = chat->second.events.back();
  std::vector<ChatEvent>& events = events_[place.chat];
  events.push_back({message.author, message.time_us, message.kind, message.text, message.of});
  must(events.size() == place.seq, entry.index, "the events of a chat have a gap");
  if (message.kind == 1)
    must(texts_.insert(message.text).second, entry.index, "a message that was sent once stands in a chat twice");
}

void ModelJudge::end(const Entry& entry, const app::Outcome& outcome) {
  if (is_close_) check_changes(entry, outcome);
  if (keys_changed_) check_total(entry.index, keys_);
  remember(entry.index, keys_changed_, chats_changed_);
}

/// Who follows the changes has the rows.
void ModelJudge::check_changes(const Entry& entry, const app::Outcome& outcome) {
  for (const app::KeyChange& change : outcome.changes) {
    const std::string key(change.key);
    const auto before = told_.find(key);
    const std::optional<std::string> was = before == told_.end() ? std::nullopt : std::optional(before->second);
    const std::optional<std::string> said =
        change.previous ? std::optional(std::string(*change.previous)) : std::nullopt;
    must(was == said, entry.index, "a change tells another value than there was");
    if (change.value) {
      told_[key] = *change.value;
      key_events_.push_back({entry.index, key, std::string(*change.value), was});
    } else {
      told_.erase(key);
      key_events_.push_back({entry.index, key, std::nullopt, was});
    }
  }
  if (outcome.changes.empty() && !keys_changed_) return;
  const bool is_same = std::ranges::equal(told_, keys_.keys, [](const auto& told, const auto& row) {
    return told.first == row.first && told.second == row.second.bytes;
  });
  must(is_same, entry.index, "the changes that are told do not lead to the rows of the model");
}

void ModelJudge::check_total(Index index, const app::KeyModel& keys) const {
  if (!total_) return;
  std::int64_t total = 0;
  bool has_any = false;
  for (auto at = keys.keys.lower_bound(accounts); at != keys.keys.end() && at->first.starts_with(accounts); ++at) {
    total += std::stoll(at->second.bytes);
    has_any = true;
  }
  must(!has_any || total == *total_, index, "the balances do not add up any more");
}

// ---- what clients and nodes say
// ------------------------------------------------------------------------------------------

void ModelJudge::acknowledged(const app::CommandId& id) {
  const auto send = sends_.find(id);
  if (send != sends_.end()) events_[send->second.chat][send->second.seq - 1].is_acknowledged = true;
}

void ModelJudge::was_read(Index index, const app::Query& query, const app::Reply& reply) {
  const app::KeyModel* keys = past_keys_.at(index);
  const ChatModel* chats = past_chats_.at(index);
  if (keys == nullptr || chats == nullptr) {
    ++counters_.reads_too_old;
    return;
  }
  ++counters_.reads_judged;
  const std::string wrong = wrong_in(reply, query, *keys, *chats);
  must(wrong.empty(), index, "what was read there is wrong: " + wrong);
  if (const auto* scan = std::get_if<app::Scan>(&query);
      scan != nullptr && scan->prefix == accounts && scan->limit == 0) {
    const auto* rows = std::get_if<app::ReplyRows>(&reply.body);
    std::int64_t total = 0;
    for (const app::Row& row : rows->rows) total += std::stoll(row.value);
    must(rows->rows.empty() || total == total_, index, "the balances that were read do not add up");
  }
}

std::optional<std::uint64_t> ModelJudge::chat_of(Index index, const app::FollowChat& subject) const {
  const ChatModel* chats = past_chats_.at(index);
  if (chats == nullptr) return std::nullopt;
  const auto user = chats->user_of(subject.token);
  const ChatModel::Chat* chat = user ? chats->seen(*user, subject.chat) : nullptr;
  return chat != nullptr && chat->has(*user) ? chat->id : 0;
}

void ModelJudge::was_fed(Index index, const app::FollowChat& subject, std::uint64_t was, const wire::FeedReply& page) {
  const auto chat_id = chat_of(index, subject);
  if (!chat_id) return;
  must(*chat_id != 0, index, "somebody is fed who may not read the chat");
  must(was == 0 || was == *chat_id, index, "a feed goes on in another chat");
  const auto reply = app::decode_reply(page.items.view());
  const auto* answer = reply ? std::get_if<app::chat::Answer>(&reply->body) : nullptr;
  const auto* events = answer != nullptr ? std::get_if<app::chat::Events>(answer) : nullptr;
  must(events != nullptr && events->events.size() == page.count && page.upto - page.after == page.count, index,
       "a page of a feed is none");
  if (events == nullptr || *chat_id == 0) return;
  const ChatModel* chats = past_chats_.at(index);
  const auto chat = std::ranges::find(chats->chats(), *chat_id, [](const auto& each) { return each.second.id; });
  const std::string wrong = wrong_in(*events, page.after, chat->second, *chats);
  must(wrong.empty(), index, "what is fed there is wrong: " + wrong);
}

void ModelJudge::was_refused(Index index, const app::FollowChat& subject, std::uint64_t was,
                             const wire::ErrorReply& refusal) {
  const auto chat = chat_of(index, subject);
  if (!chat) return;
  must(*chat == 0 || (was != 0 && *chat != was), index,
       fmt::format("who may read a chat is refused: \"{}\", {}", text(refusal.error), refusal.detail));
}

const std::vector<ModelJudge::ChatEvent>& ModelJudge::events_of(std::uint64_t chat) const {
  const auto found = events_.find(chat);
  return found == events_.end() ? nothing_ : found->second;
}

// ---- the end
// ---------------------------------------------------------------------------------------------------------------

void ModelJudge::check_rows(const std::string& node, const app::Table& rows) const {
  for (const auto& [name, chat] : chats_.chats()) {
    std::uint64_t after = 0;
    while (after < chat.events.size()) {
      const auto page = app::chat::events_behind(app::chat::ChatId{chat.id}, app::chat::EventSeq{after}, 0, rows);
      const std::string wrong = wrong_in(page, after, chat, chats_);
      findings_.must(wrong.empty() && !page.events.empty(),
                     [&] { return fmt::format("{} has not the events of {}: {}.", node, name, wrong); });
      if (page.events.empty()) break;
      after += page.events.size();
    }
    const auto last = app::chat::last_event(app::chat::ChatId{chat.id}, rows);
    findings_.must(last && last->value == chat.events.size(),
                   [&] { return fmt::format("{} has more events of {} than there were.", node, name); });
  }
}

void ModelJudge::check_promises() const {
  for (const auto& [name, chat] : chats_.chats()) {
    const std::vector<ChatEvent>& events = events_of(chat.id);
    for (std::size_t at = 0; at < events.size(); ++at) {
      if (!events[at].is_acknowledged) continue;
      const bool is_there = at < chat.events.size() && chat.events[at].kind == events[at].kind &&
                            (chat.events[at].text == events[at].text || chat.events[at].deleted_by != 0);
      findings_.must(is_there,
                     [&] { return fmt::format("event {} of {} was acknowledged, and is gone.", at + 1, name); });
    }
  }
}

}  // namespace parley::sim
