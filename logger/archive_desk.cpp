#include "logger/archive_desk.hpp"

#include <utility>

#include "common/base/ensure.hpp"
#include "common/raft/membership.hpp"

namespace parley::logger {
namespace {

transfer::LogPoint point_of(const Entry& entry) { return {entry.index, entry.term, entry.time, entry.digest}; }
transfer::LogPoint point_of(const transfer::ImageHead& image) {
  return {image.index, image.term, image.time, image.digest};
}

std::string text(Index index) { return std::to_string(index.value); }

}  // namespace

ArchiveDesk::ArchiveDesk(archive::Archive archive, NodeId name, Opened opened, Calls calls)
    : archive_(std::move(archive)),
      name_(std::move(name)),
      calls_(std::move(calls)),
      cluster_(opened.cluster),
      membership_(std::move(opened.membership)),
      live_(opened.live),
      committed_(opened.last),
      archived_(opened.last),
      image_writer_(archive_.image_writer()),
      receiver_(*image_writer_) {
  archive_.live_begins(live_.first_segment, live_.begin);
}

void ArchiveDesk::begin() {
  belong_to(cluster_);
  let_go();
}

Status ArchiveDesk::take(ArchiveWork& work) {
  return std::visit([this](auto& each) { return on(each); }, work);
}

/// Nothing is served while there is no cluster to serve it for.
void ArchiveDesk::belong_to(const ClusterId& cluster) {
  if (cluster.is_nil()) return;
  cluster_ = cluster;
  if (!calls_.serve || std::exchange(is_served_, true)) return;
  told_ = head();
  calls_.serve(replica::OpenSource{cluster_, name_.text(), calls_.source(), told_});
}

Status ArchiveDesk::on(Adopted& adopted) {
  belong_to(adopted.cluster);
  return {};
}

// --- what consensus hands over ---

Status ArchiveDesk::on(replica::Round& round) {
  if (round.membership) {
    membership_ = *round.membership;
    truncation_.membership_changed(membership_);
    belong_to(round.cluster);
    calls_.members(round.cluster, membership_);
  }
  if (round.image) take_verdict(*round.image);
  if (!round.committed.empty()) take_committed(round.committed);
  if (round.disk_full)
    calls_.warned(*round.disk_full ? "the disk is full: nothing more is archived until there is room"
                                   : "there is room on the disk again");
  if (round.stable_reached) stable_reached(*round.stable_reached);
  ask_stable();
  return {};
}

/// All of it is in the log already, or on its way there. So nothing is kept back.
void ArchiveDesk::take_committed(const std::vector<Entry>& committed) {
  ENSURE_EQ(committed.front().index, committed_.index.next());
  committed_ = point_of(committed.back());
  calls_.order(raft::Applied{committed_.index});
}

void ArchiveDesk::stable_reached(Index index) {
  // An answer to a question of before may come after another one was asked.
  if (!wanted_ || index < wanted_->index) return;
  archived_ = *std::exchange(wanted_, std::nullopt);
  if (installing_ && archived_.index >= *installing_) {
    installing_.reset();
    answer(image_from_, receiver_.installed());
  }
  if (calls_.advanced && is_served_) calls_.advanced(cluster_, archived_);
  let_go();
}

void ArchiveDesk::ask_stable() {
  if (wanted_ || archived_.index >= committed_.index) return;
  wanted_ = committed_;
  calls_.order(replica::NotifyStable{committed_.index});
}

/// Segments that are full leave the live log, so that it stays short, however long the archive grows.
Status ArchiveDesk::on(replica::LogExtent& extent) {
  live_ = extent;
  archive_.live_begins(live_.first_segment, live_.begin);
  let_go();
  return {};
}

void ArchiveDesk::let_go() {
  if (live_.first_segment == live_.last_segment || retiring_ == live_.last_segment) return;
  // What went before is sealed first, and nothing goes that is not yet on stable storage.
  if (archive_.manifest().next_sequence() != live_.first_segment || live_.last_begin > archived_.index) return;
  retiring_ = live_.last_segment;
  calls_.order(replica::TrimBefore{live_.last_begin.next()});
}

Result<bool> ArchiveDesk::step() {
  auto more = archive_.step();
  if (!more) {
    read_waiting(more.error());
    return more;
  }
  if (const auto failure = archive_.take_compaction_failure())
    calls_.warned("the archive is not compacted any further: " + failure->what);
  read_waiting(std::nullopt);
  tell_head();
  let_go();
  return archive_.has_work();
}

// --- images of the state that come because the log that was needed is gone ---

Status ArchiveDesk::on(ImageMessage& image) {
  if (const auto* offer = std::get_if<transfer::ImageOffer>(&image.message)) {
    image_writer_->expect({cluster_, offer->head});
    answer(image.from, receiver_.take(*offer));
    image_from_ = image.from;
  } else if (const auto* chunk = std::get_if<transfer::ImageChunk>(&image.message)) {
    answer(image.from, receiver_.take(*chunk));
  }
  if (const auto failure = receiver_.take_failure(); failure && failure->what != said_failure_) {
    said_failure_ = failure->what;
    calls_.warned("an image from server " + image.from.text() + " cannot be kept: " + failure->what);
  }
  return take_complete_image();
}

/// It becomes part of the archive before the log may begin anew behind it: so no gap is without its image.
Status ArchiveDesk::take_complete_image() {
  const auto head = receiver_.take_completed();
  if (!head) return {};
  auto membership = raft::decode_membership(head->membership.view());
  const Status added =
      membership ? archive_.add_image(head->index) : fail(ErrorCode::refused, "the image names no membership");
  if (!added && added.error().code != ErrorCode::refused && added.error().code != ErrorCode::disk_full) return added;
  if (!added) {
    if (added.error().what != said_failure_) calls_.warned("an image is of no use: " + added.error().what);
    said_failure_ = added.error().what;
    answer(image_from_, receiver_.refused());
    return {};
  }
  said_failure_.clear();
  received_ = point_of(*head);
  tell_head();
  calls_.order(raft::ImageReceived{{head->index, head->term, head->digest, head->time},
                                   {head->membership_index, std::move(*membership)}});
  return {};
}

void ArchiveDesk::take_verdict(const raft::ImageVerdict& verdict) {
  if (!verdict.install) return answer(image_from_, receiver_.refused());
  ENSURE(received_ && received_->index == verdict.index);
  calls_.warned("this logger was away for so long that nobody has the entries " + text(committed_.index.next()) +
                " to " + text(verdict.index) +
                " any more: they are a gap in the archive, with an image of the state behind it");
  committed_ = *received_;
  installing_ = verdict.index;
  wanted_ = committed_;
  calls_.order(replica::NotifyStable{verdict.index});
}

void ArchiveDesk::answer(ServerId to, const std::optional<transfer::ImageProgress>& progress) {
  if (progress) calls_.order(replica::SendTransfer{to, *progress});
}

}  // namespace parley::logger
