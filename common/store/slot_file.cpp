#include "common/store/slot_file.hpp"

#include <algorithm>

#include "common/base/byte_codec.hpp"
#include "common/base/engine_limits.hpp"
#include "common/base/ensure.hpp"
#include "common/base/hash.hpp"
#include "common/store/damage.hpp"

namespace parley::store {
namespace {

constexpr std::size_t head_bytes = app::slot_head_bytes;
constexpr std::uint64_t window_bytes = 1 * limits::MiB;

/// Binds a value to its slot. Never 0, which is what a slot without a value has.
std::uint64_t slot_checksum(std::uint64_t number, BytesView value) {
  Bytes covered;
  ByteWriter(covered).number(number).number(checksum64(value)).number(std::uint64_t{value.size()});
  const std::uint64_t checksum = checksum64(covered);
  return checksum == 0 ? 1 : checksum;
}

struct SlotHead {
  std::uint32_t length = 0;
  std::uint64_t checksum = 0;
};

SlotHead head_of(BytesView slot) {
  ByteReader in(slot);
  SlotHead head;
  head.length = in.number<std::uint32_t>();
  head.checksum = in.number<std::uint64_t>();
  return head;
}

bool is_zero(BytesView bytes) { return bytes.find_first_not_of('\0') == BytesView::npos; }

}  // namespace

BytesView SlotView::value(std::uint64_t number, std::uint32_t value_bytes) const {
  const BytesView all = mapping_->bytes();
  const std::uint64_t begin = number * slot_;
  ENSURE_LE(begin + head_bytes + value_bytes, all.size());
  const SlotHead head = head_of(all.substr(begin, head_bytes));
  const BytesView value = all.substr(begin + head_bytes, value_bytes);
  if (head.length == value_bytes && head.checksum == slot_checksum(number, value)) return value;
  ensure_failed(__FILE__, __LINE__, "the store's rows can be read",
                file_ + ", slot " + std::to_string(number) + ": the value is damaged");
}

Status SlotFile::create(files::FileSystem& files, const std::filesystem::path& folder) {
  auto file = files.create(folder / name);
  if (!file) return std::unexpected(file.error());
  return (*file)->sync();
}

Result<SlotFile> SlotFile::open(files::FileSystem& files, const std::filesystem::path& folder, std::uint32_t slot,
                                std::uint64_t growth, files::Access access) {
  const std::filesystem::path where = folder / name;
  auto names = files.list(folder);
  if (!names) return std::unexpected(names.error());
  if (!std::ranges::binary_search(*names, name))
    return fail(ErrorCode::corrupt, where.string() + ": the file is missing");
  auto file = files.open(where, access);
  if (!file) return std::unexpected(file.error());
  SlotFile slots(std::move(*file), where.string(), slot, growth);
  if (Status mapped = slots.map(); !mapped) return std::unexpected(mapped.error());
  return slots;
}

Status SlotFile::map() {
  const auto size = file_->size();
  if (!size) return std::unexpected(size.error());
  auto mapping = file_->map(*size);
  if (!mapping) return std::unexpected(mapping.error());
  bytes_ = *size;
  view_ = std::make_shared<const SlotView>(std::move(*mapping), slot_, where_);
  return {};
}

/// A hole, up to its last byte.
Status SlotFile::grow(std::uint64_t bytes) {
  const std::uint64_t steps = (bytes - bytes_ + growth_ - 1) / growth_;
  if (Status grown = file_->write_at(bytes_ + steps * growth_ - 1, BytesView("\0", 1)); !grown) return grown;
  return map();
}

// ---- reading all of it ----

/// The length of the value; nothing if there is none. The slot must be sound.
std::optional<std::uint32_t> SlotFile::value_bytes(BytesView slot, std::uint64_t number) const {
  const SlotHead head = head_of(slot);
  if (head.length > app::slot_value_bytes(slot_)) return std::nullopt;
  const BytesView value = slot.substr(head_bytes, head.length);
  if (head.checksum != slot_checksum(number, value) || !is_zero(slot.substr(head_bytes + head.length)))
    return std::nullopt;
  return head.length;
}

Status SlotFile::scan(const std::function<bool(std::uint64_t)>& is_void,
                      const std::function<void(std::uint64_t, std::uint32_t)>& found) const {
  const std::uint64_t slots_at_once = std::max<std::uint64_t>(1, window_bytes / slot_);
  Bytes window;
  for (std::uint64_t offset = 0; offset < bytes_;) {
    const auto data = file_->next_data(offset);
    if (!data) return std::unexpected(data.error());
    const std::uint64_t first = std::max(offset, *data) / slot_;
    offset = (first + slots_at_once) * slot_;
    window.resize(std::min(offset, bytes_) - std::min(first * slot_, bytes_));
    const auto read = file_->read_at(first * slot_, window);
    if (!read) return std::unexpected(read.error());
    // What is no whole slot at the end is none.
    window.resize(slots_at_once * slot_, '\0');
    for (std::uint64_t i = 0; i < slots_at_once; ++i) {
      const BytesView slot = BytesView(window).substr(i * slot_, slot_);
      if (is_zero(slot) || is_void(first + i)) continue;
      const auto length = value_bytes(slot, first + i);
      if (!length)
        return damaged(where_, (first + i) * slot_, "the value in slot " + std::to_string(first + i) + " is damaged");
      found(first + i, *length);
    }
  }
  return {};
}

// ---- writing ----

Status SlotFile::put(std::uint64_t number, BytesView value, bool is_torn) {
  ENSURE_LE(value.size(), app::slot_value_bytes(slot_));
  const std::uint64_t begin = number * slot_;
  if (begin + slot_ > bytes_) {
    if (Status grown = grow(begin + slot_); !grown) return grown;
  }
  const auto end_before = end_of_data(number, is_torn);
  if (!end_before) return std::unexpected(end_before.error());
  buffer_.clear();
  ByteWriter(buffer_).number(static_cast<std::uint32_t>(value.size())).number(slot_checksum(number, value)).raw(value);
  if (Status written = file_->write_at(begin, buffer_); !written) return written;
  return clear(begin + buffer_.size(), *end_before);
}

Status SlotFile::erase(std::uint64_t number, bool is_torn) {
  const std::uint64_t begin = number * slot_;
  if (begin + slot_ > bytes_) return {};
  const auto end = end_of_data(number, is_torn);
  return end ? clear(begin, *end) : std::unexpected(end.error());
}

/// Behind it the slot has zeros. What may be a hole is read, not looked at where it is mapped: some file systems would
/// take room for that, or the process's life if there is none.
Result<std::uint64_t> SlotFile::end_of_data(std::uint64_t number, bool is_torn) {
  const std::uint64_t begin = number * slot_;
  buffer_.resize(head_bytes);
  const auto read = file_->read_at(begin, buffer_);
  if (!read) return std::unexpected(read.error());
  const SlotHead head = head_of(buffer_);
  if (is_torn || head.length > app::slot_value_bytes(slot_)) return begin + slot_;
  return begin + head_bytes + head.length;
}

/// Writes zeros where there are others. Holes stay holes.
Status SlotFile::clear(std::uint64_t from, std::uint64_t to) {
  while (from < to) {
    const auto data = file_->next_data(from);
    if (!data) return std::unexpected(data.error());
    if (*data >= to) return {};
    from = std::max(from, *data);
    buffer_.resize(std::min(to - from, window_bytes));
    const auto read = file_->read_at(from, buffer_);
    if (!read) return std::unexpected(read.error());
    if (!is_zero(buffer_)) {
      std::ranges::fill(buffer_, '\0');
      if (Status cleared = file_->write_at(from, buffer_); !cleared) return cleared;
    }
    from += buffer_.size();
  }
  return {};
}

}  // namespace parley::store
