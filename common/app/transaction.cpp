#include "common/app/transaction.hpp"

#include "common/base/byte_codec.hpp"

namespace parley::app {
namespace {

// KEY_VALUE.md has the numbers.
constexpr std::uint8_t get_item = 1;
constexpr std::uint8_t set_item = 2;
constexpr std::uint8_t set_expiring_item = 3;
constexpr std::uint8_t delete_item = 4;
constexpr std::uint8_t increment_item = 5;

void write(ByteWriter& out, const Get& get) { out.number(get_item).sized(get.key); }
void write(ByteWriter& out, const Set& set) { out.number(set_item).sized(set.key).sized(set.value); }
void write(ByteWriter& out, const SetExpiring& set) {
  out.number(set_expiring_item).sized(set.key).sized(set.value).number(set.ttl_us).number(set.lease.value);
}
void write(ByteWriter& out, const Delete& erase) { out.number(delete_item).sized(erase.key); }
void write(ByteWriter& out, const Increment& increment) {
  out.number(increment_item).sized(increment.key).number(static_cast<std::uint64_t>(increment.by));
}
void write(ByteWriter& out, const std::vector<TransactionItem>& items) {
  out.number(static_cast<std::uint32_t>(items.size()));
  for (const TransactionItem& item : items) std::visit([&out](const auto& kind) { write(out, kind); }, item);
}

bool has_value(Compare::How how) { return how != Compare::How::exists && how != Compare::How::absent; }

/// There is one way to write a compare that needs no value.
std::optional<Compare> read_compare(ByteReader& in) {
  const auto how = in.number<std::uint8_t>();
  if (how == 0 || how > last_compare) return std::nullopt;
  const Compare compare{static_cast<Compare::How>(how), in.sized(), in.sized()};
  if (!has_value(compare.how) && !compare.value.empty()) return std::nullopt;
  return compare;
}

std::optional<TransactionItem> read_item(ByteReader& in) {
  switch (in.number<std::uint8_t>()) {
    case get_item: return Get{in.sized()};
    case set_item: return Set{in.sized(), in.sized()};
    case set_expiring_item:
      return SetExpiring{in.sized(), in.sized(), in.number<std::uint64_t>(), LeaseId{in.number<std::uint64_t>()}};
    case delete_item: return Delete{in.sized()};
    case increment_item: return Increment{in.sized(), static_cast<std::int64_t>(in.number<std::uint64_t>())};
    default: return std::nullopt;
  }
}

/// Reads a count and so many of what `read` reads, and hands each to `take`; false if there are none such. Counts are
/// from outside: what is read ends where the bytes do.
template <class Read, class Take>
bool read_list(ByteReader& in, Read read, Take take) {
  const auto count = in.number<std::uint32_t>();
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto each = read(in);
    if (!each || !in.ok()) return false;
    take(*each);
  }
  return in.ok();
}

}  // namespace

Bytes encode_transaction(const TransactionParts& parts) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.number(static_cast<std::uint32_t>(parts.compares.size()));
  for (const Compare& compare : parts.compares)
    out.number(static_cast<std::uint8_t>(compare.how)).sized(compare.key).sized(compare.value);
  write(out, parts.then);
  write(out, parts.otherwise);
  return bytes;
}

std::optional<TransactionParts> decode_transaction(BytesView bytes) {
  TransactionParts parts;
  ByteReader in(bytes);
  const bool is_sound = read_list(in, read_compare, [&](const Compare& each) { parts.compares.push_back(each); }) &&
                        read_list(in, read_item, [&](const TransactionItem& each) { parts.then.push_back(each); }) &&
                        read_list(in, read_item, [&](const TransactionItem& each) { parts.otherwise.push_back(each); });
  if (!is_sound || !in.done()) return std::nullopt;
  return parts;
}

bool is_transaction(BytesView bytes) {
  ByteReader in(bytes);
  const auto pass = [](const auto&) {};
  return read_list(in, read_compare, pass) && read_list(in, read_item, pass) && read_list(in, read_item, pass) &&
         in.done();
}

}  // namespace parley::app
