#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/archive/archive.hpp"
#include "common/replica/orders.hpp"
#include "common/transfer/image_receiver.hpp"
#include "logger/archive_work.hpp"
#include "logger/truncation.hpp"

namespace parley::logger {

/// What is done with the archive of one cluster: what consensus hands over counts as archived once the live log is
/// synced so far; full segments leave the live log and are sealed; an image is taken in when the log that is needed is
/// gone; entries, images and votes are served. No thread and no socket of its own: an actor or a test calls it, and it
/// calls back.
///
/// The live log belongs to the disk's owner, who says by LogExtent which segments it has. One batch of segments is
/// retired at a time, and sealed before the next.
class ArchiveDesk {
 public:
  struct Calls {
    std::function<void(replica::Order)> order;        ///< to consensus
    std::function<void(replica::ReadRun)> read_live;  ///< of the live log; the answer comes back as LiveRunRead
    std::function<void(LiveRunRead)> live_run_read;   ///< brings it back, from whatever thread
    std::function<void(const ClusterId&, const raft::Membership&)> members;  ///< the configuration in force
    /// To who serves ranges. All three may be missing together.
    std::function<void(replica::RangeOrder)> serve;
    std::function<void(const ClusterId&, const transfer::LogPoint&)> advanced;
    std::function<std::unique_ptr<replica::RangeSource>()> source;
    /// An image of the state as of this entry or later is wanted from a member, to be put where `writer` puts it.
    /// Answered by ImageFetched.
    std::function<void(Index least, const raft::Membership&, std::unique_ptr<archive::ImageFileWriter> writer)> fetch;
    std::function<void(const std::string&)> said;    ///< for the log
    std::function<void(const std::string&)> warned;  ///< the same, for what somebody must look after
  };
  /// What the live log has when it is opened.
  struct Opened {
    ClusterId cluster;            ///< nil if it belongs to none
    raft::Membership membership;  ///< as far as it is known
    transfer::LogPoint last;      ///< its last entry
    replica::LogExtent live;
  };
  ArchiveDesk(archive::Archive archive, NodeId name, Opened opened, Calls calls);
  ArchiveDesk(const ArchiveDesk&) = delete;
  ArchiveDesk& operator=(const ArchiveDesk&) = delete;

  /// Lets those who serve ranges know of the archive. After whoever is called back is there.
  void begin();

  /// An error is fatal: this cluster can no longer be archived.
  [[nodiscard]] Status take(ArchiveWork& work);
  /// A step of sealing and removing. True if there is more to do. `disk_full`: later again. Others are fatal.
  [[nodiscard]] Result<bool> step();
  [[nodiscard]] bool has_work() const { return archive_.has_work(); }

  [[nodiscard]] const archive::Archive& archive() const { return archive_; }
  /// The last entry that is on stable storage.
  [[nodiscard]] const transfer::LogPoint& archived() const { return archived_; }

 private:
  [[nodiscard]] Status on(replica::Round& round);
  [[nodiscard]] Status on(Adopted& adopted);
  [[nodiscard]] Status on(ImageMessage& image);
  [[nodiscard]] Status on(PeerRestarted&) { return {}; }
  [[nodiscard]] Status on(replica::LogExtent& extent);
  [[nodiscard]] Status on(RunAsked& asked);
  [[nodiscard]] Status on(LiveRunRead& read);
  [[nodiscard]] Status on(ImageAsked& asked);
  [[nodiscard]] Status on(RowsAsked& asked);
  [[nodiscard]] Status on(ImageClosed& closed);
  [[nodiscard]] Status on(VoteAsked& asked);
  [[nodiscard]] Status on(ImageFetched& fetched);

  // following
  void belong_to(const ClusterId& cluster);
  void take_verdict(const raft::ImageVerdict& verdict);
  void take_committed(const std::vector<Entry>& committed);
  void stable_reached(Index index);
  void ask_stable();
  void let_go();
  [[nodiscard]] Status take_complete_image();
  void answer(ServerId to, const std::optional<transfer::ImageProgress>& progress);

  // serving
  void read(const RunAsked& asked);
  void answer(replica::RangeTicket ticket, replica::RunRead outcome);
  void read_waiting(const std::optional<Error>& instead);
  [[nodiscard]] transfer::RangeHead head() const;
  void tell_head();
  [[nodiscard]] Status truncate();
  void answer_votes(const std::variant<wire::RangeDoneReply, wire::RangeErrorReply>& reply);

  archive::Archive archive_;
  NodeId name_;
  Calls calls_;
  ClusterId cluster_;
  raft::Membership membership_;
  replica::LogExtent live_;
  transfer::LogPoint committed_;              ///< handed over by consensus
  transfer::LogPoint archived_;               ///< synced as well
  std::optional<transfer::LogPoint> wanted_;  ///< consensus will say when it is synced
  std::uint64_t retiring_ = 0;                ///< the log was asked to let all segments before this one go

  std::unique_ptr<archive::ImageFileWriter> image_writer_;
  transfer::ImageReceiver receiver_;
  ServerId image_from_ = nobody;
  std::optional<transfer::LogPoint> received_;  ///< of the image that consensus was told of
  std::optional<Index> installing_;             ///< the log is to begin anew behind this image
  std::string said_failure_;

  bool is_served_ = false;
  transfer::RangeHead told_;  ///< as it was told last, but for `last`
  std::vector<RunAsked> waiting_;
  std::map<replica::RangeTicket, archive::ImageFileReader> images_;
  Truncation truncation_;
  std::vector<replica::RangeTicket> votes_;  ///< agreed, and waiting for an image: limits::range_votes_in_all at most
  bool is_fetching_ = false;
};

}  // namespace parley::logger
