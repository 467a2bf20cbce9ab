#pragma once
#include <limits>
#include <string>
#include <vector>

#include "common/app/chat/chat.hpp"
#include "common/app/chat/rows.hpp"
#include "common/app/quota.hpp"
#include "common/base/chat_limits.hpp"
#include "tests/app/replica.hpp"

namespace parley::app::chat {

inline constexpr std::uint64_t second_us = 1'000'000;

/// The id of the token that somebody draws who says this.
inline TokenId token(BytesView said) { return blake2b(said); }

/// A replica with time in the test's hand, and users who log in under tokens named like them.
class ChatFixture {
 public:
  ChatFixture() : ChatFixture(Settings{}) {}
  explicit ChatFixture(const Settings& settings) : replica(settings) { session_ = replica.open_session(); }

  /// Applies a command of the chat at the present time.
  Reply run(const Operation& operation) { return run_noted(operation).reply; }
  Outcome run_noted(const Operation& operation) {
    ++seq_;
    const Command command{session_, RequestSeq{seq_}, RequestSeq{seq_}, operation};
    return apply(EntryKind::command, encode_command(command));
  }
  Outcome apply(EntryKind kind, Bytes payload) {
    Entry entry{replica.application().applied().next(), Term{1}, kind, {cluster_us, wall_us}, {}, {}};
    entry.payload = SharedBytes(std::move(payload));
    entry.digest = blake2b(entry.payload.view());
    return replica.apply(entry);
  }
  /// Both clocks go on; nothing is applied.
  void pass(std::uint64_t us) {
    cluster_us += us;
    wall_us += us;
  }
  /// The same, and an entry that carries only the time.
  void let_pass(std::uint64_t us) {
    pass(us);
    apply(EntryKind::time, {});
  }

  ErrorWord word(const Operation& operation) { return run(operation).word; }
  [[nodiscard]] Reply ask(const Query& query) { return replica.application().query(query); }

  void create_user(const std::string& name) {
    INFO(name);
    REQUIRE(word(CreateUser{name, "hash of " + name}) == ErrorWord::ok);
  }
  /// With a password that is right.
  Reply log_in(const std::string& name, const TokenId& as, std::uint64_t version = 1) {
    return run(Login{name, as, version, true});
  }
  /// A new user who is logged in under the token of his name.
  TokenId user(const std::string& name) {
    create_user(name);
    REQUIRE(log_in(name, token(name)).word == ErrorWord::ok);
    return token(name);
  }
  std::uint64_t send(const TokenId& as, const std::string& chat, const std::string& text) {
    const Reply reply = run(Send{as, chat, text, ""});
    REQUIRE(reply.word == ErrorWord::ok);
    return std::get<Sent>(std::get<Answer>(reply.body)).seq.value;
  }

  template <class T>
  static T body(const Reply& reply) {
    INFO(text(reply.word) << ": " << reply.detail);
    REQUIRE(reply.word == ErrorWord::ok);
    return std::get<T>(std::get<Answer>(reply.body));
  }
  std::vector<Event> history(const TokenId& as, const std::string& chat) {
    History query;
    query.token = as;
    query.chat = chat;
    query.is_forward = true;
    return body<Events>(ask(query)).events;
  }
  std::vector<std::string> members(const TokenId& as, const std::string& chat) {
    std::vector<std::string> names;
    for (const Member& member : body<Members>(ask(ListMembers{as, chat, 0, 0})).members)
      names.push_back(member.user + (member.is_owner ? "*" : ""));
    return names;
  }
  ChatDetails info(const TokenId& as, const std::string& chat) { return body<ChatDetails>(ask(ChatInfo{as, chat})); }

  /// What the quota should count, from the rows alone.
  [[nodiscard]] std::uint64_t used_by_rows() {
    std::uint64_t used = 0;
    for (const auto& [key, value] : replica.table().rows()) {
      if (is_counted(key.front())) used += quota_cost(key.size() - 1, value.size());
    }
    return used;
  }
  [[nodiscard]] std::size_t counted_rows() {
    std::size_t count = 0;
    for (const auto& [key, value] : replica.table().rows()) count += is_counted(key.front()) ? 1 : 0;
    return count;
  }
  [[nodiscard]] std::size_t rows(RowSpace space) const { return replica.rows(space); }

  Replica replica;
  std::uint64_t cluster_us = 1000 * second_us;
  std::uint64_t wall_us = 1'700'000'000 * second_us;

 private:
  SessionId session_;
  std::uint64_t seq_ = 0;
};

}  // namespace parley::app::chat
