#include "common/app/reduced.hpp"

#include "common/app/recorded_table.hpp"
#include "common/base/byte_codec.hpp"
#include "common/base/ensure.hpp"
#include "common/base/limits.hpp"

namespace parley::app {
namespace {

constexpr std::uint8_t reduced_version = 1;
constexpr std::uint8_t reduced_set = 3;

}  // namespace

Command ReducedSet::command(BytesView placeholder) const {
  ENSURE_EQ(placeholder.size(), value_bytes);
  return {session, seq, lowest_unanswered, Set{key, placeholder}};
}

std::optional<Bytes> reduce(BytesView payload) {
  const auto command = decode_command(payload);
  const auto* set = command ? std::get_if<Set>(&command->operation) : nullptr;
  if (set == nullptr || set->value.size() <= RecordedTable::inline_bytes) return std::nullopt;
  Bytes bytes;
  ByteWriter out(bytes);
  out.number(reduced_version).number(reduced_set);
  out.number(command->session.value).number(command->seq.value).number(command->lowest_unanswered.value);
  out.sized(set->key).number(static_cast<std::uint32_t>(set->value.size())).raw(blake2b(set->value).view());
  return bytes;
}

std::optional<ReducedSet> decode_reduced(BytesView bytes) {
  ByteReader in(bytes);
  if (in.number<std::uint8_t>() != reduced_version || in.number<std::uint8_t>() != reduced_set) return std::nullopt;
  ReducedSet set;
  set.session = SessionId{in.number<std::uint64_t>()};
  set.seq = RequestSeq{in.number<std::uint64_t>()};
  set.lowest_unanswered = RequestSeq{in.number<std::uint64_t>()};
  set.key = in.sized();
  set.value_bytes = in.number<std::uint32_t>();
  set.value = Digest::from_bytes(in.raw(sizeof set.value.bytes)).value_or(Digest{});
  const bool has_sound_size = set.value_bytes > RecordedTable::inline_bytes && set.value_bytes <= limits::command_bytes;
  if (!in.done() || !has_sound_size) return std::nullopt;
  return set;
}

}  // namespace parley::app
