#include "tests/sim/machine.hpp"

#include <fmt/format.h>

#include <limits>

#include "common/base/ensure.hpp"
#include "common/replica/restore.hpp"
#include "node/pending_image.hpp"

namespace parley::sim {
namespace {

constexpr std::uint64_t random_part = 1'000;
const std::filesystem::path log_folder = "/data/log";
/// A day in September 2020.
constexpr std::int64_t wall_begin_us = 1'600'000'000'000'000;
constexpr std::uint64_t most_wall_offset_us = 10'000'000;
/// Two clocks differ by twice as much at most, which leases must bear.
constexpr std::uint64_t most_drift_ppm = 50'000;

}  // namespace

Machine::Machine(World& world, int number, ServerId server, Purpose purpose)
    : world_(world),
      number_(number),
      purpose_(purpose),
      server_(server),
      random_(random_for(world.plan.seed, random_part + static_cast<std::uint64_t>(number))),
      wall_offset_us_(static_cast<std::int64_t>(random_.below(most_wall_offset_us))),
      drift_ppm_(static_cast<std::int64_t>(random_.below(2 * most_drift_ppm)) -
                 static_cast<std::int64_t>(most_drift_ppm)) {}

raft::Member Machine::member() const {
  const auto name = NodeId::parse(fmt::format("n{}", number_));
  ENSURE(name.has_value());
  return {server_,
          *name,
          {fmt::format("127.0.0.1:{}", 7000 + number_), fmt::format("127.0.0.1:{}", 8000 + number_), "", ""},
          !is_logger()};
}

ClockReading Machine::read_clock() const {
  const auto now_us = static_cast<std::int64_t>(world_.now_us());
  const std::int64_t drifted_us = now_us + now_us * drift_ppm_ / 1'000'000;
  return {static_cast<std::uint64_t>(drifted_us),
          static_cast<std::uint64_t>(wall_begin_us + wall_offset_us_ + drifted_us)};
}

std::uint64_t Machine::tick_us() const {
  const auto by_own_clock = static_cast<std::int64_t>(world_.plan.tick_us);
  return static_cast<std::uint64_t>(by_own_clock * 1'000'000 / (1'000'000 + drift_ppm_));
}

void Machine::start() {
  ENSURE(!is_up());
  // Even opening may be cut short.
  const bool is_doomed = !world_.is_calm && random_.one_in(20);
  if (is_doomed) crash_at_operation(random_.below(10));
  auto parts = open();
  if (!parts) return report_failed_start(parts.error());
  if (is_doomed) crash_at_operation(never);
  if (has_only_lost_store_) is_rotten_ = has_only_lost_store_ = false;
  world_.trace.note(number_, "starts: term {}, log up to {}, commit {}, applied {}",
                    parts->restored.hard_state.term.value, parts->restored.last.value, parts->restored.commit.value,
                    parts->restored.applied.value);
  replica_ = std::make_unique<Replica>(
      world_, std::move(*parts), [this] { return read_clock(); }, tick_us(), random_.next());
  ++life_;
  world_.started(number_);
}

void Machine::report_failed_start(const Error& error) {
  if (files_->has_stopped()) return world_.died(number_);
  if (error.code == ErrorCode::disk_full && is_limited_) return world_.died(number_);
  if (error.code == ErrorCode::corrupt && is_rotten_) {
    world_.trace.note(number_, "finds its disk damaged");
    return world_.lost_its_past(number_);
  }
  world_.findings.unsafe(fmt::format("n{} cannot start: {}", number_, error.what));
}

bool Machine::rot(Rot kind) {
  ENSURE(!is_up());
  switch (kind) {
    case Rot::flipped_bit: is_rotten_ = flip_a_bit() || is_rotten_; return is_rotten_;
    case Rot::missing_file: is_rotten_ = lose_a_file() || is_rotten_; return is_rotten_;
    // Made again from the log, if that is all there.
    case Rot::lost_store: backend_.wipe(); break;
    case Rot::nothing_left:
      files_ = std::make_unique<SimulatedFileSystem>();
      backend_.wipe();
      break;
  }
  has_only_lost_store_ = kind == Rot::lost_store && !is_rotten_;
  is_rotten_ = true;
  return true;
}

/// In the first part of the first segment: the last record of a log cannot be told from one that was never synced.
bool Machine::flip_a_bit() {
  constexpr std::size_t least_bytes = 8192;
  for (const auto& [name, bytes] : files_->everything()) {
    if (!name.ends_with(".segment")) continue;
    const std::size_t written = bytes.find_last_not_of('\0');
    if (written == Bytes::npos || written < least_bytes) return false;
    files_->flip_bit(name, random_.below(written / 3), static_cast<unsigned>(random_.below(8)));
    return true;
  }
  return false;
}

/// Any but the only one.
bool Machine::lose_a_file() {
  std::vector<std::string> segments;
  for (const auto& [name, bytes] : files_->everything()) {
    if (name.ends_with(".segment") && bytes.find_last_not_of('\0') != Bytes::npos) segments.push_back(name);
  }
  if (segments.size() < 2) return false;
  files_->lose(segments[random_.below(segments.size())]);
  return true;
}

void Machine::begin_anew(ServerId server) {
  ENSURE(!is_up());
  server_ = server;
  files_ = std::make_unique<SimulatedFileSystem>();
  backend_.wipe();
  backend_.set_full(false);
  is_rotten_ = is_limited_ = has_only_lost_store_ = false;
}

void Machine::limit_disk(std::optional<std::uint64_t> more_bytes) {
  is_limited_ = more_bytes.has_value();
  files_->set_capacity(more_bytes ? files_->used_bytes() + *more_bytes : std::numeric_limits<std::uint64_t>::max());
  backend_.set_full(is_limited_ && random_.one_in(2));
}

void Machine::fail_disk() {
  if (!is_up()) return;
  is_failing_ = true;
  switch (random_.below(4)) {
    case 0: files_->fail_next_write(random_.below(200)); break;
    case 1: backend_.fail_next_commit({ErrorCode::sync_failed, "a simulated sync failed"}); break;
    default: files_->fail_next_sync(); break;
  }
}

void Machine::crash() {
  if (replica_) count(replica_->disk().log().counters());
  replica_.reset();
  // A process may die alone, and the machine without any of it; most often anything may happen.
  const std::uint64_t kind = random_.below(6);
  is_failing_ = false;
  files_->crash(random_, kind == 0 ? Unsynced::kept : kind == 1 ? Unsynced::lost : Unsynced::any);
  backend_.crash();
}

void Machine::count(const wal::Counters& counters) {
  world_.counters.syncs += counters.syncs;
  world_.counters.segments += counters.segments;
}

Result<wal::OpenedLog> Machine::open_log() {
  wal::Options options;
  options.segment_bytes = world_.plan.segment_bytes;
  const auto exists = wal::Log::exists(*files_, log_folder);
  if (!exists) return std::unexpected(exists.error());
  // What the disk was of is gone with it: a node draws another incarnation.
  if (!*exists && is_rotten_) return fail(ErrorCode::corrupt, "nothing is left on the disk");
  if (!*exists) {
    auto created = wal::Log::create(*files_, log_folder, {ClusterId{}, server_}, options);
    if (!created) return std::unexpected(created.error());
  }
  return wal::Log::open(*files_, log_folder, options);
}

Result<ReplicaParts> Machine::open() {
  auto opened = open_log();
  if (!opened) return std::unexpected(opened.error());
  if (opened->recovered.torn) {
    ++world_.counters.torn_tails;
    world_.trace.note(number_, "cuts a torn tail of {} bytes", opened->recovered.torn->bytes);
  }
  const bool has_image = backend_.has_complete_image();
  const auto is_changed = node::finish_pending_image(backend_, opened->log);
  if (!is_changed) return std::unexpected(is_changed.error());
  if (has_image && !backend_.has_complete_image()) ++world_.counters.images_finished_at_start;
  if (*is_changed) {
    opened = fail(ErrorCode::locked, "");  // closed first
    opened = open_log();
    if (!opened) return std::unexpected(opened.error());
  }
  auto machine = node::StateMachine::open(backend_);
  if (!machine) return std::unexpected(machine.error());
  world_.state_judge.opened(number_, (*machine)->meta());
  auto restored = replica::restore(opened->recovered, opened->log, (*machine)->applied(), (*machine)->meta().digest);
  if (!restored) return std::unexpected(restored.error());
  auto record = read_record(*opened);
  if (!record) return std::unexpected(record.error());
  return ReplicaParts{number_,
                      server_,
                      std::move(opened->log),
                      std::move(*restored),
                      std::move(*record),
                      std::move(*machine),
                      backend_,
                      {[this] { return files_->has_stopped() || is_failing_; },
                       [this](std::uint64_t operations) { crash_at_operation(operations); }}};
}

Result<DurableRecord> Machine::read_record(const wal::OpenedLog& opened) const {
  DurableRecord record;
  record.hard_state = opened.recovered.hard_state;
  // What was trimmed is committed, and its digest says what it was.
  const wal::Start& start = opened.recovered.start;
  record.digests = world_.raft_judge.committed_up_to(start.index);
  world_.findings.must(
      record.digests.size() == start.index.value && (record.digests.empty() || record.digests.back() == start.digest),
      [&] { return fmt::format("the log of n{} begins behind what nobody committed.", number_); });
  record.digests.resize(start.index.value);
  const auto entries =
      opened.log.read(start.index.next(), opened.recovered.last.index, std::numeric_limits<std::size_t>::max());
  if (!entries) return std::unexpected(entries.error());
  for (const Entry& entry : *entries) record.digests.push_back(entry.digest);
  return record;
}

}  // namespace parley::sim
