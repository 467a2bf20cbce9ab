#pragma once
#include <optional>
#include <tuple>
#include <variant>

#include "common/app/chat/ids.hpp"
#include "common/base/byte_codec.hpp"

/// The chat: users, chats, messages. CHAT.md has what each call means, its errors and its bytes.
///
/// Bytes views of operations are borrowed from wherever they were made or decoded from.
namespace parley::app::chat {

// ---- made by a node, which has hashed or verified a password; a client sends these with the password ----

struct CreateUser {
  BytesView name;
  BytesView password_hash;
  static constexpr auto fields = std::tuple(&CreateUser::name, &CreateUser::password_hash);
  friend bool operator==(const CreateUser&, const CreateUser&) = default;
};
/// Asks for a token, which the client has drawn.
struct Login {
  BytesView name;
  TokenId token;
  std::uint64_t password_version = 0;  ///< of the hash against which the password was verified; 0 for nobody's
  bool is_right = false;
  static constexpr auto fields = std::tuple(&Login::name, &Login::token, &Login::password_version, &Login::is_right);
  friend bool operator==(const Login&, const Login&) = default;
};
struct ChangePassword {
  TokenId token;
  std::uint64_t password_version = 0;
  bool is_right = false;
  BytesView password_hash;  ///< of the new one
  static constexpr auto fields = std::tuple(&ChangePassword::token, &ChangePassword::password_version,
                                            &ChangePassword::is_right, &ChangePassword::password_hash);
  friend bool operator==(const ChangePassword&, const ChangePassword&) = default;
};
/// Of oneself, and for good.
struct DisableUser {
  TokenId token;
  std::uint64_t password_version = 0;
  bool is_right = false;
  static constexpr auto fields =
      std::tuple(&DisableUser::token, &DisableUser::password_version, &DisableUser::is_right);
  friend bool operator==(const DisableUser&, const DisableUser&) = default;
};

// ---- by whoever has the token ----

struct Logout {
  TokenId token;
  static constexpr auto fields = std::tuple(&Logout::token);
  friend bool operator==(const Logout&, const Logout&) = default;
};
struct CreateChat {
  TokenId token;
  BytesView name;
  BytesView description;
  bool is_invite_only = false;
  static constexpr auto fields =
      std::tuple(&CreateChat::token, &CreateChat::name, &CreateChat::description, &CreateChat::is_invite_only);
  friend bool operator==(const CreateChat&, const CreateChat&) = default;
};
struct JoinChat {
  TokenId token;
  BytesView chat;
  static constexpr auto fields = std::tuple(&JoinChat::token, &JoinChat::chat);
  friend bool operator==(const JoinChat&, const JoinChat&) = default;
};
struct LeaveChat {
  TokenId token;
  BytesView chat;
  static constexpr auto fields = std::tuple(&LeaveChat::token, &LeaveChat::chat);
  friend bool operator==(const LeaveChat&, const LeaveChat&) = default;
};
struct RenameChat {
  TokenId token;
  BytesView chat;
  BytesView name;
  static constexpr auto fields = std::tuple(&RenameChat::token, &RenameChat::chat, &RenameChat::name);
  friend bool operator==(const RenameChat&, const RenameChat&) = default;
};
struct DescribeChat {
  TokenId token;
  BytesView chat;
  BytesView description;
  static constexpr auto fields = std::tuple(&DescribeChat::token, &DescribeChat::chat, &DescribeChat::description);
  friend bool operator==(const DescribeChat&, const DescribeChat&) = default;
};
struct SetInviteOnly {
  TokenId token;
  BytesView chat;
  bool is_invite_only = false;
  static constexpr auto fields =
      std::tuple(&SetInviteOnly::token, &SetInviteOnly::chat, &SetInviteOnly::is_invite_only);
  friend bool operator==(const SetInviteOnly&, const SetInviteOnly&) = default;
};
struct Invite {
  TokenId token;
  BytesView chat;
  BytesView user;
  static constexpr auto fields = std::tuple(&Invite::token, &Invite::chat, &Invite::user);
  friend bool operator==(const Invite&, const Invite&) = default;
};
/// A member, or an invitation.
struct RemoveMember {
  TokenId token;
  BytesView chat;
  BytesView user;
  static constexpr auto fields = std::tuple(&RemoveMember::token, &RemoveMember::chat, &RemoveMember::user);
  friend bool operator==(const RemoveMember&, const RemoveMember&) = default;
};
struct HandOver {
  TokenId token;
  BytesView chat;
  BytesView user;
  static constexpr auto fields = std::tuple(&HandOver::token, &HandOver::chat, &HandOver::user);
  friend bool operator==(const HandOver&, const HandOver&) = default;
};
struct Send {
  TokenId token;
  BytesView chat;
  BytesView text;
  BytesView key;  ///< of the same message, however often and from wherever it is sent; empty for none
  static constexpr auto fields = std::tuple(&Send::token, &Send::chat, &Send::text, &Send::key);
  friend bool operator==(const Send&, const Send&) = default;
};
struct Edit {
  TokenId token;
  BytesView chat;
  EventSeq seq;  ///< of the message
  BytesView text;
  static constexpr auto fields = std::tuple(&Edit::token, &Edit::chat, &Edit::seq, &Edit::text);
  friend bool operator==(const Edit&, const Edit&) = default;
};
struct DeleteMessage {
  TokenId token;
  BytesView chat;
  EventSeq seq;
  static constexpr auto fields = std::tuple(&DeleteMessage::token, &DeleteMessage::chat, &DeleteMessage::seq);
  friend bool operator==(const DeleteMessage&, const DeleteMessage&) = default;
};
/// Everything up to there.
struct MarkRead {
  TokenId token;
  BytesView chat;
  EventSeq seq;
  static constexpr auto fields = std::tuple(&MarkRead::token, &MarkRead::chat, &MarkRead::seq);
  friend bool operator==(const MarkRead&, const MarkRead&) = default;
};

/// The number of an operation in a command is its place here and `first_number`.
using Operation =
    std::variant<CreateUser, Login, ChangePassword, DisableUser, Logout, CreateChat, JoinChat, LeaveChat, RenameChat,
                 DescribeChat, SetInviteOnly, Invite, RemoveMember, HandOver, Send, Edit, DeleteMessage, MarkRead>;
inline constexpr std::uint8_t first_number = 32;

[[nodiscard]] inline std::uint8_t number_of(const Operation& operation) {
  return static_cast<std::uint8_t>(first_number + operation.index());
}
/// A word for people and tools: `create_user`.
[[nodiscard]] std::string_view name_of(const Operation& operation);
/// The token by which it acts; for Login the one that is asked for. Null for CreateUser.
[[nodiscard]] const TokenId* token_of(const Operation& operation);

/// One that only a node may make, since it says what became of a password.
[[nodiscard]] bool needs_password(const Operation& operation);
/// One of these as a client sends it, without what the node fills in.
[[nodiscard]] bool is_template(const Operation& operation);

/// What an operation of this number has behind the head of its command.
void write(ByteWriter& out, const Operation& operation);
[[nodiscard]] std::size_t size_of(const Operation& operation);
/// Nothing if there is no such operation, or a field of it is none; that all was read and nothing is left is for the
/// caller to ask. The views live as long as what is read.
[[nodiscard]] std::optional<Operation> read_operation(ByteReader& in, std::uint8_t number);

}  // namespace parley::app::chat
