#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <variant>
#include <vector>

#include "common/base/clock.hpp"
#include "common/mq/mailbox.hpp"
#include "common/mq/poller.hpp"
#include "common/obs/logger.hpp"
#include "common/replica/orders.hpp"
#include "common/transport/service_port.hpp"
#include "node/admin_desk.hpp"
#include "node/application_log.hpp"
#include "node/archive_voter.hpp"
#include "node/chat_feeds.hpp"
#include "node/feed_desk.hpp"
#include "node/due_timer.hpp"
#include "node/freshness.hpp"
#include "node/key_feeds.hpp"
#include "node/password_desk.hpp"
#include "node/pending_reads.hpp"
#include "node/pending_writes.hpp"
#include "node/log_trim.hpp"
#include "node/range_announcer.hpp"
#include "node/state_machine.hpp"

namespace parley::node {

/// The port for clients is the first of the ports; the one for joiners, if there is one, the second.
inline constexpr std::size_t client_port = 0;

/// The rows that were frozen are durable.
struct Flushed {};
/// The image for this peer is there, or was given up.
struct ImageOver {
  ServerId peer;
};
/// An image has taken the place of the state.
struct Installed {
  std::unique_ptr<StateMachine> machine;
};
/// The log has entries behind this one.
struct LogBegins {
  wal::Start before;
};
/// Entries that were read from the log for who serves ranges, on their way there.
struct RunPasses {
  replica::RangeTicket ticket;
  replica::RunRead outcome;
};
/// An image of the state is there behind which the application's log can go on, or why not.
struct ImageKept {
  Result<transfer::ImageHead> image;
};
using ToService =
    std::variant<replica::Round, Flushed, ImageOver, Installed, LogBegins, RunPasses, PasswordDone, ImageKept>;
using ServiceMailbox = mq::Mailbox<ToService>;

/// What the service asks of the rest of the node. Called from the service's thread; each must be thread-safe.
struct ServiceCalls {
  std::function<void(replica::Order)> order;          ///< to consensus
  std::function<void(replica::Order)> order_quietly;  ///< the same, but it need not wake for it
  std::function<void(std::shared_ptr<const store::Overlay>)> flush;
  std::function<void(std::shared_ptr<const store::Overlay>)> free;
  std::function<void(ServerId)> send_image;
  std::function<void(ServerId)> give_up_image;  ///< answered by ImageOver if it was still on its way
  std::function<void()> stop_sending_images;
  std::function<void()> refuse_image;
  std::function<void()> install_image;  ///< answered by Installed
  /// For the application's log; answered by ImageKept.
  std::function<void(const ClusterId&, std::unique_ptr<archive::ImageFileWriter>)> keep_image;
  std::function<void(ArchiveVote)> vote;        ///< to loggers
  std::function<void(PasswordWork)> hash;       ///< answered by PasswordDone
  std::optional<RangeAnnouncer::Calls> ranges;  ///< to who serves ranges, if anybody does
  std::function<void()> became_member;          ///< once, when the log says that this node is a member
  std::function<void(Error)> failed;            ///< the node must stop
};

struct ServiceOptions {
  NodeId name;
  ServerId self;
  app::Settings settings;
  raft::Addresses addresses;  ///< as others reach this node
  bool fsync = true;
  std::uint64_t retain = 0;           ///< entries of the log behind the last one flushed
  std::uint64_t retain_archives = 0;  ///< the same of loggers' archives; 0: they are never asked to forget any
};

/// The actor between clients and consensus: decodes requests, proposes in batches, applies committed entries in order,
/// answers, and serves reads. It owns the ports and the state machine. One thread, which calls run().
class Service {
 public:
  /// `log`: the application's own, or null.
  Service(ServiceOptions options, ServiceCalls calls, std::unique_ptr<StateMachine> machine,
          std::unique_ptr<ApplicationLog> log, std::vector<transport::ServicePort> ports, ServiceMailbox& mailbox,
          const Clock& clock, obs::Logger logger);

  /// Until asked to stop.
  Status run(const std::stop_token& stop);

 private:
  struct StatusAsked {
    Asker asker;
    Index digest_at;
    std::uint64_t deadline_us;
  };

  // service.cpp: the loop
  [[nodiscard]] std::uint64_t sleep_us() const;
  bool take_messages();
  bool take_requests();
  bool apply_entries();
  bool serve_reads();
  void note_changes(const app::Outcome& outcome);
  void tend_feeds();
  void drop_lost_feeds();
  [[nodiscard]] bool is_told_of_commits();
  void submit();
  [[nodiscard]] std::optional<std::uint64_t> due_us() const;
  void propose_time_if_due();
  void maintain();
  void flush_if_due();
  void send_answers();
  void send_if_many(std::size_t more_bytes);
  void tell_ports_who_leads();
  [[nodiscard]] std::string leader_name() const;
  void on(replica::Round& round);
  void note_membership(const replica::Round& round);
  void on(const Flushed&);
  void on(const ImageOver& image);
  void on(Installed& installed);
  void on(const LogBegins& begins);
  void on(RunPasses& passes);
  void on(const PasswordDone& done);
  void on(ImageKept& kept);
  void announce_applied();
  void announce_state();
  void vote_on_archives();
  void want_image(ServerId peer);
  void give_up_images(const std::vector<ServerId>& peers, const char* why);
  void take_verdict(const raft::ImageVerdict& verdict);
  void trim_log();

  // service_log.cpp: the application's own log
  [[nodiscard]] Index log_what_waits();
  void want_image_of_log();
  [[nodiscard]] bool taken_by_log(const Status& done);
  [[nodiscard]] bool maintain_log(bool is_busy);

  // service_requests.cpp: what clients ask
  void take(Asker asker, wire::Request& request);
  void handle(const Asker& asker, wire::WriteRequest& request, std::uint64_t deadline_us);
  void handle(const Asker& asker, wire::ReadRequest& request, std::uint64_t deadline_us);
  void handle(const Asker& asker, wire::PasswordRequest& request, std::uint64_t deadline_us);
  void begin_hashing();
  void handle(const Asker& asker, const wire::StatusRequest& request, std::uint64_t deadline_us);
  void handle(const Asker& asker, const wire::MembersRequest& request, std::uint64_t deadline_us);
  void handle(const Asker& asker, const wire::RemoveRequest& request, std::uint64_t deadline_us);
  void handle(const Asker& asker, const wire::TransferLeaderRequest& request, std::uint64_t deadline_us);
  void handle(const Asker& asker, const wire::FoundRequest& request, std::uint64_t deadline_us);
  void handle(const Asker& asker, const wire::JoinRequest& request, std::uint64_t deadline_us);
  void handle(const Asker& asker, const wire::FollowRequest& request, std::uint64_t deadline_us);
  void handle(const Asker& asker, const wire::GrantRequest& request, std::uint64_t deadline_us);
  void handle(const Asker& asker, const wire::PresenceRequest& request, std::uint64_t deadline_us);
  void handle(const Asker& asker, const wire::EndFeedRequest& request, std::uint64_t deadline_us);
  void carry_out(const Asker& asker, AdminDesk::Begun begun);
  void answer_status(const replica::StatusAnswer& answer);
  void answer_read(const PendingReads::Read& read, std::uint64_t age_ms = 0);
  void answer(const Asker& asker, wire::ReplyBody body);
  void refuse(const Asker& asker, ErrorWord word, std::string detail);
  void refuse_as_stranger(const Asker& asker);
  void refuse_token(const Asker& asker);
  [[nodiscard]] std::string health() const;

  ServiceOptions options_;
  ServiceCalls calls_;
  std::unique_ptr<StateMachine> machine_;
  std::unique_ptr<ApplicationLog> log_;
  std::vector<transport::ServicePort> ports_;
  ServiceMailbox& mailbox_;
  const Clock& clock_;
  obs::Logger logger_;

  Admission admission_;
  PendingWrites writes_;
  PendingReads reads_;
  PasswordDesk passwords_;
  AdminDesk admin_;
  ChangeRing changes_;
  KeyFeeds key_feeds_;
  ChatFeeds chat_feeds_;
  FeedDesk feeds_;
  std::map<std::uint64_t, StatusAsked> status_asked_;
  std::uint64_t next_ticket_ = 1;
  Answers answers_;
  std::size_t answer_bytes_ = 0;  ///< of the application's replies among them

  ClusterId cluster_;
  raft::RoleChanged role_;
  Freshness freshness_;
  DueTimer due_timer_;
  bool is_disk_full_ = false;
  bool is_log_full_ = false;            ///< the application's
  bool is_log_image_asked_ = false;     ///< an image is on its way, behind which it can go on
  std::uint64_t next_log_try_us_ = 0;   ///< when it was full
  std::uint64_t next_log_step_us_ = 0;  ///< of what it has to do, if there is no spare time
  std::optional<Index> installing_;     ///< as of which the image is that will take the place of the state
  std::vector<Entry> behind_image_;     ///< committed meanwhile
  LogTrim trim_;
  std::optional<RangeAnnouncer> ranges_;
  bool was_member_ = false;
  Index voted_;              ///< loggers were asked to forget the entries below this one
  bool is_removed_ = false;  ///< it was a member, since the last start, and is none any more
  bool asked_stable_ = false;
  std::uint64_t now_us_ = 0;
  std::uint64_t next_maintenance_us_ = 0;
  std::uint64_t next_beat_us_ = 0;
  std::vector<ToService> batch_;
  std::vector<transport::Arrival> arrivals_;
};

}  // namespace parley::node
