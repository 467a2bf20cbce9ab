#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/network.hpp"
#include "common/app/application.hpp"
#include "common/app/table.hpp"
#include "common/base/clock.hpp"

namespace parley::client {

/// A clock that moves only when the client waits.
class FakeClock final : public Clock {
 public:
  [[nodiscard]] ClockReading now() const override { return {now_us, now_us}; }
  std::uint64_t now_us = 1'000'000;
};

class FakeCluster;

/// One server, whose behaviour a test writes down. By default it carries out what it is asked and answers at once.
struct FakeServer {
  std::string name;
  Address address;
  ClusterId cluster;
  std::string leader;  ///< its name; empty if none is known
  std::string leader_address;
  bool is_reachable = true;
  bool is_deaf = false;             ///< takes frames and does nothing with them
  std::size_t answers_to_lose = 0;  ///< carries out, and the answer is lost
  bool holds_answers = false;       ///< keeps them for release()
  /// In place of carrying it out: the answer, or nothing for silence.
  std::function<std::optional<wire::ReplyBody>(const wire::Request&)> handler;

  std::vector<wire::RequestFrame> frames;  ///< all that arrived
  struct Delivery {
    std::size_t connection = 0;
    wire::ReplyFrame frame;
  };
  std::deque<Delivery> replies;  ///< on their way to a client
  std::deque<Delivery> held;

  [[nodiscard]] std::vector<wire::Request> requests() const;
  [[nodiscard]] std::vector<app::Command> commands() const;
  void release();
  [[nodiscard]] wire::ReplyFrame frame() const;
};

/// Servers that share one application, and the network to them. Frames are encoded and decoded on their way. Chats can
/// be followed at servers that have no handler.
class FakeCluster final : public Network {
 public:
  /// Servers 0 to count-1 at 127.0.0.1:1 and on, named n0 and on; n0 leads.
  explicit FakeCluster(std::size_t count = 1);

  [[nodiscard]] Result<std::unique_ptr<Connection>> connect(const Address& server) override;
  bool wait(std::uint64_t timeout_us, int input) override;

  FakeServer& operator[](std::size_t at) { return *servers_.at(at); }
  FakeServer& add_server(const std::string& name);
  [[nodiscard]] std::vector<Address> addresses() const;
  void elect(std::size_t leader);
  /// Runs `action` when the clock gets there.
  void after(std::uint64_t delay_us, std::function<void()> action);
  /// What a member does with a request; how often each operation took effect is the application's matter.
  wire::ReplyBody carry_out(const wire::Request& request);
  /// As the first entry of the cluster has them.
  void settle(const app::Settings& settings);
  /// Closes all sessions, as if thousands of others had been opened.
  void expire_sessions();
  [[nodiscard]] std::optional<std::string> stored(const std::string& key) const;

  FakeClock clock;
  std::size_t connections = 0;

 private:
  friend class FakeConnection;
  /// Who follows a chat at a server.
  struct Feed {
    FakeServer* server = nullptr;
    std::size_t connection = 0;
    std::uint64_t request = 0;
    Bytes subject;
    std::uint64_t position = 0;
    bool is_begun = false;
  };
  void arrive(FakeServer& server, std::size_t connection, const wire::RequestFrame& frame);
  /// True if the request is one of feeds, and is done with.
  bool takes_feed(FakeServer& server, std::size_t connection, const wire::Request& request);
  /// Whatever is new to those who follow.
  void serve_feeds();
  std::optional<wire::ReplyBody> next_page(Feed& feed);
  void send_beats();
  static void push(FakeServer& server, std::size_t connection, std::uint64_t request, wire::ReplyBody body);
  wire::ReplyBody carry_out(FakeServer& server, const wire::PresenceRequest& request);
  app::Outcome apply(EntryKind kind, Bytes payload);
  wire::ReplyBody carry_out(const wire::PasswordRequest& request);

  std::vector<std::unique_ptr<FakeServer>> servers_;
  std::vector<Feed> feeds_;
  std::uint64_t beaten_us_ = 0;
  std::multimap<std::uint64_t, std::function<void()>> events_;
  app::MemoryTable table_;
  std::optional<app::Application> application_;
};

}  // namespace parley::client
