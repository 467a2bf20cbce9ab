#include <catch2/catch.hpp>

#include "tests/logger/archive_bench.hpp"

namespace parley::logger_testing {
namespace {

using logger::Truncation;

TEST_CASE("voters agree when more than half have asked, on the lowest that any of them needs") {
  const raft::Membership five = voters(5);
  Truncation truncation;
  truncation.vote(ServerId{1}, Index{100});
  truncation.vote(ServerId{2}, Index{300});
  CHECK_FALSE(truncation.agreed(five));
  CHECK(truncation.count(five).votes == 2);
  CHECK(truncation.count(five).voters == 5);
  CHECK(truncation.count(five).lowest == Index{100});
  truncation.vote(ServerId{5}, Index{200});
  CHECK(truncation.agreed(five) == Index{100});
}

TEST_CASE("a voter counts once, however often it asks, and never needs what it once did without") {
  const raft::Membership three = voters(3);
  Truncation truncation;
  for (std::uint64_t index = 10; index < 20; ++index) truncation.vote(ServerId{1}, Index{index});
  truncation.vote(ServerId{1}, Index{5});
  CHECK_FALSE(truncation.agreed(three));
  CHECK(truncation.count(three).lowest == Index{19});
  truncation.vote(ServerId{2}, Index{40});
  CHECK(truncation.agreed(three) == Index{19});
  truncation.vote(ServerId{1}, Index{50});
  CHECK(truncation.agreed(three) == Index{40});
}

TEST_CASE("who is no voter, or no longer one, does not count") {
  Truncation truncation;
  truncation.vote(ServerId{9}, Index{10});
  truncation.vote(ServerId{3}, Index{10});
  CHECK(truncation.count(voters(3)).votes == 1);
  truncation.vote(ServerId{2}, Index{10});
  CHECK(truncation.agreed(voters(3)));
  truncation.membership_changed(voters(2));
  CHECK(truncation.count(voters(3)).votes == 1);
}

TEST_CASE("in a joint configuration both halves must agree") {
  raft::Membership joint = voters(5);
  joint.voters = {ServerId{1}, ServerId{2}, ServerId{3}};
  joint.outgoing = {ServerId{3}, ServerId{4}, ServerId{5}};
  Truncation truncation;
  truncation.vote(ServerId{1}, Index{10});
  truncation.vote(ServerId{2}, Index{10});
  truncation.vote(ServerId{3}, Index{7});
  CHECK_FALSE(truncation.agreed(joint));
  truncation.vote(ServerId{4}, Index{6});
  CHECK(truncation.agreed(joint) == Index{6});
}

}  // namespace
}  // namespace parley::logger_testing
