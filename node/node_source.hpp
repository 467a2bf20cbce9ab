#pragma once
#include <functional>

#include "common/replica/ports.hpp"
#include "common/replica/range_source.hpp"
#include "node/store_actor.hpp"

namespace parley::node {

/// The entries and images of this node, for who serves ranges: entries from the log, whose owner is the disk actor,
/// images from the store. All three actors must outlive it.
class NodeSource final : public replica::RangeSource {
 public:
  using Answer = std::function<void(replica::RangeOrder)>;  ///< thread-safe
  NodeSource(replica::DiskPort& disk, StoreActor& store, Answer answer)
      : disk_(disk), store_(store), answer_(std::move(answer)) {}

  void read(replica::RangeTicket ticket, Index from, Index to, std::size_t max_bytes) override {
    disk_.submit(replica::ReadRun{from, to, max_bytes, [answer = answer_, ticket](replica::RunRead outcome) {
                                    answer(replica::ReadDone{ticket, std::move(outcome)});
                                  }});
  }
  void open_image(replica::RangeTicket ticket, Index at_or_below) override {
    store_.open_range_image(ticket, at_or_below);
  }
  void read_image(replica::RangeTicket ticket) override { store_.read_range_image(ticket); }
  void close_image(replica::RangeTicket ticket) override { store_.close_range_image(ticket); }
  void truncate(replica::RangeTicket ticket, ServerId, const NodeId&, Index) override {
    answer_(replica::VoteTaken{
        ticket, wire::RangeErrorReply{
                    ErrorWord::denied, "a node forgets what -retain allows it to; votes are for loggers", 0, {}}});
  }

 private:
  replica::DiskPort& disk_;
  StoreActor& store_;
  Answer answer_;
};

}  // namespace parley::node
