#include "recovery/plan.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "common/base/ensure.hpp"

namespace parley::recovery {
namespace {

std::string text(Index index) { return std::to_string(index.value); }

/// From the newest on.
std::vector<Index> images_of(const std::vector<RangeHead>& heads) {
  std::set<Index> images;
  for (const RangeHead& head : heads) images.insert(head.images.begin(), head.images.end());
  return {images.rbegin(), images.rend()};
}

/// The newest image at or below `highest` from which entries lead to `goal`.
std::optional<Index> base_image(const std::vector<RangeHead>& heads, Index highest, Index goal) {
  for (const Index image : images_of(heads)) {
    if (image <= highest && (image >= goal || reach(heads, image.next()) >= goal)) return image;
  }
  return std::nullopt;
}

Result<Plan> plan_state(const std::vector<RangeHead>& heads, Index to, Index goal) {
  if (goal.value == 0) return fail(ErrorCode::refused, "the sources have no entry yet");
  const Index whole = reach(heads, Index{1});
  if (whole >= goal) return Plan{std::nullopt, Index{1}, to, true};
  if (const auto image = base_image(heads, to, goal)) return Plan{image, image->next(), to, true};

  const std::string why = "no source leads to the state at " + text(goal) + ": entry " + text(whole.next()) +
                          " is missing, and no image below replaces it";
  const auto images = images_of(heads);
  const auto behind = std::find_if(images.rbegin(), images.rend(), [goal](Index image) { return image > goal; });
  if (behind != images.rend())
    return fail(ErrorCode::refused, why + "; the first that could be had is " + text(*behind));
  if (whole.value > 0) return fail(ErrorCode::refused, why + "; the last that could be had is " + text(whole));
  const auto next = next_there(heads, Index{1});
  return fail(ErrorCode::refused, why + (next ? "; the first entry that is there is " + text(*next) : ""));
}

Result<Plan> plan_interval(const std::vector<RangeHead>& heads, Index from, Index to, Index goal) {
  const Index there = reach(heads, from);
  if (there < goal) {
    const auto next = next_there(heads, there.next());
    return fail(ErrorCode::refused, "entry " + text(there.next()) + " is missing at all sources" +
                                        (next ? "; the next one that could be had is " + text(*next) : ""));
  }
  if (from == Index{1}) return Plan{std::nullopt, from, to, true};
  if (const auto image = base_image(heads, from.previous(), from.previous()))
    return Plan{image, image->next(), to, true};
  return Plan{std::nullopt, from, to, false};
}

}  // namespace

bool has(const RangeHead& head, Index index) {
  if (index < head.first || index > head.last.index) return false;
  return std::ranges::none_of(head.gaps, [index](const auto& gap) { return gap.from <= index && index <= gap.to; });
}

Index reach(const RangeHead& head, Index from) {
  ENSURE(has(head, from));
  Index last = head.last.index;
  for (const auto& gap : head.gaps) {
    if (gap.from > from) last = std::min(last, gap.from.previous());
  }
  return last;
}

Index reach(const std::vector<RangeHead>& heads, Index from) {
  Index next = from;
  while (true) {
    const auto best = choose(heads, next);
    if (!best || !has(heads[*best], next)) return next.previous();
    next = reach(heads[*best], next).next();
  }
}

std::optional<Index> next_there(const std::vector<RangeHead>& heads, Index from) {
  std::optional<Index> next;
  const auto note = [&](const RangeHead& head, Index index) {
    if (index >= from && has(head, index)) next = std::min(next.value_or(index), index);
  };
  for (const RangeHead& head : heads) {
    note(head, from);
    note(head, head.first);
    for (const auto& gap : head.gaps) note(head, gap.to.next());
  }
  return next;
}

Index last_of(const std::vector<RangeHead>& heads) {
  Index last;
  for (const RangeHead& head : heads) last = std::max(last, head.last.index);
  return last;
}

Result<Plan> make_plan(const std::vector<RangeHead>& heads, const Wanted& wanted) {
  const Index last = last_of(heads);
  const Index to = wanted.to.value_or(last);
  const Index goal = std::min(to, last);
  if (!wanted.from) return plan_state(heads, to, goal);
  if (*wanted.from > to)
    return fail(ErrorCode::refused, "entry " + text(*wanted.from) + " is not there yet: the last one is " + text(last));
  return plan_interval(heads, *wanted.from, to, goal);
}

std::optional<std::size_t> choose(const std::vector<RangeHead>& heads, Index next) {
  std::optional<std::size_t> best;
  Index best_reach;
  for (std::size_t i = 0; i < heads.size(); ++i) {
    // One that ends before `next` will have it, if nobody has it yet.
    const bool is_there = has(heads[i], next);
    if (!is_there && heads[i].last.index >= next) continue;
    const Index reached = is_there ? reach(heads[i], next) : heads[i].last.index;
    if (!best || reached > best_reach) best = i, best_reach = reached;
  }
  return best;
}

}  // namespace parley::recovery
