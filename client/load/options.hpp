#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "client/client.hpp"
#include "client/load/chat_load.hpp"
#include "client/load/data_source.hpp"
#include "client/load/mix.hpp"

namespace parley::client::load {

/// What `bench` puts on each of its targets.
struct LoadOptions {
  std::uint64_t clients = 1;
  std::uint64_t outstanding = 1;  ///< requests that each client has unanswered; in an open loop, at most
  std::uint64_t rate = 0;         ///< requests a second that are to begin; 0 for a closed loop
  std::uint64_t sockets = 1;      ///< connections, and sessions, that the clients share
  std::uint64_t time_ms = 10'000;
  std::uint64_t requests = 0;   ///< 0: for `time_ms`; else until so many have ended
  std::uint64_t warmup_ms = 0;  ///< load that is not counted, before the load that is
  std::uint64_t think_ms = 0;   ///< between an answer and the next request
  Mix mix;
  ValueSizes value_size;
  std::uint64_t keys = 100'000;
  KeyDistribution distribution;
  KeyForm key_form = KeyForm::text;
  std::uint64_t scan_rows = 10;
  wire::ReadMode read = wire::ReadMode::linearizable;
  bool writes_keys = true;  ///< beforehand, if the mix needs them
  ChatOptions chat;         ///< if the mix has something for it
};

/// Servers of one cluster that are loaded together; several targets may be of the same cluster.
struct TargetName {
  std::string name;  ///< as it was given
  std::vector<Address> servers;
  bool writes_keys = true;  ///< false if another target is of the same cluster, and does it
};

}  // namespace parley::client::load
