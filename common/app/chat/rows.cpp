#include "common/app/chat/rows.hpp"

namespace parley::app::chat {

std::uint64_t time_of_event(BytesView row) {
  constexpr std::size_t before_time = 1 + 1 + 8;  // version, kind, author
  ByteReader in(row);
  in.raw(before_time);
  const auto time_us = in.number<std::uint64_t>();
  ENSURE(in.ok());
  return time_us;
}

}  // namespace parley::app::chat
