#include "tests/histories/book.hpp"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/base/ensure.hpp"

namespace parley::histories {
namespace {

constexpr std::uint64_t ns_per_second = 1'000'000'000;

Result<int> open_file(const std::filesystem::path& file, int flags) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | flags, 0644);
  if (descriptor < 0) return fail(ErrorCode::io, file.string() + ": " + std::strerror(errno));
  return descriptor;
}

}  // namespace

Result<Book> Book::create(const std::filesystem::path& file) {
  auto descriptor = open_file(file, O_CREAT | O_EXCL);
  if (!descriptor) return std::unexpected(descriptor.error());
  Book book(*descriptor);
  book.write(header_line());
  if (!book.status_) return std::unexpected(book.status_.error());
  return book;
}

Result<Book> Book::append(const std::filesystem::path& file, const History& read) {
  auto descriptor = open_file(file, 0);
  if (!descriptor) return std::unexpected(descriptor.error());
  Book book(*descriptor);
  book.last_ns_ = read.last_ns;
  for (const Record& record : read.records) book.last_number_ = std::max(book.last_number_, record.begin.number);
  return book;
}

Book::Book(Book&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      status_(std::move(other.status_)),
      last_ns_(other.last_ns_),
      last_number_(other.last_number_) {}

Book::~Book() {
  if (descriptor_ >= 0) (void)::close(descriptor_);
}

std::optional<std::uint64_t> Book::begin(Begin begin) {
  begin.number = ++last_number_;
  begin.ns = stamp();
  write(line_of(begin));
  return status_ ? std::optional(begin.number) : std::nullopt;
}

void Book::end(std::uint64_t number, End end) {
  end.ns = stamp();
  write(line_of(number, end));
}

std::uint64_t Book::stamp() {
  timespec now{};
  ENSURE_EQ(::clock_gettime(CLOCK_MONOTONIC, &now), 0);
  const auto ns = static_cast<std::uint64_t>(now.tv_sec) * ns_per_second + static_cast<std::uint64_t>(now.tv_nsec);
  last_ns_ = std::max(ns, last_ns_ + 1);
  return last_ns_;
}

void Book::write(std::string_view line) {
  if (!status_) return;
  const auto written = ::write(descriptor_, line.data(), line.size());
  // Part of a line cannot be taken back, and only the last one may be cut short.
  if (written == static_cast<ssize_t>(line.size())) return;
  status_ = fail(ErrorCode::io, std::string("the history cannot be written: ") +
                                    (written < 0 ? std::strerror(errno) : "a line was cut short"));
}

}  // namespace parley::histories
