#include "common/wal/seal.hpp"

namespace parley::wal {
namespace {

Place place_of_seal(const Segment& segment, ServerId server) {
  Place place = segment.place(server);
  place.position = segment.end;
  return place;
}

bool has_place(const Segment& segment) { return segment.end_offset() + small_record_bytes <= segment.bytes; }

}  // namespace

Status seal(File& file, const Segment& segment, ServerId server, std::uint64_t synced) {
  if (!has_place(segment)) return {};
  Bytes record;
  append_record(record, place_of_seal(segment, server), SealRecord{synced, segment.sequence + 1});
  if (Status written = file.write_at(segment.end_offset(), record); !written) return written;
  return file.sync();
}

Result<std::optional<SealRecord>> read_seal(const File& file, const Segment& segment, ServerId server) {
  if (!has_place(segment)) return std::nullopt;
  Bytes bytes(small_record_bytes, '\0');
  const auto count = file.read_at(segment.end_offset(), bytes);
  if (!count) return std::unexpected(count.error());
  if (*count != bytes.size() || record_bytes(bytes) != bytes.size()) return std::nullopt;
  if (!is_intact(bytes, place_of_seal(segment, server))) return std::nullopt;
  const auto record = decode_record(bytes);
  const auto* found = record ? std::get_if<SealRecord>(&*record) : nullptr;
  return found ? std::optional<SealRecord>(*found) : std::nullopt;
}

Status seal_again(File& file, const Segment& segment, ServerId server, std::uint64_t synced) {
  const auto found = read_seal(file, segment, server);
  if (!found) return std::unexpected(found.error());
  return seal(file, segment, server, *found ? (*found)->synced : synced);
}

}  // namespace parley::wal
