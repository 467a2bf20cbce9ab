// What an ArchiveDesk serves to those who ask for ranges.
#include <algorithm>
#include <utility>

#include "common/base/chain.hpp"
#include "common/base/range_limits.hpp"
#include "logger/archive_desk.hpp"

namespace parley::logger {
namespace {

/// After which a vote that could not be carried out may be given again.
constexpr std::uint32_t vote_retry_ms = 5000;

std::string text(Index index) { return std::to_string(index.value); }

}  // namespace

transfer::RangeHead ArchiveDesk::head() const {
  const archive::Manifest& manifest = archive_.manifest();
  const wal::Start before = archive_.before_first();
  transfer::RangeHead head;
  head.kind = transfer::SourceKind::logger;
  head.first = before.index.next();
  head.before = before.index == Index{0} ? chain_start(cluster_) : before.digest;
  head.last = archived_;
  for (const archive::Gap& gap : manifest.gaps) {
    if (gap.from > before.index) head.gaps.push_back({gap.from, gap.to()});
  }
  for (const archive::ArchivedImage& image : manifest.images) head.images.push_back(image.index);
  return head;
}

void ArchiveDesk::tell_head() {
  if (!is_served_) return;
  transfer::RangeHead now = head();
  now.last = told_.last;
  if (now == told_) return;
  told_ = now;
  now.last = archived_;
  calls_.serve(replica::HeadChanged{cluster_, std::move(now)});
}

// --- entries ---

Status ArchiveDesk::on(RunAsked& asked) {
  read(asked);
  return {};
}

/// Sealed, or live, or for the time of some steps retired and not yet sealed: then it waits for those.
void ArchiveDesk::read(const RunAsked& asked) {
  const archive::Manifest& manifest = archive_.manifest();
  if (asked.from < archive_.first()) return answer(asked.ticket, replica::EntriesGone{archive_.first()});
  if (const archive::Gap* gap = manifest.gap_with(asked.from))
    return answer(asked.ticket, replica::EntriesGone{gap->to().next()});
  if (asked.from <= archive_.last()) {
    auto run = archive_.read(asked.from, asked.to, asked.max_bytes);
    if (!run) return answer(asked.ticket, std::move(run.error()));
    return answer(asked.ticket, std::move(*run));
  }
  if (archive_.is_taking_up()) return waiting_.push_back(asked);
  calls_.read_live(
      {asked.from, asked.to, asked.max_bytes, [bring = calls_.live_run_read, asked](replica::RunRead outcome) {
         bring({asked, std::move(outcome)});
       }});
}

/// What was live when it was asked for may have been retired before it was read.
Status ArchiveDesk::on(LiveRunRead& done) {
  const auto* gone = std::get_if<replica::EntriesGone>(&done.outcome);
  const bool was_retired = gone != nullptr && gone->first > done.asked.from &&
                           (done.asked.from <= archive_.last() || archive_.is_taking_up());
  if (was_retired) {
    read(done.asked);
  } else {
    answer(done.asked.ticket, std::move(done.outcome));
  }
  return {};
}

void ArchiveDesk::read_waiting(const std::optional<Error>& instead) {
  for (const RunAsked& asked : std::exchange(waiting_, {})) {
    if (instead) {
      answer(asked.ticket, *instead);
    } else {
      read(asked);
    }
  }
}

void ArchiveDesk::answer(replica::RangeTicket ticket, replica::RunRead outcome) {
  calls_.serve(replica::ReadDone{ticket, std::move(outcome)});
}

// --- images ---

Status ArchiveDesk::on(ImageAsked& asked) {
  replica::ImageOpened opened{asked.ticket, replica::ImageGone{}};
  if (const auto index = archive_.image_not_above(asked.at_or_below)) {
    auto image = archive_.open_image(*index);
    if (image) {
      opened.outcome = image->head().image;
      images_.emplace(asked.ticket, std::move(*image));
    } else {
      opened.outcome = image.error();
    }
  }
  calls_.serve(std::move(opened));
  return {};
}

Status ArchiveDesk::on(RowsAsked& asked) {
  const auto at = images_.find(asked.ticket);
  if (at == images_.end()) return {};
  archive::ImageFileReader& image = at->second;
  auto rows = image.next();
  if (!rows) {
    calls_.serve(replica::ImageRowsRead{asked.ticket, std::unexpected(rows.error())});
    return {};
  }
  // The digest of all rows is looked at where the end is asked for.
  const bool is_last = image.sequence() == image.end().chunks;
  if (is_last && *rows) {
    if (const auto end = image.next(); !end) {
      calls_.serve(replica::ImageRowsRead{asked.ticket, std::unexpected(end.error())});
      return {};
    }
  }
  calls_.serve(replica::ImageRowsRead{
      asked.ticket, replica::ImageRows{*rows ? SharedBytes(std::move(**rows)) : SharedBytes(), is_last}});
  return {};
}

Status ArchiveDesk::on(ImageClosed& closed) {
  images_.erase(closed.ticket);
  return {};
}

// --- truncation ---

Status ArchiveDesk::on(VoteAsked& asked) {
  const raft::Member* member = membership_.find(asked.server);
  if (member == nullptr || member->name != asked.name || !membership_.is_voter(asked.server)) {
    calls_.serve(
        replica::VoteTaken{asked.ticket, wire::RangeErrorReply{ErrorWord::denied,
                                                               asked.name.text() + " (server " + asked.server.text() +
                                                                   ") is no voter of cluster " + cluster_.text(),
                                                               0,
                                                               {}}});
    return {};
  }
  truncation_.vote(asked.server, asked.first_kept);
  if (!truncation_.agreed(membership_)) {
    const Truncation::Count count = truncation_.count(membership_);
    calls_.serve(
        replica::VoteTaken{asked.ticket, wire::VotesReply{static_cast<std::uint32_t>(count.votes),
                                                          static_cast<std::uint32_t>(count.voters), count.lowest}});
    return {};
  }
  if (votes_.size() >= limits::range_votes_in_all) {
    calls_.serve(replica::VoteTaken{
        asked.ticket, wire::RangeErrorReply{ErrorWord::busy, "an image is still awaited", vote_retry_ms, {}}});
    return {};
  }
  votes_.push_back(asked.ticket);
  return truncate();
}

/// As far as is agreed, and never without an image from which what is left leads on.
Status ArchiveDesk::truncate() {
  const auto first_kept = truncation_.agreed(membership_);
  if (!first_kept) return {};
  if (!archive_.image_not_below(first_kept->previous()) && *first_kept > archive_.manifest().begin.index.next()) {
    if (std::exchange(is_fetching_, true)) return {};
    calls_.fetch(first_kept->previous(), membership_, archive_.image_writer());
    return {};
  }
  const Index before = archive_.first();
  const Status truncated = archive_.truncate_before(*first_kept);
  if (!truncated && truncated.error().code == ErrorCode::disk_full) {
    answer_votes(wire::RangeErrorReply{ErrorWord::busy, truncated.error().what, vote_retry_ms, {}});
    return {};
  }
  if (!truncated) return truncated;
  if (archive_.first() != before)
    calls_.said("more than half of the voters need no entry below " + text(*first_kept) +
                ": the archive begins with entry " + text(archive_.first()) + " now");
  tell_head();
  answer_votes(wire::RangeDoneReply{});
  return {};
}

Status ArchiveDesk::on(ImageFetched& fetched) {
  const Result<Index>& image = fetched.image;
  is_fetching_ = false;
  Status added = image ? archive_.add_image(*image) : Status(std::unexpected(image.error()));
  if (added) {
    tell_head();
    return truncate();
  }
  const Error& error = added.error();
  if (image && error.code != ErrorCode::refused && error.code != ErrorCode::disk_full) return added;
  calls_.warned("the archive is not truncated, for want of an image: " + error.what);
  answer_votes(
      wire::RangeErrorReply{ErrorWord::busy, "there is no image of the state: " + error.what, vote_retry_ms, {}});
  return {};
}

void ArchiveDesk::answer_votes(const std::variant<wire::RangeDoneReply, wire::RangeErrorReply>& reply) {
  for (const replica::RangeTicket ticket : std::exchange(votes_, {})) {
    replica::VoteTaken taken{ticket, wire::RangeDoneReply{}};
    if (const auto* error = std::get_if<wire::RangeErrorReply>(&reply)) taken.reply = *error;
    calls_.serve(std::move(taken));
  }
}

}  // namespace parley::logger
