#include "client/prompt/columns.hpp"

#include <cwchar>

#include "common/base/utf8.hpp"

namespace parley::client::prompt {

Columns::Columns() : characters_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {}

Columns::~Columns() {
  if (characters_ != nullptr) ::freelocale(characters_);
}

std::size_t Columns::of(char32_t point) const {
  if (point < 0x300 || characters_ == nullptr) return 1;
  // Of this thread alone, and only for as long as it is asked.
  const locale_t before = ::uselocale(characters_);
  const int columns = ::wcwidth(static_cast<wchar_t>(point));
  ::uselocale(before);
  return columns < 0 ? 1 : static_cast<std::size_t>(columns);
}

std::size_t Columns::of(std::string_view text) const {
  std::size_t columns = 0;
  while (!text.empty()) columns += of(take_code_point(text));
  return columns;
}

}  // namespace parley::client::prompt
