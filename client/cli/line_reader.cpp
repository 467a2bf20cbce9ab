#include "client/cli/line_reader.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace parley::client::cli {

Status LineReader::fill() {
  if (has_ended_) return {};
  std::array<char, 65536> chunk;
  ssize_t size = 0;
  do {
    size = ::read(fd_, chunk.data(), chunk.size());
  } while (size < 0 && errno == EINTR);
  if (size < 0) return fail(ErrorCode::io, std::string("standard input cannot be read: ") + std::strerror(errno));
  if (size == 0) has_ended_ = true;
  if (begin_ > 0 && begin_ >= buffer_.size() / 2) {
    buffer_.erase(0, begin_);
    searched_ -= begin_;
    begin_ = 0;
  }
  buffer_.append(chunk.data(), static_cast<std::size_t>(size));
  return {};
}

LineReader::Next LineReader::next(std::string& line) {
  const std::size_t end = buffer_.find('\n', searched_);
  const bool is_last = end == std::string::npos && has_ended_;
  if (end == std::string::npos && !is_last) {
    searched_ = buffer_.size();
    if (searched_ - begin_ > longest_) {
      is_skipping_ = true;
      buffer_.clear();
      begin_ = searched_ = 0;
    }
    return Next::nothing;
  }
  if (is_last && begin_ == buffer_.size() && !is_skipping_) return Next::end;
  const std::size_t line_end = is_last ? buffer_.size() : end;
  const bool fits = !is_skipping_ && line_end - begin_ <= longest_;
  if (fits) line.assign(buffer_, begin_, line_end - begin_);
  begin_ = searched_ = is_last ? buffer_.size() : end + 1;
  is_skipping_ = false;
  return fits ? Next::line : Next::too_long;
}

Result<LineReader::Next> LineReader::wait_for_line(std::string& line) {
  for (;;) {
    const Next given = next(line);
    if (given != Next::nothing) return given;
    if (const Status filled = fill(); !filled) return std::unexpected(filled.error());
  }
}

Result<std::string> LineReader::rest(std::size_t most) {
  while (!has_ended_ && buffer_.size() - begin_ <= most) {
    if (const Status filled = fill(); !filled) return std::unexpected(filled.error());
  }
  std::string all = buffer_.substr(begin_, most + 1);
  begin_ = searched_ = buffer_.size();
  return all;
}

}  // namespace parley::client::cli
