#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "common/base/ensure.hpp"

namespace parley {

/// A number that has a meaning. Numbers of different meaning do not mix, and arithmetic exists only where it is
/// sensible.
template <class Tag>
struct StrongNumber {
  std::uint64_t value = 0;
  friend auto operator<=>(const StrongNumber&, const StrongNumber&) = default;
  friend std::ostream& operator<<(std::ostream& out, StrongNumber number) { return out << number.value; }
};

/// How many entries lie between two indexes.
struct Count : StrongNumber<struct CountTag> {};

/// A term of Raft (thesis 3.3): at most one leader each; 0 before the first election.
struct Term : StrongNumber<struct TermTag> {
  [[nodiscard]] Term next() const { return Term{value + 1}; }
};

/// A position in the log. The first entry of a cluster has index 1; 0 is "before the first".
struct Index : StrongNumber<struct IndexTag> {
  [[nodiscard]] Index next() const { return Index{value + 1}; }
  [[nodiscard]] Index previous() const {
    ENSURE(value > 0);
    return Index{value - 1};
  }
  friend Index operator+(Index index, Count count) { return Index{index.value + count.value}; }
  friend Index operator-(Index index, Count count) {
    ENSURE_LE(count.value, index.value);
    return Index{index.value - count.value};
  }
  friend Count operator-(Index high, Index low) {
    ENSURE_LE(low.value, high.value);
    return Count{high.value - low.value};
  }
};

/// The identity of a replica in consensus: the random incarnation of its data folder. A wiped disk draws another one,
/// so it can never vote under the promises of the old. 0 is "nobody".
struct ServerId : StrongNumber<struct ServerIdTag> {
  [[nodiscard]] bool is_nobody() const { return value == 0; }
  /// As people see it everywhere: 16 hexadecimal digits, or `none`.
  [[nodiscard]] std::string text() const;
};
inline constexpr ServerId nobody{};

/// Which life of a process speaks: drawn at random at each start, so that an old connection is told from a new one.
struct BootId : StrongNumber<struct BootIdTag> {};

/// A client's session: the index of the entry that opened it; 0 is "no session".
struct SessionId : StrongNumber<struct SessionIdTag> {};

/// The number of a command within its session, from 1.
struct RequestSeq : StrongNumber<struct RequestSeqTag> {
  [[nodiscard]] RequestSeq next() const { return RequestSeq{value + 1}; }
};

/// A cluster: 128 random bits, drawn when it is founded. Nil before a replica belongs to one.
struct ClusterId {
  std::array<std::uint8_t, 16> bytes{};
  [[nodiscard]] bool is_nil() const { return *this == ClusterId{}; }
  /// 32 lower-case hexadecimal digits.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] static std::optional<ClusterId> parse(std::string_view text);
  friend auto operator<=>(const ClusterId&, const ClusterId&) = default;
  friend std::ostream& operator<<(std::ostream& out, const ClusterId& id) { return out << id.text(); }
};

/// The name that people give a replica. Consensus never decides by it: it decides by ServerId.
class NodeId {
 public:
  NodeId() = default;
  /// Letters, digits, '.', '_', '-', at least one and at most limits::node_name_bytes; otherwise nothing.
  [[nodiscard]] static std::optional<NodeId> parse(std::string_view name);
  [[nodiscard]] const std::string& text() const { return name_; }
  friend auto operator<=>(const NodeId&, const NodeId&) = default;
  friend std::ostream& operator<<(std::ostream& out, const NodeId& id) { return out << id.name_; }

 private:
  explicit NodeId(std::string name) : name_(std::move(name)) {}
  std::string name_;
};

}  // namespace parley

#define PARLEY_HASH_NUMBER(Type)                                        \
  template <>                                                           \
  struct std::hash<parley::Type> {                                      \
    std::size_t operator()(const parley::Type& number) const noexcept { \
      return std::hash<std::uint64_t>{}(number.value);                  \
    }                                                                   \
  }
PARLEY_HASH_NUMBER(Index);
PARLEY_HASH_NUMBER(ServerId);
PARLEY_HASH_NUMBER(SessionId);
#undef PARLEY_HASH_NUMBER
