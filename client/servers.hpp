#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/network.hpp"
#include "client/operation.hpp"
#include "common/base/address.hpp"

namespace parley::client {

/// The servers that a client knows, and the choice among them. It stays with one as long as that answers; who leads is
/// followed; one that is silent is left alone for a while, longer each time.
class Servers {
 public:
  struct Server {
    Address address;
    std::unique_ptr<Connection> connection;  ///< null until it is first needed
    std::uint64_t grace_until_us = 0;        ///< until then a new connection is waited for; 0 once it was up
    bool is_nowhere = false;                 ///< its address is one that nobody can have
    bool is_up = false;                      ///< it took the last frame, or said that it would take one
    std::uint64_t looked_us = 0;             ///< when it was last found not to be up
    bool serves_all = true;                  ///< false: only what is meant for it alone
    std::uint64_t heard_us = 0;              ///< when its last frame came
    std::uint64_t suspect_until_us = 0;      ///< it was silent and is avoided until then
    std::uint64_t suspicion_us = 0;          ///< how long it was avoided the last time
    std::string name;                        ///< as it calls itself; empty until it answered
    std::string foreign;                     ///< the cluster that it belongs to, if that is not ours
  };
  /// How long a connection may take before others are tried as well.
  static constexpr std::uint64_t connect_grace_us = 50'000;
  static constexpr std::uint64_t first_suspicion_us = 1'000'000;
  static constexpr std::uint64_t longest_suspicion_us = 16'000'000;

  Servers(Network& network, const std::vector<Address>& addresses);

  [[nodiscard]] std::size_t size() const { return servers_.size(); }
  [[nodiscard]] Server& operator[](std::size_t at) { return servers_[at]; }
  [[nodiscard]] const Server& operator[](std::size_t at) const { return servers_[at]; }

  /// Finds the server with this address, or adds it to those that are asked only by name; no_server if there is no
  /// room.
  [[nodiscard]] std::size_t find_or_add(const Address& address);

  /// Where to send something now; no_server if nobody takes it. `for_leader`: the leader first, if one is known. The
  /// server `avoid` comes last.
  [[nodiscard]] std::size_t choose(bool for_leader, std::size_t avoid, std::uint64_t now_us);
  /// True if this one takes frames now; begins to connect to it.
  [[nodiscard]] bool is_ready(std::size_t at, std::uint64_t now_us);

  /// It answered, and says who leads. Its word counts until another's.
  void heard(std::size_t at, const wire::ReplyFrame& frame, std::uint64_t now_us);
  /// It said nothing for too long while something was unanswered.
  void silent(std::size_t at, std::uint64_t now_us);
  /// It did not take a frame: it gets none in this step.
  void refused_frame(std::size_t at, std::uint64_t now_us) {
    servers_[at].is_up = false;
    servers_[at].looked_us = now_us;
  }
  /// It belongs to another cluster: it is not asked again.
  void is_foreign(std::size_t at, std::string cluster);

  [[nodiscard]] bool is_suspect(std::size_t at, std::uint64_t now_us) const {
    return servers_[at].suspect_until_us > now_us;
  }
  /// True if no server is left that belongs to our cluster or may.
  [[nodiscard]] bool all_foreign() const;
  /// True if another one than `at` could be asked.
  [[nodiscard]] bool has_other(std::size_t at, std::uint64_t now_us) const;
  /// The earliest time after now at which choose() may come to another result by itself; UINT64_MAX if none.
  [[nodiscard]] std::uint64_t next_change_us(std::uint64_t now_us) const;
  /// For a message: the addresses of those that are asked.
  [[nodiscard]] std::string text() const;

 private:
  [[nodiscard]] bool is_candidate(std::size_t at) const {
    return servers_[at].serves_all && servers_[at].foreign.empty();
  }
  void connect(Server& server, std::uint64_t now_us);
  void forget_leader();
  void follow_hint(std::size_t at, const wire::ReplyFrame& frame, std::uint64_t now_us);
  struct Choice {
    std::size_t at = no_server;
    bool is_connecting = false;  ///< none takes anything now, but one may very soon
  };
  [[nodiscard]] Choice best(bool for_leader, std::size_t avoid, bool also_suspects, std::uint64_t now_us);
  [[nodiscard]] std::size_t find_leader(const wire::ReplyFrame& frame, std::uint64_t now_us);

  Network& network_;
  std::vector<Server> servers_;
  std::size_t home_ = 0;  ///< where reads go that any server may answer, and all while no leader is known
  std::size_t leader_ = no_server;
  std::string hint_;  ///< the address of the last hint that was followed
};

}  // namespace parley::client
