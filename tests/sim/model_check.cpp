#include "tests/sim/model_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <expected>

namespace parley::sim {
namespace {

using app::KeyModel;
using app::Reply;
using namespace app::chat;
using Chat = ChatModel::Chat;

std::string differs(std::string_view what) { return fmt::format("{} is not that of the model", what); }

std::string wrong_event(const Event& event, std::uint64_t seq, const Chat& chat, const ChatModel& model) {
  if (seq == 0 || seq > chat.events.size()) return fmt::format("event {} is none", seq);
  const ChatModel::Message& expected = chat.events[seq - 1];
  const bool is_right = event.chat.value == chat.id && event.seq.value == seq && event.time_us == expected.time_us &&
                        event.kind == expected.kind && event.user == model.users().at(expected.author).name &&
                        event.text == expected.text && event.of.value == expected.of &&
                        event.edited_by.value == expected.edited_by && event.deleted_by.value == expected.deleted_by;
  return is_right ? std::string() : fmt::format("event {} of chat {} is not that of the model", seq, chat.id);
}

/// An answer to somebody who may ask, against the model.
class ChatCheck {
 public:
  ChatCheck(const ChatModel& model, std::string user) : model_(model), user_(std::move(user)) {}

  std::string wrong(const Me& me, const WhoAmI&) const {
    std::uint32_t chats = 0;
    std::uint32_t invitations = 0;
    for (const auto& [name, chat] : model_.chats()) {
      chats += chat.has(user_) ? 1 : 0;
      invitations += chat.invited.contains(user_) ? 1 : 0;
    }
    if (me.user != model_.users().at(user_).name) return differs("the user's name");
    return me.chats == chats && me.invitations == invitations ? "" : differs("the number of chats");
  }
  std::string wrong(const Chats& page, const ListChats& query) const {
    std::map<std::uint64_t, const Chat*> mine;
    for (const auto& [name, chat] : model_.chats()) {
      if (chat.id > query.after.value && (chat.has(user_) || chat.invited.contains(user_))) mine[chat.id] = &chat;
    }
    const std::size_t most = query.limit == 0 ? mine.size() : std::min<std::size_t>(query.limit, mine.size());
    if (page.chats.size() != most || page.more != (most < mine.size())) return differs("the number of chats");
    auto expected = mine.begin();
    for (const ChatSummary& summary : page.chats) {
      if (auto what = wrong_summary(summary, *(expected++)->second); !what.empty()) return what;
    }
    return {};
  }
  std::string wrong(const ChatDetails& details, const ChatInfo& query) const {
    const Chat& chat = *model_.seen(user_, query.chat);
    if (auto what = wrong_summary(details.summary, chat); !what.empty()) return what;
    const std::string owner = chat.owner.empty() ? "" : model_.users().at(chat.owner).name;
    return details.owner == owner && details.description == chat.description ? "" : differs("what describes the chat");
  }
  std::string wrong(const Members& page, const ListMembers& query) const {
    const Chat& chat = *model_.seen(user_, query.chat);
    const std::size_t all = chat.members.size();
    const std::size_t most = query.limit == 0 ? all : std::min<std::size_t>(query.limit, all);
    if (page.members.size() != most || page.more != (most < all)) return differs("the number of members");
    for (std::size_t at = 0; at < most; ++at) {
      const bool is_right = folded(page.members[at].user) == chat.members[at] &&
                            page.members[at].is_owner == (chat.members[at] == chat.owner);
      if (!is_right) return differs("a member");
    }
    return {};
  }
  std::string wrong(const Events& page, const History& query) const {
    const Chat& chat = *model_.seen(user_, query.chat);
    std::uint64_t first = query.after.value + 1;
    std::uint64_t last = query.before.value == 0 ? chat.events.size() : query.before.value - 1;
    last = std::min<std::uint64_t>(last, chat.events.size());
    const std::uint64_t all = last < first ? 0 : last - first + 1;
    const std::uint64_t most = query.limit == 0 ? all : std::min<std::uint64_t>(query.limit, all);
    if (!query.is_forward) first = last + 1 - most;
    if (page.events.size() != most || page.more != (most < all)) return differs("the number of events");
    for (const Event& event : page.events) {
      if (auto what = wrong_event(event, first++, chat, model_); !what.empty()) return what;
    }
    return {};
  }
  std::string wrong(const Events& page, const Messages& query) const {
    std::map<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>, const Chat*> behind;
    const auto place = std::tuple(query.time_us, query.chat.value, query.seq.value);
    for (const auto& [name, chat] : model_.chats()) {
      if (!chat.has(user_)) continue;
      for (std::uint64_t seq = 1; seq <= chat.events.size(); ++seq) {
        const auto at = std::tuple(chat.events[seq - 1].time_us, chat.id, seq);
        if (at > place) behind.emplace(at, &chat);
      }
    }
    const std::size_t most = query.limit == 0 ? behind.size() : std::min<std::size_t>(query.limit, behind.size());
    if (page.events.size() != most || page.more != (most < behind.size())) return differs("the number of events");
    auto expected = behind.begin();
    for (const Event& event : page.events) {
      const auto& [at, chat] = *expected++;
      if (auto what = wrong_event(event, std::get<2>(at), *chat, model_); !what.empty()) return what;
    }
    return {};
  }
  template <class Other, class Asked>
  std::string wrong(const Other&, const Asked&) const {
    return "the answer is one to something else";
  }

 private:
  [[nodiscard]] std::string wrong_summary(const ChatSummary& summary, const Chat& chat) const {
    const bool is_member = chat.has(user_);
    const bool is_right = summary.id.value == chat.id && summary.name == chat.name && summary.is_member == is_member &&
                          summary.is_owner == (chat.owner == user_) && summary.is_invite_only == chat.is_invite_only &&
                          summary.members == chat.members.size();
    if (!is_right) return differs("a chat");
    if (!is_member) return {};
    const std::uint64_t last_us = chat.events.empty() ? 0 : chat.events.back().time_us;
    const bool is_up_to_date = summary.last.value == chat.events.size() && summary.last_time_us == last_us &&
                               summary.read.value == chat.read.at(user_) && summary.unread == chat.unread(user_);
    return is_up_to_date ? "" : differs("what is read and unread");
  }

  const ChatModel& model_;
  std::string user_;
};

/// Whether this user may ask this.
ErrorWord judge(const Query& query, const std::string& user, const ChatModel& model) {
  return std::visit(
      [&](const auto& asked) {
        using Asked = std::remove_cvref_t<decltype(asked)>;
        if constexpr (requires { asked.chat.empty(); }) {
          const Chat* chat = model.seen(user, asked.chat);
          if (chat == nullptr) return ErrorWord::not_found;
          if (!std::is_same_v<Asked, ChatInfo> && !chat->has(user)) return ErrorWord::not_member;
        }
        return ErrorWord::ok;
      },
      query);
}

std::string wrong_word(const Reply& reply, ErrorWord expected) {
  if (reply.word == expected) return {};
  return fmt::format("the answer is \"{}\" in place of \"{}\"", text(reply.word), text(expected));
}

std::string wrong_in_chat(const Reply& reply, const Query& query, const ChatModel& model) {
  const auto user = model.user_of(token_of(query));
  const ErrorWord word = user ? judge(query, *user, model) : ErrorWord::denied;
  if (auto what = wrong_word(reply, word); !what.empty() || word != ErrorWord::ok) return what;
  const auto* answer = std::get_if<Answer>(&reply.body);
  if (answer == nullptr) return "there is no answer";
  const ChatCheck check(model, *user);
  return std::visit([&](const auto& said, const auto& asked) { return check.wrong(said, asked); }, *answer, query);
}

std::string wrong_in_keys(const Reply& reply, const app::Get& get, const KeyModel& model) {
  const KeyModel::Answer expected = model.run(get);
  const auto* value = std::get_if<app::ReplyValue>(&reply.body);
  if (auto what = wrong_word(reply, expected.word); !what.empty()) return what;
  const bool is_right = expected.value ? value != nullptr && value->value == *expected.value : value == nullptr;
  return is_right ? "" : differs("the value");
}

std::string wrong_in_keys(const Reply& reply, const app::Scan& scan, const KeyModel& model) {
  std::vector<app::Row> expected;
  for (const auto& [key, value] : model.keys) {
    if (key.starts_with(scan.prefix) && (scan.after_key.empty() || key > scan.after_key))
      expected.push_back({key, value.bytes});
  }
  const bool is_cut = scan.limit != 0 && expected.size() > scan.limit;
  if (is_cut) expected.resize(scan.limit);
  const auto* rows = std::get_if<app::ReplyRows>(&reply.body);
  const bool is_right = rows != nullptr && rows->rows == expected && rows->more == is_cut;
  return is_right ? "" : differs("a page of rows");
}

std::string wrong_in_keys(const Reply& reply, const app::LeaseInfo& info, const KeyModel& model) {
  const auto lease = model.leases.find(info.lease.value);
  const bool is_there = lease != model.leases.end();
  if (auto what = wrong_word(reply, is_there ? ErrorWord::ok : ErrorWord::not_found); !what.empty()) return what;
  if (!is_there) return {};
  const auto* said = std::get_if<app::ReplyLease>(&reply.body);
  const bool is_right = said != nullptr && said->lease == info.lease && said->ttl_us == lease->second.ttl_us &&
                        said->keys == model.keys_of(info.lease.value) &&
                        said->remaining_us <= lease->second.ends_us - model.now_us;
  return is_right ? "" : differs("a lease");
}

}  // namespace

std::string folded(BytesView name) {
  std::string folded(name);
  for (char& c : folded) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return folded;
}

std::string wrong_in(const Reply& reply, const app::Query& query, const KeyModel& keys, const ChatModel& chats) {
  return std::visit(
      [&](const auto& asked) {
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(asked)>, Query>) {
          return wrong_in_chat(reply, asked, chats);
        } else {
          return wrong_in_keys(reply, asked, keys);
        }
      },
      query);
}

std::string wrong_in(const Events& page, std::uint64_t after, const Chat& chat, const ChatModel& chats) {
  for (const Event& event : page.events) {
    if (auto what = wrong_event(event, ++after, chat, chats); !what.empty()) return what;
  }
  return {};
}

}  // namespace parley::sim
