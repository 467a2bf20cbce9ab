#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "node/asker.hpp"
#include "tests/sim/work.hpp"
#include "tests/sim/world.hpp"

namespace parley::sim {

/// A client with a session and a few lanes, each of which asks one thing after the other, as its work has it: it tries
/// again through other nodes, and sometimes gives up.
class Client {
 public:
  /// Sends a request to a node; it or its answer may be lost.
  using Send =
      std::function<void(std::size_t node, node::Asker asker, wire::RequestBody body, std::uint32_t deadline_ms)>;
  using CountNodes = std::function<std::size_t()>;

  Client(World& world, std::unique_ptr<Work> work, std::size_t number, Send send, CountNodes count_nodes);

  void start();
  /// Begins nothing new.
  void stop() { is_stopping_ = true; }
  [[nodiscard]] bool is_idle() const;
  void answered(const node::Answer& answer);
  /// The name of its connection.
  [[nodiscard]] const Bytes& connection() const { return connection_; }

 private:
  struct Lane {
    std::optional<app::CommandId> command;  ///< nothing for a read
    Bytes encoded;                          ///< the command or query
    Bytes token;
    Bytes password;
    Bytes new_password;
    wire::ReadMode mode = wire::ReadMode::linearizable;
    bool is_busy = false;
    bool opens_session = false;
    bool may_have_effect = false;  ///< an attempt got no answer
    std::uint32_t attempts = 0;
    std::set<std::uint64_t> unanswered;  ///< requests of this operation
    std::uint64_t turn = 0;              ///< tells a timer of an earlier attempt from one of this
    std::uint64_t give_up_us = 0;
    Index floor;  ///< no read may reflect less
  };

  void rest(std::size_t lane);
  void begin(std::size_t lane);
  void begin_opening(Lane& lane);
  void begin_read(std::size_t lane);
  void begin_write(std::size_t lane);
  void crash();
  [[nodiscard]] wire::RequestBody body_of(const Lane& lane) const;
  void attempt(std::size_t lane);
  void attempt_again(std::size_t lane, std::uint64_t delay_us);
  void timed_out(std::size_t lane, std::uint64_t turn);
  void give_up(std::size_t lane);
  void on_error(std::size_t lane, const wire::ErrorReply& error);
  void on_reply(std::size_t lane, const wire::AppReply& reply);
  void end(std::size_t lane);
  [[nodiscard]] RequestSeq lowest_unanswered() const;

  World& world_;
  std::unique_ptr<Work> work_;
  const std::size_t number_;
  const Bytes connection_;
  Random random_;
  Send send_;
  CountNodes count_nodes_;
  std::vector<Lane> lanes_;
  SessionId session_;
  RequestSeq next_seq_{1};
  bool is_opening_ = false;
  bool is_stopping_ = false;
  std::uint64_t next_request_ = 1;
  std::size_t favourite_ = 0;  ///< the node that answered last
};

}  // namespace parley::sim
