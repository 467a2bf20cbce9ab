#include "common/wal/spare_segments.hpp"

#include <algorithm>
#include <ranges>

#include "common/wal/record_reader.hpp"

namespace parley::wal {

SpareSegments::SpareSegments(FileSystem& files, std::filesystem::path folder, std::size_t segment_bytes,
                             std::uint64_t next)
    : files_(&files), folder_(std::move(folder)), segment_bytes_(segment_bytes), next_(next) {}

Status SpareSegments::keep(const Folder& found) {
  std::vector<std::string> useless;
  for (const auto& [sequence, name] : found.unused) {
    if (sequence == next_ && name == spare_name(sequence)) {
      auto file = open_if_whole(name);
      if (!file) return std::unexpected(file.error());
      if (*file) {
        ready_.push_back({next_++, std::move(*file)});
        continue;
      }
    }
    useless.push_back(name);
  }
  std::ranges::reverse(useless);
  return remove_in_order(*files_, folder_, useless);
}

/// Null if the file is of another size, or a crash left a header in it.
Result<std::unique_ptr<File>> SpareSegments::open_if_whole(const std::string& name) const {
  auto file = files_->open(folder_ / name, Access::read_write);
  if (!file) return file;
  const auto size = (*file)->size();
  if (!size) return std::unexpected(size.error());
  if (*size != segment_bytes_) return nullptr;
  const auto written = last_written(**file, 0, std::min<std::uint64_t>(*size, max_header_bytes));
  if (!written) return std::unexpected(written.error());
  if (*written) return nullptr;
  return file;
}

Result<bool> SpareSegments::step() {
  if (has_one()) return false;
  Status done;
  if (!unfinished_) {
    done = begin();
  } else if (unfinished_->zeroed < segment_bytes_) {
    done = fill();
  } else {
    done = finish();
  }
  if (done) return !has_one();
  abandon();
  return std::unexpected(done.error());
}

Status SpareSegments::ensure(std::size_t count) {
  while (ready_.size() < count) {
    Status done;
    if (!unfinished_) done = begin();
    while (done && unfinished_->zeroed < segment_bytes_) done = fill();
    if (done) done = finish();
    if (!done) {
      abandon();
      return done;
    }
  }
  return {};
}

Status SpareSegments::begin() {
  auto file = files_->create(folder_ / temporary_name(next_));
  if (!file) return std::unexpected(file.error());
  unfinished_ = Unfinished{std::move(*file), 0, Bytes(std::min(limits::zero_step_bytes, segment_bytes_), '\0')};
  return unfinished_->file->reserve(segment_bytes_);
}

Status SpareSegments::fill() {
  const BytesView zeros = BytesView(unfinished_->zeros).substr(0, segment_bytes_ - unfinished_->zeroed);
  if (Status written = unfinished_->file->write_at(unfinished_->zeroed, zeros); !written) return written;
  unfinished_->zeroed += zeros.size();
  // At each step, so that the last one does not have to wait for all of it.
  return unfinished_->file->sync();
}

Status SpareSegments::finish() {
  if (Status renamed = files_->rename(folder_ / temporary_name(next_), folder_ / spare_name(next_)); !renamed)
    return renamed;
  if (Status synced = files_->sync_directory(folder_); !synced) return synced;
  ready_.push_back({next_++, std::move(unfinished_->file)});
  unfinished_.reset();
  return {};
}

void SpareSegments::abandon() {
  if (!unfinished_) return;
  unfinished_.reset();
  // If it cannot be removed either, the next attempt empties it and the next opening removes it.
  static_cast<void>(files_->remove(folder_ / temporary_name(next_)));
}

Spare SpareSegments::take() {
  ENSURE(has_one());
  Spare spare = std::move(ready_.front());
  ready_.pop_front();
  return spare;
}

void SpareSegments::discard(std::uint64_t failed) {
  abandon();
  std::vector<std::string> names;
  for (const Spare& spare : std::views::reverse(ready_)) names.push_back(spare_name(spare.sequence));
  names.push_back(spare_name(failed));
  ready_.clear();
  next_ = failed;
  // What stays behind is emptied by the next attempt under its name, or removed by the next opening.
  static_cast<void>(remove_in_order(*files_, folder_, names));
}

}  // namespace parley::wal
