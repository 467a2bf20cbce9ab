#include "client/load/operations.hpp"

#include <array>
#include <utility>

namespace parley::client::load {
namespace {

void set(Workload& workload, Client& client, std::uint32_t, Callback&& callback) {
  const BytesView key = workload.draw_key();
  client.submit(app::Set{key, workload.draw_value()}, std::move(callback));
}

void get(Workload& workload, Client& client, std::uint32_t, Callback&& callback) {
  client.submit(app::Get{workload.draw_key()}, workload.read, std::move(callback));
}

void erase(Workload& workload, Client& client, std::uint32_t, Callback&& callback) {
  client.submit(app::Delete{workload.draw_key()}, std::move(callback));
}

/// As programs use it: what was read is replaced unless somebody else was faster.
void compare_and_set(Workload& workload, Client& client, std::uint32_t, Callback&& callback) {
  const Bytes key(workload.draw_key());
  client.submit(app::Get{key}, workload.read,
                [&workload, &client, key, callback = std::move(callback)](Outcome&& read) {
                  if (!read.ok() || read.value() == nullptr) return callback(std::move(read));
                  client.submit(app::CompareAndSet{key, *read.value(), workload.draw_value()}, callback);
                });
}

void scan(Workload& workload, Client& client, std::uint32_t, Callback&& callback) {
  client.submit(app::Scan{{}, workload.draw_key(), workload.scan_rows}, workload.read, std::move(callback));
}

void send(Workload& workload, Client& client, std::uint32_t number, Callback&& callback) {
  const ChatLoad::User& user = workload.chat->user_of(number);
  const std::string& chat = workload.chat->draw_chat(user, workload.random);
  ChatUser(client, user.token).send(chat, workload.draw_value(), {}, std::move(callback));
}

/// What is new to the user, in all his chats.
void messages(Workload& workload, Client& client, std::uint32_t number, Callback&& callback) {
  ChatLoad::User& user = workload.chat->user_of(number);
  ChatUser(client, user.token, {.mode = workload.read, .timeout_us = 0})
      .messages(user.behind, [&user, callback = std::move(callback)](Outcome&& outcome) {
        const auto* page = outcome.chat<app::chat::Events>();
        if (page != nullptr && !page->events.empty()) {
          const app::chat::Event& last = page->events.back();
          user.behind.time_us = last.time_us;
          user.behind.chat = last.chat;
          user.behind.seq = last.seq;
        }
        callback(std::move(outcome));
      });
}

void history(Workload& workload, Client& client, std::uint32_t number, Callback&& callback) {
  const ChatLoad::User& user = workload.chat->user_of(number);
  const std::string& chat = workload.chat->draw_chat(user, workload.random);
  ChatUser(client, user.token, {.mode = workload.read, .timeout_us = 0})
      .history(chat, 0, 0, false, workload.scan_rows, std::move(callback));
}

using Needs = OperationKind::Needs;
constexpr std::array<OperationKind, 8> kinds = {{
    {"set", "writes a value", Needs::nothing, set},
    {"get", "reads a key", Needs::rows, get},
    {"delete", "removes a key", Needs::nothing, erase},
    {"cas", "reads a key and replaces what it read, in two requests", Needs::rows, compare_and_set},
    {"scan", "reads the rows behind a key", Needs::rows, scan},
    {"send", "sends a message to a chat of the client's user", Needs::chat, send},
    {"messages", "reads what is new in all chats of the user", Needs::chat, messages},
    {"history", "reads the last messages of a chat of the user", Needs::chat, history},
}};

}  // namespace

std::span<const OperationKind> operation_kinds() { return kinds; }

}  // namespace parley::client::load
