#include <map>

#include "common/app/transaction.hpp"
#include "common/base/key_value_limits.hpp"
#include "common/base/random.hpp"
#include "tests/app/replica.hpp"

using namespace parley;
using namespace parley::app;

namespace {

/// What keys, lives, leases and transactions are, written down a second time, as simply as can be: the whole state is
/// copied where something may have to be taken back, and everything is looked through where something may have ended.
struct Model {
  struct Value {
    Bytes bytes;
    std::optional<std::uint64_t> ends_us{};
    std::uint64_t lease = 0;
  };
  struct ALease {
    std::uint64_t ttl_us = 0;
    std::uint64_t ends_us = 0;
  };
  struct Answer {
    ErrorWord word = ErrorWord::ok;
    std::optional<Bytes> value{};
    friend bool operator==(const Answer&, const Answer&) = default;
  };

  std::map<Bytes, Value> keys;
  std::map<std::uint64_t, ALease> leases;
  std::uint64_t quota = 0;
  std::uint64_t now_us = 0;

  [[nodiscard]] std::uint64_t used() const {
    std::uint64_t bytes = leases.size() * (8 + 20 + 64 + 17 + 64);
    for (const auto& [key, value] : keys) {
      bytes += key.size() + value.bytes.size() + 64;
      if (value.ends_us) bytes += key.size() + 16 + 64 + 8 + 1 + key.size() + 64;
      if (value.lease != 0) bytes += key.size() + 16 + 64 + 8 + key.size() + 64;
    }
    return bytes;
  }
  [[nodiscard]] std::size_t keys_of(std::uint64_t lease) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(keys, [lease](const auto& each) { return each.second.lease == lease; }));
  }
  void end_lease(std::uint64_t lease) {
    std::erase_if(keys, [lease](const auto& each) { return each.second.lease == lease; });
    leases.erase(lease);
  }
  void pass(std::uint64_t to_us) {
    now_us = std::max(now_us, to_us);
    std::erase_if(keys, [this](const auto& each) { return each.second.ends_us && *each.second.ends_us <= now_us; });
    std::vector<std::uint64_t> ended;
    for (const auto& [id, lease] : leases) {
      if (lease.ends_us <= now_us) ended.push_back(id);
    }
    for (const std::uint64_t id : ended) end_lease(id);
  }

  Answer write(BytesView key, Value value) {
    const std::uint64_t before = used();
    const auto was = keys.find(Bytes(key));
    const std::optional<Value> old = was == keys.end() ? std::nullopt : std::optional(was->second);
    keys[Bytes(key)] = std::move(value);
    if (used() <= quota || used() <= before) return {};
    if (old) {
      keys[Bytes(key)] = *old;
    } else {
      keys.erase(Bytes(key));
    }
    return {ErrorWord::quota};
  }
  Answer erase(BytesView key) { return {keys.erase(Bytes(key)) == 1 ? ErrorWord::ok : ErrorWord::not_found}; }
  /// Whether the key has this value; what to answer otherwise.
  std::optional<Answer> differs(BytesView key, BytesView expected) const {
    const auto at = keys.find(Bytes(key));
    if (at == keys.end()) return Answer{ErrorWord::not_found};
    if (at->second.bytes != expected) return Answer{ErrorWord::mismatch, at->second.bytes};
    return std::nullopt;
  }

  Answer run(const Get& get) const {
    const auto at = keys.find(Bytes(get.key));
    return at == keys.end() ? Answer{ErrorWord::not_found} : Answer{ErrorWord::ok, at->second.bytes};
  }
  Answer run(const Set& set) { return write(set.key, {Bytes(set.value)}); }
  Answer run(const SetExpiring& set) {
    if (set.lease.value == 0) return write(set.key, {Bytes(set.value), now_us + set.ttl_us});
    if (!leases.contains(set.lease.value)) return {ErrorWord::not_found};
    return write(set.key, {Bytes(set.value), {}, set.lease.value});
  }
  Answer run(const Delete& each) { return erase(each.key); }
  Answer run(const DeleteIf& each) {
    if (const auto answer = differs(each.key, each.expected)) return *answer;
    return erase(each.key);
  }
  Answer run(const CompareAndSet& cas) {
    if (const auto answer = differs(cas.key, cas.expected)) return *answer;
    return write(cas.key, {Bytes(cas.desired)});
  }
  Answer run(const Increment& increment) {
    const auto at = keys.find(Bytes(increment.key));
    Value value = at == keys.end() ? Value{"0"} : at->second;
    const bool is_number = !value.bytes.empty() && value.bytes.find_first_not_of("-0123456789") == Bytes::npos;
    if (!is_number) return {ErrorWord::mismatch, value.bytes};
    value.bytes = std::to_string(std::stoll(value.bytes) + increment.by);
    Answer answer = write(increment.key, value);
    if (answer.word == ErrorWord::ok) answer.value = value.bytes;
    return answer;
  }
  Answer run(const LeaseGrant& grant, std::uint64_t index) {
    leases[index] = {grant.ttl_us, now_us + grant.ttl_us};
    if (used() <= quota) return {};
    leases.erase(index);
    return {ErrorWord::quota};
  }
  Answer run(const LeaseKeepAlive& keep) {
    const auto at = leases.find(keep.lease.value);
    if (at == leases.end()) return {ErrorWord::not_found};
    at->second.ends_us = now_us + at->second.ttl_us;
    return {};
  }
  Answer run(const LeaseRevoke& revoke) {
    if (!leases.contains(revoke.lease.value)) return {ErrorWord::not_found};
    end_lease(revoke.lease.value);
    return {};
  }
  [[nodiscard]] bool holds(const Compare& compare) const {
    const Answer answer = run(Get{compare.key});
    switch (compare.how) {
      case Compare::How::equal: return answer.value == compare.value;
      case Compare::How::not_equal: return answer.value != compare.value;
      case Compare::How::less: return answer.value && answer.value->compare(compare.value) < 0;
      case Compare::How::greater: return answer.value && answer.value->compare(compare.value) > 0;
      case Compare::How::exists: return answer.value.has_value();
      case Compare::How::absent: return !answer.value;
    }
    return false;
  }
  ErrorWord run(const TransactionParts& parts, ReplyTransaction& answer) {
    const Model before = *this;
    answer.held = std::ranges::all_of(parts.compares, [this](const Compare& each) { return holds(each); });
    for (const TransactionItem& item : answer.held ? parts.then : parts.otherwise) {
      const Answer done = std::visit([this](const auto& each) { return run(each); }, item);
      answer.items.push_back({done.word, done.value});
      const bool may_miss = std::holds_alternative<Get>(item) || std::holds_alternative<Delete>(item);
      if (done.word == ErrorWord::ok || (may_miss && done.word == ErrorWord::not_found)) continue;
      *this = before;
      return done.word;
    }
    return ErrorWord::ok;
  }
};

/// Draws what to do.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}
  Random& random() { return random_; }

  BytesView key() { return names_[random_.below(names_.size())]; }
  BytesView value() { return values_[random_.below(values_.size())]; }
  std::uint64_t ttl_us() { return 1 + random_.below(300); }
  LeaseId lease(const Model& model) {
    if (model.leases.empty() || random_.one_in(10)) return LeaseId{1 + random_.below(50)};
    auto at = model.leases.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(random_.below(model.leases.size())));
    return LeaseId{at->first};
  }
  SetExpiring set_expiring(const Model& model) {
    if (random_.one_in(2)) return {key(), value(), ttl_us(), {}};
    return {key(), value(), 0, lease(model)};
  }
  TransactionItem item(const Model& model) {
    switch (random_.below(6)) {
      case 0: return Get{key()};
      case 1: return Delete{key()};
      case 2: return Increment{key(), static_cast<std::int64_t>(random_.below(9)) - 4};
      case 3: return set_expiring(model);
      default: return Set{key(), value()};
    }
  }
  TransactionParts parts(const Model& model) {
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
  Model model;
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
    Model::Answer expected;
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
