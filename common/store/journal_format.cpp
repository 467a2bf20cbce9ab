#include "common/store/journal_format.hpp"

#include <algorithm>
#include <array>

#include "common/base/ensure.hpp"
#include "common/base/hash.hpp"

namespace parley::store {
namespace {

constexpr std::string_view journal_magic = "PLEYJRN1";
constexpr std::string_view base_magic = "PLEYBAS1";
constexpr std::uint32_t format_version = 1;
constexpr std::uint16_t part_magic = 0x4a50;  // "PJ"
constexpr std::uint32_t erased = 0xffff'ffff;
constexpr std::size_t checksum_bytes = 8;
constexpr std::size_t name_digits = 12;

std::string_view suffix(JournalKind kind) { return kind == JournalKind::journal ? ".journal" : ".base"; }

template <class T>
void set_number(Bytes& bytes, std::size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

std::uint64_t part_checksum(BytesView part, const PartPlace& place) {
  const std::array<std::uint64_t, 5> covered = {place.store, static_cast<std::uint64_t>(place.file.kind),
                                                place.file.commit, place.offset,
                                                checksum64(part.substr(checksum_bytes))};
  return checksum64({reinterpret_cast<const char*>(covered.data()), sizeof covered});
}

}  // namespace

// ---- headers and names ----

Bytes encode_header(const JournalHeader& header) {
  Bytes body;
  ByteWriter(body).number(format_version).number(header.slot).number(header.store).number(header.commit);
  body.resize(journal_header_bytes - journal_magic.size() - checksum_bytes, '\0');
  Bytes bytes;
  ByteWriter(bytes)
      .raw(header.kind == JournalKind::journal ? journal_magic : base_magic)
      .number(checksum64(body))
      .raw(body);
  return bytes;
}

std::optional<JournalHeader> decode_header(BytesView bytes) {
  if (bytes.size() < journal_header_bytes) return std::nullopt;
  ByteReader in(bytes.substr(0, journal_header_bytes));
  const BytesView magic = in.raw(journal_magic.size());
  if (magic != journal_magic && magic != base_magic) return std::nullopt;
  const auto checksum = in.number<std::uint64_t>();
  if (checksum != checksum64(bytes.substr(magic.size() + checksum_bytes, in.remaining()))) return std::nullopt;
  if (in.number<std::uint32_t>() != format_version) return std::nullopt;
  JournalHeader header;
  header.kind = magic == journal_magic ? JournalKind::journal : JournalKind::base;
  header.slot = in.number<std::uint32_t>();
  header.store = in.number<std::uint64_t>();
  header.commit = in.number<std::uint64_t>();
  return header;
}

std::string journal_name(JournalKind kind, std::uint64_t commit) {
  std::string digits = std::to_string(commit);
  if (digits.size() < name_digits) digits.insert(0, name_digits - digits.size(), '0');
  return digits.append(suffix(kind));
}

std::optional<JournalName> parse_journal_name(std::string_view name) {
  for (const JournalKind kind : {JournalKind::journal, JournalKind::base}) {
    if (!name.ends_with(suffix(kind))) continue;
    const std::string_view digits = name.substr(0, name.size() - suffix(kind).size());
    if (digits.size() < name_digits || digits.size() > 19) return std::nullopt;
    std::uint64_t commit = 0;
    for (const char digit : digits) {
      if (digit < '0' || digit > '9') return std::nullopt;
      commit = commit * 10 + static_cast<std::uint64_t>(digit - '0');
    }
    if (journal_name(kind, commit) != name) return std::nullopt;
    return JournalName{kind, commit};
  }
  return std::nullopt;
}

// ---- parts ----

void PartWriter::begin(std::uint64_t commit, std::uint32_t attempt, std::uint32_t number) {
  part_.assign(part_head_bytes, '\0');
  commit_ = commit;
  attempt_ = attempt;
  number_ = number;
}

void PartWriter::put(BytesView key, BytesView value) {
  ByteWriter(part_)
      .number(static_cast<std::uint32_t>(key.size()))
      .number(static_cast<std::uint32_t>(value.size()))
      .raw(key)
      .raw(value);
}

void PartWriter::erase(BytesView key) {
  ByteWriter(part_).number(static_cast<std::uint32_t>(key.size())).number(erased).raw(key);
}

void PartWriter::filled(std::uint64_t commit) { ByteWriter(part_).number(commit); }

BytesView PartWriter::end(const PartPlace& place, PartKind kind) {
  ENSURE_LE(part_.size(), limits::journal_part_most_bytes);
  set_number(part_, 8, static_cast<std::uint32_t>(part_.size()));
  set_number(part_, 12, part_magic);
  set_number(part_, 14, static_cast<std::uint8_t>(kind));
  set_number(part_, 16, commit_);
  set_number(part_, 24, attempt_);
  set_number(part_, 28, number_);
  part_.resize(padded_part(part_.size()), '\0');
  set_number(part_, 0, part_checksum(part_, place));
  return part_;
}

std::optional<PartHead> decode_part_head(BytesView head) {
  ByteReader in(head);
  static_cast<void>(in.number<std::uint64_t>());
  PartHead part;
  part.bytes = in.number<std::uint32_t>();
  const auto magic = in.number<std::uint16_t>();
  const auto kind = in.number<std::uint8_t>();
  const auto zero = in.number<std::uint8_t>();
  part.kind = static_cast<PartKind>(kind);
  part.commit = in.number<std::uint64_t>();
  part.attempt = in.number<std::uint32_t>();
  part.number = in.number<std::uint32_t>();
  if (!in.ok() || magic != part_magic || zero != 0) return std::nullopt;
  if (kind < static_cast<std::uint8_t>(PartKind::rows) || kind > static_cast<std::uint8_t>(PartKind::over))
    return std::nullopt;
  if (part.bytes < part_head_bytes || part.bytes > limits::journal_part_most_bytes) return std::nullopt;
  return part;
}

bool is_intact(BytesView part, const PartPlace& place) {
  if (part.size() < part_head_bytes) return false;
  std::uint64_t checksum = 0;
  std::memcpy(&checksum, part.data(), sizeof checksum);
  return checksum == part_checksum(part, place);
}

std::optional<std::uint64_t> filled_by(BytesView part, const PartHead& head) {
  ByteReader in(part.substr(0, head.bytes));
  static_cast<void>(in.raw(part_head_bytes));
  const auto commit = in.number<std::uint64_t>();
  return is_seal(head.kind) && in.done() ? std::optional(commit) : std::nullopt;
}

bool visit_part(BytesView part, const PartHead& head, const PartVisitor& visitor) {
  ByteReader in(part.substr(0, head.bytes));
  static_cast<void>(in.raw(part_head_bytes));
  while (in.ok() && in.remaining() > 0) {
    const auto key_bytes = in.number<std::uint32_t>();
    const auto value_bytes = in.number<std::uint32_t>();
    const BytesView key = in.raw(key_bytes);
    const bool is_erased = value_bytes == erased;
    const BytesView value = is_erased ? BytesView() : in.raw(value_bytes);
    if (!in.ok() || key.empty()) return false;
    visitor(key, is_erased ? std::nullopt : std::optional<BytesView>(value));
  }
  return in.done();
}

}  // namespace parley::store
