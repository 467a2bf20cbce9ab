#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/base/ids.hpp"
#include "common/transport/frame_port.hpp"
#include "common/wire/client_message.hpp"

namespace parley::transport {

/// What every frame of replies says first. Names are at most limits::node_name_bytes, the address
/// limits::address_bytes.
struct ReplyHeader {
  ClusterId cluster;           ///< nil while the node belongs to none
  std::string node;            ///< who answers
  std::string leader;          ///< empty if none is known
  std::string leader_address;  ///< where the leader serves what this port serves
};

/// Requests of one frame, and by which connection they came.
struct Arrival {
  ClientKey client;
  wire::RequestFrame frame;
};

/// Counts since the port was opened.
struct ServiceStats {
  std::uint64_t frames_in = 0;
  std::uint64_t requests_in = 0;
  std::uint64_t multipart = 0;  ///< messages with more than one body frame, dropped
  std::uint64_t malformed = 0;  ///< frames that do not follow the protocol, or another version of it; answered
  std::uint64_t cut = 0;        ///< connections that made libzmq hold too much
  std::uint64_t foreign = 0;    ///< requests for another cluster; answered
  std::uint64_t frames_out = 0;
  std::uint64_t replies_out = 0;
  std::uint64_t replies_gone = 0;    ///< dropped: the connection is gone
  std::uint64_t replies_unread = 0;  ///< dropped: the client does not read
};

/// Where a node takes requests of clients, or of joiners. Used by one thread. Replies wait for flush(), which puts
/// those of one connection into one frame. A client that does not read loses replies and nobody else does: what libzmq
/// holds for it is bounded in bytes (limits::unread_bytes_per_client), and over all that do not read
/// (limits::unread_bytes_in_all).
class ServicePort {
 public:
  /// ErrorCode::usage, naming the address, if it cannot listen there.
  [[nodiscard]] static Result<ServicePort> bind(mq::Context& context, const Address& address);

  /// Where it listens, with the port that it got.
  [[nodiscard]] const Address& address() const { return port_.address(); }
  /// To be watched for reading.
  [[nodiscard]] mq::Socket& socket() { return port_.socket(); }

  /// From now on.
  void set_header(ReplyHeader header);

  /// Takes up to `budget` frames that have come, and appends what they ask to `arrivals`. A frame that cannot be read
  /// is answered `invalid` with request id 0; requests of a client that remembers another cluster are answered
  /// `denied`, naming both. Gives how many frames it took: fewer than `budget` if no more have come.
  /// Connections that make libzmq hold more than they may are cut here. Time is in microseconds of any clock that does
  /// not go back.
  std::size_t receive(std::size_t budget, std::uint64_t now_us, std::vector<Arrival>& arrivals);
  /// When to call it again though nothing came; nothing if there is no connection.
  [[nodiscard]] std::optional<std::uint64_t> next_look_us() const { return port_.next_look_us(); }
  /// Something for the log, once in ten seconds at most.
  [[nodiscard]] std::optional<std::string> take_warning() { return port_.take_warning(); }

  /// For the next flush. A reply that no frame can hold is replaced by `too_large`.
  void reply(const ClientKey& client, wire::Reply reply);
  /// Sends what was queued. Never blocks.
  void flush();
  /// The connections of which replies were dropped since the last call: they are gone, or do not read.
  [[nodiscard]] std::vector<ClientKey> take_lost() { return std::exchange(lost_, {}); }

  [[nodiscard]] const ServiceStats& stats() const { return stats_; }
  /// Connections that are remembered here: those with replies queued or unread, and idle ones until they are as many
  /// again.
  [[nodiscard]] std::size_t remembered() const { return std::max(waiting_replies_.size(), port_.remembered()); }

 private:
  explicit ServicePort(FramePort port) : port_(std::move(port)) {}
  void take_frame(FrameArrival& received, std::vector<Arrival>& arrivals);
  [[nodiscard]] bool is_foreign(const wire::RequestFrame& frame) const;
  void refuse_foreign(const ClientKey& client, const wire::RequestFrame& frame);
  [[nodiscard]] mq::SendOutcome send(const ClientKey& client, const wire::ReplyFrame& frame);
  void flush_connection(const ClientKey& client, std::vector<wire::Reply>& replies);

  FramePort port_;
  ReplyHeader header_;
  std::unordered_map<ClientKey, std::vector<wire::Reply>> waiting_replies_;  ///< also empty ones, for their memory
  std::vector<ClientKey> waiting_;  ///< those that have replies queued, in the order of their first
  std::size_t forget_at_ = 64;      ///< connections at which idle ones are forgotten
  std::vector<ClientKey> lost_;
  std::vector<FrameArrival> frames_;
  ServiceStats stats_;
};

}  // namespace parley::transport
