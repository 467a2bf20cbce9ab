#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "common/store/published.hpp"

using namespace parley::store;

TEST_CASE("what is taken is what was published last, and what was replaced is let go") {
  Published<int> published;
  const auto first = std::make_shared<const int>(1);
  published.publish(first);
  CHECK(*published.take() == 1);
  CHECK(first.use_count() == 2);
  for (int i = 2; i < 50; ++i) {
    published.publish(std::make_shared<const int>(i));
    CHECK(*published.take() == i);
  }
  CHECK(first.use_count() == 1);
}

TEST_CASE("readers never see a value go back, nor one that is gone, while another thread publishes") {
  struct Pair {
    int left;
    int right;
  };
  constexpr int last = 20'000;
  Published<Pair> published;
  published.publish(std::make_shared<const Pair>(0, 0));
  std::atomic<int> broken = 0;
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < 4; ++i) {
      readers.emplace_back([&] {
        for (int seen = 0; seen < last;) {
          const auto value = published.take();
          if (value->left + value->right != 0 || value->left < seen) ++broken;
          seen = value->left;
        }
      });
    }
    for (int i = 1; i <= last; ++i) published.publish(std::make_shared<const Pair>(i, -i));
  }
  CHECK(broken == 0);
}
