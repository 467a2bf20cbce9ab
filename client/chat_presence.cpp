#include "client/chat_presence.hpp"

#include <map>
#include <memory>
#include <utility>

#include "common/app/follow.hpp"

namespace parley::client {
namespace {

/// What the answers of the nodes are put together in; goes with the last of them.
struct Asking {
  ChatPresence found;
  std::size_t waiting = 0;
  std::function<void(ChatPresence&&)> callback;

  void take(Outcome&& outcome) {
    if (const auto* there = std::get_if<wire::PresenceReply>(&outcome.body)) {
      found.users.insert(there->users.begin(), there->users.end());
    } else {
      ++found.silent;
      // One that knows why says more than one that is away.
      const ErrorWord said = found.refusal.word;
      if (said == ErrorWord::ok || said == ErrorWord::no_leader || said == ErrorWord::timeout)
        found.refusal = std::move(outcome);
    }
    if (--waiting == 0) callback(std::move(found));
  }
};

std::map<std::string, Address> nodes_of(const wire::MembersReply& members) {
  std::map<std::string, Address> nodes;
  for (const wire::MemberInfo& member : members.members) {
    const auto address = Address::parse(member.client_address);
    if (member.role != "logger" && address && address->port() != 0) nodes.emplace(address->text(), *address);
  }
  return nodes;
}

}  // namespace

void ask_presence(Client& client, const ChatUser& user, const std::string& chat,
                  std::function<void(ChatPresence&&)> callback) {
  const wire::PresenceRequest request{SharedBytes(app::encode_follow(app::FollowChat{user.token().id(), chat})),
                                      SharedBytes(Bytes(user.token().secret()))};
  client.submit(wire::MembersRequest{}, [&client, request, callback = std::move(callback)](Outcome&& outcome) {
    const auto* members = std::get_if<wire::MembersReply>(&outcome.body);
    const auto nodes = outcome.ok() && members != nullptr ? nodes_of(*members) : std::map<std::string, Address>();
    if (nodes.empty()) return callback({{}, 0, 0, std::move(outcome)});
    auto asking = std::make_shared<Asking>();
    asking->found.nodes = asking->waiting = nodes.size();
    asking->callback = callback;
    for (const auto& [text, node] : nodes)
      client.submit_to(node, request, [asking](Outcome&& each) { asking->take(std::move(each)); });
  });
}

}  // namespace parley::client
