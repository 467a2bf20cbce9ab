#include "node/pending_image.hpp"
#include "tests/node/image_testing.hpp"
#include "tests/wal/wal_testing.hpp"

using namespace parley;
using namespace parley::node;
using namespace parley::wal_testing;

namespace {

/// A log of ten entries of term 1 and a store as of the fifth, with an image beside it as the test wants it.
struct Fixture {
  Fixture() {
    const auto entries = maker.many(Term{1}, 10);
    write_and_sync(log, entries);
    for (const Entry& entry : entries) digests.push_back(entry.digest);
    put_state(backend, meta_at(Index{5}, Term{1}, digests[4]), "ours");
  }
  void image_at(Index index, Term term, const Digest& digest, bool completes = true) {
    auto image = backend.begin_image();
    REQUIRE(image.has_value());
    put_state(**image, meta_at(index, term, digest), "theirs");
    if (completes) REQUIRE(backend.complete_image().has_value());
  }
  bool finish() {
    const auto changed = finish_pending_image(backend, log);
    INFO((changed ? "" : changed.error().what));
    REQUIRE(changed.has_value());
    CHECK_FALSE(backend.has_complete_image());
    return *changed;
  }

  sim::SimulatedFileSystem files;
  EntryMaker maker;
  wal::Log log = create_log(files);
  std::vector<Digest> digests;
  sim::SimulatedBackend backend;
};

}  // namespace

TEST_CASE("without an image nothing changes") {
  Fixture f;
  CHECK_FALSE(f.finish());
  CHECK(value_of(f.backend) == "ours");
  CHECK(f.log.last().index == Index{10});
}

TEST_CASE("an image beyond the end of the log takes its place, and the log goes on behind it") {
  Fixture f;
  f.image_at(Index{50}, Term{4}, Digest{});
  CHECK(f.finish());
  CHECK(value_of(f.backend) == "theirs");
  CHECK(f.log.start().index == Index{50});
  CHECK(f.log.start().term == Term{4});
  CHECK(f.log.last().index == Index{50});
  CHECK(f.log.start().time.cluster_us == 500);
}

TEST_CASE("an image of an entry that the log has with the same term keeps what follows it") {
  Fixture f;
  f.image_at(Index{8}, Term{1}, f.digests[7]);
  CHECK_FALSE(f.finish());
  CHECK(value_of(f.backend) == "theirs");
  CHECK(f.log.last().index == Index{10});
}

TEST_CASE("an image of an entry that the log has with another term replaces all of the log") {
  Fixture f;
  f.image_at(Index{8}, Term{2}, Digest{});
  CHECK(f.finish());
  CHECK(value_of(f.backend) == "theirs");
  CHECK(f.log.start().index == Index{8});
  CHECK(f.log.start().term == Term{2});
}

TEST_CASE("an image that is not ahead of the store is thrown away") {
  Fixture f;
  f.image_at(Index{5}, Term{1}, f.digests[4]);
  CHECK_FALSE(f.finish());
  CHECK(value_of(f.backend) == "ours");
}

TEST_CASE("after a crash between the log and the store the next start finishes it") {
  Fixture f;
  f.image_at(Index{50}, Term{4}, Digest{});
  // The log went on behind the image, and then the process died.
  const raft::Membership membership = one_voter();
  REQUIRE(
      f.log.start_after({Index{50}, Term{4}, Digest{}, {500, 50000}}, {Index{1}, raft::encode_membership(membership)})
          .has_value());
  CHECK_FALSE(f.finish());
  CHECK(value_of(f.backend) == "theirs");
  CHECK(f.log.last().index == Index{50});
}

TEST_CASE("a log that cannot go on behind an image leaves the state and the image as they were") {
  Fixture f;
  f.image_at(Index{50}, Term{4}, Digest{});
  f.files.fail_next_write(0);
  CHECK(finish_pending_image(f.backend, f.log).error().code == ErrorCode::io);
  CHECK(value_of(f.backend) == "ours");
  CHECK(f.backend.has_complete_image());
}
