#include <map>

#include "common/base/key_value_limits.hpp"
#include "common/base/random.hpp"
#include "tests/app/key_model.hpp"
#include "tests/app/replica.hpp"

using namespace parley;
using namespace parley::app;

namespace {

/// Draws what to do.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}
  Random& random() { return random_; }

  BytesView key() { return names_[random_.below(names_.size())]; }
  BytesView value() { return values_[random_.below(values_.size())]; }
  std::uint64_t ttl_us() { return 1 + random_.below(300); }
  LeaseId lease(const KeyModel& model) {
    if (model.leases.empty() || random_.one_in(10)) return LeaseId{1 + random_.below(50)};
    auto at = model.leases.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(random_.below(model.leases.size())));
    return LeaseId{at->first};
  }
  SetExpiring set_expiring(const KeyModel& model) {
    if (random_.one_in(2)) return {key(), value(), ttl_us(), {}};
    return {key(), value(), 0, lease(model)};
  }
  TransactionItem item(const KeyModel& model) {
    switch (random_.below(6)) {
      case 0: return Get{key()};
      case 1: return Delete{key()};
      case 2: return Increment{key(), static_cast<std::int64_t>(random_.below(9)) - 4};
      case 3: return set_expiring(model);
      default: return Set{key(), value()};
    }
  }
  TransactionParts parts(const KeyModel& model) {
    TransactionParts parts;
    for (std::uint64_t i = random_.below(3); i > 0; --i) {
      const auto how = static_cast<Compare::How>(1 + random_.below(last_compare));
      const bool has_value = how != Compare::How::exists && how != Compare::How::absent;
      parts.compares.push_back({how, key(), has_value ? value() : BytesView()});
    }
    for (auto* items : {&parts.then, &parts.otherwise}) {
      for (std::uint64_t i = random_.below(6); i > 0; --i) items->push_back(item(model));
    }
    return parts;
  }

 private:
  Random random_;
  const std::vector<Bytes> names_ = {"a", "b", "cc", "ddd", "e", "f", "gg", "h"};
  const std::vector<Bytes> values_ = {"1", "2", "-7", "word", "", Bytes(70, 'v'), Bytes(200, 'w')};
};

struct Counts {
  std::size_t ended = 0;
  std::size_t refused = 0;
  std::map<ErrorWord, std::size_t> words;
};

void run_seed(std::uint64_t seed, Counts& counts) {
  INFO("seed " << seed);
  Draw draw(seed);
  KeyModel model;
  model.quota = seed % 2 == 0 ? 1'500 : 1'000'000;
  Replica replica(Settings{.quota_bytes = model.quota});
  Replica other(Settings{.quota_bytes = model.quota});
  const SessionId session = replica.open_session();
  REQUIRE(other.open_session() == session);
  for (std::uint64_t seq = 1; seq <= 1500; ++seq) {
    const std::uint64_t wait_us = draw.random().one_in(5) ? draw.random().below(120) : 0;
    const std::size_t keys_before = model.keys.size();
    model.pass(replica.meta().time.cluster_us + wait_us + 10);
    counts.ended += keys_before - model.keys.size();
    Operation operation;
    KeyModel::Answer expected;
    Bytes parts;
    ReplyTransaction transaction;
    const auto set_up = [&](const auto& each) {
      operation = each;
      expected = model.run(each);
    };
    switch (draw.random().below(10)) {
      case 0: set_up(Delete{draw.key()}); break;
      case 1: set_up(DeleteIf{draw.key(), draw.value()}); break;
      case 2: set_up(CompareAndSet{draw.key(), draw.value(), draw.value()}); break;
      case 3: set_up(Increment{draw.key(), 2}); break;
      case 4:
      case 5: set_up(draw.set_expiring(model)); break;
      case 6: {
        const LeaseGrant grant{draw.ttl_us()};
        operation = grant;
        expected = model.run(grant, replica.meta().applied.next().value);
        break;
      }
      case 7:
        draw.random().one_in(3) ? set_up(LeaseRevoke{draw.lease(model)}) : set_up(LeaseKeepAlive{draw.lease(model)});
        break;
      case 8: {
        const TransactionParts drawn = draw.parts(model);
        parts = encode_transaction(drawn);
        operation = Transaction{parts};
        expected.word = model.run(drawn, transaction);
        if (expected.word != ErrorWord::ok) ++counts.refused;
        break;
      }
      default: set_up(Set{draw.key(), draw.value()});
    }
    replica.wait_us(wait_us);
    other.wait_us(wait_us);
    const Outcome outcome = replica.run(session, seq, operation);
    other.run(session, seq, operation);
    ++counts.words[outcome.reply.word];
    REQUIRE(outcome.reply.word == expected.word);
    if (std::holds_alternative<Transaction>(operation)) {
      REQUIRE(std::get<ReplyTransaction>(outcome.reply.body) == transaction);
    } else if (expected.value) {
      REQUIRE(std::get<ReplyValue>(outcome.reply.body).value == *expected.value);
    }
    REQUIRE(replica.meta().used_bytes == model.used());
    REQUIRE(replica.meta().keys == model.keys.size());
    REQUIRE(replica.meta() == other.meta());
    if (seq % 100 == 0) other.save_and_restart();
    if (seq % 20 != 0) continue;
    for (const auto& [key, value] : model.keys) REQUIRE(replica.value(key) == value.bytes);
    for (const auto& [id, lease] : model.leases) {
      const Reply info = replica.application().query(LeaseInfo{LeaseId{id}});
      REQUIRE(std::get<ReplyLease>(info.body) == ReplyLease{LeaseId{id}, lease.ttl_us, lease.ends_us - model.now_us,
                                                            static_cast<std::uint32_t>(model.keys_of(id))});
    }
    REQUIRE(replica.rows(RowSpace::key_value) == model.keys.size());
    REQUIRE(replica.rows(RowSpace::lease) == model.leases.size());
  }
}

}  // namespace

TEST_CASE("whatever is asked for, rows, answers and counts are those of a model that is written down simply") {
  Counts counts;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) run_seed(seed, counts);
  CHECK(counts.ended > 1000);
  CHECK(counts.refused > 200);
  for (const ErrorWord word : {ErrorWord::not_found, ErrorWord::mismatch, ErrorWord::quota}) {
    CHECK(counts.words[word] > 300);
  }
}
