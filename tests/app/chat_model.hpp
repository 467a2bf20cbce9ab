#pragma once
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/app/chat/answer.hpp"
#include "common/app/chat/operation.hpp"
#include "common/base/chat_limits.hpp"
#include "common/base/error_word.hpp"

namespace parley::app::chat {

/// The chat as CHAT.md tells it, in maps and vectors: no rows, no drafts, no bounds of work, and nothing shared with
/// what it is held against but the calls themselves and the numbers in chat_limits.hpp. Names are taken for sound.
class ChatModel {
 public:
  struct Answered {
    ErrorWord word = ErrorWord::ok;
    std::optional<Sent> sent;
  };

  /// Lets everything end that has ended by now.
  void now(std::uint64_t cluster_us, std::uint64_t wall_us) {
    cluster_us_ = cluster_us;
    wall_us_ = wall_us;
    std::erase_if(tokens_, [&](const auto& token) { return token.second.expires_us <= cluster_us; });
    std::erase_if(failures_, [&](const auto& failures) { return failures.second.expires_us <= cluster_us; });
    std::erase_if(keys_, [&](const auto& key) { return key.second.expires_us <= cluster_us; });
  }

  Answered take(const Operation& operation) {
    appended_.reset();
    return std::visit([this](const auto& call) { return on(call); }, operation);
  }

  struct Message {
    std::string author{};
    std::uint64_t time_us = 0;
    std::uint8_t kind = 0;
    std::string text{};
    std::uint64_t of = 0;
    std::uint64_t edited_by = 0;
    std::uint64_t deleted_by = 0;
  };
  struct Chat {
    std::uint64_t id = 0;
    std::string name;
    std::string description;
    std::string owner;  ///< folded names of users everywhere
    bool is_invite_only = false;
    std::vector<std::string> members;  ///< in the order in which they joined
    std::set<std::string> invited;
    std::vector<Message> events;
    std::map<std::string, std::uint64_t> read;

    [[nodiscard]] bool has(const std::string& user) const { return std::ranges::find(members, user) != members.end(); }
    [[nodiscard]] std::uint64_t unread(const std::string& user) const {
      std::uint64_t count = 0;
      for (std::uint64_t seq = read.at(user) + 1; seq <= events.size(); ++seq)
        count += events[seq - 1].kind == 1 ? 1 : 0;
      return count;
    }
  };
  struct User {
    std::string name;
    std::uint64_t version = 1;
    bool is_disabled = false;
  };
  /// An event of a chat.
  struct Place {
    std::uint64_t chat = 0;
    std::uint64_t seq = 0;
  };
  /// The one that the last call added, if it did.
  [[nodiscard]] const std::optional<Place>& appended() const { return appended_; }
  /// The chat as somebody sees it; null if he does not.
  [[nodiscard]] const Chat* seen(const std::string& user, BytesView name) const {
    const auto at = chats_.find(fold(name));
    if (at == chats_.end()) return nullptr;
    const bool is_hidden = at->second.is_invite_only && !at->second.has(user) && !at->second.invited.contains(user);
    return is_hidden ? nullptr : &at->second;
  }
  [[nodiscard]] const std::map<std::string, Chat>& chats() const { return chats_; }
  [[nodiscard]] const std::map<std::string, User>& users() const { return users_; }
  [[nodiscard]] std::optional<std::string> user_of(const TokenId& token) const {
    const auto at = tokens_.find(token.text());
    return at == tokens_.end() ? std::nullopt : std::optional(at->second.user);
  }
  [[nodiscard]] std::size_t tokens() const { return tokens_.size(); }
  [[nodiscard]] std::size_t keys() const { return keys_.size(); }
  [[nodiscard]] std::size_t failures() const { return failures_.size(); }

 private:
  struct Token {
    std::string user;
    std::uint64_t expires_us;
    std::uint64_t granted;
  };
  struct Failures {
    int count = 0;
    std::uint64_t not_before_us = 0;
    std::uint64_t expires_us = 0;
  };
  struct Key {
    std::string chat, text;
    Sent sent;
    std::uint64_t expires_us;
  };

  static std::string fold(BytesView name) {
    std::string folded;
    for (const char c : name) folded += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    return folded;
  }
  static Answered no(ErrorWord word) { return {word, {}}; }

  /// Nothing if the password counts.
  std::optional<Answered> judge(const std::string& name, std::uint64_t version, bool is_right) {
    const auto user = users_.find(name);
    const bool may = user != users_.end() && !user->second.is_disabled;
    if (failures_.contains(name) && failures_.at(name).not_before_us > cluster_us_) return no(ErrorWord::denied);
    if (version != (may ? user->second.version : 0)) return no(ErrorWord::denied);
    if (may && is_right) return std::nullopt;  // forgiven once the call is carried out
    Failures& failures = failures_[name];
    static constexpr std::uint64_t waits_s[] = {0, 0, 1, 2, 4, 8, 16, 32, 60};
    const std::uint64_t wait_s = waits_s[std::min(failures.count, 8)];
    ++failures.count;
    failures.not_before_us = cluster_us_ + wait_s * 1'000'000;
    failures.expires_us = cluster_us_ + 15ULL * 60 * 1'000'000;
    return no(ErrorWord::denied);
  }

  Chat* see(const std::string& user, BytesView name) {
    return seen(user, name) == nullptr ? nullptr : &chats_.at(fold(name));
  }
  [[nodiscard]] std::size_t chats_of(const std::string& user) const {
    std::size_t count = 0;
    for (const auto& [name, chat] : chats_) count += chat.has(user) ? 1 : 0;
    return count;
  }
  [[nodiscard]] bool is_somebody(const std::string& user) const {
    return users_.contains(user) && !users_.at(user).is_disabled;
  }

  void leave(const std::string& user, Chat& chat) {
    std::erase(chat.members, user);
    chat.read.erase(user);
    if (chat.owner == user) chat.owner = chat.members.empty() ? "" : chat.members.front();
    if (chat.members.empty() && chat.is_invite_only) chats_.erase(fold(chat.name));
  }

  Answered append(Chat& chat, const std::string& user, Message message) {
    const std::uint64_t before = chat.events.empty() ? 0 : chat.events.back().time_us;
    message.author = user;
    message.time_us = std::max(before, wall_us_);
    const bool has_read = message.kind == 1 || chat.read.at(user) == chat.events.size();
    chat.events.push_back(message);
    if (has_read) chat.read.at(user) = chat.events.size();
    appended_ = {chat.id, chat.events.size()};
    return {ErrorWord::ok, Sent{EventSeq{chat.events.size()}, message.time_us}};
  }

  Answered on(const CreateUser& call);
  Answered on(const ChangePassword& call);
  Answered on(const Login& call);
  Answered on(const Logout& call);
  Answered on(const DisableUser& call);
  Answered on(const CreateChat& call);
  Answered on(const JoinChat& call);
  Answered on(const LeaveChat& call);

  /// What a member may do, or only the owner.
  template <class Act>
  Answered as_member(const TokenId& token, BytesView name, bool owner_only, Act act) {
    const auto user = user_of(token);
    if (!user) return no(ErrorWord::denied);
    Chat* chat = see(*user, name);
    if (chat == nullptr) return no(ErrorWord::not_found);
    if (!chat->has(*user)) return no(ErrorWord::not_member);
    if (owner_only && chat->owner != *user) return no(ErrorWord::denied);
    return act(*user, *chat);
  }

  Answered on(const RenameChat& call);
  Answered on(const DescribeChat& call);
  Answered on(const SetInviteOnly& call);
  Answered on(const Invite& call);
  Answered on(const RemoveMember& call);
  Answered on(const HandOver& call);
  Answered on(const Send& call);
  Answered on(const Edit& call);
  Answered on(const DeleteMessage& call);
  Answered on(const MarkRead& call);

  static Message* find(Chat& chat, EventSeq seq) {
    if (seq.value == 0 || seq.value > chat.events.size()) return nullptr;
    Message& message = chat.events[seq.value - 1];
    return message.kind == 1 && message.deleted_by == 0 ? &message : nullptr;
  }
  static std::size_t edits_of(const Chat& chat, std::uint64_t seq) {
    return static_cast<std::size_t>(
        std::ranges::count_if(chat.events, [&](const Message& each) { return each.kind == 2 && each.of == seq; }));
  }

  std::uint64_t cluster_us_ = 0;
  std::uint64_t wall_us_ = 0;
  std::uint64_t granted_ = 0;
  std::uint64_t last_chat_ = 0;
  std::optional<Place> appended_;
  std::map<std::string, User> users_;
  std::map<std::string, Chat> chats_;
  std::map<std::string, Token> tokens_;
  std::map<std::string, Failures> failures_;
  std::map<std::pair<std::string, std::string>, Key> keys_;
};

}  // namespace parley::app::chat
