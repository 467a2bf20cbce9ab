#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "client/client.hpp"
#include "client/load/chat_load.hpp"
#include "client/load/data_source.hpp"

namespace parley::client::load {

/// What operations are made from: whatever is drawn for them, and how they are asked. One for each target.
struct Workload {
  Random random;
  KeySource keys;
  ValueSource values;
  wire::ReadMode read;
  std::uint32_t scan_rows;
  std::unique_ptr<ChatLoad> chat;  ///< if the mix has something for it

  [[nodiscard]] BytesView draw_key() { return keys.key(keys.draw(random)); }
  [[nodiscard]] BytesView draw_value() { return values.draw(random); }
};

/// A kind of operation that a mix can have. A further one is a row in operations.cpp and nothing else.
struct OperationKind {
  std::string_view name;
  std::string_view meaning;
  /// What must be there: the keys, or Workload::chat with its users.
  enum class Needs : std::uint8_t { nothing, rows, chat };
  Needs needs = Needs::nothing;
  /// Begins one, of the simulated client of this number. The callback is called once, when it has ended, which may take
  /// several requests.
  void (*begin)(Workload& workload, Client& client, std::uint32_t number, Callback&& callback) = nullptr;
};

/// All that there are; the first two are the default mix.
[[nodiscard]] std::span<const OperationKind> operation_kinds();

}  // namespace parley::client::load
