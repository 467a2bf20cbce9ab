#include "tests/histories/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "tests/linearizability/window.hpp"

namespace parley::histories {
namespace {

using linearizability::Operation;
using linearizability::Value;
using linearizability::Verdict;

constexpr std::uint64_t ns_per_ms = 1'000'000;

/// The records of a key, and its values as numbers.
class Key {
 public:
  std::vector<std::size_t> places;  ///< in History::records

  Value number_of(const std::string& value) {
    return values_.emplace(value, static_cast<Value>(values_.size() + 1)).first->second;
  }

 private:
  std::map<std::string, Value> values_;
};

/// What was asked and told, without the times.
Operation operation_of(const Record& record, Key& key) {
  Operation operation;
  operation.kind = static_cast<Operation::Kind>(record.begin.kind);
  if (record.begin.kind == Kind::compare_and_set) operation.expected = key.number_of(record.begin.expected);
  if (record.begin.kind == Kind::compare_and_set || record.begin.kind == Kind::set) {
    operation.desired = key.number_of(record.begin.value);
  }
  if (!record.is_answered()) return operation;
  operation.answer = static_cast<Operation::Answer>(record.end->ending);
  if (record.end->value) operation.seen = key.number_of(*record.end->value);
  return operation;
}

static_assert(static_cast<int>(Operation::Kind::compare_and_set) == static_cast<int>(Kind::compare_and_set));
static_assert(static_cast<int>(Operation::Answer::done) == static_cast<int>(Ending::ok));
static_assert(static_cast<int>(Operation::Answer::missing) == static_cast<int>(Ending::not_found));
static_assert(static_cast<int>(Operation::Answer::mismatch) == static_cast<int>(Ending::mismatch));

/// The greatest index that anybody knew of, as it grew.
class Known {
 public:
  void note(std::uint64_t ns, std::uint64_t index, std::size_t place) {
    if (!steps_.empty() && steps_.back().index >= index) return;
    steps_.push_back({ns, index, place});
  }
  struct Step {
    std::uint64_t ns = 0;
    std::uint64_t index = 0;
    std::size_t place = 0;  ///< of the record that told it
  };
  /// What was known just before this moment; index 0 for nothing.
  [[nodiscard]] Step before(std::uint64_t ns) const {
    const auto behind = std::ranges::lower_bound(steps_, ns, {}, &Step::ns);
    return behind == steps_.begin() ? Step{} : *std::prev(behind);
  }

 private:
  std::vector<Step> steps_;
};

class Judge {
 public:
  Judge(const History& history, const Rules& rules) : records_(history.records), rules_(rules) {
    std::vector<std::size_t> ended;
    for (std::size_t at = 0; at < records_.size(); ++at) {
      keys_[records_[at].begin.key].places.push_back(at);
      if (records_[at].is_answered()) ended.push_back(at);
    }
    std::ranges::sort(ended, {}, [this](std::size_t at) { return records_[at].end->ns; });
    for (const std::size_t at : ended) {
      known_.note(records_[at].end->ns, *records_[at].end->index, at);
      if (records_[at].begin.final_node.empty()) ordinary_.note(records_[at].end->ns, *records_[at].end->index, at);
    }
  }

  Judgement run() {
    for (auto& [name, key] : keys_) judge_by_time(name, key);
    for (std::size_t at = 0; at < records_.size(); ++at) judge_entry(at);
    for (auto& [name, key] : keys_) judge_by_entries(name, key);
    judge_commands();
    judge_final_reads();
    return std::move(judgement_);
  }

 private:
  void find(std::string what, std::vector<std::size_t> shown) {
    judgement_.findings.push_back({std::move(what), std::move(shown)});
  }

  /// Rule 1.
  void judge_by_time(const std::string& name, Key& key) {
    std::vector<Operation> operations;
    std::vector<std::size_t> places;
    for (const std::size_t at : key.places) {
      const Record& record = records_[at];
      if (record.is_void() || record.is_stale_read()) continue;
      Operation operation = operation_of(record, key);
      operation.begin = record.begin.ns;
      if (record.is_answered()) operation.end = record.end->ns;
      operations.push_back(operation);
      places.push_back(at);
    }
    judge_operations("key " + name + " is not linearizable", name, operations, places);
  }

  /// Rule 3. On the axis of entries, entry n is the moment 2n, and what is there after it is seen from 2n to 2n + 1. A
  /// command lies behind all that was known when it was asked, and not behind the entry that answered it.
  void judge_by_entries(const std::string& name, Key& key) {
    std::vector<Operation> operations;
    std::vector<std::size_t> places;
    std::map<std::uint64_t, std::size_t> seen_at;  // by index, the place of the first get that reflects it
    for (const std::size_t at : key.places) {
      const Record& record = records_[at];
      if (record.is_void() || (!record.writes() && !record.is_answered())) continue;
      Operation operation = operation_of(record, key);
      const std::uint64_t index = record.is_answered() ? *record.end->index : 0;
      if (record.writes()) {
        operation.begin = 2 * known_.before(record.begin.ns).index + 1;
        if (record.is_answered()) operation.end = 2 * index;
        if (operation.end && *operation.end <= operation.begin) continue;  // broken by rule 2
      } else {
        // After one entry there is one state: the others say nothing new, or something else.
        const auto [first, is_new] = seen_at.emplace(index, at);
        if (!is_new) {
          judge_same_entry(name, first->second, at);
          continue;
        }
        operation.begin = 2 * index;
        operation.end = 2 * index + 1;
      }
      operations.push_back(operation);
      places.push_back(at);
    }
    judge_operations("key " + name + " is told other than its entries have it", name, operations, places);
  }

  void judge_same_entry(const std::string& name, std::size_t first, std::size_t second) {
    const End& left = *records_[first].end;
    const End& right = *records_[second].end;
    if (left.ending == right.ending && left.value == right.value) return;
    find(fmt::format("key {} has two values after entry {}", name, *left.index), {first, second});
  }

  void judge_operations(const std::string& what, const std::string& name, const std::vector<Operation>& operations,
                        const std::vector<std::size_t>& places) {
    switch (linearizability::judge_key(operations, rules_.step_limit)) {
      case Verdict::linearizable: return;
      case Verdict::undecided: judgement_.undecided.push_back(name); return;
      case Verdict::broken: break;
    }
    const auto window = linearizability::find_window(operations, rules_.step_limit);
    std::vector<std::size_t> shown;
    for (const std::size_t at : window.operations) shown.push_back(places[at]);
    std::ranges::sort(shown);
    find(what, std::move(shown));
  }

  /// Rules 2 and 4.
  void judge_entry(std::size_t at) {
    const Record& record = records_[at];
    if (!record.is_answered()) return;
    const std::uint64_t index = *record.end->index;
    std::uint64_t since = record.begin.ns;
    if (record.is_stale_read()) {
      if (!record.end->age_ms) return;
      const std::uint64_t age_ns = *record.end->age_ms * ns_per_ms;
      since -= std::min(since, age_ns);
    }
    const Known::Step floor = known_.before(since);
    if (record.writes() ? index > floor.index : index >= floor.index) return;
    const std::string key = "key " + record.begin.key + ": ";
    if (record.is_stale_read()) {
      find(fmt::format("{}a read that says that it is at most {} ms old is older", key, *record.end->age_ms),
           {floor.place, at});
    } else {
      find(fmt::format("{}answered by entry {}, although entry {} was known before it was asked", key, index,
                       floor.index),
           {floor.place, at});
    }
  }

  /// Rule 2: an entry holds one command.
  void judge_commands() {
    std::map<std::uint64_t, std::size_t> by_index;
    for (std::size_t at = 0; at < records_.size(); ++at) {
      const Record& record = records_[at];
      if (!record.writes() || !record.is_answered()) continue;
      const auto [before, is_new] = by_index.emplace(*record.end->index, at);
      if (!is_new) find(fmt::format("entry {} answered two commands", *record.end->index), {before->second, at});
    }
  }

  /// Rule 5.
  void judge_final_reads() {
    const Known::Step floor = ordinary_.before(std::numeric_limits<std::uint64_t>::max());
    std::set<std::tuple<std::string, std::string, Read>> made;
    for (std::size_t at = 0; at < records_.size(); ++at) {
      const Record& record = records_[at];
      if (record.begin.final_node.empty() || !record.is_answered()) continue;
      made.emplace(record.begin.key, record.begin.final_node, record.begin.read);
      if (*record.end->index >= floor.index) continue;
      find(fmt::format("key {}: the final read through {} reflects entry {}, although entry {} was known before",
                       record.begin.key, record.begin.final_node, *record.end->index, floor.index),
           {floor.place, at});
    }
    for (const auto& [name, key] : keys_) {
      for (const std::string& node : rules_.final_nodes) {
        for (const Read read : {Read::linearizable, Read::stale}) {
          if (made.contains({name, node, read})) continue;
          judgement_.missing.push_back(fmt::format("key {} was not read at the end through {} ({})", name, node,
                                                   read_words[static_cast<std::size_t>(read)]));
        }
      }
    }
  }

  const std::vector<Record>& records_;
  const Rules& rules_;
  std::map<std::string, Key> keys_;
  Known known_;
  Known ordinary_;  ///< the same without final reads
  Judgement judgement_;
};

void count_ending(const Record& record, Figures& figures) {
  switch (record.end ? record.end->ending : Ending::unknown) {
    case Ending::ok: ++figures.ok; break;
    case Ending::not_found:
    case Ending::mismatch: ++figures.refuted; break;
    case Ending::failed: ++figures.failed; break;
    case Ending::unknown: ++figures.unknown; break;
  }
}

}  // namespace

Judgement judge(const History& history, const Rules& rules) { return Judge(history, rules).run(); }

Figures count(const History& history) {
  Figures figures;
  std::set<std::string> keys;
  std::vector<std::uint64_t> acknowledged;
  std::uint64_t last_ns = 0;
  for (const Record& record : history.records) {
    ++figures.operations;
    count_ending(record, figures);
    figures.stale_reads += record.is_stale_read() ? 1 : 0;
    keys.insert(record.begin.key);
    if (!record.begin.final_node.empty()) {
      ++figures.final_reads;
      continue;
    }
    last_ns = std::max(last_ns, record.end ? record.end->ns : record.begin.ns);
    if (record.writes() && record.end && record.end->ending == Ending::ok) acknowledged.push_back(record.end->ns);
  }
  figures.keys = keys.size();
  figures.writes = acknowledged.size();
  if (history.records.empty()) return figures;
  std::uint64_t before = history.records.front().begin.ns;
  figures.span_ns = last_ns - std::min(last_ns, before);
  acknowledged.push_back(last_ns);
  std::ranges::sort(acknowledged);
  for (const std::uint64_t ns : acknowledged) {
    if (ns > before && ns - before > figures.longest_gap_ns) {
      figures.longest_gap_ns = ns - before;
      figures.longest_gap_at_ns = before;
    }
    before = ns;
  }
  return figures;
}

std::string text_of(const Record& record, std::uint64_t from_ns) {
  const auto seconds = [from_ns](std::uint64_t ns) {
    return (static_cast<double>(ns) - static_cast<double>(from_ns)) / 1e9;
  };
  const auto shortened = [](const std::string& value) {
    constexpr std::size_t longest = 40;
    return value.size() <= longest ? value : value.substr(0, longest) + "...";
  };
  const Begin& begin = record.begin;
  std::string text = fmt::format("line {}: [{:.6f}, ", record.line, seconds(begin.ns));
  text += record.is_answered() ? fmt::format("{:.6f}] ", seconds(record.end->ns)) : "open] ";
  text += fmt::format("{} {} {}", begin.client, kind_words[static_cast<std::size_t>(begin.kind)], begin.key);
  if (begin.kind == Kind::get) text += fmt::format(" ({})", read_words[static_cast<std::size_t>(begin.read)]);
  if (!begin.final_node.empty()) text += fmt::format(" at the end, through {}", begin.final_node);
  if (begin.kind == Kind::compare_and_set) text += " " + shortened(begin.expected);
  if (begin.kind == Kind::compare_and_set || begin.kind == Kind::set) text += " " + shortened(begin.value);
  if (!record.is_answered()) return text;
  text += fmt::format(": {}", ending_words[static_cast<std::size_t>(record.end->ending)]);
  if (record.end->value) text += " " + shortened(*record.end->value);
  return text + fmt::format(", entry {}", *record.end->index);
}

}  // namespace parley::histories
