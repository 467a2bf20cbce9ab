#include "recovery/plan.hpp"

#include <catch2/catch.hpp>

#include "recovery/statements.hpp"

using namespace parley;
using namespace parley::recovery;

namespace {

RangeHead head(std::uint64_t first, std::uint64_t last, std::vector<std::pair<std::uint64_t, std::uint64_t>> gaps = {},
               std::vector<std::uint64_t> images = {}) {
  RangeHead made;
  made.first = Index{first};
  made.last.index = Index{last};
  for (const auto& [from, to] : gaps) made.gaps.push_back({Index{from}, Index{to}});
  for (const std::uint64_t image : images) made.images.push_back(Index{image});
  return made;
}

Wanted wanted(std::uint64_t from, std::uint64_t to) {
  Wanted made;
  if (from > 0) made.from = Index{from};
  if (to > 0) made.to = Index{to};
  return made;
}

Plan plan(std::uint64_t image, std::uint64_t first, std::uint64_t to, bool installs = true) {
  return {image > 0 ? std::optional(Index{image}) : std::nullopt, Index{first}, Index{to}, installs};
}

Digest digest(std::uint8_t byte) {
  Digest made;
  made.bytes.fill(byte);
  return made;
}

}  // namespace

TEST_CASE("what is fetched follows from what sources have") {
  struct Case {
    std::string name;
    std::vector<RangeHead> heads;
    Wanted wanted;
    Plan plan;
  };
  const std::vector<Case> cases = {
      {"all that one has", {head(1, 100)}, wanted(0, 0), plan(0, 1, 100)},
      {"all that the one with most has", {head(1, 90), head(1, 100)}, wanted(0, 0), plan(0, 1, 100)},
      {"up to an index", {head(1, 100)}, wanted(0, 40), plan(0, 1, 40)},
      {"what is still to come", {head(1, 100)}, wanted(0, 140), plan(0, 1, 140)},
      {"a gap that another fills", {head(1, 100, {{20, 30}}), head(15, 40)}, wanted(0, 0), plan(0, 1, 100)},
      {"a trimmed log, from its image", {head(51, 100, {}, {50})}, wanted(0, 0), plan(50, 51, 100)},
      {"behind a gap, from its image", {head(1, 100, {{20, 30}}, {30})}, wanted(0, 0), plan(30, 31, 100)},
      {"before a gap, from the first entry", {head(1, 100, {{20, 30}}, {30})}, wanted(0, 19), plan(0, 1, 19)},
      {"entries rather than an image", {head(1, 100, {}, {50, 90})}, wanted(0, 0), plan(0, 1, 100)},
      {"the newest image of two", {head(11, 100, {}, {10, 50, 90})}, wanted(0, 80), plan(50, 51, 80)},
      {"an image that is the state itself", {head(101, 100, {}, {100})}, wanted(0, 0), plan(100, 101, 100)},
      {"the image of one, the entries of another",
       {head(101, 100, {}, {60}), head(61, 110)},
       wanted(0, 0),
       plan(60, 61, 110)},
      {"not an image that leads nowhere", {head(41, 100, {{70, 80}}, {40, 60})}, wanted(0, 65), plan(60, 61, 65)},
      {"an interval from the first entry", {head(1, 100)}, wanted(1, 30), plan(0, 1, 30)},
      {"an interval in the middle leads to no state", {head(1, 100)}, wanted(20, 30), plan(0, 20, 30, false)},
      {"an interval behind an image", {head(11, 100, {}, {10})}, wanted(11, 30), plan(10, 11, 30)},
      {"an interval some way behind an image", {head(11, 100, {}, {10})}, wanted(20, 30), plan(10, 11, 30)},
      {"an interval behind a gap", {head(1, 100, {{5, 19}}, {})}, wanted(20, 0), plan(0, 20, 100, false)},
      {"an interval that is still to come", {head(1, 100)}, wanted(150, 160), plan(0, 150, 160, false)},
  };
  for (const Case& each : cases) {
    DYNAMIC_SECTION(each.name) {
      const auto made = make_plan(each.heads, each.wanted);
      if (!made) FAIL(made.error().what);
      CHECK(made->image == each.plan.image);
      CHECK(made->first == each.plan.first);
      CHECK(made->to == each.plan.to);
      CHECK(made->installs == each.plan.installs);
    }
  }
}

TEST_CASE("what cannot be had is refused, with the first index that can") {
  const auto refusal = [](const std::vector<RangeHead>& heads, const Wanted& what) {
    const auto made = make_plan(heads, what);
    REQUIRE_FALSE(made);
    CHECK(made.error().code == ErrorCode::refused);
    return made.error().what;
  };
  using Catch::Contains;
  CHECK_THAT(refusal({head(51, 100, {}, {50, 70})}, wanted(0, 40)),
             Contains("the state at 40: entry 1 is missing") && Contains("the first that could be had is 50"));
  CHECK_THAT(refusal({head(1, 100, {{20, 30}}, {30})}, wanted(0, 25)),
             Contains("entry 20 is missing") && Contains("the first that could be had is 30"));
  CHECK_THAT(refusal({head(1, 100, {{20, 30}})}, wanted(0, 0)), Contains("the last that could be had is 19"));
  CHECK_THAT(refusal({head(51, 100)}, wanted(0, 0)), Contains("the first entry that is there is 51"));
  CHECK_THAT(refusal({head(51, 100)}, wanted(10, 60)),
             Contains("entry 10 is missing at all sources; the next one that could be had is 51"));
  CHECK_THAT(refusal({head(1, 100, {{20, 30}}), head(1, 25)}, wanted(5, 0)),
             Contains("entry 26 is missing") && Contains("is 31"));
  CHECK_THAT(refusal({head(1, 100)}, wanted(101, 0)), Contains("entry 101 is not there yet: the last one is 100"));
  CHECK_THAT(refusal({head(1, 0)}, wanted(0, 0)), Contains("no entry yet"));
}

TEST_CASE("the source with most behind an entry is asked for it") {
  const std::vector<RangeHead> heads = {head(1, 50), head(1, 100, {{60, 70}}), head(40, 90), head(1, 50)};
  CHECK(choose(heads, Index{1}) == 1);
  CHECK(choose(heads, Index{45}) == 2);
  CHECK(choose(heads, Index{65}) == 2);
  CHECK(choose(heads, Index{71}) == 1);
  CHECK(choose(heads, Index{101}) == 1);
  CHECK(choose(heads, Index{150}) == 1);
  CHECK_FALSE(choose({head(5, 50, {{20, 30}})}, Index{25}));
  CHECK_FALSE(choose({head(5, 50)}, Index{4}));
  CHECK(choose({head(1, 50), head(1, 50)}, Index{9}) == 0);
  CHECK(reach(heads, Index{1}) == Index{100});
  CHECK(reach(heads, Index{101}) == Index{100});
}

TEST_CASE("two sources that state different digests of an entry are found, and named") {
  Statements statements;
  CHECK_FALSE(statements.add("a", Index{5}, digest(1)));
  CHECK_FALSE(statements.add("b", Index{5}, digest(1)));
  CHECK_FALSE(statements.add("b", Index{9}, digest(2)));
  const auto mismatch = statements.add("c", Index{9}, digest(3));
  REQUIRE(mismatch);
  CHECK(*mismatch == Mismatch{Index{9}, "b", digest(2), "c", digest(3)});
  CHECK_THAT(mismatch->text(), Catch::Contains("b and c differ at entry 9"));
  CHECK(statements.who_says(Index{5}, digest(1), "a") == "b");
  CHECK(statements.from(Index{1}) == std::vector{std::pair{Index{5}, digest(1)}, std::pair{Index{9}, digest(2)}});
  CHECK(statements.from(Index{6}).size() == 1);
  statements.withdraw("b");
  CHECK_FALSE(statements.who_says(Index{5}, digest(1), "a"));
  CHECK_FALSE(statements.add("c", Index{9}, digest(3)));
}
