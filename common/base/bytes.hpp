#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace parley {

/// Bytes are held in std::string: it keeps short keys in place, compares as memcmp does (so maps are in byte order),
/// and every library of ours takes it. A Bytes is never text unless its name says so.
using Bytes = std::string;

/// Borrowed bytes. A function that returns one says how long it lives.
using BytesView = std::string_view;

/// Immutable bytes with shared ownership: a slice of a buffer that lives as long as any slice of it. A payload is one
/// of these from the frame it came in through log, peers and apply, and is never copied. Thread-safe as shared_ptr is.
class SharedBytes {
 public:
  SharedBytes() = default;
  explicit SharedBytes(Bytes bytes) {
    auto owned = std::make_shared<const Bytes>(std::move(bytes));
    view_ = *owned;
    owner_ = std::move(owned);
  }
  /// `view` must lie in memory that `owner` keeps alive.
  SharedBytes(std::shared_ptr<const void> owner, BytesView view) : owner_(std::move(owner)), view_(view) {}

  static SharedBytes copy_of(BytesView view) {
    if (view.empty()) return {};
    const auto owned = std::make_shared_for_overwrite<char[]>(view.size());
    view.copy(owned.get(), view.size());
    return {owned, BytesView(owned.get(), view.size())};
  }

  /// Lives as long as this object or any copy of it.
  [[nodiscard]] BytesView view() const { return view_; }
  [[nodiscard]] std::size_t size() const { return view_.size(); }
  [[nodiscard]] bool empty() const { return view_.empty(); }

  /// A part of these bytes under the same ownership. `part` must lie in view().
  [[nodiscard]] SharedBytes slice(BytesView part) const { return {owner_, part}; }

  friend bool operator==(const SharedBytes& left, const SharedBytes& right) { return left.view_ == right.view_; }

 private:
  std::shared_ptr<const void> owner_;
  BytesView view_;
};

}  // namespace parley
