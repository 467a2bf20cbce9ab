#pragma once
#include "common/app/command.hpp"
#include "common/app/query.hpp"
#include "common/app/reply.hpp"
#include "common/base/random.hpp"
#include "common/wire/client_message.hpp"

namespace parley::sim {

/// What a client asks for, and what it makes of the answers. A client has lanes, each of which asks one thing after the
/// other; whatever is drawn is drawn from the client's chance.
class Work {
 public:
  enum class Kind { nothing, read, write };
  struct Read {
    wire::ReadMode mode = wire::ReadMode::linearizable;
    Bytes query;
    Bytes token{};
  };
  /// The views of the operation live until the next one is drawn.
  struct Write {
    app::Operation operation;
    Bytes token{};
    Bytes password{};  ///< with one it is a template that a node completes
    Bytes new_password{};
  };
  /// What a lane was told.
  struct Answer {
    Index index;
    const app::Reply& reply;
    bool is_stale = false;  ///< a stale read: how old it is, is judged where it is answered
  };

  virtual ~Work() = default;
  /// What a lane is to do next.
  [[nodiscard]] virtual Kind next(Random& random) = 0;
  /// It begins, if only by opening a session.
  virtual void prepare(std::size_t lane, Random& random) = 0;
  [[nodiscard]] virtual Read read(std::size_t lane, Random& random) = 0;
  [[nodiscard]] virtual Write write(std::size_t lane, Random& random) = 0;
  /// Empty, or what is wrong with the answer.
  [[nodiscard]] virtual std::string answered(std::size_t lane, const Answer& answer) = 0;
  /// It ends without an answer. `is_certain`: it had no effect.
  virtual void gave_up(std::size_t lane, bool is_certain) = 0;
  /// True if the client is to die now, and to begin again with what crashed() leaves.
  [[nodiscard]] virtual bool crashes(Random&) { return false; }
  /// All that had been going on is given up.
  virtual void crashed() {}
};

/// Lease reads and stale ones among the linearizable.
[[nodiscard]] inline wire::ReadMode draw_mode(Random& random) {
  const std::uint64_t kind = random.below(6);
  return kind == 0 ? wire::ReadMode::stale : kind < 3 ? wire::ReadMode::lease : wire::ReadMode::linearizable;
}

}  // namespace parley::sim
