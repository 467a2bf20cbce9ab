#pragma once
#include <deque>
#include <map>
#include <memory>

#include "common/replica/orders.hpp"
#include "node/chat_feeds.hpp"
#include "node/due_timer.hpp"
#include "node/feed_desk.hpp"
#include "node/freshness.hpp"
#include "node/image_desk.hpp"
#include "node/key_feeds.hpp"
#include "node/log_trim.hpp"
#include "node/password_desk.hpp"
#include "node/pending_reads.hpp"
#include "node/pending_writes.hpp"
#include "node/state_machine.hpp"
#include "tests/sim/process.hpp"
#include "tests/sim/world.hpp"

namespace parley::sim {

/// The service actor of a simulated node, and the store actor beside it: the desk logic and the state machine of a
/// node, wired as node::Service wires them, without sockets.
class Service final : public replica::RoundSink {
 public:
  using Order = std::function<void(replica::Order order)>;

  Service(World& world, Process& process, int node, ServerId server, store::Backend& backend,
          std::unique_ptr<node::StateMachine> machine, Random& random, std::function<ClockReading()> clock,
          Order order);

  void deliver(replica::Round round) override;
  void arrived(ServerId from, transfer::Message message);
  void peer_restarted(ServerId peer);
  void request(node::Asker asker, wire::RequestBody body, std::uint64_t deadline_us);

  /// A connection is gone, or does not read.
  void lost(Bytes connection);

  [[nodiscard]] const node::StateMachine& machine() const { return *machine_; }
  /// Whom it takes for the leader; nobody if it knows of none.
  [[nodiscard]] ServerId leader() const { return role_.leader; }

 private:
  struct Flushed {};
  struct ImageOver {
    ServerId peer;
  };
  struct Installed {
    std::unique_ptr<node::StateMachine> machine;
  };
  struct Asked {
    node::Asker asker;
    wire::RequestBody body;
    std::uint64_t deadline_us;
  };

  struct Lost {
    Bytes connection;
  };
  /// What is followed, and since when it was granted which chat that is.
  struct Followed {
    SharedBytes subject;
    std::uint64_t chat = 0;
  };

  using Item = std::variant<replica::Round, Flushed, ImageOver, Installed, Asked, node::PasswordDone, Lost>;

  void post(Item item);
  void work();
  void on(replica::Round& round);
  void on(const Flushed&);
  void on(const ImageOver& image);
  void on(Installed& installed);
  void take_verdict(const raft::ImageVerdict& verdict);
  void trim_log();
  void give_up_images(const std::vector<ServerId>& peers);
  void in_store(EventQueue::Action action);
  void install();
  void tick_images();
  [[nodiscard]] node::ImageDesk::Calls image_calls();
  void on(Asked& asked);
  // service_requests.cpp: what clients ask, and what they follow
  void on(const node::PasswordDone& done);
  void on(const Lost& lost) { feeds_.lost(lost.connection); }
  void take(const Asked& asked, wire::WriteRequest& write);
  void take(const Asked& asked, wire::ReadRequest& read);
  void take(const Asked& asked, wire::PasswordRequest& request);
  void take(const Asked& asked, const wire::FollowRequest& request);
  void refuse(const node::Asker& asker, ErrorWord word, const char* why);
  void begin_hashing();
  void note_changes(const app::Outcome& outcome);
  void tend_feeds();
  /// Looks at what was answered from this place on.
  void judge_feeds(std::size_t from);
  void judge_feed(const node::Asker& asker, const wire::FeedReply& page);
  void judge_refusal(const node::Asker& asker, const wire::ErrorReply& refusal);
  void apply_entries();
  void serve_reads();
  void answer_read(const node::PendingReads::Read& read, std::uint64_t age_ms);
  void answer_stale(const node::PendingReads::Read& read);
  void submit();
  void maintain();
  void flush_if_due();
  void flush();
  void flush_to_store();
  void send_answers();
  void order(replica::Order order);

  World& world_;
  Process& process_;
  const int node_;
  const ServerId server_;
  store::Backend& backend_;
  std::unique_ptr<node::StateMachine> machine_;
  Random& random_;
  std::function<ClockReading()> clock_;
  Order order_;

  node::Freshness freshness_;
  node::DueTimer due_timer_;
  node::Admission admission_;
  node::PendingWrites writes_;
  node::PendingReads reads_;
  node::PasswordDesk passwords_;
  node::ChangeRing changes_;
  node::KeyFeeds key_feeds_;
  node::ChatFeeds chat_feeds_;
  node::FeedDesk feeds_;
  std::map<std::pair<Bytes, std::uint64_t>, Followed> followed_;  ///< by connection and request
  std::uint64_t next_beat_us_ = 0;
  node::Answers answers_;
  raft::RoleChanged role_;
  bool is_member_ = false;
  bool asked_stable_ = false;
  bool is_awake_ = false;
  std::uint64_t last_order_us_ = 0;  ///< when the newest order arrives: orders keep their order
  std::vector<Item> inbox_;
  node::ImageDesk images_;
  node::LogTrim trim_;
  std::shared_ptr<const store::Overlay> waiting_;  ///< for the store to write
  bool is_store_full_ = false;
  std::uint64_t store_free_us_ = 0;  ///< when the store's thread has done what it was given
  std::optional<Index> installing_;
  std::vector<Entry> behind_image_;
  std::deque<Entry> unapplied_;  ///< what the machine was given, to tell the judge what it applied
};

}  // namespace parley::sim
