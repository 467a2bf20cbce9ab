#pragma once
#include <clocale>
#include <cstddef>
#include <string_view>

namespace parley::client::prompt {

/// How many columns of a terminal something takes, as the C library knows it: none for marks that are put over what
/// stands before them, two for what is wide. For one thread.
class Columns {
 public:
  Columns();
  ~Columns();
  Columns(const Columns&) = delete;
  Columns& operator=(const Columns&) = delete;

  [[nodiscard]] std::size_t of(char32_t point) const;
  /// Of UTF-8 without controls.
  [[nodiscard]] std::size_t of(std::string_view text) const;

 private:
  locale_t characters_;  ///< none if the system has no such locale: then everything is one column wide
};

}  // namespace parley::client::prompt
