#include <catch2/catch.hpp>

#include <pthread.h>
#include <sys/resource.h>

#include <atomic>

#include "common/mq/actor.hpp"
#include "common/mq/descriptor_limit.hpp"
#include "common/mq/mailbox.hpp"

using namespace parley;
using namespace parley::mq;

namespace {

constexpr std::uint64_t patience_us = 60'000'000;

struct Adding {
  Mailbox<int> numbers{10};
  Mailbox<int> sums{10};
  std::atomic<bool> destroyed_there = false;  ///< the adder was destroyed in the thread that made it
};

/// Adds up what it gets; lives in the actor's thread from its first to its last moment.
class Adder {
 public:
  explicit Adder(Adding& shared) : shared_(&shared) {}
  Adder(Adder&& other) noexcept : shared_(std::exchange(other.shared_, nullptr)) {}
  ~Adder() {
    if (shared_ != nullptr) shared_->destroyed_there = std::this_thread::get_id() == made_in_;
  }
  Status run(const std::stop_token& stop) {
    std::vector<int> batch;
    while (!stop.stop_requested()) {
      shared_->numbers.drain(batch);
      for (const int number : batch) sum_ += number;
      shared_->sums.post(int{sum_});
      shared_->numbers.wait(patience_us);
    }
    return fail(ErrorCode::refused, "sum " + std::to_string(sum_));
  }

 private:
  Adding* shared_;
  std::thread::id made_in_ = std::this_thread::get_id();
  int sum_ = 0;
};

Result<Actor> start_adder(Adding& shared) {
  return Actor::start(
      "adder", [&shared] { shared.numbers.wake(); }, [&shared]() -> Result<Adder> { return Adder(shared); },
      [](Adder& self, const std::stop_token& stop) { return self.run(stop); });
}

}  // namespace

TEST_CASE("an actor works, is stopped out of its sleep, and gives its outcome") {
  Adding shared;
  auto actor = start_adder(shared);
  REQUIRE(actor);
  for (int i = 1; i <= 4; ++i) shared.numbers.post(int{i});
  std::vector<int> sums;
  while (sums.empty() || sums.back() != 10) {
    if (!shared.sums.drain(sums)) REQUIRE(shared.sums.wait(patience_us));
  }
  const Status outcome = actor->stop();
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().what == "sum 10");
  CHECK(shared.destroyed_there);
  CHECK(actor->stop());
}

TEST_CASE("an actor is joined by its destructor and by taking another's place") {
  Adding first;
  Adding second;
  {
    auto actor = start_adder(first);
    REQUIRE(actor);
    auto other = start_adder(second);
    REQUIRE(other);
    *actor = std::move(*other);
    CHECK(first.destroyed_there);
    CHECK_FALSE(second.destroyed_there);
  }
  CHECK(second.destroyed_there);
}

TEST_CASE("an actor that cannot begin reports why, and leaves no thread") {
  bool ran = false;
  auto actor = Actor::start(
      "hopeless", [] {}, []() -> Result<int> { return fail(ErrorCode::locked, "somebody else has it"); },
      [&ran](int&, const std::stop_token&) -> Status {
        ran = true;
        return {};
      });
  REQUIRE_FALSE(actor);
  CHECK(actor.error().code == ErrorCode::locked);
  CHECK(actor.error().what == "somebody else has it");
  CHECK_FALSE(ran);
}

TEST_CASE("an actor's thread has its name, as much as the system shows of it") {
  std::string seen;
  auto actor = Actor::start(
      "a-name-beyond-fifteen", [] {},
      [&seen]() -> Result<int> {
        char name[32] = {};
        pthread_getname_np(pthread_self(), name, sizeof name);
        seen = name;
        return 0;
      },
      [](int&, const std::stop_token&) -> Status { return {}; });
  REQUIRE(actor);
  CHECK(seen == "a-name-beyond-f");
}

TEST_CASE("too few descriptors are an error that says what to do") {
  CHECK(check_descriptor_limit(10));
  rlimit limit{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK(limit.rlim_cur == limit.rlim_max);  // raised as far as it goes
  if (limit.rlim_max == RLIM_INFINITY) return;
  const Status refused = check_descriptor_limit(limit.rlim_max + 1);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::usage);
  CHECK_THAT(refused.error().what, Catch::Contains(std::to_string(limit.rlim_max + 1)) && Catch::Contains("ulimit -n"));
}
