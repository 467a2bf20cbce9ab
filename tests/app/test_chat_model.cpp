#include <set>

#include "common/app/reducer.hpp"
#include "common/base/random.hpp"
#include "tests/app/chat_model.hpp"
#include "tests/app/chat_testing.hpp"

using namespace parley;
using namespace parley::app;
using namespace parley::app::chat;

namespace {

/// Random calls about few users and chats, so that they meet. Views of the last call lie in it.
class CallMaker {
 public:
  CallMaker(std::uint64_t seed, const ChatModel& model) : random_(seed), model_(model) {}

  chat::Operation next() {
    token_ = pick_token();
    chat_ = name("Room", 6);
    user_ = name("User", 7);
    other_ = name("Room", 6);
    text_ = Bytes(1 + random_.below(90), static_cast<char>('a' + random_.below(26)));
    key_ = random_.one_in(2) ? "" : "key" + std::to_string(random_.below(12));
    const EventSeq seq{random_.below(last_seq() + 2)};
    switch (random_.below(26)) {
      case 0: return CreateUser{user_, "hash"};
      case 1:
      case 2:
      case 3: return Login{user_, token_, version(), !random_.one_in(3)};
      case 4: return Logout{token_};
      case 5: return ChangePassword{token_, version(), !random_.one_in(3), "other hash"};
      case 6:
        if (random_.one_in(6)) return DisableUser{token_, version(), !random_.one_in(4)};
        [[fallthrough]];
      case 7: return CreateChat{token_, chat_, text_, random_.one_in(2)};
      case 8:
      case 9: return JoinChat{token_, chat_};
      case 10: return LeaveChat{token_, chat_};
      case 11: return RenameChat{token_, chat_, other_};
      case 12: return DescribeChat{token_, chat_, text_};
      case 13: return SetInviteOnly{token_, chat_, random_.one_in(2)};
      case 14: return Invite{token_, chat_, user_};
      case 15: return RemoveMember{token_, chat_, user_};
      case 16: return HandOver{token_, chat_, user_};
      case 17: return Edit{token_, chat_, seq, text_};
      case 18: return DeleteMessage{token_, chat_, seq};
      case 19: return MarkRead{token_, chat_, seq};
      default: return Send{token_, chat_, text_, key_};
    }
  }
  Random& random() { return random_; }

 private:
  TokenId pick_token() { return token("token" + std::to_string(random_.below(14))); }
  Bytes name(const char* stem, std::uint64_t count) {
    Bytes name = stem + std::to_string(random_.below(count));
    if (random_.one_in(3)) name[0] = static_cast<char>(name[0] + 32);
    return name;
  }
  /// Mostly what a node would have seen.
  std::uint64_t version() {
    if (random_.one_in(10)) return random_.below(4);
    Bytes folded = user_;
    for (char& c : folded) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    if (const auto owner = model_.user_of(token_); owner && random_.one_in(2)) folded = *owner;
    const auto user = model_.users().find(folded);
    return user == model_.users().end() || user->second.is_disabled ? 0 : user->second.version;
  }
  std::uint64_t last_seq() const {
    Bytes folded = chat_;
    folded[0] = 'r';
    const auto at = model_.chats().find(folded);
    return at == model_.chats().end() ? 0 : at->second.events.size();
  }

  Random random_;
  const ChatModel& model_;
  TokenId token_;
  Bytes chat_, user_, other_, text_, key_;
};

std::string folded_name(std::string name) {
  for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return name;
}

/// Everything that queries say, against the model.
void compare(ChatFixture& f, const ChatModel& model) {
  for (int i = 0; i < 14; ++i) {
    const TokenId as = token("token" + std::to_string(i));
    const auto user = model.user_of(as);
    const Reply me = f.ask(WhoAmI{as});
    REQUIRE((me.word == ErrorWord::ok) == user.has_value());
    if (!user) continue;
    REQUIRE(std::get<Me>(std::get<Answer>(me.body)).user == model.users().at(*user).name);
    std::set<std::string> mine;
    for (const auto& [folded, chat] : model.chats()) {
      if (chat.has(*user) || chat.invited.contains(*user)) mine.insert(chat.name);
    }
    std::set<std::string> listed;
    for (const ChatSummary& chat : f.body<Chats>(f.ask(ListChats{as, {}, 0})).chats) {
      REQUIRE(listed.insert(chat.name).second);
      const auto& expected = model.chats().at(folded_name(chat.name));
      REQUIRE(chat.is_member == expected.has(*user));
      REQUIRE(chat.is_owner == (expected.owner == *user));
      REQUIRE(chat.members == expected.members.size());
      if (!chat.is_member) continue;
      REQUIRE(chat.last.value == expected.events.size());
      REQUIRE(chat.read.value == expected.read.at(*user));
      REQUIRE(chat.unread == expected.unread(*user));
      const auto members = f.body<Members>(f.ask(ListMembers{as, chat.name, 0, 0})).members;
      std::vector<std::string> names;
      for (const Member& member : members) {
        names.push_back(folded_name(member.user));
        REQUIRE(member.is_owner == (names.back() == expected.owner));
      }
      REQUIRE(names == expected.members);
      const auto events = f.history(as, chat.name);
      REQUIRE(events.size() == expected.events.size());
      for (std::size_t at = 0; at < events.size(); ++at) {
        const auto& event = expected.events[at];
        REQUIRE(events[at].seq.value == at + 1);
        REQUIRE(events[at].kind == event.kind);
        REQUIRE(folded_name(events[at].user) == event.author);
        REQUIRE(events[at].text == event.text);
        REQUIRE(events[at].time_us == event.time_us);
        REQUIRE(events[at].of.value == event.of);
        REQUIRE(events[at].edited_by.value == event.edited_by);
        REQUIRE(events[at].deleted_by.value == event.deleted_by);
      }
    }
    REQUIRE(listed == mine);
  }
}

}  // namespace

TEST_CASE("random calls of the chat end as the model says, with the same rows on every replica") {
  std::set<std::pair<std::uint8_t, ErrorWord>> seen;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    INFO("seed " << seed);
    ChatFixture f;
    Replica restarting{Settings{}};
    restarting.open_session();
    Reducer reducer;
    ChatModel model;
    CallMaker calls(seed, model);
    std::uint64_t seq = 0;
    for (int i = 0; i < 1200; ++i) {
      const chat::Operation operation = calls.next();
      const Command command{SessionId{2}, RequestSeq{++seq}, RequestSeq{seq}, operation};
      Entry entry{f.replica.application().applied().next(), Term{1}, EntryKind::command, {f.cluster_us, f.wall_us},
                  SharedBytes(encode_command(command)),     {}};
      entry.digest = blake2b(entry.payload.view());
      model.now(f.cluster_us, f.wall_us);
      const auto expected = model.take(operation);
      const std::uint64_t used = f.replica.meta().used_bytes;
      const Outcome outcome = f.replica.apply(entry);
      INFO(i << ": " << name_of(operation) << " " << outcome.reply.detail);
      REQUIRE(text(outcome.reply.word) == text(expected.word));
      if (expected.sent) REQUIRE(outcome.reply.body == ReplyBody(Answer(*expected.sent)));
      REQUIRE(f.replica.meta().used_bytes <= used + most_growth(operation));
      seen.emplace(number_of(operation), outcome.reply.word);
      restarting.apply(entry);
      REQUIRE(restarting.meta().state == f.replica.meta().state);
      if (calls.random().one_in(40)) restarting.save_and_restart();
      if (calls.random().one_in(100)) {
        compare(f, model);
        REQUIRE(f.replica.meta().used_bytes == f.used_by_rows());
        REQUIRE(f.rows(RowSpace::chat_token) == model.tokens());
        REQUIRE(f.rows(RowSpace::chat_grant) == model.tokens());
        REQUIRE(f.rows(RowSpace::chat_failures) == model.failures());
        REQUIRE(f.rows(RowSpace::chat_sent_key) == model.keys());
      }
      // Mostly a little time, now and then enough for what ends soon, or late.
      const std::uint64_t kind = calls.random().below(400);
      f.pass(kind == 0 ? limits::token_us / 2 : kind < 3 ? limits::sent_key_us / 2 : kind < 60 ? second_us : 1000);
      if (calls.random().one_in(90)) f.wall_us -= 30 * second_us;
    }
    f.replica.save_and_restart();
    restarting.save_and_restart();
    CHECK(f.replica.table().rows() == restarting.table().rows());
  }
  // It has met every call with success, and each word that CHAT.md promises for it.
  for (std::uint8_t number = first_number; number_of(chat::Operation(MarkRead{})) >= number; ++number) {
    INFO(static_cast<int>(number));
    CHECK(seen.contains({number, ErrorWord::ok}));
    if (number != first_number) CHECK(seen.contains({number, ErrorWord::denied}));
    if (number >= 38 && number != 46) CHECK(seen.contains({number, ErrorWord::not_found}));
    if (number >= 39) CHECK(seen.contains({number, ErrorWord::not_member}));
  }
  for (const int number : {32, 37, 40, 43})
    CHECK(seen.contains({static_cast<std::uint8_t>(number), ErrorWord::exists}));
  CHECK(seen.contains({46, ErrorWord::mismatch}));
}

TEST_CASE("a log with calls of the chat is reduced as if they were not there") {
  Reducer reducer;
  ChatFixture f;
  std::vector<Entry> log;
  const auto take = [&](EntryKind kind, Bytes payload) {
    Entry entry{Index{log.size() + 1}, Term{1}, kind, {log.size() * second_us, 1}, SharedBytes(std::move(payload)), {}};
    log.push_back(entry);
    reducer.take(entry);
  };
  take(EntryKind::settings, encode_settings({}));
  take(EntryKind::command, encode_command({.operation = OpenSession{1}}));
  auto run = [&, seq = std::uint64_t{0}](const app::Operation& operation) mutable {
    ++seq;
    take(EntryKind::command, encode_command({SessionId{2}, RequestSeq{seq}, RequestSeq{seq}, operation}));
  };
  const Bytes value(100, 'v');
  run(Set{"k", value});
  run(chat::Operation(CreateUser{"amy", "hash"}));
  run(chat::Operation(Login{"amy", token("t"), 1, true}));
  run(chat::Operation(Login{"amy", token("t"), 1, false}));
  run(chat::Operation(CreateChat{token("t"), "c", "", true}));
  run(chat::Operation(Send{token("t"), "c", "x", "key"}));
  run(chat::Operation(LeaveChat{token("t"), "c"}));
  run(chat::Operation(DisableUser{token("t"), 1, true}));
  run(Set{"k", value});
  log.back().time.cluster_us = 2 * limits::token_us;
  take(EntryKind::time, {});
  CHECK(reducer.end_window() == std::vector<Index>{Index{3}});
  std::size_t kept = 0;
  reducer.rows().scan({}, [&kept](BytesView key, BytesView) {
    kept += is_counted(key.front()) ? 1 : 0;
    return true;
  });
  CHECK(kept == 0);
}
