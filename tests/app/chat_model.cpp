#include "tests/app/chat_model.hpp"

namespace parley::app::chat {

ChatModel::Answered ChatModel::on(const CreateUser& call) {
  if (users_.contains(fold(call.name))) return no(ErrorWord::exists);
  users_[fold(call.name)] = {std::string(call.name), 1, false};
  return {};
}

ChatModel::Answered ChatModel::on(const Login& call) {
  const std::string user = fold(call.name);
  if (auto refusal = judge(user, call.password_version, call.is_right)) return *refusal;
  if (tokens_.contains(call.token.text())) return no(ErrorWord::invalid);
  failures_.erase(user);
  std::optional<std::string> oldest;
  std::size_t count = 0;
  for (const auto& [id, token] : tokens_) {
    if (token.user != user) continue;
    ++count;
    if (!oldest || token.granted < tokens_.at(*oldest).granted) oldest = id;
  }
  if (count >= limits::tokens_per_user) tokens_.erase(*oldest);
  tokens_[call.token.text()] = {user, cluster_us_ + limits::token_us, ++granted_};
  return {};
}

ChatModel::Answered ChatModel::on(const Logout& call) {
  return tokens_.erase(call.token.text()) == 1 ? Answered{} : no(ErrorWord::denied);
}

ChatModel::Answered ChatModel::on(const ChangePassword& call) {
  const auto user = user_of(call.token);
  if (!user) return no(ErrorWord::denied);
  if (auto refusal = judge(*user, call.password_version, call.is_right)) return *refusal;
  failures_.erase(*user);
  ++users_.at(*user).version;
  std::erase_if(tokens_,
                [&](const auto& token) { return token.second.user == *user && token.first != call.token.text(); });
  return {};
}

ChatModel::Answered ChatModel::on(const DisableUser& call) {
  const auto user = user_of(call.token);
  if (!user) return no(ErrorWord::denied);
  if (auto refusal = judge(*user, call.password_version, call.is_right)) return *refusal;
  failures_.erase(*user);
  std::vector<std::string> names;
  for (auto& [name, chat] : chats_) {
    chat.invited.erase(*user);
    if (chat.has(*user)) names.push_back(name);
  }
  for (const std::string& name : names) leave(*user, chats_.at(name));
  std::erase_if(tokens_, [&](const auto& token) { return token.second.user == *user; });
  users_.at(*user).is_disabled = true;
  return {};
}

ChatModel::Answered ChatModel::on(const CreateChat& call) {
  const auto user = user_of(call.token);
  if (!user) return no(ErrorWord::denied);
  if (chats_.contains(fold(call.name))) return no(ErrorWord::exists);
  if (chats_of(*user) >= limits::chats_per_user) return no(ErrorWord::too_large);
  Chat chat;
  chat.id = ++last_chat_;
  chat.name = call.name;
  chat.description = call.description;
  chat.owner = *user;
  chat.is_invite_only = call.is_invite_only;
  chat.members = {*user};
  chat.read[*user] = 0;
  chats_[fold(call.name)] = chat;
  return {};
}

ChatModel::Answered ChatModel::on(const JoinChat& call) {
  const auto user = user_of(call.token);
  if (!user) return no(ErrorWord::denied);
  Chat* chat = see(*user, call.chat);
  if (chat == nullptr) return no(ErrorWord::not_found);
  if (chat->has(*user)) return {};
  if (chats_of(*user) >= limits::chats_per_user) return no(ErrorWord::too_large);
  chat->invited.erase(*user);
  if (chat->members.empty()) chat->owner = *user;
  chat->members.push_back(*user);
  chat->read[*user] = chat->events.size();
  return {};
}

ChatModel::Answered ChatModel::on(const LeaveChat& call) {
  const auto user = user_of(call.token);
  if (!user) return no(ErrorWord::denied);
  Chat* chat = see(*user, call.chat);
  if (chat == nullptr) return no(ErrorWord::not_found);
  if (chat->has(*user)) {
    leave(*user, *chat);
    return {};
  }
  return chat->invited.erase(*user) == 1 ? Answered{} : no(ErrorWord::not_member);
}

ChatModel::Answered ChatModel::on(const RenameChat& call) {
  return as_member(call.token, call.chat, true, [&](const std::string&, Chat& chat) {
    const std::string before = fold(chat.name);
    const std::string after = fold(call.name);
    if (before != after && chats_.contains(after)) return no(ErrorWord::exists);
    auto node = chats_.extract(before);
    node.key() = after;
    node.mapped().name = call.name;
    chats_.insert(std::move(node));
    return Answered{};
  });
}

ChatModel::Answered ChatModel::on(const DescribeChat& call) {
  return as_member(call.token, call.chat, true, [&](const std::string&, Chat& chat) {
    chat.description = call.description;
    return Answered{};
  });
}

ChatModel::Answered ChatModel::on(const SetInviteOnly& call) {
  return as_member(call.token, call.chat, true, [&](const std::string&, Chat& chat) {
    chat.is_invite_only = call.is_invite_only;
    return Answered{};
  });
}

ChatModel::Answered ChatModel::on(const Invite& call) {
  return as_member(call.token, call.chat, true, [&](const std::string&, Chat& chat) {
    const std::string target = fold(call.user);
    if (!is_somebody(target)) return no(ErrorWord::not_found);
    if (chat.has(target)) return no(ErrorWord::exists);
    chat.invited.insert(target);
    return Answered{};
  });
}

ChatModel::Answered ChatModel::on(const RemoveMember& call) {
  return as_member(call.token, call.chat, true, [&](const std::string& user, Chat& chat) {
    const std::string target = fold(call.user);
    if (!is_somebody(target)) return no(ErrorWord::not_found);
    if (target == user) return no(ErrorWord::invalid);
    if (chat.has(target)) {
      leave(target, chat);
      return Answered{};
    }
    return chat.invited.erase(target) == 1 ? Answered{} : no(ErrorWord::not_member);
  });
}

ChatModel::Answered ChatModel::on(const HandOver& call) {
  return as_member(call.token, call.chat, true, [&](const std::string&, Chat& chat) {
    const std::string target = fold(call.user);
    if (!is_somebody(target)) return no(ErrorWord::not_found);
    if (!chat.has(target)) return no(ErrorWord::not_member);
    chat.owner = target;
    return Answered{};
  });
}

ChatModel::Answered ChatModel::on(const Send& call) {
  const auto user = user_of(call.token);
  if (!user) return no(ErrorWord::denied);
  const auto key = std::pair(*user, std::string(call.key));
  if (!call.key.empty() && keys_.contains(key)) {
    const Key& known = keys_.at(key);
    if (known.chat != fold(call.chat) || known.text != call.text) return no(ErrorWord::mismatch);
    return {ErrorWord::ok, known.sent};
  }
  const Answered answered = as_member(call.token, call.chat, false, [&](const std::string&, Chat& chat) {
    return append(chat, *user, {.kind = 1, .text = std::string(call.text)});
  });
  if (answered.sent && !call.key.empty())
    keys_[key] = {fold(call.chat), std::string(call.text), *answered.sent, cluster_us_ + limits::sent_key_us};
  return answered;
}

ChatModel::Answered ChatModel::on(const Edit& call) {
  return as_member(call.token, call.chat, false, [&](const std::string& user, Chat& chat) {
    Message* message = find(chat, call.seq);
    if (message == nullptr) return no(ErrorWord::not_found);
    if (message->author != user) return no(ErrorWord::denied);
    if (edits_of(chat, call.seq.value) >= limits::edits_per_message) return no(ErrorWord::too_large);
    message->edited_by = chat.events.size() + 1;
    return append(chat, user, {.kind = 2, .text = std::string(call.text), .of = call.seq.value});
  });
}

ChatModel::Answered ChatModel::on(const DeleteMessage& call) {
  return as_member(call.token, call.chat, false, [&](const std::string& user, Chat& chat) {
    Message* message = find(chat, call.seq);
    if (message == nullptr) return no(ErrorWord::not_found);
    if (message->author != user && chat.owner != user) return no(ErrorWord::denied);
    for (std::size_t at = 0; at < chat.events.size(); ++at) {
      if (at + 1 != call.seq.value && (chat.events[at].kind != 2 || chat.events[at].of != call.seq.value)) continue;
      chat.events[at].text.clear();
      chat.events[at].deleted_by = chat.events.size() + 1;
    }
    return append(chat, user, {.kind = 3, .of = call.seq.value});
  });
}

ChatModel::Answered ChatModel::on(const MarkRead& call) {
  return as_member(call.token, call.chat, false, [&](const std::string& user, Chat& chat) {
    if (call.seq.value == 0 || call.seq.value > chat.events.size()) return no(ErrorWord::not_found);
    chat.read.at(user) = std::max(chat.read.at(user), call.seq.value);
    return Answered{};
  });
}

}  // namespace parley::app::chat
