#include <catch2/catch.hpp>

#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "client/load/data_source.hpp"
#include "client/load/mix.hpp"
#include "client/load/operations.hpp"
#include "client/load/preset.hpp"
#include "client/load/report.hpp"
#include "common/base/limits.hpp"
#include "common/base/load_limits.hpp"

using namespace parley;
using namespace parley::client;
using namespace parley::client::load;

TEST_CASE("a mix is names with weights") {
  const auto mix = Mix::parse("set=1,get=3");
  REQUIRE(mix.has_value());
  CHECK(mix->text() == "set=1,get=3");
  CHECK(mix->weight(2) == 0);
  CHECK(mix->needs_rows());
  Random random(1);
  std::vector<int> drawn(operation_kinds().size());
  for (int i = 0; i < 4000; ++i) ++drawn[mix->draw(random)];
  CHECK(drawn[0] > 850);
  CHECK(drawn[0] < 1150);
  CHECK(drawn[0] + drawn[1] == 4000);
  CHECK(Mix().text() == "set=50,get=50");
  CHECK(operation_kinds()[Mix::parse("delete=5")->draw(random)].name == "delete");
  CHECK(Mix::parse("scan=2,set=0,cas=1")->text() == "cas=1,scan=2");
  CHECK_FALSE(Mix::parse("set=1,delete=1")->needs_rows());
}

TEST_CASE("a mix that makes no sense is refused") {
  for (const char* text :
       {"", "set", "set=", "set=x", "set=-1", "put=1", "set=1,set=2", "set=0,get=0", "set=1,", "set=1000001"}) {
    INFO(text);
    CHECK_FALSE(Mix::parse(text).has_value());
  }
  CHECK(Mix::parse("put=1").error().find("cas=WEIGHT") != std::string::npos);
}

TEST_CASE("Zipf's law holds, for exponents below, at and above 1") {
  for (const double exponent : {0.5, 0.99, 1.0, 1.5, 3.0}) {
    DYNAMIC_SECTION("exponent " << exponent) {
      constexpr std::uint64_t ranks = 100;
      constexpr int draws = 200'000;
      const Zipf zipf(ranks, exponent);
      Random random(7);
      std::vector<int> drawn(ranks);
      for (int i = 0; i < draws; ++i) ++drawn.at(zipf.draw(random));
      double sum = 0;
      for (std::uint64_t rank = 1; rank <= ranks; ++rank) sum += std::pow(static_cast<double>(rank), -exponent);
      double chi_square = 0;
      int cells = 0;
      for (std::uint64_t rank = 1; rank <= ranks; ++rank) {
        const double expected = draws * std::pow(static_cast<double>(rank), -exponent) / sum;
        if (expected < 5) continue;
        chi_square += std::pow(drawn[rank - 1] - expected, 2) / expected;
        ++cells;
      }
      // About as large as the number of cells; four deviations more would be a wonder.
      CHECK(chi_square < cells + 4 * std::sqrt(2.0 * cells));
    }
  }
  Random random(7);
  CHECK(Zipf(1, 0.99).draw(random) == 0);
  const Zipf many(limits::load_keys, 0.99);
  for (int i = 0; i < 10'000; ++i) CHECK(many.draw(random) < limits::load_keys);
}

TEST_CASE("keys are drawn evenly, by Zipf's law at places far apart, or one after the other") {
  Random random(3);
  KeySource uniform(1000, KeyDistribution{}, KeyForm::text);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 20'000; ++i) seen.insert(uniform.draw(random));
  CHECK(seen.size() == 1000);

  KeySource zipf(1000, *KeyDistribution::parse("zipf"), KeyForm::text);
  std::map<std::uint64_t, int> drawn;
  for (int i = 0; i < 20'000; ++i) ++drawn[zipf.draw(random)];
  CHECK(drawn.rbegin()->first < 1000);
  std::vector<std::pair<int, std::uint64_t>> popular;
  for (const auto& [key, times] : drawn) popular.emplace_back(times, key);
  std::sort(popular.rbegin(), popular.rend());
  CHECK(popular[0].first > 2000);
  CHECK(popular[0].first < 3300);
  CHECK(popular[1].first * 3 > popular[0].first);
  for (int i = 1; i < 10; ++i) CHECK(std::llabs(static_cast<long long>(popular[i].second - popular[i - 1].second)) > 1);

  KeySource sequential(3, *KeyDistribution::parse("sequential"), KeyForm::text);
  std::vector<std::uint64_t> order;
  for (int i = 0; i < 7; ++i) order.push_back(sequential.draw(random));
  CHECK(order == std::vector<std::uint64_t>{0, 1, 2, 0, 1, 2, 0});
}

TEST_CASE("no two ranks of Zipf's law fall on one key") {
  for (const std::uint64_t keys : {1ULL, 2ULL, 1000ULL, 65536ULL, 99'991ULL}) {
    std::set<std::uint64_t> places;
    for (std::uint64_t rank = 0; rank < keys; ++rank) places.insert(rank * 2'654'435'761 % keys);
    CHECK(places.size() == keys);
  }
}

TEST_CASE("keys are 16 bytes, or numbers") {
  KeySource text(100, {}, KeyForm::text);
  CHECK(text.key(0) == "k000000000000000");
  CHECK(text.key(999'999'999) == "k000000999999999");
  CHECK(text.key(7) == "k000000000000007");
  KeySource number(100, {}, KeyForm::number);
  CHECK(number.key(0) == "0");
  CHECK(number.key(999'999'999) == "999999999");
  CHECK(number.key(42) == "42");
}

TEST_CASE("values have the sizes that were asked for, and differ") {
  Random random(5);
  const ValueSource fixed({128, 128}, ValueSource::Of::bytes, random);
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const BytesView value = fixed.draw(random);
    CHECK(value.size() == 128);
    seen.emplace(value);
  }
  CHECK(seen.size() > 90);
  const ValueSource ranged({10, 20}, ValueSource::Of::letters, random);
  std::map<std::size_t, int> sizes;
  for (int i = 0; i < 11'000; ++i) ++sizes[ranged.draw(random).size()];
  CHECK(sizes.size() == 11);
  CHECK(sizes.begin()->first == 10);
  for (const auto& [size, times] : sizes) CHECK(times > 800);
  CHECK(ValueSource({0, 0}, ValueSource::Of::bytes, random).draw(random).empty());
}

TEST_CASE("distributions and sizes are understood, or refused with what they may be") {
  CHECK(KeyDistribution::parse("uniform")->text() == "uniform");
  CHECK(KeyDistribution::parse("sequential")->text() == "sequential");
  CHECK(KeyDistribution::parse("zipf")->text() == "zipf=0.99");
  CHECK(KeyDistribution::parse("zipf=1.2")->text() == "zipf=1.2");
  for (const char* text : {"", "zip", "zipf=", "zipf=0", "zipf=-1", "zipf=x", "zipf=1x", "zipf=11", "zipf=nan"}) {
    INFO(text);
    CHECK_FALSE(KeyDistribution::parse(text).has_value());
  }
  CHECK(ValueSizes::parse("128")->text() == "128");
  CHECK(ValueSizes::parse("1KiB-4KiB")->text() == "1024-4096");
  CHECK(ValueSizes::parse("5-5")->text() == "5");
  CHECK(ValueSizes::parse("0-1MiB")->max == limits::value_bytes);
  for (const char* text : {"", "-", "1-", "-1", "2-1", "1MiB-2MiB", "x-y", "1-2-3"}) {
    INFO(text);
    CHECK_FALSE(ValueSizes::parse(text).has_value());
  }
}

namespace {

Second second_of(std::uint64_t at_us, std::uint64_t ops, std::uint64_t latency_us) {
  Second second;
  second.at_us = at_us;
  second.elapsed_us = 1'000'000;
  second.ops = ops;
  for (std::uint64_t i = 0; i < ops; ++i) second.latency.record(latency_us);
  return second;
}

}  // namespace

TEST_CASE("a second is a line for a person and rows of CSV") {
  CHECK(csv_header() == "phase,second,target,ops,errors,throughput,p50_us,p90_us,p99_us,max_us\n");
  const std::vector<TargetName> targets = {{"a:1", {}, true}, {"b:1+b:2", {}, true}};
  Second failing = second_of(2'000'000, 0, 0);
  failing.errors = 3;
  CHECK(csv_rows("load", {targets[0]}, {second_of(1'000'000, 10, 20)}) == "load,1.000,a:1,10,0,10.0,20,20,20,20\n");
  CHECK(csv_rows("load", targets, {second_of(2'000'000, 4, 100), failing}) ==
        "load,2.000,a:1,4,0,4.0,100,100,100,100\n"
        "load,2.000,b:1+b:2,0,3,0.0,0,0,0,0\n"
        "load,2.000,all,4,3,4.0,100,100,100,100\n");
  CHECK(progress_line("load", second_of(3'000'000, 10, 20)) ==
        "load    3 s:       10 a second, p50 20 us, p99 20 us, 0 errors\n");
  CHECK(progress_line("prepare", failing) == "prepare    2 s:        0 a second, 3 errors\n");
}

TEST_CASE("results of several targets are reported each and in all") {
  const std::vector<TargetName> targets = {{"a", {}, true}, {"b", {}, true}};
  std::vector<LoadResult> results(2);
  for (std::size_t at = 0; at < 2; ++at) {
    LoadResult& result = results[at];
    result.elapsed_us = 1'000'000;
    result.ops = 10 * (at + 1);
    result.latency_by_kind.resize(operation_kinds().size());
    result.latency.record(100);
    result.latency_by_kind[0].record(100);
    result.seconds = {row_of(second_of(1'000'000, result.ops, 100))};
  }
  results[1].errors[static_cast<std::size_t>(ErrorWord::quota)] = 2;
  LoadOptions options;
  options.clients = 3;
  const std::vector<SecondRow> rows = {row_of(second_of(1'000'000, 30, 100))};
  const LoadReport report{options, targets, results, rows, "kvstore", "fsync", 1.5};
  const std::string json = load_json(report);
  INFO(json);
  CHECK(
      json.starts_with(R"({"clients":6,"seconds":1.0,"ops":30,"errors":2,"throughput":30.0,"latency_us":{"p50":100,)"));
  for (const char* part : {R"("durability":"fsync","preset":"kvstore")", R"("errors_by_word":{"quota":2})",
                           R"("targets":[{"target":"a","clients":3,"seconds":1.0,"ops":10,"errors":0,)",
                           R"({"target":"b","clients":3,"seconds":1.0,"ops":20,"errors":2,)",
                           R"("each_second":[{"second":1.0,"ops":20,)"}) {
    INFO(part);
    CHECK(json.find(part) != std::string::npos);
  }
  const std::string table = load_table(report);
  INFO(table);
  CHECK(table.find("30 operations a second: 30 in 1.000 s, 0 misses, 2 errors\n") != std::string::npos);
  CHECK(table.find("\na\n10 operations a second: 10 in") != std::string::npos);
  CHECK(table.find("\nb\n20 operations a second: 20 in") != std::string::npos);
  CHECK(table.find("  quota: 2\n") != std::string::npos);
}
