#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "client/network.hpp"
#include "client/operation_table.hpp"
#include "client/outcome.hpp"
#include "client/servers.hpp"
#include "client/session_window.hpp"
#include "common/app/command.hpp"
#include "common/app/query.hpp"
#include "common/base/clock.hpp"
#include "common/base/random.hpp"

namespace parley::client {

/// What changes rows. The views are borrowed for the call of submit() alone.
using Write = std::variant<app::Set, app::Delete, app::CompareAndSet, app::SetExpiring, app::LeaseGrant,
                           app::LeaseKeepAlive, app::LeaseRevoke, app::Increment, app::DeleteIf, app::Transaction>;

/// A call of the chat. One that takes a password is a template (app::chat::is_template), which a node completes. The
/// views are borrowed as well.
struct ChatCall {
  app::chat::Operation operation;
  BytesView token{};     ///< whose hash the operation has; empty if it has none
  BytesView password{};  ///< empty if it takes none
  BytesView new_password{};
};

struct ClientSettings {
  std::vector<Address> servers;          ///< at least one
  std::uint64_t timeout_us = 5'000'000;  ///< of operations that are given none
  std::uint64_t silence_us = 150'000;    ///< how long a server with something unanswered may say nothing at first
  std::uint64_t seed = 0;                ///< of nonces and of the jitter of retries; draw it at random
};

/// Talks to one cluster through whichever of its servers answers.
///
/// What is submitted between two steps travels in one frame to each server. A request that is not answered is sent
/// again, to another server if there is one; a write keeps its session and number, so it takes effect at most once. A
/// write ends with a word other than `ok` and `timeout` only if it certainly had no effect; otherwise with `timeout`.
///
/// Owned by one thread; nothing here waits but poll(). Several clients may share a network. Callbacks of operations
/// that have not ended when it is destroyed are never called.
class Client {
 public:
  /// Network and clock must outlive it.
  Client(Network& network, const Clock& clock, ClientSettings settings);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Each of these takes an operation, which ends at the latest after `timeout_us` (0: as in the settings). What breaks
  /// a limit ends with the next step, unsent; so does everything beyond limits::client_operations, with `busy`.
  void submit(const Write& write, Callback callback, std::uint64_t timeout_us = 0);
  void submit(const app::Query& query, wire::ReadMode mode, Callback callback, std::uint64_t timeout_us = 0);
  /// What the chat is asked, and is to do: the token itself goes with what names it. (chat_user.hpp has a function for
  /// each call.)
  void submit(const app::chat::Query& query, wire::ReadMode mode, BytesView token, Callback callback,
              std::uint64_t timeout_us = 0);
  void submit(const ChatCall& call, Callback callback, std::uint64_t timeout_us = 0);
  /// An administrative request, to the leader if one is known.
  void submit(wire::RequestBody request, Callback callback, std::uint64_t timeout_us = 0);
  /// The same to this server alone, whoever leads.
  void submit_to(const Address& server, wire::RequestBody request, Callback callback, std::uint64_t timeout_us = 0);

  /// Takes what has arrived, calls callbacks, looks after time, and sends everything that is due. Never waits.
  void step();
  /// A step, a wait for at most `timeout_us` or until something happens, another step.
  void poll(std::uint64_t timeout_us);
  /// When step() must be called again even if nothing arrives, by the monotonic clock; UINT64_MAX for never.
  [[nodiscard]] std::uint64_t next_wake_us() const { return over_.empty() ? next_check_us_ : now_us_; }
  /// The monotonic time at which the last step began.
  [[nodiscard]] std::uint64_t now_us() const { return now_us_; }

  /// Operations that have not ended yet.
  [[nodiscard]] std::size_t outstanding() const { return callers_operations_ + over_.size(); }
  /// As learnt from the first answer; nil before it.
  [[nodiscard]] const ClusterId& cluster() const { return cluster_; }
  [[nodiscard]] const std::vector<Address>& configured_servers() const { return settings_.servers; }
  [[nodiscard]] std::uint64_t timeout_us() const { return settings_.timeout_us; }

  /// What happened so far, for tests and for a person who wonders.
  struct Counters {
    std::uint64_t frames_sent = 0;
    std::uint64_t requests_sent = 0;
    std::uint64_t requests_repeated = 0;
    std::uint64_t answers = 0;          ///< to operations that had not ended, refusals included
    std::uint64_t busy_answers = 0;     ///< of these, a server said `busy`
    std::uint64_t replies_unknown = 0;  ///< to operations that had ended
    std::uint64_t sessions_opened = 0;
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  // client.cpp: taking operations in, ending them
  void add(Operation operation, std::uint64_t timeout_us);
  void submit_write(const app::Command& command, wire::RequestBody body, Callback callback, std::uint64_t timeout_us);
  void submit_read(wire::ReadRequest read, Callback callback, std::uint64_t timeout_us);
  void refuse(Callback callback, ErrorWord word, std::string detail);
  void end(Ticket ticket, Outcome outcome);
  void end_refused(Ticket ticket, ErrorWord word, std::string detail);
  void end_over();
  void make_ready(Ticket ticket, Operation& operation);

  // client_session.cpp
  void number_write(Operation& operation, const app::Command& command);
  void admit_writes();
  void open_session();
  void session_opened(Outcome&& outcome);
  void fail_queued(const Outcome& outcome);
  void handle_expired_session(Ticket ticket, std::uint32_t number);
  [[nodiscard]] Outcome why_queued(const Operation& operation);

  // client_replies.cpp
  void receive_all();
  void handle_frame(std::size_t server, wire::ReplyFrame& frame);
  void handle_foreign(std::size_t server, const wire::ReplyFrame& frame);
  void handle_reply(wire::Reply& reply, const ClusterId& cluster);
  void handle_application_reply(OperationTable::Try to, const wire::AppReply& reply, const ClusterId& cluster);
  void handle_refusal(OperationTable::Try to, wire::ErrorReply& refusal);
  void pause(Operation& operation, const wire::ErrorReply& refusal);
  void read_again(Ticket ticket, Outcome partial);

  // client_retries.cpp
  void flush();
  [[nodiscard]] bool send_ready();
  void add_to_frame(Ticket ticket, Operation& operation, std::size_t server);
  void send_frame(std::size_t server);
  void note_sent(Operation& operation, std::size_t server);
  void check_time();
  void check_sent(Ticket ticket, Operation& operation);
  void expire(Ticket ticket, Operation& operation);
  void wake_at(std::uint64_t time_us);
  [[nodiscard]] std::uint64_t jittered(std::uint64_t duration_us);

  /// What goes to one server with the next frame.
  struct Outgoing {
    wire::RequestFrame frame;
    std::vector<Ticket> tickets;
    std::size_t bytes = 0;
  };

  Network& network_;
  const Clock& clock_;
  ClientSettings settings_;
  Servers servers_;
  Random random_;
  ClusterId cluster_;
  OperationTable operations_;
  std::size_t callers_operations_ = 0;  ///< of operations_, without our own openings of sessions
  std::vector<Ticket> ready_;
  std::deque<Ticket> queued_;    ///< writes without a number; may hold tickets that have ended
  std::vector<Ticket> sending_;  ///< empty but while a frame is made of ready_
  std::vector<std::pair<Callback, Outcome>>
      over_;                        ///< ended within submit(); the callbacks are called with the next step
  std::vector<Outgoing> outgoing_;  ///< by server
  bool is_frame_refused_ = false;
  std::optional<SessionWindow> session_;
  std::optional<Ticket> opening_;
  Outcome session_problem_;  ///< why the last opening failed
  std::uint64_t now_us_ = 0;
  std::uint64_t next_check_us_ = UINT64_MAX;
  std::uint64_t ended_ = 0;  ///< operations so far
  bool is_stepping_ = false;
  Counters counters_;
};

}  // namespace parley::client
