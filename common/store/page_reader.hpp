#pragma once
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"

namespace parley::store {

/// A number at an offset of a page; the caller has made sure that it lies within.
template <class T>
[[nodiscard]] T number_at(BytesView page, std::size_t offset) {
  T value;
  std::memcpy(&value, page.data() + offset, sizeof value);
  return value;
}

/// A file open for reading at offsets.
class PageReader {
 public:
  /// `corrupt` if there is no such file.
  [[nodiscard]] static Result<PageReader> open(const std::filesystem::path& file);
  ~PageReader();
  PageReader(PageReader&& other) noexcept;
  PageReader& operator=(PageReader&&) = delete;

  /// Fills `out` with `size` bytes from `offset` on; `corrupt` if the file ends before.
  [[nodiscard]] Status read(std::uint64_t offset, std::size_t size, Bytes& out) const;

  [[nodiscard]] std::uint64_t file_bytes() const { return file_bytes_; }
  [[nodiscard]] const std::string& file() const { return file_; }

 private:
  PageReader(std::string file, int descriptor) : file_(std::move(file)), descriptor_(descriptor) {}

  std::string file_;
  int descriptor_;
  std::uint64_t file_bytes_ = 0;
};

/// Offsets and flags of LMDB's pages.
namespace page {
inline constexpr std::size_t flags_at = 10;    ///< u16; the page's own number, u64, stands at 0
inline constexpr std::size_t lower_at = 12;    ///< u16: where the array of node offsets ends
inline constexpr std::size_t upper_at = 14;    ///< u16: where the nodes begin
inline constexpr std::size_t pages_at = 12;    ///< u32, in an overflow page: how many it is the first of
inline constexpr std::size_t header_bytes = 16;
/// A node: u16 low and u16 high half of a size, u16 flags, u16 bytes of the key; then key and data.
inline constexpr std::size_t node_header_bytes = 8;
inline constexpr std::uint16_t branch = 0x01;
inline constexpr std::uint16_t leaf = 0x02;
inline constexpr std::uint16_t overflow = 0x04;
inline constexpr std::uint16_t meta = 0x08;
inline constexpr std::uint16_t node_in_overflow = 0x01;  ///< the data of the node is the number of its overflow page
}  // namespace page

}  // namespace parley::store
