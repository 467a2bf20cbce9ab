#include "node/range_images.hpp"

#include "common/transfer/rows.hpp"
#include "tests/node/image_testing.hpp"

using namespace parley;
using namespace parley::node;

namespace {

constexpr replica::RangeTicket ticket{5};

/// All rows of an open image, and how many answers they took.
std::pair<Bytes, int> read_all(RangeImages& images) {
  std::pair<Bytes, int> all;
  while (true) {
    const auto read = images.read(ticket);
    REQUIRE((read && read->rows));
    all.first += read->rows->rows.view();
    ++all.second;
    if (read->rows->is_last) return all;
  }
}

}  // namespace

TEST_CASE("an image is of what is flushed, and stays that while more is flushed") {
  sim::SimulatedBackend backend;
  put_state(backend, meta_at(Index{70}, Term{3}, blake2b("70")), "then");
  RangeImages images(backend);
  const auto opened = images.open(ticket, Index{75});
  CHECK(std::get<transfer::ImageHead>(opened.outcome).index == Index{70});
  CHECK(std::get<transfer::ImageHead>(opened.outcome).digest == blake2b("70"));
  put_state(backend, meta_at(Index{80}, Term{3}, {}), "now");
  const auto [rows, answers] = read_all(images);
  CHECK(rows.find("then") != Bytes::npos);
  CHECK(rows.find("now") == Bytes::npos);
  CHECK(answers == 1);
  images.close(ticket);
  CHECK(images.is_empty());
  CHECK_FALSE(images.read(ticket));
}

TEST_CASE("a large state comes in several pieces, the last of which says so") {
  sim::SimulatedBackend backend;
  put_state(backend, meta_at(Index{70}, Term{3}, {}), Bytes(limits::value_bytes, 'v'));
  store::Overlay more;
  for (int number = 0; number < 4; ++number) more.put("more" + std::to_string(number), Bytes(limits::value_bytes, 'w'));
  REQUIRE(backend.commit(more));
  RangeImages images(backend);
  (void)images.open(ticket, Index{70});
  CHECK(read_all(images).second > 3);
}

TEST_CASE("a state that is later than was asked for, or was never flushed, is none") {
  sim::SimulatedBackend empty;
  CHECK(std::holds_alternative<replica::ImageGone>(RangeImages(empty).open(ticket, Index{UINT64_MAX}).outcome));
  sim::SimulatedBackend backend;
  put_state(backend, meta_at(Index{70}, Term{3}, {}), "v");
  RangeImages images(backend);
  CHECK(std::holds_alternative<replica::ImageGone>(images.open(ticket, Index{69}).outcome));
  CHECK(images.is_empty());
}

TEST_CASE("whoever reads an image that was given up is told why, and that he may ask again") {
  sim::SimulatedBackend backend;
  put_state(backend, meta_at(Index{70}, Term{3}, {}), "v");
  RangeImages images(backend);
  (void)images.open(ticket, Index{70});
  images.give_up();
  const auto read = images.read(ticket);
  REQUIRE(read);
  REQUIRE_FALSE(read->rows);
  CHECK(read->rows.error().code == ErrorCode::disk_full);
}
