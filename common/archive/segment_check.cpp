#include "common/archive/segment_check.hpp"

#include <algorithm>

#include "common/archive/fault.hpp"
#include "common/base/chain.hpp"
#include "common/wal/seal.hpp"

namespace parley::archive {

using wal::Finding;

SegmentCheck::SegmentCheck(SegmentFile segment, std::optional<std::uint64_t> end)
    : segment_(std::move(segment)),
      expected_end_(end),
      state_(wal::LogState::at(segment_.header)),
      end_(segment_.first_record()) {
  marks_.sequence = segment_.header.sequence;
  read_from(end_);
}

void SegmentCheck::read_from(std::uint64_t offset) {
  const std::uint64_t to = std::clamp(expected_end_.value_or(segment_.header.segment_bytes), offset,
                                      std::max(offset, segment_.header.segment_bytes));
  reader_.emplace(*segment_.file, segment_.place(), offset, to, limits::log_read_bytes);
}

Result<bool> SegmentCheck::advance() {
  if (end_ == segment_.first_record() && state_.last.index == Index{0} &&
      state_.last.digest != chain_start(segment_.header.identity.cluster)) {
    return fault(0, "the chain does not begin with the cluster's digest");
  }
  while (!is_over_) {
    if (live_end_ && end_ >= *live_end_) {
      is_over_ = true;
      break;
    }
    const auto finding = reader_->read();
    if (!finding) return std::unexpected(finding.error());
    if (*finding != Finding::record) {
      const auto goes_on = stop(*finding);
      if (!goes_on) return std::unexpected(goes_on.error());
      if (!*goes_on) break;
      continue;
    }
    if (std::holds_alternative<wal::SealRecord>(reader_->record())) {
      if (expected_end_) return fault(reader_->offset(), "a seal among the records");
      is_over_ = is_sealed_ = true;
      break;
    }
    const std::uint64_t offset = reader_->offset();
    if (Status taken = take(); !taken) return std::unexpected(taken.error());
    if (std::holds_alternative<wal::EntryRecord>(reader_->record())) {
      marks_.note(state_.last.index, offset);
      return true;
    }
  }
  return false;
}

ArchivedEntry SegmentCheck::entry() const { return entry_of(reader_->record(), reader_->owner()).value(); }

Status SegmentCheck::take() {
  const wal::Record& record = reader_->record();
  if (const std::string_view why = state_.objection(record); !why.empty())
    return fault(reader_->offset(), "the record cannot stand there: " + std::string(why));
  if (const auto* entry = std::get_if<wal::EntryRecord>(&record)) {
    if (entry->index <= state_.last.index)
      return fault(reader_->offset(), "it replaces an entry, which no archive holds");
    if (chain_behind(state_.last.digest, this->entry()) != entry->digest)
      return fault(reader_->offset(), "the entry's digest does not follow from the entry before");
    payload_bytes_ += entry->payload.size();
  }
  state_.apply(record, segment_.header.begin + reader_->offset());
  end_ = reader_->next_offset();
  return {};
}

/// Where no record stands. True if one may stand there after all.
Result<bool> SegmentCheck::stop(Finding finding) {
  const std::uint64_t offset = reader_->offset();
  if (finding == Finding::unknown) return fault(offset, "a record of a kind that this version does not know");
  if (!expected_end_) return reach_live_end(offset);
  if (offset != *expected_end_) return fault(offset, "no intact record stands there");
  is_over_ = true;
  return false;
}

/// Who writes there may have gone on since the window was read, so an end, or damage, is looked at twice: what is
/// declared synced by a record behind it stood there, whole, before that record did.
Result<bool> SegmentCheck::reach_live_end(std::uint64_t offset) {
  const std::uint64_t bytes = segment_.header.segment_bytes;
  const auto declared =
      wal::highest_declared(*segment_.file, segment_.place(), std::min(bytes, offset + wal::record_alignment), bytes);
  if (!declared) return std::unexpected(declared.error());
  const std::uint64_t position = segment_.header.begin + offset;
  if (*declared <= position) {
    const auto written = wal::last_written(*segment_.file, offset, bytes);
    if (!written) return std::unexpected(written.error());
    unfinished_bytes_ = *written ? **written + 1 - offset : 0;
    is_over_ = true;
    return false;
  }
  if (!live_end_) live_end_ = std::min(bytes, *declared - segment_.header.begin);
  read_from(offset);
  const auto finding = reader_->read();
  if (!finding) return std::unexpected(finding.error());
  if (*finding == Finding::end || *finding == Finding::bad) {
    return fault(offset, "no intact record stands there, although the log was synced up to position " +
                             std::to_string(*declared) + " and this is position " + std::to_string(position));
  }
  reader_->seek(offset);
  return true;
}

Result<bool> SegmentCheck::check_rest(std::size_t bytes) {
  ENSURE(is_over_);
  const std::uint64_t size = segment_.header.segment_bytes;
  if (!expected_end_) return false;
  if (rest_ == 0) {
    if (Status sealed = check_seal(); !sealed) return std::unexpected(sealed.error());
  }
  const std::uint64_t to = std::min<std::uint64_t>(size, rest_ + bytes);
  const auto written = wal::last_written(*segment_.file, rest_, to);
  if (!written) return std::unexpected(written.error());
  if (*written) return fault(**written, "something stands behind the last record");
  rest_ = to;
  return rest_ < size;
}

/// The seal, or zeros in its place: a crash can come between the name of the next segment and the seal.
Status SegmentCheck::check_seal() {
  wal::Segment segment = wal::Segment::from(segment_.header);
  segment.end = segment.begin + end_;
  rest_ = end_;
  if (end_ + wal::small_record_bytes > segment.bytes) return {};
  const auto sealed = wal::read_seal(*segment_.file, segment, segment_.header.identity.server);
  if (!sealed) return std::unexpected(sealed.error());
  is_sealed_ = sealed->has_value();
  if (is_sealed_) rest_ += wal::small_record_bytes;
  return {};
}

SeekIndex SegmentCheck::seek_index() const {
  SeekIndex index = marks_;
  index.end = end_;
  index.digest = state_.last.digest;
  return index;
}

std::unexpected<Error> SegmentCheck::fault(std::uint64_t offset, const std::string& why) const {
  return damaged(segment_.where, offset, state_.last.index.next(), why);
}

std::string_view contradiction(const SegmentCheck& previous, const wal::SegmentHeader& next, bool whole) {
  const wal::SegmentHeader& header = previous.segment().header;
  const wal::LogState& state = previous.state();
  if (whole && next.begin != header.begin + header.segment_bytes) return "its place in the stream";
  if (whole && next.previous_end != header.begin + previous.end()) return "where the segment before it ends";
  if (next.identity.server == state.identity.server) {
    if (next.identity.cluster != state.identity.cluster) return "the cluster";
    if (next.hard_state != state.hard_state) return "term or vote";
    if (!next.restart && next.membership != state.membership_in_force()) return "the membership";
  }
  if (!next.restart && next.before != state.last) return "the entry before";
  return {};
}

}  // namespace parley::archive
