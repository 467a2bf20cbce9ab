#include "logger/cluster_logger.hpp"

#include <utility>

#include "common/base/entropy.hpp"
#include "common/base/limits.hpp"
#include "common/replica/consensus_actor.hpp"
#include "common/replica/joiner.hpp"
#include "common/replica/restore.hpp"
#include "common/wal/posix_file_system.hpp"
#include "logger/archive_actor.hpp"

namespace parley::logger {
namespace {

/// The newest part of an archive: the log of the replica.
std::filesystem::path live_log_of(const std::filesystem::path& archive) { return archive / "live"; }

Result<wal::OpenedLog> open_live_log(wal::FileSystem& files, const std::filesystem::path& folder,
                                     const wal::Options& options) {
  const auto exists = wal::Log::exists(files, folder);
  if (!exists) return std::unexpected(exists.error());
  if (!*exists) {
    auto created = wal::Log::create(files, folder, {ClusterId{}, draw_server_id()}, options);
    if (!created) return std::unexpected(created.error());
  }
  return wal::Log::open(files, folder, options);
}

}  // namespace

/// In the order in which they must be made; destroyed in the reverse one.
struct ClusterLogger::Parts {
  Parts(mq::Context& the_context, const config::LoggerOptions& the_options, const config::LoggedCluster& the_cluster,
        std::string the_recovery_address, Events& the_events, const Clock& the_clock, obs::Logger the_logger)
      : context(the_context),
        options(the_options),
        cluster(the_cluster),
        recovery_address(std::move(the_recovery_address)),
        events(the_events),
        clock(the_clock),
        logger(std::move(the_logger)),
        disk(logger.for_actor("disk")),
        archive(logger.for_actor("archive")) {}
  ~Parts();

  Status open();
  Status open_archive();
  Status bind_port();
  Status start_actors();
  Status begin_membership();
  Status start_joiner(std::vector<Address> members);
  void look_for_self(const ClusterId& of, const raft::Membership& membership);
  [[nodiscard]] raft::Member self() const;
  void fail(const Error& error) { events.post(Failed{cluster.id, error}); }

  mq::Context& context;
  config::LoggerOptions options;
  config::LoggedCluster cluster;
  std::string recovery_address;
  Events& events;
  const Clock& clock;
  obs::Logger logger;
  wal::PosixFileSystem files;
  std::optional<transport::PeerListener> raft_port;
  std::optional<wal::OpenedLog> opened;
  ServerId server;
  ClusterId known_cluster;  ///< to which the archive belonged when it was opened
  raft::Membership known_membership;
  Index archived;
  bool was_member = false;     ///< as the archive actor has seen it
  bool is_announcing = false;  ///< a member whose new addresses the cluster must learn
  replica::DiskActor disk;
  ArchiveActor archive;
  std::unique_ptr<replica::ConsensusActor> consensus;
  std::unique_ptr<replica::Joiner> joiner;
};

ClusterLogger::Parts::~Parts() {
  joiner.reset();
  archive.stop();
  if (consensus) consensus->stop();
  disk.stop();
}

/// A new archive is made last, so that a start that fails leaves none behind. One that is there is opened first: while
/// that takes its time, nobody should connect and wait.
Status ClusterLogger::Parts::open() {
  const auto exists = wal::Log::exists(files, live_log_of(cluster.folder));
  if (!exists) return std::unexpected(exists.error());
  if (const Status first = *exists ? open_archive() : bind_port(); !first) return first;
  return *exists ? bind_port() : open_archive();
}

Status ClusterLogger::Parts::bind_port() {
  auto bound = transport::PeerListener::bind(context, cluster.raft);
  if (!bound) return std::unexpected(bound.error());
  raft_port.emplace(std::move(*bound));
  return {};
}

Status ClusterLogger::Parts::open_archive() {
  wal::Options log_options;
  log_options.segment_bytes = options.segment_bytes;
  log_options.sync = !options.unsafe_no_fsync;
  auto log = open_live_log(files, live_log_of(cluster.folder), log_options);
  if (!log) return std::unexpected(log.error());
  opened.emplace(std::move(*log));
  server = opened->recovered.identity.server;
  known_cluster = opened->recovered.identity.cluster;
  archived = opened->recovered.last.index;
  if (!opened->recovered.torn) return {};
  const wal::TornTail& torn = *opened->recovered.torn;
  logger.warn("{}: {} bytes behind offset {} were never synced and are cut{}", torn.segment.string(), torn.bytes,
              torn.offset,
              torn.copy ? ", with a copy in " + torn.copy->string() : ", without a copy: the disk is full");
  return {};
}

raft::Member ClusterLogger::Parts::self() const {
  const Address known = consensus->listens_at().at_host(options.advertise);
  return {server, cluster.id, {known.text(), "", "", recovery_address}, false};
}

Status ClusterLogger::Parts::start_actors() {
  // All that the archive has is committed: the leader sends nothing else to one that never votes.
  auto restored = replica::restore(opened->recovered, opened->log, archived, opened->recovered.last.digest);
  if (!restored) return std::unexpected(restored.error());
  if (!restored->memberships.empty()) known_membership = restored->memberships.back().membership;

  replica::ConsensusOptions consensus_options;
  consensus_options.raft.self = server;
  consensus_options.raft.seed = draw_u64();
  consensus_options.name = cluster.id;
  consensus_options.advertised = cluster.raft.at_host(options.advertise);
  auto started = replica::ConsensusActor::start(context, std::move(*raft_port), consensus_options, std::move(*restored),
                                                disk, archive, archive, clock, logger.for_actor("consensus"));
  if (!started) return std::unexpected(started.error());
  consensus = std::move(*started);

  auto to_consensus = [this](replica::DiskDone done) { consensus->order(std::move(done)); };
  auto failed = [this](const Error& error) { fail(error); };
  if (const Status status = disk.start(std::move(opened->log), {to_consensus, failed}); !status) return status;

  ArchiveActor::Callbacks from_archive;
  from_archive.order = [this](replica::Order order) { consensus->order(std::move(order)); };
  from_archive.members = [this](const ClusterId& of, const raft::Membership& membership) {
    look_for_self(of, membership);
  };
  from_archive.archived = [](Index) {};
  from_archive.failed = failed;
  return archive.start(archived, std::move(from_archive));
}

/// In the archive actor's thread.
void ClusterLogger::Parts::look_for_self(const ClusterId& of, const raft::Membership& membership) {
  const bool is_member = membership.find(server) != nullptr;
  if (is_member && !was_member) events.post(Ready{cluster.id, of, consensus->listens_at()});
  if (!is_member && was_member) fail({ErrorCode::refused, "the cluster has removed this logger"});
  was_member = is_member;
}

/// An archive that belongs to no cluster waits to be taken in; one that does belongs to it for ever, but may have new
/// addresses to announce.
Status ClusterLogger::Parts::begin_membership() {
  const raft::Member* known = known_membership.find(server);
  if (known != nullptr && *known == self()) return {};
  is_announcing = known != nullptr;
  std::vector<Address> members = cluster.join;
  for (const raft::Member& member : known_membership.members) {
    const auto address = Address::parse(member.addresses.client);
    if (address && address->port() != 0) members.push_back(*address);
  }
  return start_joiner(std::move(members));
}

Status ClusterLogger::Parts::start_joiner(std::vector<Address> members) {
  const raft::Member mine = self();
  replica::JoinOptions join;
  join.request = {server, cluster.id.text(), mine.addresses.raft, "", "", mine.addresses.recovery, false, {}};
  join.members = std::move(members);
  join.cluster = known_cluster;
  replica::JoinCallbacks callbacks;
  callbacks.joined = [this](replica::AdoptCluster adopt) { consensus->order(std::move(adopt)); };
  callbacks.refused = [this](const Error& error) {
    fail({error.code, "the cluster does not take this logger in: " + error.what});
  };
  auto started =
      replica::Joiner::start(context, std::move(join), std::move(callbacks), clock, logger.for_actor("joiner"));
  if (!started) return std::unexpected(started.error());
  joiner = std::move(*started);
  return {};
}

ClusterLogger::ClusterLogger(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ClusterLogger::~ClusterLogger() = default;

Result<std::unique_ptr<ClusterLogger>> ClusterLogger::start(mq::Context& context, const config::LoggerOptions& options,
                                                            const config::LoggedCluster& cluster,
                                                            const std::string& recovery_address, Events& events,
                                                            const Clock& clock, obs::Logger logger) {
  auto parts = std::make_unique<Parts>(context, options, cluster, recovery_address, events, clock, std::move(logger));
  if (const Status opened = parts->open(); !opened) return std::unexpected(opened.error());
  if (const Status started = parts->start_actors(); !started) return std::unexpected(started.error());
  if (const Status begun = parts->begin_membership(); !begun) return std::unexpected(begun.error());
  return std::unique_ptr<ClusterLogger>(new ClusterLogger(std::move(parts)));
}

void ClusterLogger::stop_joining() {
  if (!parts_->is_announcing) parts_->joiner.reset();
}

}  // namespace parley::logger
