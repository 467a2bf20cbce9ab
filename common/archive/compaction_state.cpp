#include "common/archive/compaction_state.hpp"

#include "common/archive/manifest.hpp"

namespace parley::archive {
namespace {

constexpr std::uint64_t magic = 0x31544D4359454C50;  // "PLEYCMT1" on disk
constexpr std::uint32_t version = 1;
constexpr std::size_t sum_end = 16;  // magic and checksum; the checksum covers what follows

}  // namespace

Bytes encode_compaction_state(const CompactionState& state) {
  Bytes covered;
  ByteWriter out(covered);
  out.number(version).number(std::uint32_t{0});
  write_start(out, state.place);
  out.number(state.handled.value).number(static_cast<std::uint64_t>(state.decided.size()));
  for (const Index index : state.decided) out.number(index.value);
  out.number(static_cast<std::uint64_t>(state.reduction.size())).raw(state.reduction);
  Bytes bytes;
  bytes.reserve(covered.size() + sum_end);
  ByteWriter(bytes).number(magic).number(checksum64(covered)).raw(covered);
  return bytes;
}

std::optional<CompactionState> decode_compaction_state(BytesView bytes) {
  ByteReader in(bytes);
  if (in.number<std::uint64_t>() != magic) return std::nullopt;
  const auto sum = in.number<std::uint64_t>();
  if (bytes.size() < sum_end || checksum64(bytes.substr(sum_end)) != sum) return std::nullopt;
  if (in.number<std::uint32_t>() != version || in.number<std::uint32_t>() != 0) return std::nullopt;
  CompactionState state;
  state.place = read_start(in);
  state.handled.value = in.number<std::uint64_t>();
  const auto count = in.number<std::uint64_t>();
  if (count > in.remaining() / sizeof(std::uint64_t)) return std::nullopt;
  state.decided.reserve(static_cast<std::size_t>(count));
  Index before = state.handled;
  for (std::uint64_t at = 0; at < count; ++at) {
    const Index index{in.number<std::uint64_t>()};
    if (index <= before || index > state.place.index) return std::nullopt;
    state.decided.push_back(before = index);
  }
  const auto size = in.number<std::uint64_t>();
  if (size != in.remaining()) return std::nullopt;
  state.reduction = Bytes(in.raw(static_cast<std::size_t>(size)));
  return in.done() ? std::optional(std::move(state)) : std::nullopt;
}

}  // namespace parley::archive
