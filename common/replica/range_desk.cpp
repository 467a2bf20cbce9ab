#include "common/replica/range_desk.hpp"

#include <algorithm>

#include "common/base/ensure.hpp"
#include "common/base/range_limits.hpp"

namespace parley::replica {
namespace {

constexpr std::uint64_t alive_us = limits::range_alive_ms * 1000;
constexpr std::uint64_t stall_us = limits::range_stall_ms * 1000;
constexpr std::uint64_t say_again_us = 10'000'000;
/// After which an entry that could not be read may be asked for again.
constexpr std::uint32_t read_retry_ms = 1000;

std::string text(Index index) { return std::to_string(index.value); }

/// The next entry from `wanted` on that is there or may still come; nothing if it is that one itself.
std::optional<Index> first_instead(const transfer::RangeHead& head, Index wanted) {
  Index found = std::max(wanted, head.first);
  for (const transfer::IndexRange& gap : head.gaps) {
    if (gap.from <= found && found <= gap.to) found = gap.to.next();
  }
  return found == wanted ? std::nullopt : std::optional(found);
}

/// The last entry that can be read together with `from`: the next gap ends it.
Index end_of_run(const transfer::RangeHead& head, Index from) {
  Index end = head.last.index;
  for (const transfer::IndexRange& gap : head.gaps) {
    if (gap.from > from) end = std::min(end, gap.from.previous());
  }
  return end;
}

wire::RangeErrorReply gone_reply(Index wanted, Index first) {
  std::string what = "entry " + text(wanted) + " is not kept here";
  if (first.value > 0) what += "; the first one that is, is " + text(first);
  return {ErrorWord::not_found, std::move(what), 0, first};
}

wire::RangeErrorReply failed_reply(const Error& error) {
  if (error.code == ErrorCode::corrupt) return {ErrorWord::mismatch, error.what, 0, {}};
  return {ErrorWord::busy, error.what, read_retry_ms, {}};
}

}  // namespace

// --- sources ---

void RangeDesk::take(RangeOrder& order, std::uint64_t now_us) {
  now_us_ = now_us;
  std::visit([this](auto& each) { on(each); }, order);
  sweep();
}

void RangeDesk::on(OpenSource& opened) {
  close_source(opened.cluster, "the source was opened anew");
  Source source;
  source.name = std::move(opened.name);
  source.source = std::move(opened.source);
  source.head = std::move(opened.head);
  sources_.emplace(opened.cluster, std::move(source));
}

void RangeDesk::on(const CloseSource& closed) { close_source(closed.cluster, closed.why); }

void RangeDesk::close_source(const ClusterId& cluster, const std::string& why) {
  const auto at = sources_.find(cluster);
  if (at == sources_.end()) return;
  const wire::RangeErrorReply reason{
      ErrorWord::busy, "cluster " + cluster.text() + " is not served now: " + why, read_retry_ms, {}};
  for (auto& [key, stream] : streams_) {
    if (stream.cluster == cluster) end(key, stream, reason);
  }
  for (auto next = votes_.begin(); next != votes_.end();) {
    const auto vote = next++;
    if (vote->second.cluster != cluster) continue;
    answer(vote->second.asker, cluster, reason);
    votes_.erase(vote);
  }
  std::erase_if(reads_, [&](const auto& reading) { return reading.second.cluster == cluster; });
  // Streams look their source up until they are erased.
  sweep();
  sources_.erase(at);
}

void RangeDesk::on(HeadChanged& changed) {
  const auto at = sources_.find(changed.cluster);
  if (at == sources_.end()) return;
  // News of what was committed may have overtaken this.
  const transfer::LogPoint last = at->second.head.last;
  at->second.head = std::move(changed.head);
  if (at->second.head.last.index < last.index) at->second.head.last = last;
  at->second.has_news = true;
  for (auto& [key, stream] : streams_) {
    if (stream.cluster == changed.cluster && !stream.is_over) check_place(key, stream);
  }
}

void RangeDesk::on(const Advanced& advanced) {
  const auto at = sources_.find(advanced.cluster);
  if (at == sources_.end() || advanced.last.index <= at->second.head.last.index) return;
  at->second.head.last = advanced.last;
  at->second.has_news = true;
}

// --- entries ---

void RangeDesk::work(std::uint64_t now_us) {
  now_us_ = now_us;
  for (auto& [cluster, source] : sources_) look_after(cluster, source);
  if (now_us_ >= next_due_us_) expire();
  sweep();
}

/// Streams take turns in reading; those that are at the same place share a read.
void RangeDesk::look_after(const ClusterId& cluster, Source& source) {
  if (!std::exchange(source.has_news, false)) return;
  while (source.reads < limits::range_reads_at_once) {
    const auto at = next_to_read(cluster, source);
    if (at == streams_.end()) return;
    source.last_served = at->first;
    const auto wanted = std::get<transfer::EntrySender>(at->second.work).wanted(source.head.last.index);
    const RangeTicket ticket{next_ticket_.value++};
    reads_.emplace(ticket, Reading{cluster, wanted->from});
    ++source.reads;
    ++stats_.reads;
    source.source->read(ticket, wanted->from, std::min(wanted->to, end_of_run(source.head, wanted->from)),
                        wanted->max_bytes);
  }
}

bool RangeDesk::wants_read(const Stream& stream, const ClusterId& cluster, const Source& source) const {
  const auto* sender = std::get_if<transfer::EntrySender>(&stream.work);
  if (sender == nullptr || stream.is_over || stream.cluster != cluster) return false;
  if (!sender->wanted(source.head.last.index)) return false;
  return std::ranges::none_of(reads_, [&](const auto& reading) {
    return reading.second.cluster == cluster && reading.second.from == sender->next();
  });
}

RangeDesk::Streams::iterator RangeDesk::next_to_read(const ClusterId& cluster, const Source& source) {
  const auto wants = [&](const auto& item) { return wants_read(item.second, cluster, source); };
  const auto behind = streams_.upper_bound(source.last_served);
  const auto found = std::find_if(behind, streams_.end(), wants);
  if (found != streams_.end()) return found;
  const auto from_begin = std::find_if(streams_.begin(), behind, wants);
  return from_begin == behind ? streams_.end() : from_begin;
}

void RangeDesk::on(const ReadDone& done) {
  const auto at = reads_.find(done.ticket);
  if (at == reads_.end()) return;
  const Reading reading = at->second;
  reads_.erase(at);
  Source& source = sources_.at(reading.cluster);
  --source.reads;
  source.has_news = true;
  for (auto& [key, stream] : streams_) {
    const auto* sender = std::get_if<transfer::EntrySender>(&stream.work);
    if (sender == nullptr || stream.is_over || stream.cluster != reading.cluster) continue;
    if (sender->next() == reading.from && sender->wanted(source.head.last.index)) give(key, stream, done);
  }
}

void RangeDesk::give(const StreamKey& key, Stream& stream, const ReadDone& done) {
  auto& sender = std::get<transfer::EntrySender>(stream.work);
  if (const auto* error = std::get_if<Error>(&done.outcome)) return end(key, stream, failed_reply(*error));
  if (const auto* gone = std::get_if<EntriesGone>(&done.outcome))
    return end(key, stream, gone_reply(sender.next(), gone->first));
  const auto& run = std::get<transfer::EntryRun>(done.outcome);
  if (run.entries.empty()) return end(key, stream, gone_reply(sender.next(), {}));
  auto chunk = sender.take(run);
  if (!chunk) return end(key, stream, failed_reply(chunk.error()));
  const std::size_t bytes = chunk->block.size();
  send(key, stream, wire::EntriesReply{std::move(*chunk)});
  if (stream.is_over) return;
  sent_chunk(stream, bytes, sender.has_credit());
  check_place(key, stream);
}

/// Ends a stream that has sent all, whose next entry will never come, or that may wait no longer.
void RangeDesk::check_place(const StreamKey& key, Stream& stream) {
  const auto* sender = std::get_if<transfer::EntrySender>(&stream.work);
  if (sender == nullptr) return;
  if (sender->is_done()) return end(key, stream, std::nullopt);
  const transfer::RangeHead& head = sources_.at(stream.cluster).head;
  if (const auto first = first_instead(head, sender->next()))
    return end(key, stream, gone_reply(sender->next(), *first));
  if (!sender->waits(head.last.index) || sender->is_feed()) return;
  if (now_us_ >= stream.deadline_us) {
    const std::string what =
        "entry " + text(sender->next()) + " is not there yet; the last one is " + text(head.last.index);
    return end(key, stream, wire::RangeErrorReply{ErrorWord::timeout, what, 0, {}});
  }
  next_due_us_ = std::min(next_due_us_, stream.deadline_us);
}

// --- images and votes ---

void RangeDesk::read_rows(Stream& stream) {
  auto& image = std::get<ImageStream>(stream.work);
  if (!image.is_open || image.is_reading || !image.sender.wants_rows()) return;
  image.is_reading = true;
  sources_.at(stream.cluster).source->read_image(image.ticket);
}

void RangeDesk::on(const ImageOpened& opened) {
  const auto at = images_.find(opened.ticket);
  if (at == images_.end()) return;
  const StreamKey key = at->second;
  Stream& stream = streams_.at(key);
  auto& image = std::get<ImageStream>(stream.work);
  if (const auto* error = std::get_if<Error>(&opened.outcome)) return end(key, stream, failed_reply(*error));
  const auto* head = std::get_if<transfer::ImageHead>(&opened.outcome);
  if (head == nullptr || (image.must_match && head->index != image.index)) {
    std::string what = "there is no image";
    if (image.index.value > 0)
      what += std::string(image.must_match ? " as of" : " at or below") + " entry " + text(image.index);
    return end(key, stream, wire::RangeErrorReply{ErrorWord::not_found, what, 0, {}});
  }
  image.is_open = true;
  send(key, stream, wire::ImageHeadReply{*head});
  if (!stream.is_over) read_rows(stream);
}

void RangeDesk::on(const ImageRowsRead& read) {
  const auto at = images_.find(read.ticket);
  if (at == images_.end()) return;
  const StreamKey key = at->second;
  Stream& stream = streams_.at(key);
  auto& image = std::get<ImageStream>(stream.work);
  image.is_reading = false;
  if (!read.rows) return end(key, stream, failed_reply(read.rows.error()));
  const auto chunk = image.sender.take(read.rows->rows, read.rows->is_last);
  if (chunk) {
    send(key, stream, wire::ImageRowsReply{*chunk});
    if (stream.is_over) return;
    sent_chunk(stream, chunk->rows.size(), image.sender.wants_rows());
  }
  if (!image.sender.is_done()) return read_rows(stream);
  if (!image.sender.was_too_short()) return end(key, stream, std::nullopt);
  const std::string what = "the image as of entry " + text(image.index) + " has fewer chunks here";
  end(key, stream, wire::RangeErrorReply{ErrorWord::not_found, what, 0, {}});
}

void RangeDesk::on(const VoteTaken& taken) {
  const auto at = votes_.find(taken.ticket);
  if (at == votes_.end()) return;
  std::visit([&](const auto& reply) { answer(at->second.asker, at->second.cluster, reply); }, taken.reply);
  votes_.erase(taken.ticket);
}

// --- streams ---

void RangeDesk::send(const StreamKey& key, Stream& stream, wire::RangeReplyBody body) {
  const wire::RangeReply reply{stream.cluster, sources_.at(stream.cluster).name, key.second, std::move(body)};
  stream.spoke_us = now_us_;
  switch (send_to(key.first, reply)) {
    case Sent::sent: return;
    case Sent::gone: return connection_gone(key.first);
    case Sent::full:
      return lose_slow(key, stream,
                       {ErrorWord::busy, "the receiver does not read what it has granted credit for", 0, {}});
  }
}

void RangeDesk::sent_chunk(Stream& stream, std::size_t bytes, bool has_credit) {
  ++stats_.chunks;
  stats_.bytes += bytes;
  if (!has_credit && !stream.stalled_us) stream.stalled_us = now_us_;
}

void RangeDesk::lose_slow(const StreamKey& key, Stream& stream, wire::RangeErrorReply reason) {
  if (stream.is_over) return;
  ++stats_.slow;
  if (!said_us_ || now_us_ - *said_us_ >= say_again_us) {
    said_us_ = now_us_;
    calls_.said("a stream of entries or an image was ended: " + reason.detail + "; " + std::to_string(stats_.slow) +
                " have been since the start");
  }
  end(key, stream, reason);
}

/// With a reason, if the receiver does not know it. What is over is erased by sweep(), so that whoever goes through the
/// streams may end any of them.
void RangeDesk::end(const StreamKey& key, Stream& stream, const std::optional<wire::RangeErrorReply>& reason) {
  if (std::exchange(stream.is_over, true)) return;
  has_over_ = true;
  Source& source = sources_.at(stream.cluster);
  if (const auto* image = std::get_if<ImageStream>(&stream.work)) {
    source.source->close_image(image->ticket);
    images_.erase(image->ticket);
    --source.images;
  }
  if (reason) answer(key, stream.cluster, *reason);
}

void RangeDesk::connection_gone(const transport::ClientKey& client) {
  for (auto at = streams_.lower_bound({client, 0}); at != streams_.end() && at->first.first == client; ++at) {
    if (at->second.is_over) continue;
    ++stats_.gone;
    end(at->first, at->second, std::nullopt);
  }
}

void RangeDesk::sweep() {
  if (!std::exchange(has_over_, false)) return;
  for (auto next = streams_.begin(); next != streams_.end();) {
    const auto at = next++;
    if (!at->second.is_over) continue;
    const auto account = accounts_.find(at->first.first);
    account->second.window -= at->second.window;
    window_in_all_ -= at->second.window;
    if (--account->second.streams == 0) accounts_.erase(account);
    streams_.erase(at);
  }
}

// --- time ---

std::optional<std::uint64_t> RangeDesk::next_due_us() const {
  if (streams_.empty() && votes_.empty()) return std::nullopt;
  return next_due_us_;
}

std::uint64_t RangeDesk::due_us(const Stream& stream) const {
  std::uint64_t due = stream.spoke_us + alive_us;
  if (stream.stalled_us) due = std::min(due, *stream.stalled_us + stall_us);
  const auto* sender = std::get_if<transfer::EntrySender>(&stream.work);
  const auto* image = std::get_if<ImageStream>(&stream.work);
  const bool waits = sender != nullptr
                         ? !sender->is_feed() && sender->waits(sources_.at(stream.cluster).head.last.index)
                         : !image->is_open;
  return waits ? std::min(due, stream.deadline_us) : due;
}

void RangeDesk::expire() {
  for (auto& [key, stream] : streams_) {
    if (!stream.is_over && due_us(stream) <= now_us_) look_at_time(key, stream);
  }
  for (auto next = votes_.begin(); next != votes_.end();) {
    const auto vote = next++;
    if (vote->second.deadline_us > now_us_) continue;
    const std::string what = "the truncation was not decided in time; the vote may count";
    answer(vote->second.asker, vote->second.cluster, wire::RangeErrorReply{ErrorWord::timeout, what, 0, {}});
    votes_.erase(vote);
  }
  next_due_us_ = UINT64_MAX;
  for (const auto& [key, stream] : streams_) {
    if (!stream.is_over) next_due_us_ = std::min(next_due_us_, due_us(stream));
  }
  for (const auto& [ticket, vote] : votes_) next_due_us_ = std::min(next_due_us_, vote.deadline_us);
}

void RangeDesk::look_at_time(const StreamKey& key, Stream& stream) {
  if (stream.stalled_us && now_us_ - *stream.stalled_us >= stall_us) {
    const std::string what = "no credit came for " + std::to_string(stall_us / 1'000'000) + " s";
    return lose_slow(key, stream, {ErrorWord::busy, what, 0, {}});
  }
  const auto* image = std::get_if<ImageStream>(&stream.work);
  if (image != nullptr && !image->is_open && now_us_ >= stream.deadline_us) {
    return end(key, stream, wire::RangeErrorReply{ErrorWord::timeout, "the image could not be opened in time", 0, {}});
  }
  check_place(key, stream);
  if (!stream.is_over && now_us_ - stream.spoke_us >= alive_us)
    send(key, stream, wire::AliveReply{sources_.at(stream.cluster).head.last.index});
}

}  // namespace parley::replica
