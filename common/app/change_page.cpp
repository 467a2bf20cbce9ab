#include "common/app/change_page.hpp"

#include "common/base/byte_codec.hpp"

namespace parley::app {
namespace {

constexpr std::uint8_t page_version = 1;
constexpr std::uint8_t has_value = 1;
constexpr int previous_shift = 1;

}  // namespace

void append_change(const ChangeRecord& change, Bytes& out) {
  ByteWriter writer(out);
  const auto flags = static_cast<std::uint8_t>((change.value ? has_value : 0) |
                                               (static_cast<unsigned>(change.previous) << previous_shift));
  writer.number(change.index.value).number(change.time.cluster_us).number(change.time.wall_us).number(flags);
  writer.sized(change.key);
  if (change.value) writer.sized(*change.value);
  if (change.previous == ChangeRecord::Previous::value) writer.sized(change.previous_value);
}

std::optional<ChangeRecord> take_change(BytesView& bytes) {
  ByteReader in(bytes);
  ChangeRecord change;
  change.index = Index{in.number<std::uint64_t>()};
  change.time.cluster_us = in.number<std::uint64_t>();
  change.time.wall_us = in.number<std::uint64_t>();
  const auto flags = in.number<std::uint8_t>();
  const auto previous = static_cast<std::uint8_t>(flags >> previous_shift);
  if (previous > static_cast<std::uint8_t>(ChangeRecord::Previous::omitted)) return std::nullopt;
  change.previous = static_cast<ChangeRecord::Previous>(previous);
  change.key = in.sized();
  if ((flags & has_value) != 0) change.value = in.sized();
  if (change.previous == ChangeRecord::Previous::value) change.previous_value = in.sized();
  if (!in.ok()) return std::nullopt;
  bytes.remove_prefix(bytes.size() - in.remaining());
  return change;
}

Bytes begin_change_page() {
  Bytes page;
  ByteWriter(page).number(page_version);
  return page;
}

std::optional<std::vector<ChangeRecord>> decode_change_page(BytesView bytes) {
  if (bytes.empty() || static_cast<std::uint8_t>(bytes.front()) != page_version) return std::nullopt;
  bytes.remove_prefix(1);
  std::vector<ChangeRecord> changes;
  while (!bytes.empty()) {
    auto change = take_change(bytes);
    if (!change) return std::nullopt;
    changes.push_back(*change);
  }
  return changes;
}

}  // namespace parley::app
