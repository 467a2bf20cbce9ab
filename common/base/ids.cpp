#include "common/base/ids.hpp"

#include <algorithm>

#include "common/base/hex.hpp"
#include "common/base/limits.hpp"

namespace parley {

std::string ClusterId::text() const { return to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()}); }

std::string ServerId::text() const {
  if (is_nobody()) return "none";
  Bytes big_endian;
  for (int shift = 56; shift >= 0; shift -= 8) big_endian += static_cast<char>(value >> shift & 0xff);
  return to_hex(big_endian);
}

std::optional<ClusterId> ClusterId::parse(std::string_view text) {
  const auto raw = from_hex(text);
  ClusterId id;
  if (!raw || raw->size() != id.bytes.size()) return std::nullopt;
  std::copy(raw->begin(), raw->end(), id.bytes.begin());
  return id;
}

std::optional<NodeId> NodeId::parse(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  if (name.empty() || name.size() > limits::node_name_bytes || !std::ranges::all_of(name, allowed)) return std::nullopt;
  // A name is also the default data folder, so it must not climb out of it.
  if (name == "." || name == "..") return std::nullopt;
  return NodeId(std::string(name));
}

}  // namespace parley
