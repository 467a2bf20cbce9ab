#include "common/app/chat/operation.hpp"

#include <array>

#include "common/app/chat/fields.hpp"

namespace parley::app::chat {
namespace {

constexpr std::array<std::string_view, std::variant_size_v<Operation>> names = {
    "create_user", "login",       "change_password", "disable_user",    "logout", "create_chat",   "join_chat",
    "leave_chat",  "rename_chat", "describe_chat",   "set_invite_only", "invite", "remove_member", "hand_over",
    "send",        "edit",        "delete_message",  "mark_read"};

// The numbers stand in logs: a new operation comes last.
static_assert(std::is_same_v<std::variant_alternative_t<0, Operation>, CreateUser>);
static_assert(std::is_same_v<std::variant_alternative_t<4, Operation>, Logout>);
static_assert(std::is_same_v<std::variant_alternative_t<14, Operation>, Send>);
static_assert(std::is_same_v<std::variant_alternative_t<17, Operation>, MarkRead>);

}  // namespace

std::string_view name_of(const Operation& operation) { return names.at(operation.index()); }

const TokenId* token_of(const Operation& operation) {
  return std::visit(
      [](const auto& kind) -> const TokenId* {
        if constexpr (requires { kind.token; }) {
          return &kind.token;
        } else {
          return nullptr;
        }
      },
      operation);
}

bool needs_password(const Operation& operation) {
  return std::holds_alternative<CreateUser>(operation) || std::holds_alternative<Login>(operation) ||
         std::holds_alternative<ChangePassword>(operation) || std::holds_alternative<DisableUser>(operation);
}

bool is_template(const Operation& operation) {
  return needs_password(operation) && std::visit(
                                          [](const auto& kind) {
                                            if constexpr (requires { kind.is_right; }) {
                                              if (kind.is_right || kind.password_version != 0) return false;
                                            }
                                            if constexpr (requires { kind.password_hash; })
                                              return kind.password_hash.empty();
                                            return true;
                                          },
                                          operation);
}

void write(ByteWriter& out, const Operation& operation) { std::visit(FieldWriter(out), operation); }

std::size_t size_of(const Operation& operation) {
  return std::visit([](const auto& kind) { return size_of_field(kind); }, operation);
}

std::optional<Operation> read_operation(ByteReader& in, std::uint8_t number) {
  if (number < first_number) return std::nullopt;
  return read_alternative<Operation>(in, number - first_number);
}

}  // namespace parley::app::chat
