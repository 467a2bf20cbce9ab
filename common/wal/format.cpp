#include "common/wal/format.hpp"

namespace parley::wal {
namespace {

constexpr std::uint64_t segment_magic = 0x314C415759454C50;  // "PLEYWAL1" on disk
constexpr std::uint32_t format_version = 1;
constexpr std::uint32_t restart_flag = 1;
constexpr std::uint32_t reduced_flag = 2;
constexpr std::uint16_t record_magic = 0x5752;  // "RW" on disk
constexpr std::size_t header_sum_end = 16;      // magic and checksum; the checksum covers what follows
constexpr std::size_t record_sum_end = 8;

BytesView view(const ClusterId& id) { return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()}; }

ClusterId cluster_from(BytesView raw) {
  ClusterId id;
  if (raw.size() == id.bytes.size()) std::memcpy(id.bytes.data(), raw.data(), raw.size());
  return id;
}

Digest digest_from(BytesView raw) { return Digest::from_bytes(raw).value_or(Digest{}); }

std::uint64_t record_checksum(BytesView record, const Place& place) {
  const std::uint64_t parts[4] = {place.server.value, place.sequence, place.position,
                                  checksum64(record.substr(record_sum_end))};
  return checksum64({reinterpret_cast<const char*>(parts), sizeof parts});
}

void put_entry_fields(char* fields, const Entry& entry) {
  const std::uint64_t numbers[4] = {entry.index.value, entry.term.value, entry.time.cluster_us, entry.time.wall_us};
  static_assert(entry_fixed_bytes - record_head_bytes == sizeof numbers + sizeof(Digest::bytes));
  std::memcpy(fields, numbers, sizeof numbers);
  std::memcpy(fields + sizeof numbers, entry.digest.bytes.data(), entry.digest.bytes.size());
}

/// Writes a record in place at the end of `out`; `fixed` are the fields between its head and its payload.
void append(Bytes& out, const Place& place, RecordKind kind, std::uint8_t detail, BytesView fixed, BytesView payload) {
  const std::size_t begin = out.size();
  const std::size_t bytes = record_head_bytes + fixed.size() + payload.size();
  ByteWriter(out)
      .number(std::uint64_t{0})
      .number(static_cast<std::uint32_t>(bytes))
      .number(record_magic)
      .number(static_cast<std::uint8_t>(kind))
      .number(detail)
      .raw(fixed)
      .raw(payload);
  out.resize(begin + padded(bytes), '\0');
  const std::uint64_t sum = record_checksum(BytesView(out).substr(begin), place);
  std::memcpy(out.data() + begin, &sum, sizeof sum);
}

}  // namespace

Bytes encode_header(const SegmentHeader& header) {
  Bytes covered;
  const auto size = static_cast<std::uint32_t>(header_bytes(header.membership.payload.size()));
  ByteWriter(covered)
      .number(format_version)
      .number(size)
      .number(header.segment_bytes)
      .number(header.sequence)
      .number(header.begin)
      .number(header.previous_end)
      .number(header.synced)
      .raw(view(header.identity.cluster))
      .number(header.identity.server.value)
      .number(header.hard_state.term.value)
      .number(header.hard_state.vote.value)
      .number(header.before.index.value)
      .number(header.before.term.value)
      .raw(header.before.digest.view())
      .number(header.before.time.cluster_us)
      .number(header.before.time.wall_us)
      .number(header.commit.value)
      .number((header.restart ? restart_flag : 0) | (header.reduced ? reduced_flag : 0))
      .number(static_cast<std::uint32_t>(header.membership.payload.size()))
      .number(header.membership.index.value);
  ENSURE_EQ(covered.size() + header_sum_end, fixed_header_bytes);
  ENSURE_LE(header.membership.payload.size(), limits::membership_bytes);
  covered += header.membership.payload;
  covered.resize(size - header_sum_end, '\0');
  Bytes bytes;
  ByteWriter(bytes).number(segment_magic).number(checksum64(covered)).raw(covered);
  return bytes;
}

std::optional<SegmentHeader> decode_header(BytesView bytes) {
  ByteReader reader(bytes);
  const auto magic = reader.number<std::uint64_t>();
  const auto sum = reader.number<std::uint64_t>();
  const auto version = reader.number<std::uint32_t>();
  const auto size = reader.number<std::uint32_t>();
  if (magic != segment_magic || version != format_version) return std::nullopt;
  if (size < fixed_header_bytes || size > bytes.size() || size > max_header_bytes) return std::nullopt;
  if (checksum64(bytes.substr(header_sum_end, size - header_sum_end)) != sum) return std::nullopt;
  SegmentHeader header;
  header.segment_bytes = reader.number<std::uint64_t>();
  header.sequence = reader.number<std::uint64_t>();
  header.begin = reader.number<std::uint64_t>();
  header.previous_end = reader.number<std::uint64_t>();
  header.synced = reader.number<std::uint64_t>();
  header.identity.cluster = cluster_from(reader.raw(16));
  header.identity.server.value = reader.number<std::uint64_t>();
  header.hard_state.term.value = reader.number<std::uint64_t>();
  header.hard_state.vote.value = reader.number<std::uint64_t>();
  header.before.index.value = reader.number<std::uint64_t>();
  header.before.term.value = reader.number<std::uint64_t>();
  header.before.digest = digest_from(reader.raw(32));
  header.before.time.cluster_us = reader.number<std::uint64_t>();
  header.before.time.wall_us = reader.number<std::uint64_t>();
  header.commit.value = reader.number<std::uint64_t>();
  const auto flags = reader.number<std::uint32_t>();
  header.restart = (flags & restart_flag) != 0;
  header.reduced = (flags & reduced_flag) != 0;
  const auto membership_bytes = reader.number<std::uint32_t>();
  header.membership.index.value = reader.number<std::uint64_t>();
  header.membership.payload = Bytes(reader.raw(membership_bytes));
  if ((flags & ~(restart_flag | reduced_flag)) != 0) return std::nullopt;
  if (!reader.ok() || header_bytes(header.membership.payload.size()) != size) return std::nullopt;
  if (size > header.segment_bytes || header.segment_bytes > limits::max_segment_bytes) return std::nullopt;
  return header;
}

void append_record(Bytes& out, const Place& place, const BatchRecord& batch) {
  const std::uint64_t fields[2] = {batch.synced, batch.commit.value};
  append(out, place, RecordKind::batch, 0, {reinterpret_cast<const char*>(fields), sizeof fields}, {});
}

void append_record(Bytes& out, const Place& place, const IdentityRecord& identity) {
  append(out, place, RecordKind::identity, 0, view(identity.cluster), {});
}

void append_record(Bytes& out, const Place& place, const raft::HardState& hard_state) {
  const std::uint64_t fields[2] = {hard_state.term.value, hard_state.vote.value};
  append(out, place, RecordKind::hard_state, 0, {reinterpret_cast<const char*>(fields), sizeof fields}, {});
}

void append_record(Bytes& out, const Place& place, const Entry& entry) {
  // On the stack: this runs for every entry.
  char fields[entry_fixed_bytes - record_head_bytes];
  put_entry_fields(fields, entry);
  append(out, place, RecordKind::entry, static_cast<std::uint8_t>(entry.kind), {fields, sizeof fields},
         entry.payload.view());
}

void append_reduced_record(Bytes& out, const Place& place, const Entry& entry, const Digest& payload_hash) {
  ENSURE(entry.kind == EntryKind::command);
  char fields[reduced_entry_fixed_bytes - record_head_bytes];
  put_entry_fields(fields, entry);
  std::memcpy(fields + entry_fixed_bytes - record_head_bytes, payload_hash.bytes.data(), payload_hash.bytes.size());
  append(out, place, RecordKind::reduced_entry, static_cast<std::uint8_t>(entry.kind), {fields, sizeof fields},
         entry.payload.view());
}

void append_record(Bytes& out, const Place& place, const SealRecord& seal) {
  const std::uint64_t fields[2] = {seal.synced, seal.successor};
  append(out, place, RecordKind::seal, 0, {reinterpret_cast<const char*>(fields), sizeof fields}, {});
}

std::optional<std::size_t> record_bytes(BytesView head) {
  ByteReader reader(head);
  reader.number<std::uint64_t>();
  const auto bytes = reader.number<std::uint32_t>();
  const auto magic = reader.number<std::uint16_t>();
  if (!reader.ok() || magic != record_magic || bytes < record_head_bytes || bytes > limits::max_segment_bytes) {
    return std::nullopt;
  }
  return padded(bytes);
}

bool is_intact(BytesView record, const Place& place) {
  return ByteReader(record).number<std::uint64_t>() == record_checksum(record, place);
}

std::optional<Record> decode_record(BytesView record) {
  ByteReader reader(record);
  reader.number<std::uint64_t>();
  const auto bytes = reader.number<std::uint32_t>();
  reader.number<std::uint16_t>();
  const auto kind = reader.number<std::uint8_t>();
  const auto detail = reader.number<std::uint8_t>();
  const bool is_reduced = kind == static_cast<std::uint8_t>(RecordKind::reduced_entry);
  if (is_reduced || kind == static_cast<std::uint8_t>(RecordKind::entry)) {
    const std::size_t fixed = is_reduced ? reduced_entry_fixed_bytes : entry_fixed_bytes;
    if (bytes < fixed || detail > last_entry_kind) return std::nullopt;
    EntryRecord entry;
    entry.kind = static_cast<EntryKind>(detail);
    if (is_reduced && entry.kind != EntryKind::command) return std::nullopt;
    entry.index.value = reader.number<std::uint64_t>();
    entry.term.value = reader.number<std::uint64_t>();
    entry.time.cluster_us = reader.number<std::uint64_t>();
    entry.time.wall_us = reader.number<std::uint64_t>();
    entry.digest = digest_from(reader.raw(32));
    if (is_reduced) entry.payload_hash = digest_from(reader.raw(32));
    entry.payload = reader.raw(bytes - fixed);
    return reader.ok() ? std::optional<Record>(entry) : std::nullopt;
  }
  if (bytes != small_record_bytes || detail != 0) return std::nullopt;
  if (kind == static_cast<std::uint8_t>(RecordKind::identity)) return IdentityRecord{cluster_from(reader.raw(16))};
  const auto first = reader.number<std::uint64_t>();
  const auto second = reader.number<std::uint64_t>();
  if (!reader.ok()) return std::nullopt;
  if (kind == static_cast<std::uint8_t>(RecordKind::batch)) return BatchRecord{first, Index{second}};
  if (kind == static_cast<std::uint8_t>(RecordKind::hard_state)) return raft::HardState{Term{first}, ServerId{second}};
  if (kind == static_cast<std::uint8_t>(RecordKind::seal)) return SealRecord{first, second};
  return std::nullopt;
}

}  // namespace parley::wal
