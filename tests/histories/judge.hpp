#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tests/histories/history.hpp"

namespace parley::histories {

/// How much of what a history holds.
struct Figures {
  std::uint64_t operations = 0;
  std::uint64_t ok = 0;
  std::uint64_t refuted = 0;  ///< `not_found` or `mismatch`
  std::uint64_t failed = 0;
  std::uint64_t unknown = 0;
  std::uint64_t final_reads = 0;  ///< of the above
  std::uint64_t stale_reads = 0;  ///< of the above
  std::uint64_t writes = 0;       ///< acknowledged ones
  std::uint64_t keys = 0;
  std::uint64_t span_ns = 0;            ///< from the first to the last line that is no final read's
  std::uint64_t longest_gap_ns = 0;     ///< within that, without an acknowledged write
  std::uint64_t longest_gap_at_ns = 0;  ///< where it begins, by the history's clock
};
[[nodiscard]] Figures count(const History& history);

struct Judgement {
  struct Finding {
    std::string what;                ///< in one line, naming the key if there is one
    std::vector<std::size_t> shown;  ///< records that show it
  };
  std::vector<Finding> findings;       ///< what cannot be, if the cluster keeps its promises
  std::vector<std::string> undecided;  ///< keys whose operations could not be judged within the bound
  std::vector<std::string> missing;    ///< final reads that were asked for and are not there
};

struct Rules {
  std::uint64_t step_limit = 0;            ///< of each search for an order: see linearizability::judge_key
  std::vector<std::string> final_nodes{};  ///< each key must have been read at the end through each of these
};

/// Holds a history against these:
/// 1. All but stale reads are linearizable, key by key.
/// 2. Entries follow the order of time: a linearizable or lease read reflects every entry that was known to anybody
/// when
///    it began, and a command's entry is behind all of those.
/// 3. All reads, the stale ones too, tell what was there after the entry that they name: the operations on a key are
///    linearizable on the axis of entries.
/// 4. A stale read holds all entries that were known so long before it as it says that it is old at most.
/// 5. The final reads, linearizable and stale, through every node that is named, of every key: they reflect all that
///    anybody knew before them.
[[nodiscard]] Judgement judge(const History& history, const Rules& rules);

/// A line for a record, for people; times count from `from_ns`.
[[nodiscard]] std::string text_of(const Record& record, std::uint64_t from_ns);

}  // namespace parley::histories
