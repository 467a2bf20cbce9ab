#pragma once
#include <optional>
#include <vector>

#include "common/base/result.hpp"
#include "common/transfer/range.hpp"

/// What is to be fetched, decided from what sources have. Pure.
namespace parley::recovery {

using transfer::RangeHead;

/// What somebody wants.
struct Wanted {
  std::optional<Index> from;  ///< exactly the entries from here on; nothing: whatever leads to the state at `to`
  std::optional<Index> to;    ///< nothing: the last entry that any source has
  friend bool operator==(const Wanted&, const Wanted&) = default;
};

/// What is to be fetched.
struct Plan {
  std::optional<Index> image;  ///< as of this entry; without one, what is installed begins with nothing
  Index first;                 ///< the entries from here
  Index to;                    ///< to here; none if it is below `first`
  bool installs = true;        ///< false: the entries lead to no state, and are only verified
  friend bool operator==(const Plan&, const Plan&) = default;
};

/// True if this source has this entry now.
[[nodiscard]] bool has(const RangeHead& head, Index index);
/// The last of the entries that it has from `from` on without a gap; it must have that one.
[[nodiscard]] Index reach(const RangeHead& head, Index from);
/// The last of the entries from `from` on that some source has, each from whoever; the one before `from` if there is
/// none.
[[nodiscard]] Index reach(const std::vector<RangeHead>& heads, Index from);
/// The first entry from `from` on that some source has.
[[nodiscard]] std::optional<Index> next_there(const std::vector<RangeHead>& heads, Index from);
/// The last entry that any of them has.
[[nodiscard]] Index last_of(const std::vector<RangeHead>& heads);

/// Entries from the first on, if all are there; else the newest image at or below the end from which the rest leads on.
/// For an interval: its entries, and an image below it if one leads to it. What is behind the last entry of all sources
/// is still to come. `refused`, naming the first index that could be had, if that is not what is wanted.
[[nodiscard]] Result<Plan> make_plan(const std::vector<RangeHead>& heads, const Wanted& wanted);

/// Which source to ask for entries from `next` on: of those that have that one the one that has most behind it, or, if
/// none has it yet, the one that is nearest to it. The first of equals. Nothing if none has it, nor will.
[[nodiscard]] std::optional<std::size_t> choose(const std::vector<RangeHead>& heads, Index next);

}  // namespace parley::recovery
