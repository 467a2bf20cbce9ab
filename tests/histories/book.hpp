#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "common/base/result.hpp"
#include "tests/histories/history.hpp"

namespace parley::histories {

/// A history that is being written: each line is in the file when the call returns, so that one who is killed leaves
/// everything behind. For one thread.
class Book {
 public:
  /// Begins a new file; ErrorCode::io if there is one.
  [[nodiscard]] static Result<Book> create(const std::filesystem::path& file);
  /// Goes on behind what `read` holds, which was read from the file.
  [[nodiscard]] static Result<Book> append(const std::filesystem::path& file, const History& read);
  Book(Book&& other) noexcept;
  Book& operator=(Book&&) = delete;
  ~Book();

  /// Stamps and numbers it; the number is what it ends by. Nothing if it could not be written: then no request may be
  /// made.
  [[nodiscard]] std::optional<std::uint64_t> begin(Begin begin);
  void end(std::uint64_t number, End end);
  /// What went wrong with the file, after which nothing is written any more.
  [[nodiscard]] const Status& status() const { return status_; }

 private:
  explicit Book(int descriptor) : descriptor_(descriptor) {}
  [[nodiscard]] std::uint64_t stamp();
  void write(std::string_view line);

  int descriptor_;
  Status status_;
  std::uint64_t last_ns_ = 0;
  std::uint64_t last_number_ = 0;
};

}  // namespace parley::histories
