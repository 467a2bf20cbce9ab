#include "common/app/command.hpp"

#include "common/app/transaction.hpp"
#include "common/base/byte_codec.hpp"

namespace parley::app {
namespace {

constexpr std::uint8_t command_version = 1;
constexpr std::size_t header_bytes = 1 + 1 + 8 + 8 + 8;

// COMMANDS.md has the numbers: 1 to 31 are of sessions and key-value, from 32 on of the chat.
constexpr std::uint8_t number_of(const OpenSession&) { return 1; }
constexpr std::uint8_t number_of(const CloseSession&) { return 2; }
constexpr std::uint8_t number_of(const Set&) { return 3; }
constexpr std::uint8_t number_of(const Delete&) { return 4; }
constexpr std::uint8_t number_of(const CompareAndSet&) { return 5; }
constexpr std::uint8_t number_of(const SetExpiring&) { return 6; }
constexpr std::uint8_t number_of(const LeaseGrant&) { return 7; }
constexpr std::uint8_t number_of(const LeaseKeepAlive&) { return 8; }
constexpr std::uint8_t number_of(const LeaseRevoke&) { return 9; }
constexpr std::uint8_t number_of(const Increment&) { return 10; }
constexpr std::uint8_t number_of(const DeleteIf&) { return 11; }
constexpr std::uint8_t number_of(const Transaction&) { return 12; }

void write(ByteWriter& out, const OpenSession& open) { out.number(open.nonce); }
void write(ByteWriter&, const CloseSession&) {}
void write(ByteWriter& out, const Set& set) { out.sized(set.key).sized(set.value); }
void write(ByteWriter& out, const Delete& erase) { out.sized(erase.key); }
void write(ByteWriter& out, const CompareAndSet& cas) { out.sized(cas.key).sized(cas.expected).sized(cas.desired); }
void write(ByteWriter& out, const SetExpiring& set) {
  out.sized(set.key).sized(set.value).number(set.ttl_us).number(set.lease.value);
}
void write(ByteWriter& out, const LeaseGrant& grant) { out.number(grant.ttl_us); }
void write(ByteWriter& out, const LeaseKeepAlive& keep) { out.number(keep.lease.value); }
void write(ByteWriter& out, const LeaseRevoke& revoke) { out.number(revoke.lease.value); }
void write(ByteWriter& out, const Increment& increment) {
  out.sized(increment.key).number(static_cast<std::uint64_t>(increment.by));
}
void write(ByteWriter& out, const DeleteIf& erase) { out.sized(erase.key).sized(erase.expected); }
void write(ByteWriter& out, const Transaction& transaction) { out.raw(transaction.parts); }

std::size_t size_of(const OpenSession&) { return 8; }
std::size_t size_of(const CloseSession&) { return 0; }
std::size_t size_of(const Set& set) { return 8 + set.key.size() + set.value.size(); }
std::size_t size_of(const Delete& erase) { return 4 + erase.key.size(); }
std::size_t size_of(const CompareAndSet& cas) { return 12 + cas.key.size() + cas.expected.size() + cas.desired.size(); }
std::size_t size_of(const SetExpiring& set) { return 24 + set.key.size() + set.value.size(); }
std::size_t size_of(const LeaseGrant&) { return 8; }
std::size_t size_of(const LeaseKeepAlive&) { return 8; }
std::size_t size_of(const LeaseRevoke&) { return 8; }
std::size_t size_of(const Increment& increment) { return 12 + increment.key.size(); }
std::size_t size_of(const DeleteIf& erase) { return 8 + erase.key.size() + erase.expected.size(); }
std::size_t size_of(const Transaction& transaction) { return transaction.parts.size(); }

/// The fields are read in the order in which braces evaluate them, which is the order written. In place, since a copy
/// of the whole costs more than to read a set.
bool read_operation(ByteReader& in, std::uint8_t kind, Operation& into) {
  switch (kind) {
    case 1: into = OpenSession{in.number<std::uint64_t>()}; return true;
    case 2: into = CloseSession{}; return true;
    case 3: into = Set{in.sized(), in.sized()}; return true;
    case 4: into = Delete{in.sized()}; return true;
    case 5: into = CompareAndSet{in.sized(), in.sized(), in.sized()}; return true;
    case 6:
      into = SetExpiring{in.sized(), in.sized(), in.number<std::uint64_t>(), LeaseId{in.number<std::uint64_t>()}};
      return true;
    case 7: into = LeaseGrant{in.number<std::uint64_t>()}; return true;
    case 8: into = LeaseKeepAlive{LeaseId{in.number<std::uint64_t>()}}; return true;
    case 9: into = LeaseRevoke{LeaseId{in.number<std::uint64_t>()}}; return true;
    case 10: into = Increment{in.sized(), static_cast<std::int64_t>(in.number<std::uint64_t>())}; return true;
    case 11: into = DeleteIf{in.sized(), in.sized()}; return true;
    case 12: into = Transaction{in.raw(in.remaining())}; return is_transaction(std::get<Transaction>(into).parts);
    default: break;
  }
  const auto of_chat = chat::read_operation(in, kind);
  if (of_chat) into = *of_chat;
  return of_chat.has_value();
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const CommandId& id) {
  return out << "session " << id.session << " seq " << id.seq << " nonce " << id.nonce;
}

CommandId id_of(const Command& command) {
  const auto* open = std::get_if<OpenSession>(&command.operation);
  return {command.session, command.seq, open ? open->nonce : 0};
}

std::size_t encoded_size(const Command& command) {
  return header_bytes + std::visit([](const auto& operation) { return size_of(operation); }, command.operation);
}

Bytes encode_command(const Command& command) {
  Bytes bytes;
  bytes.reserve(encoded_size(command));
  ByteWriter out(bytes);
  out.number(command_version)
      .number(std::visit([](const auto& operation) { return number_of(operation); }, command.operation));
  out.number(command.session.value).number(command.seq.value).number(command.lowest_unanswered.value);
  std::visit([&out](const auto& operation) { write(out, operation); }, command.operation);
  return bytes;
}

std::optional<Command> decode_command(BytesView bytes) {
  ByteReader in(bytes);
  const auto version = in.number<std::uint8_t>();
  const auto kind = in.number<std::uint8_t>();
  std::optional<Command> command(std::in_place);
  command->session = SessionId{in.number<std::uint64_t>()};
  command->seq = RequestSeq{in.number<std::uint64_t>()};
  command->lowest_unanswered = RequestSeq{in.number<std::uint64_t>()};
  const bool is_sound = version == command_version && read_operation(in, kind, command->operation) && in.done();
  if (!is_sound) command.reset();
  return command;
}

}  // namespace parley::app
