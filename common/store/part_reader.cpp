#include "common/store/part_reader.hpp"

#include "common/store/damage.hpp"

namespace parley::store {
namespace {

constexpr std::size_t window_bytes = 1 * limits::MiB;

}  // namespace

Result<PartReader> PartReader::open(files::FileSystem& files, const std::filesystem::path& folder,
                                    const JournalName& name) {
  const std::filesystem::path where = folder / journal_name(name.kind, name.commit);
  auto file = files.open(where, files::Access::read_only);
  if (!file) return std::unexpected(file.error());
  PartReader reader(std::move(*file), where);
  const auto size = reader.file_->size();
  if (!size) return std::unexpected(size.error());
  reader.file_bytes_ = *size;
  const auto head = reader.read_bytes(0, journal_header_bytes, reader.part_);
  if (!head) return std::unexpected(head.error());
  const auto header = decode_header(*head);
  if (!header) return damaged(where, 0, "the file does not begin with an intact header");
  if (header->kind != name.kind || header->commit != name.commit)
    return damaged(where, 0, "the header is of another file");
  reader.header_ = *header;
  reader.name_ = name;
  return reader;
}

/// As many as there are.
Result<BytesView> PartReader::read_bytes(std::uint64_t offset, std::size_t size, Bytes& into) const {
  into.resize(size);
  const auto read = file_->read_at(offset, into);
  if (!read) return std::unexpected(read.error());
  into.resize(*read);
  return BytesView(into);
}

Result<std::optional<PartHead>> PartReader::read(std::uint64_t offset) {
  const auto head_bytes = read_bytes(offset, part_head_bytes, part_);
  if (!head_bytes) return std::unexpected(head_bytes.error());
  const auto head = decode_part_head(*head_bytes);
  // What is not in the file is not worth the memory for it.
  if (!head || offset + padded_part(head->bytes) > file_bytes_) return std::nullopt;
  const auto part = read_bytes(offset, padded_part(head->bytes), part_);
  if (!part) return std::unexpected(part.error());
  if (!is_intact(*part, {header_.store, name_, offset})) return std::nullopt;
  return head;
}

Result<std::optional<std::uint64_t>> PartReader::find_witness(std::uint64_t offset, std::uint64_t commit) {
  Bytes window;
  for (std::uint64_t begin = padded_part(offset); begin < file_bytes_; begin += window_bytes) {
    const auto bytes = read_bytes(begin, window_bytes + part_head_bytes, window);
    if (!bytes) return std::unexpected(bytes.error());
    for (std::size_t at = 0; at < window_bytes && at + part_head_bytes <= bytes->size(); at += part_alignment) {
      const auto head = decode_part_head(bytes->substr(at, part_head_bytes));
      if (!head || head->commit < commit || (!is_seal(head->kind) && head->commit == commit)) continue;
      const auto intact = read(begin + at);
      if (!intact) return std::unexpected(intact.error());
      if (*intact) return begin + at;
    }
  }
  return std::nullopt;
}

Result<std::uint64_t> PartReader::find_data(std::uint64_t offset) const {
  Bytes window;
  for (std::uint64_t begin = offset; begin < file_bytes_; begin += window_bytes) {
    const auto bytes = read_bytes(begin, window_bytes, window);
    if (!bytes) return std::unexpected(bytes.error());
    if (const auto at = bytes->find_first_not_of('\0'); at != BytesView::npos) return begin + at;
  }
  return file_bytes_;
}

}  // namespace parley::store
