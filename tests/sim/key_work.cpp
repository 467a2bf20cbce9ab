#include "tests/sim/key_work.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace parley::sim {
namespace {

constexpr std::size_t key_count = 8;
constexpr std::size_t most_leases = 4;
constexpr std::uint64_t least_ttl_us = 50'000;
constexpr std::uint64_t most_ttl_us = 4'000'000;

std::string account(std::uint64_t number) { return fmt::format("{}{}", ModelJudge::accounts, number); }

}  // namespace

BytesView KeyWork::draw_key(Random& random) { return keep(fmt::format("work-{}", random.below(key_count))); }

BytesView KeyWork::draw_number(Random& random) { return keep(fmt::format("number-{}", random.below(3))); }

BytesView KeyWork::draw_value(Random& random) {
  Bytes value = fmt::format("{}-{}", name_, next_value_++);
  if (random.one_in(10)) value.append(random.between(100, 1'500), '.');
  return keep(std::move(value));
}

app::LeaseId KeyWork::draw_lease(Random& random) const {
  if (leases_.empty() || random.one_in(10)) return app::LeaseId{1 + random.below(100)};
  return leases_[random.below(leases_.size())];
}

app::SetExpiring KeyWork::draw_set_expiring(Random& random) {
  app::SetExpiring set{draw_key(random), draw_value(random), 0, {}};
  if (random.one_in(2)) {
    set.ttl_us = random.between(least_ttl_us, most_ttl_us);
  } else {
    set.lease = draw_lease(random);
  }
  return set;
}

Work::Read KeyWork::read(std::size_t lane, Random& random) {
  kept_.clear();
  app::Query query = app::Scan{ModelJudge::accounts, {}, 0};
  switch (random.below(8)) {
    case 0: query = app::Get{draw_key(random)}; break;
    case 1: query = app::Get{draw_number(random)}; break;
    case 2: query = app::Scan{"work-", random.one_in(2) ? draw_key(random) : BytesView(), 3}; break;
    case 3: query = app::LeaseInfo{draw_lease(random)}; break;
    case 4: query = app::Get{keep(account(random.below(account_count)))}; break;
    default: break;
  }
  reads_[lane] = app::encode_query(query);
  return {draw_mode(random), reads_[lane]};
}

Work::Write KeyWork::write(std::size_t, Random& random) {
  kept_.clear();
  return {draw(random)};
}

app::Operation KeyWork::draw(Random& random) {
  switch (random.below(14)) {
    case 0: return app::Increment{draw_number(random), static_cast<std::int64_t>(random.below(9)) - 3};
    case 1: return app::Increment{draw_number(random), 1};
    case 2: {
      const BytesView key = draw_key(random);
      const auto seen = last_seen_.find(std::string(key));
      return app::DeleteIf{key, seen == last_seen_.end() ? BytesView("never-written") : BytesView(seen->second)};
    }
    case 3:
    case 4: return draw_set_expiring(random);
    case 5:
      if (leases_.size() == most_leases) leases_.erase(leases_.begin());
      if (!random.one_in(3)) return app::LeaseGrant{random.between(6 * least_ttl_us, most_ttl_us)};
      [[fallthrough]];
    case 6: return app::LeaseKeepAlive{draw_lease(random)};
    case 7: {
      if (leases_.empty() || !random.one_in(3)) return app::Set{draw_key(random), draw_value(random)};
      const app::LeaseId lease = leases_.front();
      leases_.erase(leases_.begin());
      return app::LeaseRevoke{lease};
    }
    case 8: return app::Increment{draw_key(random), 1};  // mostly no number
    default: return draw_transaction(random);
  }
}

app::Operation KeyWork::draw_transaction(Random& random) {
  app::TransactionParts parts;
  if (!random.one_in(3)) {
    parts = move_amount(random);
  } else {
    for (std::uint64_t count = random.below(3); count > 0; --count) {
      const auto how = static_cast<app::Compare::How>(1 + random.below(app::last_compare));
      const bool has_value = how != app::Compare::How::exists && how != app::Compare::How::absent;
      const BytesView key = draw_key(random);
      const auto seen = last_seen_.find(std::string(key));
      const BytesView value = seen == last_seen_.end() ? BytesView("c1-5") : BytesView(seen->second);
      parts.compares.push_back({how, key, has_value ? value : BytesView()});
    }
    for (auto* items : {&parts.then, &parts.otherwise}) {
      for (std::uint64_t count = random.below(5); count > 0; --count) items->push_back(draw_item(random));
    }
  }
  return app::Transaction{keep(app::encode_transaction(parts))};
}

/// Makes all accounts if there are none, looks at them all, or moves something from one to another.
app::TransactionParts KeyWork::move_amount(Random& random) {
  app::TransactionParts parts;
  const auto known = last_seen_.lower_bound(ModelJudge::accounts);
  const auto count = std::distance(known, last_seen_.lower_bound(account(account_count)));
  if (static_cast<std::size_t>(count) < account_count) {
    for (std::uint64_t number = 0; number < account_count; ++number) {
      const BytesView key = keep(account(number));
      parts.compares.push_back({app::Compare::How::absent, key});
      parts.then.push_back(app::Set{key, keep(std::to_string(first_balance))});
      parts.otherwise.push_back(app::Get{key});
    }
    return parts;
  }
  const BytesView from = keep(account(random.below(account_count)));
  const BytesView to = keep(account(random.below(account_count)));
  const auto amount = static_cast<std::int64_t>(1 + random.below(20));
  switch (random.below(4)) {
    case 0:
      for (std::uint64_t number = 0; number < account_count; ++number)
        parts.then.push_back(app::Get{keep(account(number))});
      break;
    case 1:
      parts.compares.push_back({app::Compare::How::exists, from});
      parts.compares.push_back({app::Compare::How::exists, to});
      parts.then.push_back(app::Increment{from, -amount});
      parts.then.push_back(app::Increment{to, amount});
      // In the end it cannot be done after all, and then nothing of it is.
      if (random.one_in(4)) parts.then.push_back(app::SetExpiring{"work-0", "x", 0, app::LeaseId{1}});
      break;
    default: {
      if (from == to) return move_amount(random);
      const std::int64_t has = std::stoll(last_seen_.at(std::string(from)));
      const std::int64_t other = std::stoll(last_seen_.at(std::string(to)));
      parts.compares.push_back({app::Compare::How::equal, from, last_seen_.at(std::string(from))});
      parts.compares.push_back({app::Compare::How::equal, to, last_seen_.at(std::string(to))});
      parts.then.push_back(app::Set{from, keep(std::to_string(has - amount))});
      parts.then.push_back(app::Get{from});
      parts.then.push_back(app::Set{to, keep(std::to_string(other + amount))});
      parts.then.push_back(app::Get{to});
      parts.otherwise.push_back(app::Get{from});
      parts.otherwise.push_back(app::Get{to});
    }
  }
  return parts;
}

app::TransactionItem KeyWork::draw_item(Random& random) {
  switch (random.below(7)) {
    case 0:
    case 1: return app::Get{draw_key(random)};
    case 2: return app::Delete{draw_key(random)};
    case 3: return app::Increment{draw_number(random), 2};
    case 4: return draw_set_expiring(random);
    default: return app::Set{draw_key(random), draw_value(random)};
  }
}

/// What a write was answered, the judge of the state has looked at.
std::string KeyWork::answered(std::size_t lane, const Answer& answer) {
  if (!reads_[lane].empty()) {
    const auto query = app::decode_query(reads_[lane]);
    world_.models.was_read(answer.index, *query, answer.reply);
    const auto* get = std::get_if<app::Get>(&*query);
    const auto* value = std::get_if<app::ReplyValue>(&answer.reply.body);
    if (get != nullptr && value != nullptr) last_seen_[std::string(get->key)] = value->value;
    const auto* rows = std::get_if<app::ReplyRows>(&answer.reply.body);
    if (rows != nullptr) {
      for (const app::Row& row : rows->rows) last_seen_[row.key] = row.value;
    }
    return {};
  }
  if (const auto* lease = std::get_if<app::ReplyLease>(&answer.reply.body); lease != nullptr) {
    if (std::ranges::find(leases_, lease->lease) == leases_.end()) leases_.push_back(lease->lease);
  }
  return {};
}

}  // namespace parley::sim
