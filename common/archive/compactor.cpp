#include "common/archive/compactor.hpp"

#include <algorithm>

#include "common/archive/whole_file.hpp"
#include "common/base/archive_limits.hpp"

namespace parley::archive {

Compactor::Compactor(wal::FileSystem& files, Layout layout, std::unique_ptr<Reduction> reduction,
                     CompactionOptions options)
    : files_(&files),
      layout_(layout),
      reduction_(std::move(reduction)),
      options_(options),
      reader_(files, std::move(layout)) {
  ENSURE(options_.period > Count{0});
}

Compactor::~Compactor() {
  if (rewrite_) rewrite_->discard();
}

/// The first segment that is not done with.
const SealedSegment* Compactor::next_segment(const Manifest& manifest) const {
  const auto is_done = [this](const SealedSegment& segment) { return segment.last.index <= handled_; };
  const auto next = std::ranges::partition_point(manifest.segments, is_done);
  return next == manifest.segments.end() ? nullptr : &*next;
}

/// Up to where entries are shown to the reduction: so far that the windows in there may end.
Index Compactor::feed_limit(const Manifest& manifest) const {
  const Index last = manifest.segments.empty() ? Index{} : manifest.segments.back().last.index;
  if (options_.mode != CompactionOptions::Mode::delayed) return last;
  const std::uint64_t windows = last.value / options_.period.value;
  return Index{windows < 2 ? 0 : (windows - 1) * options_.period.value};
}

bool Compactor::can_start(const Manifest& manifest) const { return feed_limit(manifest) > manifest.begin.index; }

bool Compactor::has_work(const Manifest& manifest) const {
  if (is_broken_ || waits_) return false;
  if (!is_started_) return can_start(manifest);
  if (image_ || rewrite_) return true;
  const SealedSegment* segment = next_segment(manifest);
  return (segment != nullptr && segment->last.index <= decided_to_) || fed_.index < feed_limit(manifest);
}

Result<std::optional<CheckedSegment>> Compactor::step(const Manifest& manifest) {
  std::optional<CheckedSegment> ready;
  if (!has_work(manifest)) return ready;
  const Status done = do_step(manifest, ready);
  if (done) return ready;
  rewrite_.reset();
  if (done.error().code != ErrorCode::disk_full) {
    is_broken_ = true;
    return std::unexpected(done.error());
  }
  // Only rewriting needs room. It begins anew.
  waits_ = true;
  return std::nullopt;
}

Status Compactor::do_step(const Manifest& manifest, std::optional<CheckedSegment>& ready) {
  if (!is_started_) return start(manifest);
  if (image_) return go_on_with_image();
  if (rewrite_) return go_on_rewriting(manifest, ready);
  const SealedSegment* segment = next_segment(manifest);
  if (segment != nullptr && segment->last.index <= decided_to_) return handle(*segment);
  return feed(manifest);
}

/// From what was saved; else from an image or the first entry, whichever comes last before what is not yet rewritten.
Status Compactor::start(const Manifest& manifest) {
  const auto from_state = start_from_state(manifest);
  if (!from_state) return std::unexpected(from_state.error());
  is_started_ = true;
  if (*from_state) return {};
  const auto whole = std::ranges::find(manifest.segments, false, &SealedSegment::reduced);
  const Index needed = whole == manifest.segments.end() ? manifest.end().index : whole->before.index;
  const auto above = std::ranges::upper_bound(manifest.images, needed, {}, &ArchivedImage::index);
  if (above != manifest.images.begin()) return begin_image(manifest, std::prev(above)->index);
  if (manifest.begin.index == Index{}) {
    reduction_->begin();
    stand_at(manifest.begin);
    return {};
  }
  if (!manifest.images.empty()) return begin_image(manifest, manifest.images.front().index);
  is_started_ = false;
  waits_ = true;
  return {};
}

/// False if nothing was saved, or nothing that is of use.
Result<bool> Compactor::start_from_state(const Manifest& manifest) {
  const auto bytes = read_whole(*files_, layout_.compaction(), limits::compaction_state_bytes);
  auto state = bytes ? decode_compaction_state(*bytes) : std::nullopt;
  if (!state || state->place.index < manifest.begin.index) return false;
  if (state->place.index > manifest.begin.index) {
    const auto run = reader_.read(manifest.segments, state->place.index, state->place.index, 0);
    if (!run) return std::unexpected(run.error());
    if (run->entries.empty() || run->entries.front().entry.digest != state->place.digest) return false;
  } else if (!goes_on(manifest.begin, state->place)) {
    return false;
  }
  if (Status restored = reduction_->restore(state->reduction); !restored) return false;
  stand_at(state->place);
  handled_ = state->handled;
  unnecessary_.assign(state->decided.begin(), state->decided.end());
  return true;
}

/// The reduction knows the state behind this entry; of entries before it no more will be decided.
void Compactor::stand_at(const wal::Start& place) {
  fed_ = place;
  decided_to_ = place.index;
}

Status Compactor::begin_image(const Manifest& manifest, Index index) {
  ENSURE(manifest.image_of(index) != nullptr);
  auto image = ImageFileReader::open(*files_, layout_.image(index));
  if (!image) return std::unexpected(image.error());
  image_.emplace(std::move(*image));
  reduction_->begin_image();
  return {};
}

Status Compactor::go_on_with_image() {
  for (std::uint64_t read = 0; read < limits::archive_step_bytes;) {
    const auto rows = image_->next();
    if (!rows) return std::unexpected(rows.error());
    if (!*rows) {
      if (Status ended = reduction_->end_image(); !ended) return ended;
      stand_at(place_of(image_->head().image));
      image_.reset();
      return {};
    }
    read += (*rows)->size() + image_part_head_bytes;
    if (Status added = reduction_->add_rows(**rows); !added) return added;
  }
  return {};
}

/// All windows that reach into this segment are over.
Status Compactor::handle(const SealedSegment& segment) {
  const auto end = std::ranges::upper_bound(unnecessary_, segment.last.index);
  const auto begin = std::ranges::upper_bound(unnecessary_, segment.before.index);
  const auto count = static_cast<std::uint64_t>(end - begin);
  const Count entries = segment.last.index - segment.before.index;
  if (!segment.reduced && count > 0 && count * options_.worth >= entries.value) {
    auto rewrite = SegmentRewrite::begin(*files_, layout_, segment, {begin, end}, *reduction_);
    if (!rewrite) return std::unexpected(rewrite.error());
    rewrite_.emplace(std::move(*rewrite));
    return {};
  }
  unnecessary_.erase(unnecessary_.begin(), end);
  handled_ = segment.last.index;
  return {};
}

Status Compactor::go_on_rewriting(const Manifest& manifest, std::optional<CheckedSegment>& ready) {
  const SealedSegment& listed = rewrite_->listed();
  if (listed.sequence < manifest.begin_sequence) {
    // It was truncated meanwhile.
    rewrite_->discard();
    rewrite_.reset();
    return {};
  }
  const auto more = rewrite_->step();
  if (!more) return std::unexpected(more.error());
  if (*more) return {};
  ready = rewrite_->result();
  const auto end = std::ranges::upper_bound(unnecessary_, listed.last.index);
  unnecessary_.erase(unnecessary_.begin(), end);
  handled_ = listed.last.index;
  reader_.forget(listed.sequence);
  rewrite_.reset();
  return {};
}

Status Compactor::feed(const Manifest& manifest) {
  if (fed_.index < manifest.begin.index) {
    // Truncation has overtaken it.
    is_started_ = false;
    unnecessary_.clear();
    return {};
  }
  const auto run = reader_.read(manifest.segments, fed_.index.next(), feed_limit(manifest), limits::archive_step_bytes);
  if (!run) return std::unexpected(run.error());
  if (run->entries.empty()) return pass_gap(manifest);
  const auto ends_before = [this](const SealedSegment& segment) { return segment.last.index <= fed_.index; };
  auto segment = std::ranges::partition_point(manifest.segments, ends_before);
  for (const ArchivedEntry& archived : run->entries) {
    if (Status taken = reduction_->take(archived); !taken) return taken;
    const Entry& entry = archived.entry;
    fed_ = {entry.index, entry.term, entry.digest, entry.time};
    unsaved_bytes_ += entry_bytes(entry);
    while (segment->last.index < entry.index) ++segment;
    const bool is_segment_over = segment->last.index == entry.index;
    const bool ends_segments = options_.mode == CompactionOptions::Mode::immediate;
    if (entry.index.value % options_.period.value != 0 && !(is_segment_over && ends_segments)) continue;
    end_window();
    if (unsaved_bytes_ < options_.save_bytes) continue;
    if (Status saved = save_state(); !saved) return saved;
  }
  return {};
}

/// Entries are missing. What is known of those before is all that ever will be.
Status Compactor::pass_gap(const Manifest& manifest) {
  const Gap* gap = manifest.gap_behind(fed_.index);
  ENSURE(gap != nullptr);
  end_window();
  return begin_image(manifest, gap->to());
}

void Compactor::end_window() {
  for (const Index index : reduction_->end_window()) unnecessary_.push_back(index);
  decided_to_ = fed_.index;
}

/// If there is no room it is only a restart that takes longer.
Status Compactor::save_state() {
  unsaved_bytes_ = 0;
  CompactionState state{fed_, handled_, {}, reduction_->checkpoint()};
  const auto behind = std::ranges::upper_bound(unnecessary_, handled_);
  state.decided.assign(behind, unnecessary_.end());
  const Status saved = replace_file(*files_, layout_.compaction(), encode_compaction_state(state));
  return saved || saved.error().code == ErrorCode::disk_full ? Status{} : saved;
}

}  // namespace parley::archive
