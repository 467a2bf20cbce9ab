#pragma once
#include <optional>

#include "common/app/command.hpp"
#include "common/base/hash.hpp"

/// Commands of which an archive keeps no more than apply needs to know how they ended: a Set whose value a later one
/// replaced. Whoever reduces a log sees to it that nothing reads such a value; what is left gives the same digest of
/// the state.
namespace parley::app {

/// A Set without its value.
struct ReducedSet {
  SessionId session;
  RequestSeq seq;
  RequestSeq lowest_unanswered;
  BytesView key;
  std::uint32_t value_bytes = 0;
  Digest value;  ///< BLAKE2b of it
  friend bool operator==(const ReducedSet&, const ReducedSet&) = default;

  /// The command, with this in the place of its value, which must be of `value_bytes`.
  [[nodiscard]] Command command(BytesView placeholder) const;
};

/// What is left of the payload of a command; nothing if it cannot be reduced: it is no Set, or its value is so short
/// that the digest of the state holds it as it is.
[[nodiscard]] std::optional<Bytes> reduce(BytesView payload);

/// Nothing if the bytes are not what reduce() leaves. The key lives as long as `bytes`.
[[nodiscard]] std::optional<ReducedSet> decode_reduced(BytesView bytes);

}  // namespace parley::app
