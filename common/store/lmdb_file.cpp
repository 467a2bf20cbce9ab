#include "common/store/lmdb_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>

#include "common/store/page_reader.hpp"

namespace parley::store {
namespace {

// Of a meta page, from the page's beginning.
constexpr std::size_t magic_at = page::header_bytes;
constexpr std::size_t version_at = magic_at + 4;
constexpr std::size_t free_tree_at = magic_at + 24;
constexpr std::size_t tree_bytes = 48;
constexpr std::size_t rows_tree_at = free_tree_at + tree_bytes;
constexpr std::size_t last_page_at = rows_tree_at + tree_bytes;
constexpr std::size_t transaction_at = last_page_at + 8;
constexpr std::size_t meta_end = transaction_at + 8;

constexpr std::uint32_t magic = 0xBEEFC0DE;
constexpr std::uint32_t data_version = 1;
constexpr std::uint32_t smallest_page = 512;
constexpr std::uint32_t largest_page = 65536;
/// Flags of the trees: the keys of that of free pages are numbers.
constexpr std::uint16_t integer_keys = 0x08;
constexpr std::uint16_t no_flags = 0;
/// A tree of rows that fit this machine is nowhere near as deep.
constexpr std::uint16_t deepest_tree = 32;
/// More pages than any map has.
constexpr std::uint64_t most_pages = std::uint64_t{1} << 40;

LmdbTree tree_at(BytesView meta, std::size_t offset) {
  return {.flags = number_at<std::uint16_t>(meta, offset + 4),
          .depth = number_at<std::uint16_t>(meta, offset + 6),
          .branch_pages = number_at<std::uint64_t>(meta, offset + 8),
          .leaf_pages = number_at<std::uint64_t>(meta, offset + 16),
          .overflow_pages = number_at<std::uint64_t>(meta, offset + 24),
          .entries = number_at<std::uint64_t>(meta, offset + 32),
          .root = number_at<std::uint64_t>(meta, offset + 40)};
}

bool sound_meta(BytesView meta, std::uint64_t number) {
  const bool is_meta = number_at<std::uint16_t>(meta, page::flags_at) == page::meta;
  return is_meta && number_at<std::uint64_t>(meta, 0) == number && number_at<std::uint32_t>(meta, magic_at) == magic &&
         number_at<std::uint32_t>(meta, version_at) == data_version;
}

bool sound_tree(const LmdbTree& tree, std::uint16_t flags, const LmdbHead& head) {
  if (tree.flags != flags) return false;
  if (tree.root == no_page) return tree.depth == 0 && tree.entries == 0;
  return tree.root > 1 && tree.root <= head.last_page && (tree.root + 1) * head.page_bytes <= head.file_bytes &&
         tree.depth > 0 && tree.depth <= deepest_tree;
}

std::unexpected<Error> damaged(const PageReader& reader, const std::string& how) {
  return fail(ErrorCode::corrupt, reader.file() + ": " + how);
}

Result<LmdbHead> head_of(const PageReader& reader) {
  if (reader.file_bytes() == 0) return damaged(reader, "the file is empty");
  Bytes first;
  if (reader.file_bytes() < smallest_page) return damaged(reader, "the file is too short for a meta page");
  if (Status read = reader.read(0, meta_end, first); !read) return std::unexpected(std::move(read.error()));
  const auto page_bytes = number_at<std::uint32_t>(first, free_tree_at);
  const bool sound_size = std::has_single_bit(page_bytes) && page_bytes >= smallest_page && page_bytes <= largest_page;
  if (!sound_meta(first, 0) || !sound_size) return damaged(reader, "the first meta page is none");
  Bytes second;
  if (Status read = reader.read(page_bytes, meta_end, second); !read) {
    return damaged(reader, "the file ends before the second meta page");
  }
  const bool same_size = number_at<std::uint32_t>(second, free_tree_at) == page_bytes;
  if (!sound_meta(second, 1) || !same_size) return damaged(reader, "the second meta page is none");
  const bool first_is_newer =
      number_at<std::uint64_t>(first, transaction_at) > number_at<std::uint64_t>(second, transaction_at);
  const BytesView newest = first_is_newer ? first : second;
  LmdbHead head{.file_bytes = reader.file_bytes(),
                .page_bytes = page_bytes,
                .last_page = number_at<std::uint64_t>(newest, last_page_at),
                .transaction = number_at<std::uint64_t>(newest, transaction_at),
                .free = tree_at(newest, free_tree_at),
                .rows = tree_at(newest, rows_tree_at)};
  if (head.last_page < 1 || head.last_page > most_pages) return damaged(reader, "the meta page's last page is absurd");
  if (!sound_tree(head.free, integer_keys, head) || !sound_tree(head.rows, no_flags, head)) {
    return damaged(reader, "a tree of the meta page is none, or its root not within the file");
  }
  return head;
}

}  // namespace

Result<PageReader> PageReader::open(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    const int code = errno;
    return fail(code == ENOENT ? ErrorCode::corrupt : ErrorCode::io, file.string() + ": " + std::strerror(code));
  }
  PageReader reader(file.string(), descriptor);
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return fail(ErrorCode::io, reader.file_ + ": " + std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return fail(ErrorCode::corrupt, reader.file_ + ": not a file");
  reader.file_bytes_ = static_cast<std::uint64_t>(status.st_size);
  return reader;
}

PageReader::~PageReader() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

PageReader::PageReader(PageReader&& other) noexcept
    : file_(std::move(other.file_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      file_bytes_(other.file_bytes_) {}

Status PageReader::read(std::uint64_t offset, std::size_t size, Bytes& out) const {
  out.resize(size);
  std::size_t done = 0;
  while (done < size) {
    const auto got = ::pread(descriptor_, out.data() + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(ErrorCode::io, file_ + " at " + std::to_string(offset) + ": " + std::strerror(errno));
    if (got == 0) return fail(ErrorCode::corrupt, file_ + ": the file ends before " + std::to_string(offset + size));
    done += static_cast<std::size_t>(got);
  }
  return {};
}

Result<LmdbHead> read_head(const std::filesystem::path& file) {
  const auto reader = PageReader::open(file);
  if (!reader) return std::unexpected(reader.error());
  return head_of(*reader);
}

Status check_before_opening(const std::filesystem::path& file) {
  const auto head = read_head(file);
  if (!head) return std::unexpected(head.error());
  return check_pages(file, *head);
}

}  // namespace parley::store
