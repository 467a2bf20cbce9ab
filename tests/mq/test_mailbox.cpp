#include <catch2/catch.hpp>

#include <memory>
#include <thread>

#include "common/mq/mailbox.hpp"
#include "common/mq/poller.hpp"

using namespace parley;
using namespace parley::mq;

namespace {

constexpr std::uint64_t patience_us = 60'000'000;

bool is_signalled(const Mailbox<int>& mailbox) {
  Poller poller;
  const auto slot = poller.watch(mailbox.fd());
  poller.wait(0);
  return poller.ready(slot);
}

struct Parcel {
  std::size_t producer;
  std::uint64_t number;
};

/// Four producers post to one receiver, which sleeps whenever it finds nothing; `sleep` is the whole of its waiting,
/// and false if nothing ended it. False if a wake-up was lost, order was broken, or a parcel was lost or came twice.
template <class Sleep>
bool stress(Sleep sleep) {
  constexpr std::size_t producers = 4;
  constexpr std::uint64_t each = 30000;
  Mailbox<Parcel> mailbox(64);
  std::vector<std::jthread> threads;
  for (std::size_t producer = 0; producer < producers; ++producer) {
    threads.emplace_back([&mailbox, producer] {
      for (std::uint64_t number = 0; number < each;) {
        if (mailbox.try_post({producer, number})) {
          ++number;
          if (number % 16 == producer) std::this_thread::yield();  // so that the receiver gets to sleep
        } else {
          std::this_thread::yield();
        }
      }
    });
  }
  std::vector<std::uint64_t> next(producers, 0);
  std::vector<Parcel> batch;
  bool good = true;
  for (std::uint64_t received = 0; received < producers * each && good;) {
    if (!mailbox.drain(batch)) {
      good = sleep(mailbox);
      continue;
    }
    good = batch.size() <= 64;
    for (const Parcel& parcel : batch) good = good && parcel.number == next[parcel.producer]++;
    received += batch.size();
  }
  // Whatever went wrong, the producers must be able to end.
  while (!good && mailbox.wait(1'000'000)) mailbox.drain(batch);
  return good;
}

}  // namespace

TEST_CASE("messages come in order, and a full mailbox says so and leaves the message alone") {
  Mailbox<std::unique_ptr<int>> mailbox(2);
  CHECK(mailbox.try_post(std::make_unique<int>(1)));
  CHECK(mailbox.try_post(std::make_unique<int>(2)));
  auto third = std::make_unique<int>(3);
  CHECK_FALSE(mailbox.try_post(std::move(third)));
  REQUIRE(third);
  mailbox.post(std::move(third));  // what must not be lost goes beyond
  std::vector<std::unique_ptr<int>> batch;
  REQUIRE(mailbox.drain(batch));
  REQUIRE(batch.size() == 3);
  for (int i = 0; i < 3; ++i) CHECK(*batch[static_cast<std::size_t>(i)] == i + 1);
  CHECK_FALSE(mailbox.drain(batch));
  CHECK(batch.empty());
  CHECK(mailbox.try_post(std::make_unique<int>(4)));
}

TEST_CASE("only a sleeping receiver is signalled, and only once") {
  Mailbox<int> mailbox(10);
  CHECK(mailbox.try_post(1));
  CHECK_FALSE(is_signalled(mailbox));
  CHECK_FALSE(mailbox.prepare_to_sleep());  // something waits
  std::vector<int> batch;
  mailbox.drain(batch);
  CHECK(mailbox.prepare_to_sleep());
  CHECK_FALSE(is_signalled(mailbox));
  CHECK(mailbox.try_post(2));
  CHECK(mailbox.try_post(3));
  CHECK(is_signalled(mailbox));
  mailbox.awake();
  CHECK_FALSE(is_signalled(mailbox));
  CHECK(mailbox.try_post(4));
  CHECK_FALSE(is_signalled(mailbox));
}

TEST_CASE("a message posted quietly wakes nobody and is found by whoever wakes") {
  Mailbox<int> mailbox(10);
  CHECK(mailbox.prepare_to_sleep());
  mailbox.post_quietly(1);
  CHECK_FALSE(is_signalled(mailbox));
  CHECK(mailbox.try_post(2));
  CHECK(is_signalled(mailbox));
  mailbox.awake();
  CHECK_FALSE(mailbox.prepare_to_sleep());
  std::vector<int> batch;
  CHECK(mailbox.drain(batch));
  CHECK(batch == std::vector{1, 2});
  mailbox.post_quietly(3);
  CHECK_FALSE(mailbox.prepare_to_sleep());  // nobody goes to sleep over it
}

TEST_CASE("whoever sleeps lightly is woken by what is posted quietly") {
  Mailbox<int> mailbox(10);
  CHECK(mailbox.prepare_to_sleep(true));
  mailbox.post_quietly(1);
  CHECK(is_signalled(mailbox));
  mailbox.post_quietly(2);
  mailbox.awake();
  CHECK_FALSE(is_signalled(mailbox));
  std::vector<int> batch;
  CHECK(mailbox.drain(batch));
  CHECK(batch == std::vector{1, 2});
  CHECK(mailbox.prepare_to_sleep());  // deeply again
  mailbox.post_quietly(3);
  CHECK_FALSE(is_signalled(mailbox));
  mailbox.awake();
}

TEST_CASE("of news of which only the newest counts, however many come, one waits") {
  struct News {
    int about;
    int number;
  };
  const auto is_older = [](const News& waiting, const News& fresh) { return waiting.about == fresh.about; };
  Mailbox<News> mailbox(10);
  CHECK(mailbox.prepare_to_sleep(true));
  for (int number = 1; number <= 1000; ++number) {
    for (const int about : {1, 2}) mailbox.replace_quietly(News{about, number}, is_older);
  }
  CHECK(mailbox.try_post(News{3, 7}));
  mailbox.replace_quietly(News{1, 1001}, is_older);
  std::vector<News> batch;
  CHECK(mailbox.drain(batch));
  REQUIRE(batch.size() == 3);
  CHECK((batch[0].about == 1 && batch[0].number == 1001));
  CHECK((batch[1].about == 2 && batch[1].number == 1000));
  CHECK((batch[2].about == 3 && batch[2].number == 7));
  mailbox.replace_quietly(News{1, 1002}, is_older);  // what was taken is not replaced
  CHECK(mailbox.drain(batch));
  CHECK(batch.size() == 1);
  mailbox.awake();
}

TEST_CASE("an order to wake is not lost, whether it comes before the sleep or during it") {
  Mailbox<int> mailbox(10);
  mailbox.wake();
  CHECK_FALSE(mailbox.prepare_to_sleep());
  CHECK(mailbox.prepare_to_sleep());
  mailbox.wake();
  CHECK(is_signalled(mailbox));
  mailbox.awake();
  CHECK_FALSE(is_signalled(mailbox));
  CHECK_FALSE(mailbox.prepare_to_sleep());  // asked once more, so that a loop looks at its stop token
  CHECK(mailbox.prepare_to_sleep());
  mailbox.awake();
}

TEST_CASE("a wait ends with a message, with an order to wake, and with time") {
  Mailbox<int> mailbox(10);
  CHECK_FALSE(mailbox.wait(1000));
  {
    const std::jthread other([&] { mailbox.post(1); });
    while (!mailbox.wait(patience_us)) {
    }
  }
  std::vector<int> batch;
  CHECK(mailbox.drain(batch));
  mailbox.wake();
  CHECK_FALSE(mailbox.wait(patience_us));
}

TEST_CASE("no wake-up is lost among several producers, waiting on the mailbox") {
  CHECK(stress([](Mailbox<Parcel>& mailbox) { return mailbox.wait(patience_us); }));
}

TEST_CASE("no wake-up is lost among several producers, waiting with a poller") {
  CHECK(stress([](Mailbox<Parcel>& mailbox) {
    if (!mailbox.prepare_to_sleep()) return true;
    Poller poller;
    const auto slot = poller.watch(mailbox.fd());
    poller.wait(patience_us);
    mailbox.awake();
    return poller.ready(slot);
  }));
}
