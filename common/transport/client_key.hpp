#pragma once
#include <compare>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>

#include "common/base/bytes.hpp"

namespace parley::transport {

/// Which connection of a service port: the routing id that libzmq drew for it, which is small enough to be held in
/// place. It says nothing about who is there, and another connection never has it again.
class ClientKey {
 public:
  ClientKey() = default;
  explicit ClientKey(Bytes routing_id) : routing_id_(std::move(routing_id)) {}
  [[nodiscard]] BytesView routing_id() const { return routing_id_; }
  friend auto operator<=>(const ClientKey&, const ClientKey&) = default;

 private:
  Bytes routing_id_;
};

}  // namespace parley::transport

template <>
struct std::hash<parley::transport::ClientKey> {
  std::size_t operator()(const parley::transport::ClientKey& key) const noexcept {
    return std::hash<std::string_view>{}(key.routing_id());
  }
};
