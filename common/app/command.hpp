#pragma once
#include <cstdint>
#include <optional>
#include <ostream>
#include <variant>

#include "common/app/chat/operation.hpp"
#include "common/app/lease_id.hpp"
#include "common/base/bytes.hpp"
#include "common/base/ids.hpp"

/// The replicated application: what a command means. Pure: nothing here reads a clock, a file, a random number, a
/// locale or the order of a hash table, so the same log gives the same rows on every replica.
namespace parley::app {

/// Asks for a session. It belongs to none yet: `nonce`, drawn by the client, tells its answer from another's. Sent
/// twice it opens two sessions, of which the client keeps one.
struct OpenSession {
  std::uint64_t nonce = 0;
  friend bool operator==(const OpenSession&, const OpenSession&) = default;
};
/// Ends the session that it is sent in, with its kept replies.
struct CloseSession {
  friend bool operator==(const CloseSession&, const CloseSession&) = default;
};
struct Set {
  BytesView key;
  BytesView value;
  friend bool operator==(const Set&, const Set&) = default;
};
/// `not_found` if there is no such key.
struct Delete {
  BytesView key;
  friend bool operator==(const Delete&, const Delete&) = default;
};
/// Sets `desired` if the present value is `expected`; else `mismatch` with the present value, or `not_found`.
struct CompareAndSet {
  BytesView key;
  BytesView expected;
  BytesView desired;
  friend bool operator==(const CompareAndSet&, const CompareAndSet&) = default;
};

/// Sets a key that ends by itself: after `ttl_us` of cluster time, or with a lease; one of the two is 0. Every later
/// set decides anew whether the key ends; Increment changes nothing about it.
struct SetExpiring {
  BytesView key;
  BytesView value;
  std::uint64_t ttl_us = 0;
  LeaseId lease;
  friend bool operator==(const SetExpiring&, const SetExpiring&) = default;
};
/// Begins a lease; its number is the index of the entry.
struct LeaseGrant {
  std::uint64_t ttl_us = 0;
  friend bool operator==(const LeaseGrant&, const LeaseGrant&) = default;
};
/// Lets its time begin anew.
struct LeaseKeepAlive {
  LeaseId lease;
  friend bool operator==(const LeaseKeepAlive&, const LeaseKeepAlive&) = default;
};
/// Ends it, with its keys.
struct LeaseRevoke {
  LeaseId lease;
  friend bool operator==(const LeaseRevoke&, const LeaseRevoke&) = default;
};
/// Adds to a value that is a decimal number of 64 bits; a key that is not there counts as 0. `mismatch` with the
/// present value if it is no such number, or would be none.
struct Increment {
  BytesView key;
  std::int64_t by = 1;
  friend bool operator==(const Increment&, const Increment&) = default;
};
/// `mismatch` with the present value if it is not `expected`, or `not_found`.
struct DeleteIf {
  BytesView key;
  BytesView expected;
  friend bool operator==(const DeleteIf&, const DeleteIf&) = default;
};
/// Compares, and one of two lists of items, all of which is done or nothing. transaction.hpp writes and reads the
/// parts.
struct Transaction {
  BytesView parts;
  friend bool operator==(const Transaction&, const Transaction&) = default;
};

using Operation = std::variant<OpenSession, CloseSession, Set, Delete, CompareAndSet, SetExpiring, LeaseGrant,
                               LeaseKeepAlive, LeaseRevoke, Increment, DeleteIf, Transaction, chat::Operation>;

/// A command as a client issues it. Its bytes views are borrowed from wherever it was made or decoded from.
struct Command {
  SessionId session{};              ///< 0 in OpenSession alone
  RequestSeq seq{};                 ///< from 1, dense; 0 in OpenSession
  RequestSeq lowest_unanswered{1};  ///< the client has the replies to all below it and never asks for them again
  Operation operation{};
  friend bool operator==(const Command&, const Command&) = default;
};

/// What tells a command from all others: session and number, or for OpenSession the nonce.
struct CommandId {
  SessionId session;
  RequestSeq seq;
  std::uint64_t nonce = 0;
  friend auto operator<=>(const CommandId&, const CommandId&) = default;
  friend std::ostream& operator<<(std::ostream& out, const CommandId& id);
};
[[nodiscard]] CommandId id_of(const Command& command);

/// The payload of an entry of kind `command`; COMMANDS.md has the bytes.
[[nodiscard]] Bytes encode_command(const Command& command);
[[nodiscard]] std::size_t encoded_size(const Command& command);

/// Nothing if the bytes are no command that this version knows. Does not judge what the command says: see validate.hpp.
/// The views in the command live as long as `bytes`.
[[nodiscard]] std::optional<Command> decode_command(BytesView bytes);

}  // namespace parley::app
