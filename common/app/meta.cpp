#include "common/app/meta.hpp"

#include "common/base/byte_codec.hpp"

namespace parley::app {
namespace {

constexpr std::uint8_t meta_version = 3;
/// Without what came with the rows that fall due.
constexpr std::uint8_t old_meta_version = 2;
constexpr std::size_t most_effect_bytes = 512;

Digest read_digest(ByteReader& in) { return Digest::from_bytes(in.raw(32)).value_or(Digest{}); }

}  // namespace

const Settings& Meta::in_force() const {
  static const Settings defaults;
  return settings ? *settings : defaults;
}

void encode_meta(const Meta& meta, Bytes& out) {
  out.clear();
  ByteWriter writer(out);
  writer.number(meta_version).number(meta.applied.value).number(meta.applied_term.value);
  writer.raw(meta.digest.view()).raw(meta.state.view()).number(meta.time.cluster_us).number(meta.time.wall_us);
  writer.number(meta.used_bytes).number(meta.keys).number(meta.sessions);
  writer.number(meta.membership_index.value).sized(meta.membership);
  writer.sized(meta.settings ? encode_settings(*meta.settings) : Bytes());
  writer.sized(meta.effects).number(meta.next_due_us).number(meta.keys_with_life);
  writer.number(meta.details_from.value).number(meta.oldest_detail.value).number(meta.detail_bytes);
}

std::optional<Meta> decode_meta(BytesView bytes) {
  ByteReader in(bytes);
  const auto version = in.number<std::uint8_t>();
  if (version != meta_version && version != old_meta_version) return std::nullopt;
  Meta meta;
  meta.applied = Index{in.number<std::uint64_t>()};
  meta.applied_term = Term{in.number<std::uint64_t>()};
  meta.digest = read_digest(in);
  meta.state = read_digest(in);
  meta.time.cluster_us = in.number<std::uint64_t>();
  meta.time.wall_us = in.number<std::uint64_t>();
  meta.used_bytes = in.number<std::uint64_t>();
  meta.keys = in.number<std::uint64_t>();
  meta.sessions = in.number<std::uint64_t>();
  meta.membership_index = Index{in.number<std::uint64_t>()};
  meta.membership = in.sized();
  const BytesView settings = in.sized();
  meta.effects = in.sized();
  if (version == meta_version) {
    meta.next_due_us = in.number<std::uint64_t>();
    meta.keys_with_life = in.number<std::uint64_t>();
    meta.details_from = Index{in.number<std::uint64_t>()};
    meta.oldest_detail = Index{in.number<std::uint64_t>()};
    meta.detail_bytes = in.number<std::uint64_t>();
  }
  if (!in.done() || meta.effects.size() > most_effect_bytes) return std::nullopt;
  if (settings.empty()) return meta;
  meta.settings = decode_settings(settings);
  if (!meta.settings) return std::nullopt;
  return meta;
}

RowKey meta_key() { return RowKey(RowSpace::meta, "application"); }

}  // namespace parley::app
