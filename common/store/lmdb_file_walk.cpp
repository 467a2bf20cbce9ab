#include <optional>
#include <vector>

#include "common/store/lmdb_file.hpp"
#include "common/store/page_reader.hpp"

namespace parley::store {
namespace {

/// One node of a branch or leaf page, within the page's bytes.
struct Node {
  std::uint64_t low_32 = 0;   ///< leaf: bytes of the data; branch: low half of the child's number
  std::uint16_t flags = 0;    ///< branch: the child's number from bit 32 on
  BytesView key;
  std::size_t data_at = 0;
};

class Walk {
 public:
  Walk(const PageReader& reader, const LmdbHead& head)
      : reader_(reader), head_(head), seen_(head.file_bytes / head.page_bytes, false) {
    seen_[0] = seen_[1] = true;
  }

  Status run() {
    if (Status free = walk_tree(head_.free, true); !free) return free;
    if (Status rows = walk_tree(head_.rows, false); !rows) return rows;
    for (const std::uint64_t number : free_pages_) {
      if (number < seen_.size() && seen_[number]) return damaged(number, "is in use and also free");
    }
    return {};
  }

 private:
  Status walk_tree(const LmdbTree& tree, bool is_free_tree) {
    found_ = {};
    last_key_.clear();
    least_key_.clear();
    is_free_tree_ = is_free_tree;
    if (tree.root != no_page) {
      if (Status walked = walk_page(tree.root, tree.depth); !walked) return walked;
    }
    const bool equal = found_.branch_pages == tree.branch_pages && found_.leaf_pages == tree.leaf_pages &&
                       found_.overflow_pages == tree.overflow_pages && found_.entries == tree.entries;
    if (equal) return {};
    return fail(ErrorCode::corrupt, reader_.file() + ": a tree has not the pages and rows that the meta page counts");
  }

  /// `levels`: how many there are from here down to the leaves; bounded by the head's check of the depth.
  Status walk_page(std::uint64_t number, std::size_t levels) {
    if (Status claimed = claim(number, 1); !claimed) return claimed;
    Bytes bytes;
    if (Status read = reader_.read(number * head_.page_bytes, head_.page_bytes, bytes); !read) return read;
    const bool is_leaf = levels == 1;
    const std::uint16_t flags = is_leaf ? page::leaf : page::branch;
    if (number_at<std::uint64_t>(bytes, 0) != number || number_at<std::uint16_t>(bytes, page::flags_at) != flags) {
      return damaged(number, is_leaf ? "is no leaf" : "is no branch");
    }
    const auto lower = number_at<std::uint16_t>(bytes, page::lower_at);
    const auto upper = number_at<std::uint16_t>(bytes, page::upper_at);
    if (lower <= page::header_bytes || lower % 2 != 0 || lower > upper || upper > head_.page_bytes) {
      return damaged(number, "has no sound header");
    }
    ++(is_leaf ? found_.leaf_pages : found_.branch_pages);
    for (std::size_t at = page::header_bytes; at < lower; at += 2) {
      const auto node = node_of(bytes, number_at<std::uint16_t>(bytes, at), upper, is_leaf);
      if (!node) return damaged(number, "has a node that is not within it");
      const bool is_first = at == page::header_bytes;
      const Status done = is_leaf ? visit_row(number, bytes, *node) : walk_child(number, *node, is_first, levels - 1);
      if (!done) return done;
    }
    return {};
  }

  /// The key of every child but the first parts the rows before it from those in it.
  Status walk_child(std::uint64_t number, const Node& node, bool is_first, std::size_t levels) {
    if (!is_first && !is_free_tree_) {
      if (node.key <= BytesView(last_key_)) return damaged(number, "has a key that parts its children wrongly");
      least_key_ = node.key;
    }
    return walk_page(node.low_32 | std::uint64_t{node.flags} << 32, levels);
  }

  std::optional<Node> node_of(BytesView bytes, std::size_t offset, std::size_t upper, bool is_leaf) const {
    if (offset < upper || offset + page::node_header_bytes > bytes.size()) return std::nullopt;
    Node node;
    node.low_32 = number_at<std::uint16_t>(bytes, offset) |
                  static_cast<std::uint64_t>(number_at<std::uint16_t>(bytes, offset + 2)) << 16;
    node.flags = number_at<std::uint16_t>(bytes, offset + 4);
    const auto key_size = number_at<std::uint16_t>(bytes, offset + 6);
    node.data_at = offset + page::node_header_bytes + key_size;
    if (node.data_at > bytes.size()) return std::nullopt;
    node.key = bytes.substr(offset + page::node_header_bytes, key_size);
    if (!is_leaf) return node;
    if ((node.flags & ~page::node_in_overflow) != 0) return std::nullopt;
    const std::size_t data_bytes = node.flags == page::node_in_overflow ? sizeof(std::uint64_t) : node.low_32;
    if (data_bytes > bytes.size() - node.data_at) return std::nullopt;
    return node;
  }

  Status visit_row(std::uint64_t number, BytesView bytes, const Node& node) {
    ++found_.entries;
    // The keys of the free tree are numbers, and compared as such.
    if (!is_free_tree_) {
      const bool in_order = found_.entries == 1 || node.key > BytesView(last_key_);
      if (!in_order || node.key < BytesView(least_key_)) return damaged(number, "has keys out of order");
      last_key_ = node.key;
    }
    BytesView data = bytes.substr(node.data_at, node.low_32);
    Bytes long_data;
    if (node.flags == page::node_in_overflow) {
      const auto first = number_at<std::uint64_t>(bytes, node.data_at);
      if (Status read = read_overflow(first, node.low_32, long_data); !read) return read;
      data = long_data;
    }
    return is_free_tree_ ? note_free(number, data) : Status{};
  }

  /// Data too long for a leaf: a run of pages with one header. Read only where it is needed, but claimed in any case.
  Status read_overflow(std::uint64_t first, std::uint64_t size, Bytes& out) {
    Bytes header;
    if (!within_file(first, 1)) return damaged(first, "is beyond the end of the file");
    if (Status read = reader_.read(first * head_.page_bytes, page::header_bytes, header); !read) return read;
    const auto pages = number_at<std::uint32_t>(header, page::pages_at);
    const bool sound = number_at<std::uint64_t>(header, 0) == first &&
                       number_at<std::uint16_t>(header, page::flags_at) == page::overflow && pages > 0 &&
                       page::header_bytes + size <= std::uint64_t{pages} * head_.page_bytes;
    if (!sound) return damaged(first, "does not hold the value that is said to be there");
    if (Status claimed = claim(first, pages); !claimed) return claimed;
    found_.overflow_pages += pages;
    if (!is_free_tree_) return {};
    return reader_.read(first * head_.page_bytes + page::header_bytes, size, out);
  }

  /// An entry of the free tree: a count, and so many page numbers.
  Status note_free(std::uint64_t number, BytesView data) {
    const std::size_t places = data.size() / sizeof(std::uint64_t);
    if (places == 0 || number_at<std::uint64_t>(data, 0) >= places) {
      return damaged(number, "has a list of free pages that is none");
    }
    const std::uint64_t count = number_at<std::uint64_t>(data, 0);
    for (std::uint64_t i = 1; i <= count; ++i) {
      const auto free_page = number_at<std::uint64_t>(data, i * sizeof(std::uint64_t));
      if (free_page < 2 || free_page > head_.last_page) return damaged(number, "frees a page that does not exist");
      free_pages_.push_back(free_page);
    }
    return {};
  }

  [[nodiscard]] bool within_file(std::uint64_t first, std::uint64_t pages) const {
    return first < seen_.size() && pages <= seen_.size() - first && first + pages - 1 <= head_.last_page;
  }

  Status claim(std::uint64_t first, std::uint64_t pages) {
    if (!within_file(first, pages)) return damaged(first, "is beyond the end of the file");
    for (std::uint64_t number = first; number < first + pages; ++number) {
      if (seen_[number]) return damaged(number, "is in two places");
      seen_[number] = true;
    }
    return {};
  }

  [[nodiscard]] Status damaged(std::uint64_t number, const char* how) const {
    return fail(ErrorCode::corrupt, reader_.file() + ": page " + std::to_string(number) + " " + how);
  }

  const PageReader& reader_;
  const LmdbHead& head_;
  std::vector<bool> seen_;
  std::vector<std::uint64_t> free_pages_;
  LmdbTree found_;
  Bytes last_key_;   ///< of the rows that were visited
  Bytes least_key_;  ///< that a row may have from here on
  bool is_free_tree_ = false;
};

}  // namespace

Status check_pages(const std::filesystem::path& file, const LmdbHead& head) {
  const auto reader = PageReader::open(file);
  if (!reader) return std::unexpected(reader.error());
  return Walk(*reader, head).run();
}

}  // namespace parley::store
