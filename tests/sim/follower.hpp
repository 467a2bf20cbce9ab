#pragma once
#include <optional>

#include "client/feed_client.hpp"
#include "tests/sim/feed_links.hpp"
#include "tests/sim/people.hpp"

namespace parley::sim {

/// Follows a chat or the changes of keys by the real client of feeds, loses its connections, dies and goes on from the
/// last position that it has taken; and holds what it is told against all that there was to tell: each thing once, in
/// order, nothing left out, or that it is gone.
class Follower {
 public:
  struct Calls {
    std::function<Machine*(std::size_t machine)> machine;
    std::function<std::size_t()> count_machines;
  };
  Follower(World& world, const People& people, std::size_t number, Calls calls);
  ~Follower() { *is_alive_ = false; }

  void start() { rest(); }
  /// Nothing goes wrong any more.
  void calm_down();
  void answer(std::size_t machine, const node::Answer& answer, const std::string& node, const std::string& leader,
              const std::string& leader_address);
  /// It has been told all that there is, or follows nothing.
  [[nodiscard]] bool is_up_to_date() const;
  [[nodiscard]] std::string text() const;

 private:
  class WorldClock final : public Clock {
   public:
    explicit WorldClock(const World& world) : world_(world) {}
    [[nodiscard]] ClockReading now() const override { return {world_.now_us(), world_.now_us()}; }

   private:
    const World& world_;
  };
  struct Life {
    std::unique_ptr<FeedLinks> links;
    std::unique_ptr<client::FeedClient> client;
    client::FeedId feed{};
  };

  void rest();
  void begin();
  void choose();
  void follow();
  void die();
  void end();
  void wake();
  void step();
  void arrange_step();
  void take(client::FeedEvent&& event);
  void take_page(const client::FeedItems& page);
  void take_events(const client::FeedItems& page);
  void take_changes(const client::FeedItems& page);
  void follow_another();
  void must(bool condition, const std::string& what) const;
  void later(std::uint64_t delay_us, std::function<void()> action);

  World& world_;
  const People& people_;
  const std::string name_;
  Random random_;
  Calls calls_;
  WorldClock clock_;
  std::optional<Life> life_;
  std::vector<Life> ended_;  ///< from within a callback
  std::uint64_t lives_ = 0;
  std::uint64_t step_at_us_ = UINT64_MAX;

  bool follows_keys_ = false;
  Bytes prefix_;
  Bytes chat_;
  People::Token token_;
  bool wants_all_ = false;  ///< else from now on
  std::optional<std::uint64_t> position_;
  std::uint64_t chat_id_ = 0;  ///< once an event has told it
  std::uint64_t unconsumed_ = 0;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

}  // namespace parley::sim
