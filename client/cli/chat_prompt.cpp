#include "client/cli/chat_prompt.hpp"

#include <algorithm>
#include <utility>

#include "common/base/entropy.hpp"
#include "common/base/hex.hpp"
#include "common/base/prompt_limits.hpp"
#include "common/base/utf8.hpp"

namespace parley::client::cli {

using prompt::Line;

namespace {

FeedClient::Settings feed_settings(const Client& client) {
  FeedClient::Settings settings;
  settings.servers = client.configured_servers();
  settings.cluster = client.cluster();
  settings.seed = draw_u64();
  return settings;
}

/// Enough of a text to know it by.
std::string brief(const std::string& text) {
  constexpr std::size_t most = 60;
  if (text.size() <= most || !is_utf8(text)) return text.substr(0, most);
  std::size_t end = most;
  while ((static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

}  // namespace

std::string words_of(const Outcome& outcome) {
  return std::string(text(outcome.word)) + (outcome.detail.empty() ? "" : ": " + outcome.detail);
}

ChatPrompt::ChatPrompt(Environment& environment, std::string name, ChatUser user, std::string open)
    : environment_(environment),
      name_(std::move(name)),
      user_(std::move(user)),
      first_chat_(std::move(open)),
      feeds_(environment.network, environment.clock, feed_settings(environment.client)),
      rooms_(name_, [this](ChatId chat, const app::chat::Event& event) { return is_sent_here(chat, event); }) {}

ChatPrompt::~ChatPrompt() = default;

void ChatPrompt::take_line(std::string line) {
  ++events_;
  typed_.push_back(std::move(line));
}

void ChatPrompt::refuse_line(std::string why) {
  ++events_;
  if (code_ == done) code_ = wrong_usage;
  rooms_.tell(Line::failure(std::move(why)));
}

void ChatPrompt::stop() {
  ++events_;
  if (is_leaving_) return break_off(outbox_.is_idle() && typed_.empty() ? done : no_answer);
  is_leaving_ = true;
  farewell_us_ = now_us() + limits::prompt_farewell_us;
  if (!outbox_.is_idle() || !typed_.empty())
    rooms_.tell(Line::note("messages are on their way and are waited for; once more leaves without them"));
}

void ChatPrompt::step() {
  std::uint64_t seen = 0;
  do {
    seen = events_;
    feeds_.step();
    environment_.client.step();
    grant_credit();
    while (!typed_.empty() && is_due(typed_.front()) && !is_over_) {
      const std::string line = std::move(typed_.front());
      typed_.pop_front();
      run(line);
    }
    if (!is_listing_ && now_us() >= next_list_us_) ask_list(0);
    send_next();
    mark_read();
    if (is_leaving_) finish();
  } while (events_ != seen && !is_over_);
}

std::uint64_t ChatPrompt::next_wake_us() const {
  std::uint64_t next = std::min(environment_.client.next_wake_us(), feeds_.next_wake_us());
  if (!is_listing_) next = std::min(next, next_list_us_);
  next = std::min(next, next_mark_us_);
  if (is_leaving_) next = std::min(next, farewell_us_);
  return next;
}

bool ChatPrompt::is_idle() const { return calls_ == 0 && typed_.empty() && outbox_.is_idle(); }

std::string ChatPrompt::label() {
  const prompt::Room* room = rooms_.open_one();
  std::string label = room != nullptr ? room->name : "no chat";
  if (const std::uint64_t unread = rooms_.unread_elsewhere(); unread > 0) label += " +" + std::to_string(unread);
  return label;
}

std::vector<std::string> ChatPrompt::chat_names() const {
  std::vector<std::string> names;
  for (const prompt::Room& room : rooms_.all()) names.push_back(room.name);
  return names;
}

void ChatPrompt::ask(const Submit& submit, Then then) {
  ++events_;
  ++calls_;
  // The client may outlive this, at the prompt of all commands.
  submit([this, alive = std::weak_ptr(alive_), then = std::move(then)](Outcome&& outcome) {
    if (alive.expired()) return;
    ++events_;
    --calls_;
    then(std::move(outcome));
  });
}

/// One that was asked for before says nothing of what has changed since.
void ChatPrompt::list_again() {
  is_list_void_ = is_listing_;
  next_list_us_ = 0;
  ++events_;
}

void ChatPrompt::ask_list(std::uint64_t after) {
  is_listing_ = true;
  if (after == 0) {
    list_.clear();
    is_list_void_ = false;
  }
  ask([&](Callback callback) { user_.list(after, std::move(callback)); },
      [this](Outcome&& outcome) { listed(std::move(outcome)); });
}

void ChatPrompt::listed(Outcome&& outcome) {
  is_listing_ = false;
  if (!is_list_void_) next_list_us_ = now_us() + limits::prompt_list_us;
  const auto* page = outcome.chat<app::chat::Chats>();
  if (page == nullptr) {
    if (outcome.word == ErrorWord::denied || !is_listed_) {
      refuse("the list of chats", outcome);
      return break_off(code_);
    }
    if (std::exchange(is_answering_, false))
      rooms_.tell(Line::trouble("the cluster does not answer (" + words_of(outcome) + "); it is asked again"));
    if (is_entering_ && !is_list_void_) {
      refuse("opening " + to_open_, outcome);
      is_entering_ = false;
    }
    return;
  }
  if (!std::exchange(is_answering_, true)) rooms_.tell(Line::trouble("the cluster answers again"));
  if (is_list_void_) return;
  list_.insert(list_.end(), page->chats.begin(), page->chats.end());
  if (page->more && !page->chats.empty()) return ask_list(page->chats.back().id.value);
  const auto changes = rooms_.listed(std::exchange(list_, {}));
  for (const ChatId left : changes.left) {
    unfollow(left);
    outbox_.shown(left, UINT64_MAX);
  }
  // Besides those that are new there may be some whose feed has ended, perhaps since they have another name.
  for (const prompt::Room& room : rooms_.all()) {
    if (room.is_member && !followed_.contains(room.id)) follow(room, room.last);
  }
  if (!std::exchange(is_listed_, true)) return open_first();
  if (!std::exchange(is_entering_, false)) return;
  const std::string wanted = std::exchange(to_open_, {});
  prompt::Room* room = rooms_.find(wanted);
  if (room != nullptr && room->is_member) return open(*room);
  if (!wanted.empty())
    rooms_.tell(Line::failure(room != nullptr ? "you are invited to " + room->name + "; /join " + room->name
                                              : "you are in no chat " + wanted + "; /join makes you a member"));
}

void ChatPrompt::open_first() {
  is_entering_ = false;
  rooms_.tell(Line::note("you are " + name_ + "; /help tells what can be typed, /quit leaves"));
  rooms_.describe();
  const auto& all = rooms_.all();
  const auto members = std::ranges::count(all, true, &prompt::Room::is_member);
  if (!first_chat_.empty()) {
    prompt::Room* room = rooms_.find(first_chat_);
    if (room != nullptr && room->is_member) return open(*room);
    rooms_.tell(Line::failure("you are in no chat " + first_chat_ + "; /join makes you a member"));
    if (code_ == done) code_ = answer_is_no;
  } else if (members == 1) {
    const auto only = std::ranges::find(all, true, &prompt::Room::is_member);
    open(*rooms_.find(only->id));
  }
}

void ChatPrompt::open(prompt::Room& room) {
  const std::uint32_t count = rooms_.open(room);
  ask([&](Callback callback) { user_.history(room.name, 0, 0, false, count, std::move(callback)); },
      [this, chat = room.id](Outcome&& outcome) {
        prompt::Room* opened = rooms_.find(chat);
        if (opened == nullptr || !opened->is_loading) return;
        if (const auto* history = outcome.chat<app::chat::Events>()) return rooms_.came(*opened, *history);
        refuse("the history of " + opened->name, outcome);
        rooms_.came_not(*opened);
      });
}

void ChatPrompt::send_next() {
  const prompt::Sending* sending = outbox_.next();
  if (sending == nullptr) return;
  const prompt::Room* room = rooms_.find(sending->chat);
  const std::uint64_t number = sending->number;
  if (room == nullptr) {
    Outcome outcome;
    outcome.word = ErrorWord::not_member;
    outcome.detail = "you are not in this chat any more";
    ++events_;
    return sent(number, std::move(outcome));
  }
  rooms_.tell(Line::sending(room->name, "on its way: " + brief(sending->text)));
  ask([&](Callback callback) { user_.send(room->name, sending->text, sending->key, std::move(callback)); },
      [this, number](Outcome&& outcome) { sent(number, std::move(outcome)); });
}

/// The event that a message became is as good an answer as the answer, and may be there before it.
bool ChatPrompt::is_sent_here(ChatId chat, const app::chat::Event& event) {
  const auto sending = outbox_.seen(chat, event.text, event.seq.value);
  if (sending && sending->state != prompt::Sending::State::acknowledged)
    tell_acknowledged(chat, event.seq.value, event.text);
  return sending.has_value();
}

void ChatPrompt::tell_acknowledged(ChatId chat, std::uint64_t seq, const std::string& text) {
  const prompt::Room* room = rooms_.find(chat);
  rooms_.tell(Line::sending(room != nullptr ? room->name : std::string(),
                            "acknowledged as " + std::to_string(seq) + ": " + brief(text)));
}

void ChatPrompt::sent(std::uint64_t number, Outcome&& outcome) {
  const auto* answer = outcome.ok() ? outcome.chat<app::chat::Sent>() : nullptr;
  const auto ended =
      answer != nullptr ? outbox_.acknowledged(number, answer->seq.value) : outbox_.failed(number, outcome.word);
  if (!ended) return;
  const prompt::Sending& sending = ended->sending;
  const prompt::Room* room = rooms_.find(sending.chat);
  if (answer != nullptr) {
    tell_acknowledged(sending.chat, sending.seq, sending.text);
    // In a chat that he is in no more it will not be seen.
    outbox_.shown(sending.chat, room == nullptr ? UINT64_MAX : room->is_loading ? room->shown : room->last);
    return;
  }
  std::string what = "not sent to " + (room != nullptr ? room->name : sending.chat_name) + ": " + brief(sending.text);
  if (outcome.word == ErrorWord::timeout) what = "perhaps " + what;
  if (ended->fail_along > 0) what += " (and " + std::to_string(ended->fail_along) + " behind it)";
  refuse(what, outcome);
  rooms_.tell(Line::note("/retry sends again what has failed, and nothing twice; /drop forgets it"));
}

/// What was shown while its chat was open was read.
void ChatPrompt::mark_read() {
  next_mark_us_ = UINT64_MAX;
  const auto& all = rooms_.all();
  const auto found = std::ranges::find_if(
      all, [](const prompt::Room& room) { return room.is_member && !room.is_loading && room.shown > room.read; });
  if (found == all.end() || is_marking_) return;
  const std::uint64_t now = now_us();
  if (now < earliest_mark_us_ && !is_leaving_) {
    next_mark_us_ = earliest_mark_us_;
    return;
  }
  is_marking_ = true;
  earliest_mark_us_ = now + limits::prompt_mark_us;
  ask([&](Callback callback) { user_.mark_read(found->name, found->shown, std::move(callback)); },
      [this, chat = found->id, upto = found->shown](Outcome&& outcome) {
        is_marking_ = false;
        prompt::Room* room = rooms_.find(chat);
        // One that is refused is not tried again; one that was not answered is.
        const bool is_over = exit_code(outcome.word) != no_answer;
        if (room != nullptr && is_over) room->read = std::max(room->read, upto);
      });
}

void ChatPrompt::finish() {
  if (!outbox_.is_idle() || !typed_.empty() || writes_ > 0) {
    farewell_us_ = now_us() + limits::prompt_farewell_us;
    return;
  }
  if (is_marking_ && now_us() < farewell_us_) return;
  if (const std::size_t failed = outbox_.count(prompt::Sending::State::failed); failed > 0)
    rooms_.tell(Line::note(std::to_string(failed) + (failed == 1 ? " message was" : " messages were") + " not sent"));
  ++events_;
  is_over_ = true;
}

/// Something that the person wanted was not done.
void ChatPrompt::refuse(const std::string& what, const Outcome& outcome) {
  rooms_.tell(Line::failure(what + " -- " + words_of(outcome)));
  if (code_ == done) code_ = exit_code(outcome.word);
}

void ChatPrompt::break_off(int code) {
  ++events_;
  is_over_ = has_broken_off_ = true;
  code_ = code;
}

}  // namespace parley::client::cli
