#include <parley/chat.hpp>

#include <utility>

#include "client/library/chat_core.hpp"

namespace parley {
namespace {

using client::ChatToken;
using client::Client;
using client::Outcome;
using client::library::failure;
using client::library::finish;
using client::library::timeout_us_of;
using detail::ChatCore;

/// What a call takes of the bound on bytes, beyond what it says.
constexpr std::size_t call_bytes = 512;

// All calls are made of these: `ask` asks the engine, `convert` makes of its outcome what the program is told. The
// views that `ask` uses are of texts that the call holds.

/// A call by a token, in callback form.
template <class T, class Options, class Ask, class Convert>
bool begin(const ChatCore& core, std::size_t bytes, const Options& options, Callback<T> callback, Ask ask,
           Convert convert) {
  client::ChatUser::Options with;
  with.timeout_us = timeout_us_of(options.timeout);
  if constexpr (std::is_same_v<Options, ReadOptions>) with.mode = client::library::read_mode_of(options.mode);
  return core.core().io().begin(
      call_bytes + bytes,
      [token = core.token(), with, ask = std::move(ask)](Client& engine, client::Callback end) mutable {
        client::ChatUser user(engine, token, with);
        ask(user, std::move(end));
      },
      finish<T>(std::move(callback), convert));
}

/// The same in blocking form: until it returns, what the program gave is there.
template <class T, class Options, class Ask, class Convert>
Answer<T> wait(const ChatCore& core, std::size_t bytes, const Options& options, Ask ask, Convert convert) {
  return core.core().wait<T>(options.timeout, [&](Callback<T> end) {
    return begin<T>(core, bytes, options, std::move(end), std::move(ask), convert);
  });
}

template <class Ask>
Answer<void> wait_done(const ChatCore& core, std::size_t bytes, const WriteOptions& options, Ask ask) {
  return wait<void>(core, bytes, options, std::move(ask), client::library::nothing_of);
}

}  // namespace

// --- whoever has a name and a password

Answer<void> ChatUser::create(Cluster& cluster, std::string_view user, std::string_view password,
                              WriteOptions options) {
  detail::Core& core = cluster.core();
  return core.wait<void>(options.timeout, [&](Callback<void> end) {
    return core.io().begin(
        call_bytes,
        [user = std::string(user), password = std::string(password), options](Client& engine, client::Callback done) {
          client::create_user(engine, user, password, std::move(done), timeout_us_of(options.timeout));
        },
        finish<void>(std::move(end), client::library::nothing_of));
  });
}

Answer<ChatUser> ChatUser::log_in(Cluster& cluster, std::string_view user, std::string_view password,
                                  WriteOptions options) {
  detail::Core& core = cluster.core();
  const ChatToken token = ChatToken::draw();
  const Answer<void> answer = core.wait<void>(options.timeout, [&](Callback<void> end) {
    return core.io().begin(
        call_bytes,
        [token, user = std::string(user), password = std::string(password), options](Client& engine,
                                                                                     client::Callback done) {
          client::log_in(engine, user, password, token, std::move(done), timeout_us_of(options.timeout));
        },
        finish<void>(std::move(end), client::library::nothing_of));
  });
  if (!answer) return std::unexpected(answer.error());
  return ChatUser(std::make_shared<const ChatCore>(core, token));
}

Answer<ChatUser> ChatUser::with_token(Cluster& cluster, std::string_view token) {
  auto known = ChatToken::from_secret(token);
  if (!known) return std::unexpected(failure(Word::invalid, "these bytes are no token"));
  return ChatUser(std::make_shared<const ChatCore>(cluster.core(), *std::move(known)));
}

std::string_view ChatUser::token() const { return core_->token().secret(); }

Answer<void> ChatUser::log_out(WriteOptions options) {
  return wait_done(*core_, 0, options,
                   [](client::ChatUser& user, client::Callback end) { user.log_out(std::move(end)); });
}

Answer<void> ChatUser::change_password(std::string_view old_password, std::string_view new_password,
                                       WriteOptions options) {
  return wait_done(*core_, 0, options,
                   [old_password = std::string(old_password), new_password = std::string(new_password)](
                       client::ChatUser& user, client::Callback end) {
                     user.change_password(old_password, new_password, std::move(end));
                   });
}

Answer<void> ChatUser::disable(std::string_view password, WriteOptions options) {
  return wait_done(*core_, 0, options,
                   [password = std::string(password)](client::ChatUser& user, client::Callback end) {
                     user.disable(password, std::move(end));
                   });
}

Answer<std::string> ChatUser::name(ReadOptions options) {
  return wait<std::string>(
      *core_, 0, options, [](client::ChatUser& user, client::Callback end) { user.who_am_i(std::move(end)); },
      client::library::user_name_of);
}

// --- chats

Answer<void> ChatUser::create_chat(std::string_view chat, std::string_view description, bool is_invite_only,
                                   WriteOptions options) {
  return wait_done(*core_, chat.size() + description.size(), options,
                   [chat = std::string(chat), description = std::string(description), is_invite_only](
                       client::ChatUser& user, client::Callback end) {
                     user.create(chat, description, is_invite_only, std::move(end));
                   });
}

Answer<void> ChatUser::join(std::string_view chat, WriteOptions options) {
  return wait_done(
      *core_, chat.size(), options,
      [chat = std::string(chat)](client::ChatUser& user, client::Callback end) { user.join(chat, std::move(end)); });
}

Answer<void> ChatUser::leave(std::string_view chat, WriteOptions options) {
  return wait_done(
      *core_, chat.size(), options,
      [chat = std::string(chat)](client::ChatUser& user, client::Callback end) { user.leave(chat, std::move(end)); });
}

Answer<ChatList> ChatUser::chats(std::uint64_t after, ReadOptions options) {
  return core_->core().wait<ChatList>(options.timeout,
                                      [&](Callback<ChatList> end) { return chats(after, std::move(end), options); });
}

Answer<ChatMembers> ChatUser::members(std::string_view chat, std::uint64_t after, ReadOptions options) {
  return wait<ChatMembers>(
      *core_, chat.size(), options,
      [chat = std::string(chat), after](client::ChatUser& user, client::Callback end) {
        user.members(chat, after, std::move(end));
      },
      client::library::members_of);
}

Answer<ChatDetails> ChatUser::details(std::string_view chat, ReadOptions options) {
  return wait<ChatDetails>(
      *core_, chat.size(), options,
      [chat = std::string(chat)](client::ChatUser& user, client::Callback end) { user.info(chat, std::move(end)); },
      client::library::details_of);
}

Answer<void> ChatUser::rename(std::string_view chat, std::string_view name, WriteOptions options) {
  return wait_done(*core_, chat.size() + name.size(), options,
                   [chat = std::string(chat), name = std::string(name)](client::ChatUser& user, client::Callback end) {
                     user.rename(chat, name, std::move(end));
                   });
}

Answer<void> ChatUser::describe(std::string_view chat, std::string_view description, WriteOptions options) {
  return wait_done(
      *core_, chat.size() + description.size(), options,
      [chat = std::string(chat), description = std::string(description)](client::ChatUser& user, client::Callback end) {
        user.describe(chat, description, std::move(end));
      });
}

Answer<void> ChatUser::set_invite_only(std::string_view chat, bool is_invite_only, WriteOptions options) {
  return wait_done(*core_, chat.size(), options,
                   [chat = std::string(chat), is_invite_only](client::ChatUser& user, client::Callback end) {
                     user.set_invite_only(chat, is_invite_only, std::move(end));
                   });
}

Answer<void> ChatUser::invite(std::string_view chat, std::string_view guest, WriteOptions options) {
  return wait_done(*core_, chat.size() + guest.size(), options,
                   [chat = std::string(chat), guest = std::string(guest)](
                       client::ChatUser& user, client::Callback end) { user.invite(chat, guest, std::move(end)); });
}

Answer<void> ChatUser::remove(std::string_view chat, std::string_view member, WriteOptions options) {
  return wait_done(*core_, chat.size() + member.size(), options,
                   [chat = std::string(chat), member = std::string(member)](
                       client::ChatUser& user, client::Callback end) { user.remove(chat, member, std::move(end)); });
}

Answer<void> ChatUser::hand_over(std::string_view chat, std::string_view heir, WriteOptions options) {
  return wait_done(*core_, chat.size() + heir.size(), options,
                   [chat = std::string(chat), heir = std::string(heir)](client::ChatUser& user, client::Callback end) {
                     user.hand_over(chat, heir, std::move(end));
                   });
}

// --- messages

bool ChatUser::send(std::string_view chat, std::string_view text, std::string_view key, Callback<ChatSent> callback,
                    WriteOptions options) {
  return begin<ChatSent>(
      *core_, chat.size() + text.size() + key.size(), options, std::move(callback),
      [chat = std::string(chat), text = std::string(text), key = std::string(key)](
          client::ChatUser& user, client::Callback end) { user.send(chat, text, key, std::move(end)); },
      client::library::sent_of);
}

bool ChatUser::edit(std::string_view chat, std::uint64_t seq, std::string_view text, Callback<ChatSent> callback,
                    WriteOptions options) {
  return begin<ChatSent>(
      *core_, chat.size() + text.size(), options, std::move(callback),
      [chat = std::string(chat), seq, text = std::string(text)](client::ChatUser& user, client::Callback end) {
        user.edit(chat, seq, text, std::move(end));
      },
      client::library::sent_of);
}

bool ChatUser::erase(std::string_view chat, std::uint64_t seq, Callback<ChatSent> callback, WriteOptions options) {
  return begin<ChatSent>(
      *core_, chat.size(), options, std::move(callback),
      [chat = std::string(chat), seq](client::ChatUser& user, client::Callback end) {
        user.erase(chat, seq, std::move(end));
      },
      client::library::sent_of);
}

bool ChatUser::mark_read(std::string_view chat, std::uint64_t seq, Callback<void> callback, WriteOptions options) {
  return begin<void>(
      *core_, chat.size(), options, std::move(callback),
      [chat = std::string(chat), seq](client::ChatUser& user, client::Callback end) {
        user.mark_read(chat, seq, std::move(end));
      },
      client::library::nothing_of);
}

bool ChatUser::history(std::string_view chat, const HistoryRange& range, Callback<ChatEvents> callback,
                       ReadOptions options) {
  return begin<ChatEvents>(
      *core_, chat.size(), options, std::move(callback),
      [chat = std::string(chat), range](client::ChatUser& user, client::Callback end) {
        user.history(chat, range.before, range.after, range.forward, range.limit, std::move(end));
      },
      client::library::events_of);
}

bool ChatUser::chats(std::uint64_t after, Callback<ChatList> callback, ReadOptions options) {
  return begin<ChatList>(
      *core_, 0, options, std::move(callback),
      [after](client::ChatUser& user, client::Callback end) { user.list(after, std::move(end)); },
      client::library::chats_of);
}

Answer<ChatSent> ChatUser::send(std::string_view chat, std::string_view text, std::string_view key,
                                WriteOptions options) {
  return core_->core().wait<ChatSent>(
      options.timeout, [&](Callback<ChatSent> end) { return send(chat, text, key, std::move(end), options); });
}

Answer<ChatSent> ChatUser::edit(std::string_view chat, std::uint64_t seq, std::string_view text, WriteOptions options) {
  return core_->core().wait<ChatSent>(
      options.timeout, [&](Callback<ChatSent> end) { return edit(chat, seq, text, std::move(end), options); });
}

Answer<ChatSent> ChatUser::erase(std::string_view chat, std::uint64_t seq, WriteOptions options) {
  return core_->core().wait<ChatSent>(
      options.timeout, [&](Callback<ChatSent> end) { return erase(chat, seq, std::move(end), options); });
}

Answer<void> ChatUser::mark_read(std::string_view chat, std::uint64_t seq, WriteOptions options) {
  return core_->core().wait<void>(options.timeout,
                                  [&](Callback<void> end) { return mark_read(chat, seq, std::move(end), options); });
}

Answer<ChatEvents> ChatUser::history(std::string_view chat, const HistoryRange& range, ReadOptions options) {
  return core_->core().wait<ChatEvents>(
      options.timeout, [&](Callback<ChatEvents> end) { return history(chat, range, std::move(end), options); });
}

Answer<ChatEvents> ChatUser::messages(ChatTime after, std::uint32_t limit, ReadOptions options) {
  const auto since_1970 = std::chrono::floor<std::chrono::microseconds>(after.time_since_epoch()).count();
  app::chat::Messages behind;
  behind.begin_behind(since_1970 > 0 ? static_cast<std::uint64_t>(since_1970) : 0);
  behind.limit = limit;
  return wait<ChatEvents>(
      *core_, 0, options,
      [behind](client::ChatUser& user, client::Callback end) { user.messages(behind, std::move(end)); },
      client::library::events_of);
}

Answer<ChatEvents> ChatUser::messages(const ChatEvent& behind, std::uint32_t limit, ReadOptions options) {
  const auto since_1970 = std::chrono::floor<std::chrono::microseconds>(behind.time.time_since_epoch()).count();
  app::chat::Messages place;
  place.time_us = since_1970 > 0 ? static_cast<std::uint64_t>(since_1970) : 0;
  place.chat.value = behind.chat_id;
  place.seq.value = behind.seq;
  place.limit = limit;
  return wait<ChatEvents>(
      *core_, 0, options,
      [place](client::ChatUser& user, client::Callback end) { user.messages(place, std::move(end)); },
      client::library::events_of);
}

// --- following

Answer<ChatFeed> ChatUser::follow(std::string_view chat, const ChatFeedOptions& options) {
  return follow(chat, options, ChatFeedCallback());
}

Answer<ChatFeed> ChatUser::follow(std::string_view chat, const ChatFeedOptions& options, ChatFeedCallback callback) {
  return client::library::start_chat_feed(core_->core().common(), core_->token(), std::string(chat), options,
                                          std::move(callback));
}

}  // namespace parley
