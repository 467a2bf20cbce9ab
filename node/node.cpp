#include "node/node.hpp"

#include <algorithm>
#include <utility>

#include "common/base/entropy.hpp"
#include "common/base/limits.hpp"
#include "common/mq/actor.hpp"
#include "common/mq/descriptor_limit.hpp"
#include "common/replica/consensus_actor.hpp"
#include "common/replica/joiner.hpp"
#include "common/replica/range_actor.hpp"
#include "node/data_folder.hpp"
#include "node/node_source.hpp"
#include "node/password_actor.hpp"
#include "node/service.hpp"
#include "node/store_actor.hpp"

namespace parley::node {
namespace {

/// Descriptors that a node needs beside one per client: peers, files, mailboxes.
constexpr std::uint64_t descriptors_needed = 512;
/// Rounds of consensus and flushes that may wait for the service; what they hold is bounded where it is made.
constexpr std::size_t service_mailbox_capacity = 65536;

class ServiceSink final : public replica::RoundSink {
 public:
  explicit ServiceSink(ServiceMailbox& mailbox) : mailbox_(mailbox) {}
  void deliver(replica::Round round) override { mailbox_.post(std::move(round)); }

 private:
  ServiceMailbox& mailbox_;
};

app::Settings settings_of(const config::NodeOptions& options) {
  app::Settings settings;
  settings.engine = config::word_of(options.engine);
  settings.slot = static_cast<std::uint32_t>(options.slot_bytes);
  settings.quota_bytes = options.quota_bytes;
  return settings;
}

}  // namespace

/// In the order in which they must be made; destroyed in the reverse one.
struct Node::Parts {
  explicit Parts(const config::NodeOptions& given, NodeEvents& node_events, const Clock& node_clock,
                 const obs::Logger& node_logger)
      : options(given),
        events(node_events),
        clock(node_clock),
        logger(node_logger),
        disk(node_logger.for_actor("disk")),
        store(node_clock, node_logger.for_actor("store")),
        voter(context, node_clock, node_logger.for_actor("votes")) {}

  /// Stops the threads in the order in which they call each other; what they use is destroyed after the last of them.
  ~Parts();

  Status open();
  Status open_folder();
  Status open_application_log();
  Status bind_ports();
  Status start_actors();
  Status begin_membership(const raft::Membership& known);
  Status start_joiner(std::vector<Address> members, const ClusterId& cluster);
  [[nodiscard]] raft::Addresses addresses() const;
  [[nodiscard]] std::string for_others(const Address& bound) const;
  void fail(const Error& error) { events.post(Failed{error}); }

  config::NodeOptions options;
  NodeEvents& events;
  const Clock& clock;
  obs::Logger logger;
  mq::Context context;
  ServiceMailbox mailbox{service_mailbox_capacity};
  ServiceSink sink{mailbox};
  std::optional<DataFolder> data;
  wal::PosixFileSystem files;                       ///< of the application's log
  std::unique_ptr<ApplicationLog> application_log;  ///< until the service has it; null: none is kept
  std::vector<transport::ServicePort> ports;
  std::optional<transport::PeerListener> raft_port;
  ClusterId known_cluster;     ///< that the folder belonged to when it was opened
  bool is_announcing = false;  ///< a member whose new addresses the cluster must learn
  bool half_founded = false;
  bool has_recovered_state = false;  ///< of a cluster that is gone, and belongs to none
  Address client_address;
  Address join_address;
  replica::DiskActor disk;
  StoreActor store;
  ArchiveVoter voter;
  PasswordActor passwords{PasswordCost::interactive()};
  std::unique_ptr<replica::ConsensusActor> consensus;
  mq::Actor service;
  std::unique_ptr<replica::RangeActor> ranges;  ///< null: nothing is served
  std::unique_ptr<replica::Joiner> joiner;
};

Node::Parts::~Parts() {
  joiner.reset();
  if (ranges) ranges->stop();
  (void)service.stop();
  passwords.stop();
  voter.stop();
  store.stop();
  if (consensus) consensus->stop();
  disk.stop();
}

/// A new folder is made last, so that a start that fails leaves none behind. One that is there is opened first: while
/// that takes its time, nobody should connect and wait.
Status Node::Parts::open() {
  if (const Status enough = mq::check_descriptor_limit(descriptors_needed); !enough) return enough;
  const auto exists = DataFolder::exists(options.data);
  if (!exists) return std::unexpected(exists.error());
  if (const Status first = *exists ? open_folder() : bind_ports(); !first) return first;
  return *exists ? bind_ports() : open_folder();
}

Status Node::Parts::open_folder() {
  wal::Options log_options;
  log_options.segment_bytes = options.segment_bytes;
  log_options.sync = !options.unsafe_no_fsync;
  const Damage damage = options.join.empty() ? Damage::refuses : Damage::begins_anew;
  auto opened = DataFolder::open(options.data, settings_of(options), log_options, damage, logger);
  if (!opened) return std::unexpected(opened.error());
  data.emplace(std::move(*opened));
  return options.log_folder.empty() ? Status{} : open_application_log();
}

Status Node::Parts::open_application_log() {
  wal::Options log_options;
  log_options.segment_bytes = options.segment_bytes;
  log_options.sync = !options.unsafe_no_fsync;
  const auto folder = std::filesystem::path(options.log_folder) / options.id.text();
  // A place where nothing may be made is a wrong place; a disk that is full is not.
  if (Status made = files.make_directories(folder); !made)
    return parley::fail(made.error().code == ErrorCode::io ? ErrorCode::usage : made.error().code, made.error().what);
  auto opened = ApplicationLog::open(files, folder, log_options);
  if (!opened) return std::unexpected(opened.error());
  application_log = std::move(*opened);
  if (const auto& torn = application_log->torn())
    logger.warn("{}: {} bytes behind offset {} were never synced and are cut", torn->segment.string(), torn->bytes,
                torn->offset);
  const ClusterId& cluster = data->restored.cluster;
  // Who founds a cluster has no part in the one whose log this is; who joins may.
  if (cluster.is_nil() && options.join.empty() && !application_log->cluster().is_nil()) {
    return parley::fail(ErrorCode::usage, folder.string() + " holds the application log of cluster " +
                                              application_log->cluster().text() +
                                              ", and this node is to found another");
  }
  if (cluster.is_nil()) return {};
  return application_log->catch_up(cluster, data->log, data->machine->applied());
}

Status Node::Parts::bind_ports() {
  auto for_clients = transport::ServicePort::bind(context, options.client);
  if (!for_clients) return std::unexpected(for_clients.error());
  client_address = for_clients->address();
  ports.push_back(std::move(*for_clients));
  if (options.join_listener) {
    auto for_joiners = transport::ServicePort::bind(context, *options.join_listener);
    if (!for_joiners) return std::unexpected(for_joiners.error());
    join_address = for_joiners->address();
    ports.push_back(std::move(*for_joiners));
  }
  if (options.recovery) {
    auto serving = replica::RangeActor::start(context, *options.recovery, clock, logger.for_actor("ranges"));
    if (!serving) return std::unexpected(serving.error());
    ranges = std::move(*serving);
  }
  auto for_peers = transport::PeerListener::bind(context, options.raft);
  if (!for_peers) return std::unexpected(for_peers.error());
  raft_port.emplace(std::move(*for_peers));
  return {};
}

std::string Node::Parts::for_others(const Address& bound) const { return bound.at_host(options.advertise).text(); }

raft::Addresses Node::Parts::addresses() const {
  return {for_others(consensus->listens_at()), for_others(client_address),
          join_address.port() != 0 ? for_others(join_address) : "", ranges ? for_others(ranges->address()) : ""};
}

Status Node::Parts::start_actors() {
  replica::ConsensusOptions consensus_options;
  consensus_options.raft.self = data->server;
  consensus_options.raft.heartbeat_ticks = static_cast<std::uint32_t>(options.heartbeat_ticks());
  consensus_options.raft.election_ticks = static_cast<std::uint32_t>(options.election_ticks());
  consensus_options.raft.lease_us = options.lease_us();
  consensus_options.raft.replace_ticks = static_cast<std::uint32_t>(limits::replace_after_ms / options.tick_ms);
  consensus_options.raft.image_pause_ticks = static_cast<std::uint32_t>(limits::image_pause_ms / options.tick_ms);
  consensus_options.raft.seed = draw_u64();
  consensus_options.tick_us = options.tick_ms * 1000;
  consensus_options.name = options.id;
  consensus_options.advertised = options.raft.at_host(options.advertise);
  auto started =
      replica::ConsensusActor::start(context, std::move(*raft_port), consensus_options, std::move(data->restored), disk,
                                     sink, store, clock, logger.for_actor("consensus"));
  if (!started) return std::unexpected(started.error());
  consensus = std::move(*started);

  auto to_consensus = [this](replica::DiskDone done) { consensus->order(std::move(done)); };
  auto failed = [this](const Error& error) { fail(error); };
  replica::DiskActor::Callbacks from_disk{to_consensus, failed, {}};
  if (ranges) from_disk.changed = [this](const replica::LogExtent& log) { mailbox.post(LogBegins{log.begin}); };
  if (const Status status = disk.start(std::move(data->log), std::move(from_disk)); !status) return status;

  StoreActor::Callbacks from_store;
  from_store.flushed = [this] { mailbox.post(Flushed{}); };
  from_store.order = [this](replica::Order order) { consensus->order(std::move(order)); };
  from_store.image_sent = [this](ServerId peer) { mailbox.post(ImageOver{peer}); };
  from_store.installed = [this](std::unique_ptr<StateMachine> machine) { mailbox.post(Installed{std::move(machine)}); };
  from_store.serve = [this](replica::RangeOrder order) { ranges->order(std::move(order)); };
  from_store.image_kept = [this](Result<transfer::ImageHead> image) { mailbox.post(ImageKept{std::move(image)}); };
  from_store.failed = failed;
  const Status store_started = store.start(*data->backend, DataFolder::store_of(options.data), std::move(from_store));
  if (!store_started) return store_started;

  ServiceOptions service_options{
      options.id,     data->server,           settings_of(options), addresses(), !options.unsafe_no_fsync,
      options.retain, options.retain_archives};
  ServiceCalls calls;
  calls.order = [this](replica::Order order) { consensus->order(std::move(order)); };
  calls.order_quietly = [this](replica::Order order) { consensus->order_quietly(std::move(order)); };
  calls.flush = [this](std::shared_ptr<const store::Overlay> overlay) { store.flush(std::move(overlay)); };
  calls.free = [this](std::shared_ptr<const store::Overlay> overlay) { store.free(std::move(overlay)); };
  calls.send_image = [this](ServerId peer) { store.send_image(peer); };
  calls.give_up_image = [this](ServerId peer) { store.give_up_image(peer); };
  calls.stop_sending_images = [this] { store.stop_sending(); };
  calls.refuse_image = [this] { store.refuse_image(); };
  calls.install_image = [this] { store.install_image(); };
  calls.keep_image = [this](const ClusterId& cluster, std::unique_ptr<archive::ImageFileWriter> writer) {
    store.keep_image(cluster, std::move(writer));
  };
  if (options.retain_archives > 0) {
    if (const Status voting = voter.start(data->server, options.id); !voting) return voting;
    calls.vote = [this](ArchiveVote vote) { voter.vote(std::move(vote)); };
  }
  if (ranges) {
    calls.ranges.emplace();
    calls.ranges->serve = [this](replica::RangeOrder order) { ranges->order(std::move(order)); };
    calls.ranges->advanced = [this](const ClusterId& of, const transfer::LogPoint& to) { ranges->advanced(of, to); };
    calls.ranges->source = [this] { return std::make_unique<NodeSource>(disk, store, mailbox, *ranges); };
  }
  const Status hashing = passwords.start([this](PasswordDone done) { mailbox.post(std::move(done)); });
  if (!hashing) return hashing;
  calls.hash = [this](PasswordWork work) { passwords.work(std::move(work)); };
  calls.became_member = [this] { events.post(Ready{client_address, consensus->listens_at()}); };
  calls.failed = failed;
  auto service_started = mq::Actor::start(
      "service", [this] { mailbox.wake(); },
      [&, this]() -> Result<std::unique_ptr<Service>> {
        return std::make_unique<Service>(std::move(service_options), std::move(calls), std::move(data->machine),
                                         std::move(application_log), std::move(ports), mailbox, clock,
                                         logger.for_actor("service"));
      },
      [](std::unique_ptr<Service>& running, const std::stop_token& stop) { return running->run(stop); });
  if (!service_started) return std::unexpected(service_started.error());
  service = std::move(*service_started);
  return {};
}

/// A folder that belongs to no cluster founds one, or waits to be taken in; one that does belongs to it for ever, but
/// may have new addresses to announce.
Status Node::Parts::begin_membership(const raft::Membership& known) {
  const raft::Member* self = known.find(data->server);
  const raft::Member now{data->server, options.id, addresses(), true};
  if (self != nullptr) {
    if (*self == now) return {};
    is_announcing = true;
    std::vector<Address> members{client_address};
    for (const raft::Member& member : known.members) {
      const auto address = Address::parse(member.addresses.client);
      if (member.server != data->server && address) members.push_back(*address);
    }
    return start_joiner(std::move(members), known_cluster);
  }
  if (!known.members.empty()) {
    logger.warn("the log knows a membership without this node: it was removed, or has not yet read so far");
    return {};
  }
  if (has_recovered_state && !options.join.empty()) {
    return parley::fail(
        ErrorCode::usage,
        options.data + " holds a state that was recovered, and founds a new cluster: start it without -join");
  }
  if (!half_founded && !options.join.empty()) return start_joiner(options.join, known_cluster);
  // Taken in, and stopped before the log began to come: its leader knows where it is.
  if (!half_founded && !known_cluster.is_nil()) return {};
  const ClusterId cluster = known_cluster.is_nil() ? draw_cluster_id() : known_cluster;
  consensus->order(raft::Found{cluster, SharedBytes(app::encode_settings(settings_of(options))), now});
  return {};
}

Status Node::Parts::start_joiner(std::vector<Address> members, const ClusterId& cluster) {
  const raft::Addresses mine = addresses();
  replica::JoinOptions join;
  join.request = {data->server, options.id.text(), mine.raft, mine.client,
                  mine.join,    mine.recovery,     true,      SharedBytes(app::encode_settings(settings_of(options)))};
  join.members = std::move(members);
  join.cluster = cluster;
  replica::JoinCallbacks callbacks;
  callbacks.joined = [this](replica::AdoptCluster adopt) { consensus->order(std::move(adopt)); };
  callbacks.refused = [this](const Error& error) {
    fail({error.code, "the cluster does not take this node in: " + error.what});
  };
  auto started =
      replica::Joiner::start(context, std::move(join), std::move(callbacks), clock, logger.for_actor("joiner"));
  if (!started) return std::unexpected(started.error());
  joiner = std::move(*started);
  return {};
}

Node::Node(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Node::~Node() = default;

Result<std::unique_ptr<Node>> Node::start(const config::NodeOptions& options, NodeEvents& events, const Clock& clock,
                                          const obs::Logger& logger) {
  auto parts = std::make_unique<Parts>(options, events, clock, logger);
  if (const Status opened = parts->open(); !opened) return std::unexpected(opened.error());
  const raft::Restored& restored = parts->data->restored;
  const raft::Membership known =
      restored.memberships.empty() ? raft::Membership{} : restored.memberships.back().membership;
  parts->known_cluster = restored.cluster;
  parts->half_founded = restored.is_half_founded(parts->data->server);
  parts->has_recovered_state = known.members.empty() && restored.start.index > Index{};
  if (const Status started = parts->start_actors(); !started) return std::unexpected(started.error());
  if (const Status begun = parts->begin_membership(known); !begun) return std::unexpected(begun.error());
  return std::unique_ptr<Node>(new Node(std::move(parts)));
}

void Node::stop_joining() {
  if (!parts_->is_announcing) parts_->joiner.reset();
}

}  // namespace parley::node
