#pragma once
#include <parley/cluster.hpp>

#include "client/client.hpp"
#include "client/cluster_status.hpp"
#include "client/outcome.hpp"
#include "common/base/result.hpp"

/// From what the engine says to what programs are told.
namespace parley::client::library {

[[nodiscard]] Failure failure(Word word, std::string detail);
[[nodiscard]] Failure failure_of(Outcome&& outcome);
/// A node that is newer than we are answered something that we do not know.
[[nodiscard]] Failure unknown_answer();
[[nodiscard]] Answer<void> nothing_of(Outcome&& outcome);
[[nodiscard]] Answer<Value> value_of(Outcome&& outcome);
[[nodiscard]] Answer<Page> page_of(Outcome&& outcome);
[[nodiscard]] Answer<Written> written_of(Outcome&& outcome);
[[nodiscard]] Answer<Incremented> incremented_of(Outcome&& outcome);
[[nodiscard]] Answer<Lease> lease_of(Outcome&& outcome);
[[nodiscard]] Answer<Transacted> transacted_of(Outcome&& outcome);
[[nodiscard]] parley::ClusterStatus status_of(const client::ClusterStatus& status);

/// A set, of a key that ends if one of the two is given. Borrows key and value.
[[nodiscard]] Write set_of(BytesView key, BytesView value, std::optional<std::chrono::milliseconds> ttl,
                           std::optional<LeaseId> lease);
/// The bytes of app::Transaction.
[[nodiscard]] Bytes encode(const Transaction& transaction);
/// Microseconds of a life; one that is none is 0.
[[nodiscard]] std::uint64_t life_us_of(std::chrono::milliseconds ttl);

[[nodiscard]] wire::ReadMode read_mode_of(ReadMode mode);
/// Of microseconds since 1970.
[[nodiscard]] std::chrono::system_clock::time_point time_of(std::uint64_t wall_us);
/// Microseconds; what makes no sense, or is not given, is 0.
[[nodiscard]] std::uint64_t timeout_us_of(std::chrono::milliseconds timeout);

}  // namespace parley::client::library
