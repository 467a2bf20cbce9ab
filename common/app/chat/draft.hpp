#pragma once
#include <map>
#include <optional>
#include <vector>

#include "common/app/chat/rows.hpp"
#include "common/app/due.hpp"
#include "common/app/execution.hpp"
#include "common/app/reply.hpp"

namespace parley::app::chat {

/// The rows as one call sees and changes them: it sees its own changes at once, the table sees all of them together or
/// none. So a call judges as it goes, and one that is refused has changed nothing.
class Draft {
 public:
  /// `table` must outlive this.
  explicit Draft(const Table& table) : table_(table) {}

  /// A row of this kind, if there is one.
  template <HasFields Row>
  [[nodiscard]] std::optional<Row> get(const RowKey& key) const {
    const auto bytes = get_bytes(key);
    if (!bytes) return std::nullopt;
    auto row = decode_row<Row>(*bytes);
    ENSURE(row.has_value());
    return row;
  }
  /// One that must be there.
  template <HasFields Row>
  [[nodiscard]] Row at(const RowKey& key) const {
    auto row = get<Row>(key);
    ENSURE(row.has_value());
    return *std::move(row);
  }
  /// As the row holds them; until the next change.
  [[nodiscard]] std::optional<BytesView> get_bytes(const RowKey& key) const;
  [[nodiscard]] bool has(const RowKey& key) const { return get_bytes(key).has_value(); }

  template <HasFields Row>
  void put(const RowKey& key, const Row& row) {
    changes_.insert_or_assign(Bytes(key.view()), encode_row(row));
  }
  void erase(const RowKey& key) { changes_.insert_or_assign(Bytes(key.view()), std::nullopt); }

  void add_due(std::uint64_t at_us, DueKind kind, BytesView rest) { dues_.push_back({true, at_us, kind, Bytes(rest)}); }
  void remove_due(std::uint64_t at_us, DueKind kind, BytesView rest) {
    dues_.push_back({false, at_us, kind, Bytes(rest)});
  }

  /// Calls visit(key, value) for the rows that begin with `prefix`, in order, until it gives false: those of the table
  /// that this draft has not erased, and without those that it has added.
  template <class Visit>
  void scan(const RowKey& prefix, Visit visit) const {
    scan_from(prefix, prefix, std::move(visit));
  }
  /// The same from a key on, which begins with `prefix`.
  template <class Visit>
  void scan_from(const RowKey& from, const RowKey& prefix, Visit visit) const {
    table_.scan(from.view(), [&](BytesView key, BytesView value) {
      if (!key.starts_with(prefix.view())) return false;
      const auto change = changes_.find(key);
      if (change != changes_.end() && !change->second) return true;
      return static_cast<bool>(visit(key, value));
    });
  }

  /// The refusal, if the quota allows no such change.
  [[nodiscard]] std::optional<Reply> refused_by_quota(const Meta& meta) const;
  /// Makes the changes, and says what they are to those who follow chats. Once.
  void commit(const Execution& execution) const;

 private:
  struct DueChange {
    bool is_added = false;
    std::uint64_t at_us = 0;
    DueKind kind{};
    Bytes rest;
  };
  struct Costs {
    std::uint64_t before = 0;
    std::uint64_t after = 0;
  };

  [[nodiscard]] Costs row_costs() const;
  void tell(ChatChanges& changes) const;

  const Table& table_;
  std::map<Bytes, std::optional<Bytes>, std::less<>> changes_;  ///< nothing for a row that is erased
  std::vector<DueChange> dues_;
};

}  // namespace parley::app::chat
