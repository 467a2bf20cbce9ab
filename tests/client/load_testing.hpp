#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "client/load/load.hpp"
#include "client/load/operations.hpp"
#include "tests/client/client_testing.hpp"

namespace parley::client::load {

/// A load over a fake cluster; its targets are servers of that, all of one unless a test says otherwise.
struct LoadFixture {
  explicit LoadFixture(std::size_t servers = 1) : cluster(servers) {
    options.mix = mix("get=1");
    targets = {{"all", cluster.addresses(), true}};
    settings = Fixture::settings(cluster, servers);
  }
  static Mix mix(const std::string& text) {
    const auto parsed = Mix::parse(text);
    REQUIRE(parsed.has_value());
    return *parsed;
  }
  static std::size_t kind(const std::string& name) {
    for (std::size_t at = 0; at < operation_kinds().size(); ++at) {
      if (operation_kinds()[at].name == name) return at;
    }
    FAIL("there is no operation " << name);
    return 0;
  }

  Load make() {
    return Load(cluster, cluster.clock, settings, options, targets,
                [this](const char* phase, const std::vector<Second>& seconds) {
                  for (const Second& second : seconds) told[phase].push_back(row_of(second));
                });
  }
  LoadResult run() {
    auto results = make().run();
    REQUIRE(results.size() == 1);
    return std::move(results.front());
  }

  FakeCluster cluster;
  LoadOptions options;
  std::vector<TargetName> targets;
  ClientSettings settings;
  std::map<std::string, std::vector<SecondRow>> told;  ///< by phase
};

inline std::uint64_t errors_of(const LoadResult& result, ErrorWord word) {
  return result.errors[static_cast<std::size_t>(word)];
}

}  // namespace parley::client::load
