#include "tests/sim/chat_work.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tests/sim/model_check.hpp"

namespace parley::sim {
namespace {

using namespace app::chat;

constexpr std::size_t most_remembered = 8;
/// After so many denials a user is taken for disabled, and another one begins.
constexpr std::uint32_t patience = 8;

}  // namespace

ChatWork::ChatWork(World& world, People& people, std::string name, std::string user)
    : world_(world), people_(people), name_(std::move(name)), user_(std::move(user)), lanes_(world.plan.lanes) {}

bool ChatWork::is_getting_in() const {
  return std::ranges::any_of(lanes_, [](const Lane& lane) {
    return lane.doing == Lane::Doing::creating || lane.doing == Lane::Doing::logging_in;
  });
}

Work::Kind ChatWork::next(Random& random) {
  if (token_.empty()) return is_getting_in() ? Kind::nothing : Kind::write;
  return random.one_in(3) ? Kind::read : Kind::write;
}

void ChatWork::move_on() {
  user_ = fmt::format("{}-{}", name_, ++users_left_);
  token_.clear();
  denials_ = 0;
  unsent_.clear();
  sent_.clear();
  joined_.clear();
}

// ---- what it draws
// -----------------------------------------------------------------------------------------------------------

/// In any case: names are the same without regard to it.
std::string ChatWork::draw_chat(Random& random) const {
  const std::uint64_t kind = random.below(12);
  const std::uint64_t number = random.below(world_.plan.chats);
  // Mostly one that it is in, as far as it knows.
  if (kind > 4 && !joined_.empty()) return joined_[random.below(joined_.size())];
  if (kind == 0) return fmt::format("Hall {}", number);
  return fmt::format("{}oom {}", kind < 3 ? 'r' : 'R', number);
}

std::string ChatWork::draw_user(Random& random) const {
  if (people_.tokens.empty() || random.one_in(10)) return "nobody";
  return people_.tokens[people_.tokens.size() - 1 - random.below(std::min<std::size_t>(people_.tokens.size(), 6))].user;
}

EventSeq ChatWork::draw_seq(const std::string& chat, Random& random) const {
  const auto last = people_.last_seq.find(folded(chat));
  return EventSeq{random.below((last == people_.last_seq.end() ? 0 : last->second) + 2)};
}

Work::Read ChatWork::read(std::size_t lane, Random& random) {
  kept_.clear();
  lanes_[lane].query = app::encode_query(app::Query(draw_query(random)));
  return {draw_mode(random), lanes_[lane].query, token_};
}

Query ChatWork::draw_query(Random& random) {
  const TokenId token = token_id();
  const std::string chat = draw_chat(random);
  const auto limit = static_cast<std::uint32_t>(random.one_in(2) ? 0 : random.between(1, 6));
  switch (random.below(8)) {
    case 0: return WhoAmI{token};
    case 1: return ListChats{token, {}, random.one_in(4) ? 1U : 0U};
    case 2: return ListMembers{token, keep(chat), 0, limit};
    case 3: return ChatInfo{token, keep(chat)};
    case 4: return Messages{token, 0, {}, {}, limit};
    default: return History{token, keep(chat), draw_seq(chat, random), draw_seq(chat, random), random.one_in(2), limit};
  }
}

Work::Write ChatWork::write(std::size_t number, Random& random) {
  kept_.clear();
  Lane& lane = lanes_[number];
  if (token_.empty()) return get_in(lane, random);
  if (random.one_in(60)) return with_password(lane, random);
  if (random.one_in(2)) return send(lane, random);
  return {draw(lane, random), token_};
}

Work::Write ChatWork::get_in(Lane& lane, Random& random) {
  if (passwords().empty()) {
    lane.doing = Lane::Doing::creating;
    lane.password = "password of " + user_;
    return {CreateUser{keep(user_), {}}, {}, lane.password};
  }
  lane.doing = Lane::Doing::logging_in;
  lane.password = passwords()[random.below(passwords().size())];
  lane.is_wrong = random.one_in(8);
  lane.secret.clear();
  for (int i = 0; i < 32; ++i) lane.secret += static_cast<char>(random.below(256));
  const std::string name = random.one_in(2) ? user_ : folded(user_);
  return {Login{keep(name), blake2b(lane.secret), 0, false}, lane.secret,
          lane.is_wrong ? "a wrong one" : lane.password};
}

Work::Write ChatWork::with_password(Lane& lane, Random& random) {
  const std::string present = passwords().front();
  lane.is_wrong = random.one_in(5);
  const std::string shown = lane.is_wrong ? "a wrong one" : present;
  if (random.one_in(4)) {
    lane.doing = Lane::Doing::disabling;
    return {DisableUser{token_id(), 0, false}, token_, shown};
  }
  lane.doing = Lane::Doing::changing_password;
  lane.password = fmt::format("password {} of {}", next_++, user_);
  return {ChangePassword{token_id(), 0, false, {}}, token_, shown, lane.password};
}

Work::Write ChatWork::send(Lane& lane, Random& random) {
  lane.doing = Lane::Doing::sending;
  if (!unsent_.empty() && random.one_in(2)) {
    lane.message = unsent_.front();
    unsent_.erase(unsent_.begin());
  } else if (!sent_.empty() && random.one_in(12)) {
    lane.message = sent_[random.below(sent_.size())];
    if (random.one_in(6)) {
      lane.message->text += " and more";
      lane.message->seq = 0;
    }
  } else {
    Message message;
    message.chat = draw_chat(random);
    message.user = user_;
    message.text = fmt::format("{} says {}", name_, next_++);
    if (random.one_in(30)) message.text.append(random.between(100, 3'000), '.');
    if (!random.one_in(3)) message.key = fmt::format("{}/{}", name_, next_);
    lane.message = message;
  }
  const Message& message = *lane.message;
  lane.chat = message.chat;
  return {Send{token_id(), keep(message.chat), keep(message.text), keep(message.key)}, token_};
}

Operation ChatWork::draw(Lane& lane, Random& random) {
  const TokenId token = token_id();
  lane.chat = draw_chat(random);
  const BytesView chat = keep(lane.chat);
  const BytesView user = keep(draw_user(random));
  const EventSeq seq = draw_seq(lane.chat, random);
  switch (random.below(20)) {
    case 0:
    case 1: return CreateChat{token, chat, "about this and that", random.one_in(4)};
    case 2:
    case 3:
    case 4:
    case 5: return JoinChat{token, chat};
    case 6: return LeaveChat{token, chat};
    case 7:
      return random.one_in(3) ? Operation(RenameChat{token, chat, keep(draw_chat(random))}) : JoinChat{token, chat};
    case 8: return DescribeChat{token, chat, keep(fmt::format("described by {}", name_))};
    case 9: return random.one_in(2) ? Operation(SetInviteOnly{token, chat, random.one_in(3)}) : JoinChat{token, chat};
    case 10: return Invite{token, chat, user};
    case 11: return RemoveMember{token, chat, user};
    case 12: return HandOver{token, chat, user};
    case 13:
    case 14: return Edit{token, chat, seq, keep(fmt::format("{} has said {}", name_, next_++))};
    case 15:
    case 16: return DeleteMessage{token, chat, seq};
    case 17: return random.one_in(6) ? Operation(Logout{token}) : MarkRead{token, chat, seq};
    default: return MarkRead{token, chat, seq};
  }
}

// ---- what it is told
// ---------------------------------------------------------------------------------------------------------

std::string ChatWork::answered(std::size_t number, const Answer& answer) {
  Lane& lane = lanes_[number];
  if (!lane.query.empty()) {
    const auto query = app::decode_query(lane.query);
    world_.models.was_read(answer.index, *query, answer.reply);
    // Of a stale one it may be that it was not logged in yet.
    const bool is_out = answer.reply.word == ErrorWord::denied && !answer.is_stale;
    if (is_out && token_of(std::get<Query>(*query)) == token_id()) token_.clear();
    lane = {};
    return {};
  }
  std::string wrong = answered_write(lane, answer.reply);
  lane = {};
  return wrong;
}

std::string ChatWork::answered_write(Lane& lane, const app::Reply& reply) {
  const bool is_ok = reply.word == ErrorWord::ok;
  if (lane.is_wrong && is_ok) return "a wrong password was taken for right.";
  const auto* answer = std::get_if<app::chat::Answer>(&reply.body);
  const auto* sent = answer != nullptr ? std::get_if<Sent>(answer) : nullptr;
  if (sent != nullptr) {
    std::uint64_t& last = people_.last_seq[folded(lane.chat)];
    last = std::max(last, sent->seq.value);
  }
  note_membership(lane, reply.word);
  switch (lane.doing) {
    case Lane::Doing::creating:
      // Somebody else of this name may have been faster, with the same password.
      if (passwords().empty()) passwords() = {lane.password};
      break;
    case Lane::Doing::logging_in:
      if (is_ok) {
        logged_in(lane);
      } else if (!lane.is_wrong && ++denials_ == patience) {
        move_on();
      }
      break;
    case Lane::Doing::changing_password:
      if (is_ok) passwords() = {lane.password};
      break;
    case Lane::Doing::disabling:
      if (is_ok) move_on();
      break;
    case Lane::Doing::sending: {
      Message message = *lane.message;
      if (!is_ok || message.key.empty() || message.user != user_) break;
      if (message.seq != 0 && message.seq != sent->seq.value)
        return "a message that was sent again has another number.";
      message.seq = sent->seq.value;
      if (sent_.size() == most_remembered) sent_.erase(sent_.begin());
      sent_.push_back(std::move(message));
      break;
    }
    default: break;
  }
  return {};
}

void ChatWork::note_membership(const Lane& lane, ErrorWord word) {
  if (lane.chat.empty()) return;
  const bool is_in = word == ErrorWord::ok;
  const auto known = std::ranges::find(joined_, lane.chat);
  if (is_in && known == joined_.end()) joined_.push_back(lane.chat);
  const bool is_out = word == ErrorWord::not_member || word == ErrorWord::not_found;
  if (is_out && known != joined_.end() && lane.doing == Lane::Doing::sending) joined_.erase(known);
}

void ChatWork::logged_in(Lane& lane) {
  token_ = lane.secret;
  denials_ = 0;
  passwords() = {lane.password};
  people_.tokens.push_back({user_, token_});
}

void ChatWork::gave_up(std::size_t number, bool is_certain) {
  Lane& lane = lanes_[number];
  const bool is_own = lane.message && lane.message->user == user_;
  if (is_own && !lane.message->key.empty()) unsent_.push_back(*lane.message);
  if (lane.doing == Lane::Doing::logging_in && is_certain && !lane.is_wrong && ++denials_ == patience) move_on();
  if (lane.doing == Lane::Doing::changing_password && !is_certain) passwords().push_back(lane.password);
  if (lane.doing == Lane::Doing::creating && !is_certain && passwords().empty()) passwords() = {lane.password};
  lane = {};
}

void ChatWork::crashed() {
  token_.clear();
  sent_.clear();
}

}  // namespace parley::sim
