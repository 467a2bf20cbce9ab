#include "node/range_announcer.hpp"

#include <catch2/catch.hpp>

#include "common/base/chain.hpp"

using namespace parley;
using node::RangeAnnouncer;

namespace {

struct Fixture {
  std::vector<replica::RangeOrder> served;
  std::vector<Index> advanced;
  RangeAnnouncer announcer{"node0", calls()};
  ClusterId cluster;

  Fixture() { cluster.bytes[3] = 7; }
  RangeAnnouncer::Calls calls() {
    RangeAnnouncer::Calls calls;
    calls.serve = [this](replica::RangeOrder order) { served.push_back(std::move(order)); };
    calls.advanced = [this](const ClusterId&, const transfer::LogPoint& to) { advanced.push_back(to.index); };
    calls.source = [] { return nullptr; };
    return calls;
  }
  const transfer::RangeHead& head() const {
    if (const auto* opened = std::get_if<replica::OpenSource>(&served.back())) return opened->head;
    return std::get<replica::HeadChanged>(served.back()).head;
  }
};

transfer::LogPoint at(std::uint64_t index) { return {Index{index}, Term{2}, {}, blake2b(std::to_string(index))}; }

}  // namespace

TEST_CASE("a node serves a cluster once it knows it, and where its log begins") {
  Fixture f;
  f.announcer.advanced(at(20));
  f.announcer.flushed(Index{15});
  f.announcer.belongs_to({});
  f.announcer.belongs_to(f.cluster);
  CHECK(f.served.empty());
  f.announcer.log_begins({Index{10}, Term{1}, blake2b("10"), {}});
  REQUIRE(f.served.size() == 1);
  const auto& opened = std::get<replica::OpenSource>(f.served.front());
  CHECK(opened.cluster == f.cluster);
  CHECK(opened.name == "node0");
  CHECK(opened.head.kind == transfer::SourceKind::node);
  CHECK(opened.head.first == Index{11});
  CHECK(opened.head.before == blake2b("10"));
  CHECK(opened.head.last == at(20));
  CHECK(opened.head.images == std::vector<Index>{Index{15}});
  CHECK(f.advanced.empty());
}

TEST_CASE("what is applied, flushed and trimmed is told as it comes") {
  Fixture f;
  f.announcer.log_begins({});
  f.announcer.belongs_to(f.cluster);
  CHECK(f.head().first == Index{1});
  CHECK(f.head().before == chain_start(f.cluster));
  CHECK(f.head().images.empty());
  f.announcer.advanced(at(5));
  f.announcer.advanced(at(5));
  f.announcer.advanced(at(9));
  CHECK(f.advanced == std::vector<Index>{Index{5}, Index{9}});
  f.announcer.flushed(Index{9});
  CHECK(f.head().images == std::vector<Index>{Index{9}});
  CHECK(f.head().last == at(9));
  f.announcer.log_begins({Index{4}, Term{1}, blake2b("4"), {}});
  CHECK(f.head().first == Index{5});
}
