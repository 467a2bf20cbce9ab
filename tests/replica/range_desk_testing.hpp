#pragma once
#include <catch2/catch.hpp>

#include <deque>

#include "common/base/range_limits.hpp"
#include "common/replica/range_desk.hpp"
#include "common/transfer/entry_receiver.hpp"
#include "tests/replica/fake_range_source.hpp"

namespace parley::replica::testing {

using transfer::testing::cluster;
using transport::ClientKey;

inline constexpr std::uint64_t second = 1'000'000;
inline constexpr std::uint64_t window = 64 * 1024;

/// A desk and all around it: sources in memory, whose answers wait until they are delivered, and receivers of which
/// some are gone and some do not read.
struct World {
  explicit World(std::uint8_t clusters = 1)
      : desk({[this](const ClientKey& to, const wire::RangeReply& reply, std::uint64_t windows) {
                told_windows = windows;
                return send(to, reply);
              },
              [this] { return unread; }, [this](const std::string& text) { said.push_back(text); }}) {
    for (std::uint8_t number = 1; number <= clusters; ++number) {
      stores.emplace_back(std::make_unique<FakeStore>(cluster(number)));
      open_source(*stores.back());
    }
  }
  void open_source(FakeStore& store) {
    auto source =
        std::make_unique<FakeRangeSource>(store, [this](RangeOrder order) { answers.push_back(std::move(order)); });
    sources[store.id()] = source.get();
    order(OpenSource{store.id(), "log" + std::to_string(sources.size() - 1), std::move(source), store.head()});
  }
  FakeStore& store() { return *stores.front(); }

  RangeDesk::Sent send(const ClientKey& to, const wire::RangeReply& reply) {
    if (gone.contains(to)) return RangeDesk::Sent::gone;
    if (full.contains(to) && !std::holds_alternative<wire::RangeErrorReply>(reply.body)) return RangeDesk::Sent::full;
    out[{to, reply.id}].push_back(reply);
    return RangeDesk::Sent::sent;
  }
  void order(RangeOrder each) {
    desk.take(each, now_us);
    desk.work(now_us);
  }
  /// Delivers answers until there are no more.
  void settle() {
    for (desk.work(now_us); !answers.empty(); desk.work(now_us)) {
      RangeOrder answer = std::move(answers.front());
      answers.pop_front();
      desk.take(answer, now_us);
    }
  }
  void ask(const std::string& from, std::uint64_t id, wire::RangeRequestBody body, std::uint32_t deadline_ms = 5000,
           ClusterId of = {}) {
    desk.take(ClientKey(from), {of, id, deadline_ms, std::move(body)}, now_us);
    desk.work(now_us);
  }
  void entries(const std::string& from, std::uint64_t id, std::uint64_t first, std::uint64_t to,
               std::uint64_t stream_window = window, std::uint32_t deadline_ms = 5000) {
    ask(from, id, wire::EntriesRequest{Index{first}, Index{to}, stream_window}, deadline_ms);
  }
  void advance() { order(Advanced{store().id(), store().last()}); }
  void wait(std::uint64_t us) {
    now_us += us;
    desk.work(now_us);
  }

  /// What came under this id and was not taken yet.
  std::vector<wire::RangeReply> replies(const std::string& to, std::uint64_t id) {
    return std::exchange(out[{ClientKey(to), id}], {});
  }
  template <class Body>
  std::vector<Body> all(const std::string& to, std::uint64_t id) {
    std::vector<Body> found;
    for (const wire::RangeReply& reply : replies(to, id)) {
      if (const auto* body = std::get_if<Body>(&reply.body)) found.push_back(*body);
    }
    return found;
  }
  /// The only reply that came under this id.
  template <class Body>
  Body only(const std::string& to, std::uint64_t id) {
    const auto came = replies(to, id);
    REQUIRE(came.size() == 1);
    REQUIRE(std::holds_alternative<Body>(came[0].body));
    return std::get<Body>(came[0].body);
  }
  wire::RangeErrorReply error(const std::string& to, std::uint64_t id) { return only<wire::RangeErrorReply>(to, id); }
  /// How many entries these chunks have; they are verified from `first` on.
  std::size_t count(const std::vector<wire::EntriesReply>& replies, std::uint64_t first, std::uint64_t to = 0) {
    transfer::EntryReceiver receiver(Index{first}, Index{to}, std::nullopt);
    for (const wire::EntriesReply& reply : replies) {
      const auto taken = receiver.take(reply.chunk);
      REQUIRE(taken);
    }
    return receiver.next().value - first;
  }

  std::vector<std::unique_ptr<FakeStore>> stores;
  std::map<ClusterId, FakeRangeSource*> sources;
  std::deque<RangeOrder> answers;
  std::map<std::pair<ClientKey, std::uint64_t>, std::vector<wire::RangeReply>> out;
  std::set<ClientKey> gone;
  std::set<ClientKey> full;
  std::vector<std::string> said;
  std::size_t unread = 0;
  std::uint64_t told_windows = 0;
  std::uint64_t now_us = 1000 * second;
  RangeDesk desk;
};

}  // namespace parley::replica::testing
