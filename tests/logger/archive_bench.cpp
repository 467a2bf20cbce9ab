#include "tests/logger/archive_bench.hpp"

#include <catch2/catch.hpp>

#include "common/replica/disk_worker.hpp"
#include "common/transfer/rows.hpp"

namespace parley::logger_testing {

using namespace logger;

raft::Membership voters(std::uint64_t count) {
  raft::Membership membership;
  for (std::uint64_t server = 1; server <= count; ++server) {
    membership.members.push_back({ServerId{server}, *NodeId::parse("node" + std::to_string(server)), {}, true});
    membership.voters.push_back(ServerId{server});
  }
  membership.members.push_back({ServerId{9}, *NodeId::parse("log0"), {}, false});
  return membership;
}

ArchiveBench::ArchiveBench(History& the_history, std::size_t segment_bytes)
    : history(the_history), membership(voters(3)), options_(archive_testing::live_options(layout, segment_bytes)) {}

void ArchiveBench::start() {
  auto opened = good(archive::Archive::open(disk, layout.root, wal::OpenMode::use));
  if (!good(wal::Log::exists(disk, layout.live()))) {
    (void)good(wal::Log::create(disk, layout.live(), identity, options_));
  }
  log.emplace(std::move(good(wal::Log::open(disk, layout.live(), options_)).log));
  extent_ = replica::LogExtent::of(*log);
  served_clusters.clear();
  ArchiveDesk::Calls calls;
  calls.order = [this](replica::Order order) { orders.push_back(std::move(order)); };
  calls.read_live = [this](replica::ReadRun run) { live_reads.push_back(std::move(run)); };
  calls.live_run_read = [this](LiveRunRead read) { live_answers.push_back(std::move(read)); };
  calls.members = [](const ClusterId&, const raft::Membership&) {};
  calls.serve = [this](replica::RangeOrder order) {
    if (auto* source = std::get_if<replica::OpenSource>(&order)) {
      head_ = std::move(source->head);
      served_clusters.push_back(source->cluster);
    } else if (auto* changed = std::get_if<replica::HeadChanged>(&order)) {
      head_ = std::move(changed->head);
    } else {
      served.push_back(std::move(order));
    }
  };
  calls.advanced = [this](const ClusterId&, const transfer::LogPoint& last) { advanced.push_back(last); };
  calls.source = [] { return nullptr; };
  calls.fetch = [this](Index least, const raft::Membership&, std::unique_ptr<archive::ImageFileWriter> writer) {
    fetches.push_back({least, std::move(writer)});
  };
  calls.said = [](const std::string&) {};
  calls.warned = [this](const std::string& what) { warnings.push_back(what); };
  ArchiveDesk::Opened opening;
  opening.cluster = log->identity().cluster;
  opening.membership = membership;
  opening.last = {log->last().index, log->last().term, log->last().time, log->last().digest};
  opening.live = extent_;
  desk.emplace(std::move(opened), *NodeId::parse("log0"), std::move(opening), std::move(calls));
  desk->begin();
}

void ArchiveBench::die() {
  desk.reset();
  log.reset();
  orders.clear();
  live_reads.clear();
  live_answers.clear();
  served.clear();
}

void ArchiveBench::tell_extent() {
  const auto now = replica::LogExtent::of(*log);
  if (now == extent_) return;
  extent_ = now;
  take(now);
}

void ArchiveBench::commit(std::size_t count) {
  const auto entries = history.between(last().next(), last() + Count{count});
  wal::Batch batch = wal_testing::batch_of(entries);
  batch.commit = last();
  good(log->write(batch));
  good(log->sync());
  tell_extent();
  replica::Round round;
  round.committed = entries;
  take(std::move(round));
}

void ArchiveBench::obey() {
  while (!orders.empty() || !live_reads.empty() || !live_answers.empty()) {
    if (!orders.empty()) {
      replica::Order order = std::move(orders.front());
      orders.pop_front();
      carry_out(std::move(order));
    } else if (!live_reads.empty()) {
      const replica::ReadRun run = std::move(live_reads.front());
      live_reads.pop_front();
      run.done(replica::read_run(*log, run));
    } else {
      LiveRunRead answer = std::move(live_answers.front());
      live_answers.pop_front();
      take(std::move(answer));
    }
  }
}

void ArchiveBench::carry_out(replica::Order order) {
  if (const auto* stable = std::get_if<replica::NotifyStable>(&order)) {
    replica::Round round;
    round.stable_reached = stable->index;
    take(std::move(round));
  } else if (const auto* trim = std::get_if<replica::TrimBefore>(&order)) {
    good(log->trim_before(trim->first_kept));
    tell_extent();
  } else if (const auto* transfer = std::get_if<replica::SendTransfer>(&order)) {
    progress.push_back(std::get<transfer::ImageProgress>(transfer->message));
  } else if (const auto* received = std::get_if<raft::ImageReceived>(&order)) {
    replica::Round round;
    round.image = raft::ImageVerdict{received->start.index, has_use_for_images};
    if (has_use_for_images) {
      const raft::LogStart& at = received->start;
      good(log->start_after({at.index, at.term, at.digest, at.time},
                            {received->membership.index, raft::encode_membership(received->membership.membership)}));
    }
    take(std::move(round));
    tell_extent();
  }
}

void ArchiveBench::settle() {
  do {
    obey();
    while (good(desk->step())) obey();
    obey();
  } while (desk->has_work());
}

void ArchiveBench::fill(std::size_t segments) {
  const std::uint64_t until = log->segments().back().sequence + segments;
  while (log->segments().back().sequence < until) commit(10);
}

void ArchiveBench::bring_image(Index index, std::size_t chunks) {
  const wal::Start at = history.place(index);
  const transfer::ImageHead head{index,   at.term,  at.digest,
                                 at.time, Index{1}, SharedBytes(raft::encode_membership(membership))};
  const transfer::TransferId id{next_transfer_++};
  const ServerId from{1};
  take(ImageMessage{from, transfer::ImageOffer{id, head}});
  std::uint64_t checksum = 0;
  for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
    const Bytes rows = archive_testing::some_rows(index, chunk);
    checksum = transfer::chain_checksum(checksum, rows);
    take(ImageMessage{from, transfer::ImageChunk{id, chunk, chunk + 1 == chunks, checksum, SharedBytes(Bytes(rows))}});
  }
}

replica::RangeTicket ArchiveBench::ask(Index from, Index to, std::size_t max_bytes) {
  const replica::RangeTicket ticket{next_ticket_++};
  take(RunAsked{ticket, from, to, max_bytes});
  return ticket;
}

std::optional<replica::RunRead> ArchiveBench::outcome(replica::RangeTicket ticket) {
  for (auto each = served.begin(); each != served.end(); ++each) {
    auto* done = std::get_if<replica::ReadDone>(&*each);
    if (done == nullptr || done->ticket != ticket) continue;
    replica::RunRead found = std::move(done->outcome);
    served.erase(each);
    return found;
  }
  return std::nullopt;
}

std::vector<Entry> ArchiveBench::read(Index from, Index to) {
  std::vector<Entry> entries;
  while (from <= to) {
    const auto ticket = ask(from, to, 5000);
    settle();
    const auto found = outcome(ticket);
    REQUIRE(found);
    const auto* run = std::get_if<transfer::EntryRun>(&*found);
    REQUIRE(run != nullptr);
    REQUIRE_FALSE(run->entries.empty());
    CHECK(run->before == history.place(from.previous()).digest);
    for (const transfer::RangeEntry& entry : run->entries) entries.push_back(entry.entry);
    from = entries.back().index.next();
  }
  return entries;
}

}  // namespace parley::logger_testing
