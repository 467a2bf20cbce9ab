#pragma once
#include "common/base/bytes.hpp"

namespace parley::store {

/// A walk over rows in the byte order of their keys, beginning where it was sought to. Used by one thread, and not
/// beyond the next change of what it walks over.
class RowCursor {
 public:
  virtual ~RowCursor() = default;
  /// False once it has passed the last row; then only the destructor may be called.
  [[nodiscard]] virtual bool valid() const = 0;
  /// Key and value live until next().
  [[nodiscard]] virtual BytesView key() const = 0;
  [[nodiscard]] virtual BytesView value() const = 0;
  /// True for a tombstone: rows of older layers under this key are gone.
  [[nodiscard]] virtual bool erased() const = 0;
  virtual void next() = 0;
};

}  // namespace parley::store
