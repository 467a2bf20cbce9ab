#include "logger/cluster_logger.hpp"

#include <utility>

#include "common/base/entropy.hpp"
#include "common/base/limits.hpp"
#include "common/replica/consensus_actor.hpp"
#include "common/replica/joiner.hpp"
#include "common/replica/restore.hpp"
#include "common/wal/posix_file_system.hpp"
#include "logger/archive_actor.hpp"
#include "logger/compaction/command_reduction.hpp"
#include "logger/compaction/compaction_options.hpp"
#include "logger/image_fetcher.hpp"

namespace parley::logger {
namespace {

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
        replica::RangeActor* the_ranges, Events& the_events, const Clock& the_clock, obs::Logger the_logger)
      : context(the_context),
        options(the_options),
        cluster(the_cluster),
        ranges(the_ranges),
        events(the_events),
        clock(the_clock),
        logger(std::move(the_logger)),
        disk(logger.for_actor("disk")),
        archive(the_clock, logger.for_actor("archive")),
        fetcher(the_context, the_clock, logger.for_actor("fetch")) {}
  ~Parts();

  Status open();
  Status open_archive();
  Status bind_port();
  Status start_actors();
  Status start_archive(ArchiveDesk::Opened archived);
  void fetch_image(Index least, const raft::Membership& members, std::unique_ptr<archive::ImageFileWriter> writer);
  Status begin_membership();
  Status start_joiner(std::vector<Address> members);
  void look_for_self(const ClusterId& of, const raft::Membership& membership);
  [[nodiscard]] raft::Member self() const;
  void fail(const Error& error) { events.post(Failed{cluster.id, error}); }

  mq::Context& context;
  config::LoggerOptions options;
  config::LoggedCluster cluster;
  replica::RangeActor* ranges;  ///< null: nothing is served
  Events& events;
  const Clock& clock;
  obs::Logger logger;
  wal::PosixFileSystem files;
  std::optional<transport::PeerListener> raft_port;
  std::optional<archive::Archive> stored;  ///< until its actor has it
  std::optional<wal::OpenedLog> opened;
  ServerId server;
  ClusterId known_cluster;  ///< to which the archive belonged when it was opened
  raft::Membership known_membership;
  ClusterId served;            ///< by `ranges`; for the archive's actor until it is stopped
  bool was_member = false;     ///< as the archive actor has seen it
  bool is_announcing = false;  ///< a member whose new addresses the cluster must learn
  replica::DiskActor disk;
  ArchiveActor archive;
  ImageFetcher fetcher;
  std::unique_ptr<replica::ConsensusActor> consensus;
  std::unique_ptr<replica::Joiner> joiner;
};

ClusterLogger::Parts::~Parts() {
  joiner.reset();
  fetcher.stop();
  archive.stop();
  if (ranges != nullptr && !served.is_nil()) ranges->order(replica::CloseSource{served, "it is followed no longer"});
  if (consensus) consensus->stop();
  disk.stop();
}

/// A new archive is made last, so that a start that fails leaves none behind. One that is there is opened first: while
/// that takes its time, nobody should connect and wait.
Status ClusterLogger::Parts::open() {
  const auto exists = wal::Log::exists(files, archive::Layout{cluster.folder}.live());
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
  // The archive first: it may otherwise be given segments before anybody has begun it.
  auto found = archive::Archive::open(files, cluster.folder, wal::OpenMode::use);
  if (!found) return std::unexpected(found.error());
  stored.emplace(std::move(*found));
  if (const auto compaction = compaction_options(options))
    stored->compact_with(make_command_reduction(), *compaction);
  log_options.retire_into = stored->layout().sealed();
  auto log = open_live_log(files, stored->layout().live(), log_options);
  if (!log) return std::unexpected(log.error());
  opened.emplace(std::move(*log));
  server = opened->recovered.identity.server;
  known_cluster = opened->recovered.identity.cluster;
  if (!opened->recovered.torn) return {};
  const wal::TornTail& torn = *opened->recovered.torn;
  logger.warn("{}: {} bytes behind offset {} were never synced and are cut{}", torn.segment.string(), torn.bytes,
              torn.offset,
              torn.copy ? ", with a copy in " + torn.copy->string() : ", without a copy: the disk is full");
  return {};
}

raft::Member ClusterLogger::Parts::self() const {
  const Address known = consensus->listens_at().at_host(options.advertise);
  const std::string recovery = ranges == nullptr ? "" : ranges->address().at_host(options.advertise).text();
  return {server, cluster.id, {known.text(), "", "", recovery}, false};
}

Status ClusterLogger::Parts::start_actors() {
  // All that the archive has is committed: the leader sends nothing else to one that never votes.
  const wal::Start last = opened->recovered.last;
  auto restored = replica::restore(opened->recovered, opened->log, last.index, last.digest);
  if (!restored) return std::unexpected(restored.error());
  if (!restored->memberships.empty()) known_membership = restored->memberships.back().membership;
  ArchiveDesk::Opened archived;
  archived.cluster = known_cluster;
  archived.membership = known_membership;
  archived.last = {last.index, last.term, last.time, last.digest};
  archived.live = replica::LogExtent::of(opened->log);

  replica::ConsensusOptions consensus_options;
  consensus_options.raft.self = server;
  consensus_options.raft.seed = draw_u64();
  consensus_options.name = cluster.id;
  consensus_options.advertised = cluster.raft.at_host(options.advertise);
  auto started = replica::ConsensusActor::start(context, std::move(*raft_port), consensus_options, std::move(*restored),
                                                disk, archive, archive, clock, logger.for_actor("consensus"));
  if (!started) return std::unexpected(started.error());
  consensus = std::move(*started);

  replica::DiskActor::Callbacks from_disk;
  from_disk.done = [this](replica::DiskDone done) { consensus->order(std::move(done)); };
  from_disk.failed = [this](const Error& error) { fail(error); };
  from_disk.changed = [this](const replica::LogExtent& extent) { archive.post(extent); };
  if (const Status status = disk.start(std::move(opened->log), std::move(from_disk)); !status) return status;
  const Status fetching = fetcher.start([this](Result<Index> image) { archive.post(ImageFetched{std::move(image)}); });
  if (!fetching) return fetching;
  return start_archive(std::move(archived));
}

Status ClusterLogger::Parts::start_archive(ArchiveDesk::Opened archived) {
  ArchiveDesk::Calls calls;
  calls.order = [this](replica::Order order) { consensus->order(std::move(order)); };
  calls.read_live = [this](replica::ReadRun run) { disk.submit(std::move(run)); };
  calls.members = [this](const ClusterId& of, const raft::Membership& membership) { look_for_self(of, membership); };
  calls.fetch = [this](Index least, const raft::Membership& members, std::unique_ptr<archive::ImageFileWriter> writer) {
    fetch_image(least, members, std::move(writer));
  };
  if (ranges != nullptr) {
    calls.serve = [this](replica::RangeOrder order) {
      if (const auto* opens = std::get_if<replica::OpenSource>(&order)) served = opens->cluster;
      ranges->order(std::move(order));
    };
    calls.advanced = [this](const ClusterId& of, const transfer::LogPoint& last) { ranges->advanced(of, last); };
    calls.source = [this] { return archive.source(); };
  }
  return archive.start(std::move(*stored), cluster.id, std::move(archived), std::move(calls),
                       [this](const Error& error) { fail(error); });
}

/// In the archive actor's thread.
void ClusterLogger::Parts::fetch_image(Index least, const raft::Membership& members,
                                       std::unique_ptr<archive::ImageFileWriter> writer) {
  WantedImage wanted{served, least, {}, std::move(writer)};
  for (const raft::Member& member : members.members) {
    const auto address = Address::parse(member.addresses.recovery);
    if (member.wants_vote && address && address->port() != 0) wanted.sources.push_back(*address);
  }
  fetcher.fetch(std::move(wanted));
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
  callbacks.joined = [this](replica::AdoptCluster adopt) {
    archive.post(Adopted{adopt.cluster});
    consensus->order(std::move(adopt));
  };
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
                                                            replica::RangeActor* ranges, Events& events,
                                                            const Clock& clock, obs::Logger logger) {
  auto parts = std::make_unique<Parts>(context, options, cluster, ranges, events, clock, std::move(logger));
  if (const Status opened = parts->open(); !opened) return std::unexpected(opened.error());
  if (const Status started = parts->start_actors(); !started) return std::unexpected(started.error());
  if (const Status begun = parts->begin_membership(); !begun) return std::unexpected(begun.error());
  return std::unique_ptr<ClusterLogger>(new ClusterLogger(std::move(parts)));
}

void ClusterLogger::stop_joining() {
  if (!parts_->is_announcing) parts_->joiner.reset();
}

}  // namespace parley::logger
