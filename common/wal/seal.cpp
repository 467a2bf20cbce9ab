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

Result<bool> is_sealed(const File& file, const Segment& segment, ServerId server) {
  if (!has_place(segment)) return true;
  Bytes bytes(small_record_bytes, '\0');
  const auto count = file.read_at(segment.end_offset(), bytes);
  if (!count) return std::unexpected(count.error());
  if (*count != bytes.size() || record_bytes(bytes) != bytes.size()) return false;
  if (!is_intact(bytes, place_of_seal(segment, server))) return false;
  const auto record = decode_record(bytes);
  return record && std::holds_alternative<SealRecord>(*record);
}

}  // namespace parley::wal
