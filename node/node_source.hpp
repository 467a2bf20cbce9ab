#pragma once
#include "common/replica/ports.hpp"
#include "common/replica/range_actor.hpp"
#include "node/service.hpp"
#include "node/store_actor.hpp"

namespace parley::node {

/// The entries and images of this node, for who serves ranges: entries from the log, whose owner is the disk actor, by
/// way of the service, which knows their effects; images from the store. All that it is given must outlive it, and
/// what it has asked for.
class NodeSource final : public replica::RangeSource {
 public:
  NodeSource(replica::DiskPort& disk, StoreActor& store, ServiceMailbox& service, replica::RangeActor& ranges)
      : disk_(disk), store_(store), service_(service), ranges_(ranges) {}

  void read(replica::RangeTicket ticket, Index from, Index to, std::size_t max_bytes) override {
    disk_.submit(replica::ReadRun{from, to, max_bytes, [service = &service_, ticket](replica::RunRead outcome) {
                                    service->post(RunPasses{ticket, std::move(outcome)});
                                  }});
  }
  void open_image(replica::RangeTicket ticket, Index at_or_below) override {
    store_.open_range_image(ticket, at_or_below);
  }
  void read_image(replica::RangeTicket ticket) override { store_.read_range_image(ticket); }
  void close_image(replica::RangeTicket ticket) override { store_.close_range_image(ticket); }
  void truncate(replica::RangeTicket ticket, ServerId, const NodeId&, Index) override {
    ranges_.order(replica::VoteTaken{
        ticket, wire::RangeErrorReply{
                    ErrorWord::denied, "a node forgets what -retain allows it to; votes are for loggers", 0, {}}});
  }

 private:
  replica::DiskPort& disk_;
  StoreActor& store_;
  ServiceMailbox& service_;
  replica::RangeActor& ranges_;
};

}  // namespace parley::node
