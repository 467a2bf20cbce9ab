#include "logger/tools/diff.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "logger/tools/archive_entries.hpp"
#include "logger/tools/entry_json.hpp"

namespace parley::logger::tools {
namespace {

using archive::ArchivedEntry;

/// One of the two: a sequence of places in its chain, most of them with an entry.
class Side {
 public:
  explicit Side(ArchiveEntries entries) : entries_(std::move(entries)), place_(entries_.begin()) {}

  /// Goes to the next place. False at the end.
  [[nodiscard]] Result<bool> advance() {
    if (ahead_) {
      entry_ = std::exchange(ahead_, std::nullopt);
    } else {
      auto next = entries_.next();
      if (!next) return std::unexpected(next.error());
      entry_ = std::move(*next);
    }
    if (!entry_) {
      // A gap may be the last that it has.
      const bool is_behind_gap = entries_.last().index > place_.index;
      place_ = entries_.last();
      return is_behind_gap;
    }
    const Entry& entry = entry_->entry;
    if (entry.index > place_.index.next()) {
      if (const auto gap = entries_.gap_before(entry.index)) {
        place_ = gap->after;
        ahead_ = std::exchange(entry_, std::nullopt);
        return true;
      }
    }
    place_ = {entry.index, entry.term, entry.digest, entry.time};
    return true;
  }

  [[nodiscard]] const wal::Start& place() const { return place_; }
  /// The entry there; nothing at the begin, and behind a gap.
  [[nodiscard]] const std::optional<ArchivedEntry>& entry() const { return entry_; }
  [[nodiscard]] const ArchiveEntries& entries() const { return entries_; }

 private:
  ArchiveEntries entries_;
  wal::Start place_;
  std::optional<ArchivedEntry> entry_;
  std::optional<ArchivedEntry> ahead_;  ///< comes next, behind a gap
};

Digest payload_hash(const ArchivedEntry& entry) {
  return entry.is_reduced() ? *entry.payload_hash : blake2b(entry.entry.payload.view());
}

/// What of two entries with one index is not the same, besides the digest.
std::string difference(const ArchivedEntry& left, const ArchivedEntry& right) {
  std::string text;
  const auto add = [&text](bool differs, std::string_view what) {
    if (differs) text += (text.empty() ? "" : ", ") + std::string(what);
  };
  add(left.entry.term != right.entry.term, "term");
  add(left.entry.kind != right.entry.kind, "kind");
  add(left.entry.time != right.entry.time, "time");
  add(payload_hash(left) != payload_hash(right), "payload");
  return text;
}

class Comparison {
 public:
  Comparison(Side left, Side right, std::array<std::string, 2> names, const Console& console)
      : left_(std::move(left)), right_(std::move(right)), names_(std::move(names)), console_(console) {}

  [[nodiscard]] Result<Answer> run() {
    while (true) {
      if (const auto different = other_clusters()) return say(*different, Answer::no);
      if (left_.place().index == right_.place().index) {
        if (const auto different = compare()) return say(*different, Answer::no);
      }
      const auto more = advance();
      if (!more) return std::unexpected(more.error());
      if (!*more) break;
      console_.show_progress(std::min(left_.place().index, right_.place().index), left_.entries().about_last());
    }
    return conclude();
  }

 private:
  std::optional<std::string> other_clusters() const {
    const ClusterId left = left_.entries().cluster();
    const ClusterId right = right_.entries().cluster();
    if (left.is_nil() || right.is_nil() || left == right) return std::nullopt;
    return fmt::format("they are of different clusters: {} of {}, {} of {}\n", names_[0], left.text(), names_[1],
                       right.text());
  }

  /// Both are at one index. Before the first entry there is nothing to compare.
  std::optional<std::string> compare() {
    const Index index = left_.place().index;
    if (index == Index{}) return std::nullopt;
    if (left_.place().digest == right_.place().digest) {
      same_ = index;
      reduced_ += left_.entry() && right_.entry() && left_.entry()->is_reduced() != right_.entry()->is_reduced();
      return std::nullopt;
    }
    const bool are_entries = left_.entry() && right_.entry();
    const std::string what = are_entries ? difference(*left_.entry(), *right_.entry()) : std::string();
    std::string text;
    if (!what.empty()) {
      text = fmt::format("they differ at entry {}: {}\n", index.value, what);
    } else {
      text = fmt::format("they differ before entry {}{}: what is there has another digest\n", index.next().value,
                         same_ == Index{} ? std::string() : fmt::format(", and behind entry {}", same_.value));
    }
    if (left_.entry()) text += "< " + entry_json(*left_.entry()).done() + '\n';
    if (right_.entry()) text += "> " + entry_json(*right_.entry()).done() + '\n';
    return text;
  }

  /// The one that is behind goes on, or both. False when one of these cannot.
  Result<bool> advance() {
    if (left_.place().index < right_.place().index) return left_.advance();
    if (right_.place().index < left_.place().index) return right_.advance();
    const auto left = left_.advance();
    if (!left) return left;
    // Also if the left one is over: whether the other goes on is worth knowing.
    const auto right = right_.advance();
    if (!right) return right;
    return *left && *right;
  }

  Result<Answer> conclude() {
    const bool is_left_empty = left_.place().index == Index{};
    const bool is_right_empty = right_.place().index == Index{};
    if (is_left_empty && is_right_empty) return say("both are empty\n", Answer::yes);
    if (is_left_empty || is_right_empty)
      return say(fmt::format("{} is empty\n", names_[is_left_empty ? 0 : 1]), Answer::yes);
    if (same_ == Index{}) {
      const std::size_t shorter = left_.place().index < right_.place().index ? 0 : 1;
      const auto [ends, goes_on] = std::minmax(left_.place().index, right_.place().index);
      return say(fmt::format("they have no entry in common: {} ends with entry {}, and {} goes on behind entry {}\n",
                             names_[shorter], ends.value, names_[1 - shorter], goes_on.value),
                 Answer::no);
    }
    std::string text = fmt::format("they are equal up to entry {}\n", same_.value);
    for (const auto& [side, name] : {std::pair(&left_, names_[0]), std::pair(&right_, names_[1])}) {
      if (side->place().index > same_) text += fmt::format("{} goes on behind it\n", name);
      const Index begin = side->entries().begin().index;
      if (begin > Index{}) text += fmt::format("{} begins behind entry {}\n", name, begin.value);
      for (const archive::Gap& gap : side->entries().gaps())
        text += fmt::format("{} lacks {} to {}\n", name, gap.from.value, gap.to().value);
    }
    if (reduced_ > 0) text += fmt::format("{} entries are reduced in one of them\n", reduced_);
    return say(text, Answer::yes);
  }

  Result<Answer> say(const std::string& text, Answer answer) {
    if (Status printed = console_.print(text); !printed) return std::unexpected(printed.error());
    return answer;
  }

  Side left_;
  Side right_;
  std::array<std::string, 2> names_;
  const Console& console_;
  Index same_;  ///< the last place in which both are the same
  std::uint64_t reduced_ = 0;
};

}  // namespace

Result<Answer> diff(wal::FileSystem& files, const std::filesystem::path& left, const std::filesystem::path& right,
                    const Console& console) {
  auto left_entries = ArchiveEntries::open(files, left);
  if (!left_entries) return std::unexpected(left_entries.error());
  auto right_entries = ArchiveEntries::open(files, right);
  if (!right_entries) return std::unexpected(right_entries.error());
  return Comparison(Side(std::move(*left_entries)), Side(std::move(*right_entries)), {left.string(), right.string()},
                    console)
      .run();
}

}  // namespace parley::logger::tools
