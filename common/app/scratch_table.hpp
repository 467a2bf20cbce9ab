#pragma once
#include <map>
#include <optional>

#include "common/app/table.hpp"

namespace parley::app {

/// A table over another, whose changes are kept here until it is certain that they are to be made. One thread.
class ScratchTable final : public Table {
 public:
  /// `below` must outlive this, and not change before commit().
  explicit ScratchTable(const Table& below) : below_(below) {}

  [[nodiscard]] std::optional<BytesView> get(BytesView key) const override;
  void put(BytesView key, BytesView value) override;
  void erase(BytesView key) override;
  void scan(BytesView from, const Visitor& visitor) const override;

  /// Makes the changes, in the order of the keys, in the table below, which is given again since it is written.
  void commit(Table& below) const;

 private:
  const Table& below_;
  std::map<Bytes, std::optional<Bytes>, std::less<>> changes_;  ///< nothing: it is erased
};

}  // namespace parley::app
