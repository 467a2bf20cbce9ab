#include "client/cli/chat_commands.hpp"

#include <array>

namespace parley::client::cli {
namespace {

constexpr std::array commands = std::to_array<CommandInfo>({
    {"chat", "[-open CHAT]", "an interactive chat; /help there tells more", 0, 0, make_chat},
    {"chat create-user", "NAME", "make a user, with a password", 1, 1, make_chat_create_user},
    {"chat login", "NAME", "let later commands act as this user", 1, 1, make_chat_login},
    {"chat logout", "", "end that", 0, 0, make_chat_logout},
    {"chat change-password", "", "set another, and log out everywhere else", 0, 0, make_chat_change_password},
    {"chat disable", "", "leave all chats and end this user, for good", 0, 0, make_chat_disable},
    {"chat whoami", "", "the user that acts", 0, 0, make_chat_whoami},
    {"chat create", "CHAT [-description TEXT] [-invite-only]", "make a chat and own it", 1, 1, make_chat_create},
    {"chat join", "CHAT", "become a member", 1, 1, make_chat_join},
    {"chat leave", "CHAT", "be a member no more, or decline an invitation", 1, 1, make_chat_leave},
    {"chat list", "", "the user's chats, with what is unread", 0, 0, make_chat_list},
    {"chat members", "CHAT", "who is in it, in the order in which they joined", 1, 1, make_chat_members},
    {"chat info", "CHAT", "what there is to know of it", 1, 1, make_chat_info},
    {"chat rename", "CHAT NEW", "as its owner", 2, 2, make_chat_rename},
    {"chat describe", "CHAT TEXT", "as its owner", 2, 2, make_chat_describe},
    {"chat invite-only", "CHAT on|off", "as its owner: who may join", 2, 2, make_chat_invite_only},
    {"chat invite", "CHAT USER", "as its owner", 2, 2, make_chat_invite},
    {"chat remove", "CHAT USER", "as its owner: a member, or an invitation", 2, 2, make_chat_remove},
    {"chat hand-over", "CHAT USER", "as its owner: to another member", 2, 2, make_chat_hand_over},
    {"chat send", "CHAT TEXT [-key KEY]", "print the message's number; TEXT `-` reads standard input", 2, 2,
     make_chat_send},
    {"chat edit", "CHAT SEQ TEXT", "print the edit's number; an own message", 3, 3, make_chat_edit},
    {"chat delete", "CHAT SEQ", "print the deletion's number; an own message, or as owner", 2, 2, make_chat_delete},
    {"chat history", "CHAT [-before SEQ] [-after SEQ] [-limit N]", "print what was said, oldest first", 1, 1,
     make_chat_history},
    {"chat messages", "[-after TIME] [-limit N]", "print what was said in all of the user's chats", 0, 0,
     make_chat_messages},
    {"chat follow", "CHAT [-from SEQ]", "print each message as it is said", 1, 1, make_chat_follow},
    {"chat who", "CHAT", "which of its members follow a chat now", 1, 1, make_chat_who},
    {"chat read", "CHAT [SEQ]", "mark as read, up to SEQ or all", 1, 2, make_chat_read},
});

}  // namespace

std::span<const CommandInfo> chat_commands() { return commands; }

}  // namespace parley::client::cli
