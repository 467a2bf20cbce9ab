#pragma once
#include <cstddef>
#include <memory>
#include <vector>

namespace parley::store {

/// Memory that is handed out piece by piece and given back all at once. An overlay makes a hundred thousand rows and
/// drops them together: so it does without a hundred thousand calls of the allocator, each way.
class Arena {
 public:
  /// `size` bytes, aligned for any pointer or number; they live as long as the arena.
  [[nodiscard]] char* allocate(std::size_t size) {
    size = (size + alignment - 1) / alignment * alignment;
    if (size > block_bytes / 4) return new_block(size);
    if (size > left_) {
      next_ = new_block(block_bytes);
      left_ = block_bytes;
    }
    char* const piece = next_;
    next_ += size;
    left_ -= size;
    return piece;
  }

 private:
  static constexpr std::size_t alignment = alignof(std::max_align_t);
  static constexpr std::size_t block_bytes = std::size_t{256} * 1024;

  char* new_block(std::size_t size) { return blocks_.emplace_back(std::make_unique_for_overwrite<char[]>(size)).get(); }

  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
};

}  // namespace parley::store
