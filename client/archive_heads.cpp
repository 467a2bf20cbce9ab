#include "client/archive_heads.hpp"

#include <utility>

#include "common/transport/range_client.hpp"

namespace parley::client {
namespace {

constexpr std::uint64_t patience_us = 500'000;

std::vector<ArchiveHead> ask(mq::Context& context, const Clock& clock, const std::vector<Address>& addresses,
                             const ClusterId& cluster) {
  const std::uint64_t begin_us = clock.now().monotonic_us;
  std::vector<transport::RangeClient> clients;
  for (const Address& address : addresses) {
    auto client = transport::RangeClient::connect(context, address, {.cluster = cluster});
    if (!client) continue;
    client->ask_head(patience_us, begin_us);
    clients.push_back(std::move(*client));
  }
  std::vector<ArchiveHead> heads;
  for (transport::RangeClient& client : clients) {
    const auto event = client.await(clock, begin_us + patience_us);
    if (!event) continue;
    if (const auto* came = std::get_if<transport::HeadCame>(&*event)) heads.push_back({client.address(), came->head});
  }
  return heads;
}

}  // namespace

AskArchives ask_archives_over(mq::Context& context, const Clock& clock) {
  return [&context, &clock](const std::vector<Address>& addresses, const ClusterId& cluster) {
    return ask(context, clock, addresses, cluster);
  };
}

}  // namespace parley::client
