#include "common/app/query.hpp"

#include "common/base/byte_codec.hpp"

namespace parley::app {
namespace {

constexpr std::uint8_t query_version = 1;
constexpr std::uint8_t get_kind = 1;
constexpr std::uint8_t scan_kind = 2;
constexpr std::uint8_t lease_info_kind = 3;

void write(ByteWriter& out, const Get& get) { out.number(get_kind).sized(get.key); }
void write(ByteWriter& out, const Scan& scan) {
  out.number(scan_kind).sized(scan.prefix).sized(scan.after_key).number(scan.limit);
}
void write(ByteWriter& out, const LeaseInfo& info) { out.number(lease_info_kind).number(info.lease.value); }

}  // namespace

Bytes encode_query(const Query& query) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.number(query_version);
  std::visit([&out](const auto& kind) { write(out, kind); }, query);
  return bytes;
}

std::optional<Query> decode_query(BytesView bytes) {
  ByteReader in(bytes);
  if (in.number<std::uint8_t>() != query_version) return std::nullopt;
  const auto kind = in.number<std::uint8_t>();
  Query query;
  if (kind == get_kind) {
    query = Get{in.sized()};
  } else if (kind == scan_kind) {
    query = Scan{in.sized(), in.sized(), in.number<std::uint32_t>()};
  } else if (kind == lease_info_kind) {
    query = LeaseInfo{LeaseId{in.number<std::uint64_t>()}};
  } else if (const auto of_chat = chat::read_query(in, kind)) {
    query = *of_chat;
  } else {
    return std::nullopt;
  }
  if (!in.done()) return std::nullopt;
  return query;
}

}  // namespace parley::app
