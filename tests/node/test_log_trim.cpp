#include <catch2/catch.hpp>

#include "node/log_trim.hpp"

using namespace parley;
using namespace parley::node;

TEST_CASE("the log is kept behind what is flushed, by as much as is to be retained") {
  LogTrim trim(100);
  CHECK_FALSE(trim.next(Index{0}));
  CHECK_FALSE(trim.next(Index{100}));
  CHECK(trim.next(Index{101}) == Index{2});
  CHECK_FALSE(trim.next(Index{101}));
  CHECK(trim.next(Index{500}) == Index{401});
  LogTrim bare(0);
  CHECK(bare.next(Index{7}) == Index{8});
}

TEST_CASE("what follows an image on its way is kept until the image is over, and of several what the oldest needs") {
  LogTrim trim(10);
  trim.hold(ServerId{1}, Index{200});
  trim.hold(ServerId{2}, Index{150});
  CHECK(trim.next(Index{1000}) == Index{151});
  trim.release(ServerId{2});
  CHECK(trim.next(Index{1000}) == Index{201});
  trim.release(ServerId{1});
  CHECK(trim.next(Index{1000}) == Index{991});
}

TEST_CASE("an image that begins now holds nothing that is gone, and a new one for the same peer replaces the old") {
  LogTrim trim(0);
  CHECK(trim.next(Index{50}) == Index{51});
  trim.hold(ServerId{1}, Index{50});
  CHECK_FALSE(trim.next(Index{90}));
  trim.hold(ServerId{1}, Index{90});
  CHECK(trim.next(Index{100}) == Index{91});
  trim.release_all();
  CHECK(trim.next(Index{100}) == Index{101});
}

TEST_CASE("an image for which too much log is kept is named, once, and so are all when the disk is full") {
  LogTrim trim(0, 1000);
  trim.hold(ServerId{1}, Index{10});
  trim.grow(600);
  trim.hold(ServerId{2}, Index{20});
  CHECK(trim.take_overdue().empty());
  trim.grow(400);
  CHECK(trim.take_overdue().empty());
  trim.grow(1);
  CHECK(trim.take_overdue() == std::vector{ServerId{1}});
  CHECK(trim.take_overdue().empty());
  CHECK(trim.next(Index{100}) == Index{11});
  trim.release(ServerId{1});
  CHECK(trim.next(Index{100}) == Index{21});
  trim.hold(ServerId{1}, Index{100});
  CHECK(trim.take_all() == std::vector{ServerId{2}});
  trim.grow(1);
  CHECK(trim.take_all() == std::vector{ServerId{1}});
  trim.grow(10'000);
  CHECK(trim.take_overdue().empty());
  trim.hold(ServerId{1}, Index{300});
  trim.grow(1001);
  CHECK(trim.take_overdue() == std::vector{ServerId{1}});
}
