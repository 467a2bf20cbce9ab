#pragma once

/// The client library of Parley. Begin with Cluster:
///
///     auto cluster = parley::Cluster::open({.servers = {"127.0.0.1:11000"}});
///     if (auto written = cluster->set("colour", "blue"); !written) std::cerr << written.error().message() << '\n';
///
/// Needs C++23. No header of another library is included.
#include <parley/answer.hpp>       // words, Failure, Answer, Callback
#include <parley/chat.hpp>         // ChatUser: the chat
#include <parley/cluster.hpp>      // Cluster: reads, writes, leases, status
#include <parley/feed.hpp>         // Feed: what changes
#include <parley/lease.hpp>        // Lease, SetOptions: keys that end
#include <parley/transaction.hpp>  // Transaction: compare, then, else
