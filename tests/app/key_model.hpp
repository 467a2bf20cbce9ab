#pragma once
#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/app/command.hpp"
#include "common/app/reply.hpp"
#include "common/app/transaction.hpp"

namespace parley::app {

/// What keys, lives, leases and transactions are, written down a second time, as simply as can be: the whole state is
/// copied where something may have to be taken back, and everything is looked through where something may have ended.
struct KeyModel {
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

  static constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

  std::map<Bytes, Value> keys;
  std::map<std::uint64_t, ALease> leases;
  std::uint64_t quota = unlimited;
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
  /// How many keys and leases have ended by themselves by then.
  std::size_t pass(std::uint64_t to_us) {
    const std::size_t before = keys.size() + leases.size();
    now_us = std::max(now_us, to_us);
    std::erase_if(keys, [this](const auto& each) { return each.second.ends_us && *each.second.ends_us <= now_us; });
    std::vector<std::uint64_t> ended;
    for (const auto& [id, lease] : leases) {
      if (lease.ends_us <= now_us) ended.push_back(id);
    }
    for (const std::uint64_t id : ended) end_lease(id);
    return before - keys.size() - leases.size();
  }
  /// Nothing is left that would end by itself.
  [[nodiscard]] bool is_lasting() const {
    return leases.empty() &&
           std::ranges::none_of(keys, [](const auto& each) { return each.second.ends_us.has_value(); });
  }

  Answer write(BytesView key, Value value) {
    if (quota == unlimited) {
      keys[Bytes(key)] = std::move(value);
      return {};
    }
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
    const KeyModel before = *this;
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

}  // namespace parley::app
