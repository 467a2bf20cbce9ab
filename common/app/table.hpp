#pragma once
#include <array>
#include <functional>
#include <map>
#include <optional>

#include "common/base/bytes.hpp"
#include "common/base/limits.hpp"

namespace parley::app {

/// The rows that the application lives in, ordered by the bytes of their keys. One thread. A key begins with the byte
/// of its space (see RowSpace) and is never empty.
///
/// Views that get and scan hand out live until the next change of the table.
class Table {
 public:
  /// Called for each row; returns false to stop. It must not change the table.
  using Visitor = std::function<bool(BytesView key, BytesView value)>;

  virtual ~Table() = default;
  [[nodiscard]] virtual std::optional<BytesView> get(BytesView key) const = 0;
  virtual void put(BytesView key, BytesView value) = 0;
  /// No row with this key is no error.
  virtual void erase(BytesView key) = 0;
  /// Visits the rows whose key is `from` or greater, in byte order.
  virtual void scan(BytesView from, const Visitor& visitor) const = 0;
};

/// The first byte of every key.
enum class RowSpace : char {
  key_value = 'k',  ///< the client's key
  meta = 'm',       ///< one row: see meta.hpp
  session = 's',    ///< sessions and their kept replies: see sessions.hpp
  effects = 'e',    ///< which entries took effect: see effects.hpp
  due = 'x',        ///< what ends, and when: see due.hpp
  life = 'l',       ///< how a key ends, by itself or with a lease: see lives.hpp
  lease = 'L',
  lease_key = 'K',      ///< the keys of a lease
  effect_detail = 'E',  ///< what an entry changed: see effect_details.hpp
  // The chat, by its own document: chat/rows.hpp.
  chat_user_name = 'u',
  chat_user = 'U',
  chat_token = 'T',
  chat_grant = 't',
  chat_failures = 'f',
  chat_failures_end = 'F',
  chat_name = 'C',
  chat = 'c',
  chat_numbers = 'n',
  chat_member = 'p',
  chat_join = 'j',
  chat_of_user = 'P',
  chat_invitation = 'v',
  chat_event = 'h',
  chat_sent_key = 'i',
  chat_gone = 'g',
};

/// The key of a row, built in place: one is made for every access.
class RowKey {
 public:
  explicit RowKey(RowSpace space) { add_byte(static_cast<char>(space)); }
  RowKey(RowSpace space, BytesView rest) : RowKey(space) { add(rest); }

  RowKey& add(BytesView bytes);
  /// Big-endian, so that byte order is the order of the numbers.
  RowKey& add_number(std::uint64_t value, std::size_t width);
  /// Lives as long as this object.
  [[nodiscard]] BytesView view() const { return {bytes_.data(), size_}; }

 private:
  void add_byte(char byte) { bytes_[size_++] = byte; }

  std::size_t size_ = 0;
  std::array<char, limits::key_bytes + 64> bytes_;
};

/// A table in memory, for engine `memory`, for tests and for simulation.
class MemoryTable final : public Table {
 public:
  [[nodiscard]] std::optional<BytesView> get(BytesView key) const override;
  void put(BytesView key, BytesView value) override;
  void erase(BytesView key) override;
  void scan(BytesView from, const Visitor& visitor) const override;

  [[nodiscard]] const std::map<Bytes, Bytes, std::less<>>& rows() const { return rows_; }

 private:
  std::map<Bytes, Bytes, std::less<>> rows_;
};

}  // namespace parley::app
