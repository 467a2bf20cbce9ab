#pragma once
#include <memory>
#include <span>

#include "client/cli/command.hpp"

namespace parley::client::cli {

/// The commands that begin with `chat`: each has its two words as its name, but for `chat` alone.
[[nodiscard]] std::span<const CommandInfo> chat_commands();

// chat_prompt_command.cpp
[[nodiscard]] std::unique_ptr<Command> make_chat();
// chat_account_commands.cpp
[[nodiscard]] std::unique_ptr<Command> make_chat_create_user();
[[nodiscard]] std::unique_ptr<Command> make_chat_login();
[[nodiscard]] std::unique_ptr<Command> make_chat_logout();
[[nodiscard]] std::unique_ptr<Command> make_chat_change_password();
[[nodiscard]] std::unique_ptr<Command> make_chat_disable();
[[nodiscard]] std::unique_ptr<Command> make_chat_whoami();
// chat_room_commands.cpp
[[nodiscard]] std::unique_ptr<Command> make_chat_create();
[[nodiscard]] std::unique_ptr<Command> make_chat_join();
[[nodiscard]] std::unique_ptr<Command> make_chat_leave();
[[nodiscard]] std::unique_ptr<Command> make_chat_list();
[[nodiscard]] std::unique_ptr<Command> make_chat_members();
[[nodiscard]] std::unique_ptr<Command> make_chat_info();
[[nodiscard]] std::unique_ptr<Command> make_chat_rename();
[[nodiscard]] std::unique_ptr<Command> make_chat_describe();
[[nodiscard]] std::unique_ptr<Command> make_chat_invite_only();
[[nodiscard]] std::unique_ptr<Command> make_chat_invite();
[[nodiscard]] std::unique_ptr<Command> make_chat_remove();
[[nodiscard]] std::unique_ptr<Command> make_chat_hand_over();
// chat_message_commands.cpp
[[nodiscard]] std::unique_ptr<Command> make_chat_send();
[[nodiscard]] std::unique_ptr<Command> make_chat_edit();
[[nodiscard]] std::unique_ptr<Command> make_chat_delete();
[[nodiscard]] std::unique_ptr<Command> make_chat_history();
[[nodiscard]] std::unique_ptr<Command> make_chat_messages();
[[nodiscard]] std::unique_ptr<Command> make_chat_read();
// chat_follow_commands.cpp
[[nodiscard]] std::unique_ptr<Command> make_chat_follow();
[[nodiscard]] std::unique_ptr<Command> make_chat_who();

}  // namespace parley::client::cli
