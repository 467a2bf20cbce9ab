#pragma once
#include "common/replica/driver.hpp"
#include "tests/sim/disk.hpp"
#include "tests/sim/service.hpp"

namespace parley::sim {

/// Which replica it is, and on what it runs.
struct ReplicaParts {
  int node = 0;
  ServerId server;
  wal::Log log;
  raft::Restored restored;
  DurableRecord durable;
  std::unique_ptr<node::StateMachine> machine;
  store::Backend& backend;
  Disk::Doom doom;
};

/// A replica from its start to its death: the consensus actor around the real driver and core, with the disk and the
/// service beside it. What it forgets by dying is destroyed with it.
class Replica final : public replica::NetworkPort {
 public:
  using ReadClock = std::function<ClockReading()>;

  /// `tick_us`: by the world's time, what this machine's clock takes for a tick.
  Replica(World& world, ReplicaParts parts, ReadClock clock, std::uint64_t tick_us, std::uint64_t seed);
  ~Replica() override;

  void receive(raft::Message message);
  void receive_transfer(ServerId from, transfer::Message message);
  void peer_restarted(ServerId peer) { service_.peer_restarted(peer); }
  void lost(ServerId peer) { order(raft::Unreachable{peer}); }
  /// Anything that may be put to consensus from outside the replica.
  void order(raft::Input input);
  void request(node::Asker asker, wire::RequestBody body, std::uint64_t deadline_us) {
    service_.request(std::move(asker), std::move(body), deadline_us);
  }
  void lost(Bytes connection) { service_.lost(std::move(connection)); }
  [[nodiscard]] ServerId known_leader() const { return service_.leader(); }
  void stop_until(std::uint64_t time_us) { process_.stop_until(time_us); }

  [[nodiscard]] const raft::Core& core() const { return driver_.core(); }
  [[nodiscard]] const node::StateMachine& machine() const { return service_.machine(); }
  [[nodiscard]] bool is_stopped() const { return process_.is_stopped(); }
  [[nodiscard]] Disk& disk() { return disk_; }

 private:
  /// Something for the driver to take in its next round.
  using Order = std::move_only_function<void(replica::Driver& driver)>;

  void send(raft::Message message) override;
  void members_changed(const raft::Membership& membership) override;
  void post(Order order);
  void take(replica::Order order);
  void wake();
  void tick();
  void round(bool with_tick);

  World& world_;
  const int node_;
  const ServerId server_;
  ReadClock clock_;
  std::uint64_t tick_us_;
  Random random_;
  Process process_;
  Disk disk_;
  Service service_;
  replica::Driver driver_;
  std::vector<raft::Message> messages_;
  std::vector<Order> orders_;
  bool is_awake_ = false;
};

}  // namespace parley::sim
