#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "common/app/settings.hpp"
#include "common/raft/io.hpp"
#include "common/replica/ports.hpp"
#include "node/asker.hpp"

namespace parley::node {

/// The requests of operators and joiners: changes of membership, transfers of leadership, founding. Each waits until
/// what it asks for is certain, or until its deadline. One thread.
class AdminDesk {
 public:
  /// What must be asked of consensus for a request.
  using Ask = std::variant<raft::ChangeMembership, raft::TransferLeadership>;

  /// `first_change` must not have been used by an earlier life of this replica: draw it at random.
  AdminDesk(ServerId self, std::uint64_t first_change) : self_(self), next_change_(first_change) {}

  /// What to ask of consensus, or the answer at once.
  using Begun = std::variant<Ask, wire::ReplyBody>;
  [[nodiscard]] Begun begin(const Asker& asker, const wire::JoinRequest& request, const app::Settings& settings,
                            std::uint64_t deadline_us);
  [[nodiscard]] Begun begin(const Asker& asker, const wire::RemoveRequest& request, std::uint64_t deadline_us);
  [[nodiscard]] Begun begin(const Asker& asker, const wire::TransferLeaderRequest& request, std::uint64_t deadline_us);
  /// Answered when this node is a member. Too many wait if it returns an answer.
  [[nodiscard]] std::optional<wire::ErrorReply> begin_found(const Asker& asker, std::uint64_t deadline_us);

  void change_done(const raft::ChangeDone& done, Answers& answers);
  void membership_changed(const ClusterId& cluster, const raft::Membership& membership, Answers& answers);
  void leader_changed(ServerId leader, Answers& answers);
  /// Others know that this node is no member any more, though its own log has not heard so. It holds until a leader
  /// speaks to it.
  void removed() { is_removed_ = true; }
  /// Answers `timeout` to those whose deadline has passed.
  void expire(std::uint64_t now_us, Answers& answers);

  [[nodiscard]] const raft::Membership& membership() const { return membership_; }
  [[nodiscard]] bool is_member() const { return !is_removed_ && membership_.find(self_) != nullptr; }
  [[nodiscard]] ServerId leader() const { return leader_; }
  /// Nothing if no leader is known.
  [[nodiscard]] const raft::Member* leading_member() const { return membership_.find(leader_); }
  /// As everybody sees them: role by the log and by who leads.
  [[nodiscard]] wire::MemberInfo describe(const raft::Member& member) const;
  [[nodiscard]] std::vector<wire::MemberInfo> describe_all() const;

 private:
  struct Change {
    Asker asker;
    std::uint64_t deadline_us;
    bool is_join;
  };
  struct Transfer {
    Asker asker;
    std::uint64_t deadline_us;
    ServerId to;
  };
  struct Founding {
    Asker asker;
    std::uint64_t deadline_us;
  };

  Begun change(const Asker& asker, std::variant<raft::AddMember, raft::RemoveMember> wanted, std::uint64_t deadline_us);
  /// `busy` if as many wait as may.
  [[nodiscard]] std::optional<wire::ErrorReply> no_room() const;
  [[nodiscard]] wire::ReplyBody answer_to(const Change& change, const std::optional<raft::Refusal>& refusal) const;

  ServerId self_;
  std::uint64_t next_change_;
  ClusterId cluster_;
  raft::Membership membership_;
  bool is_removed_ = false;
  ServerId leader_ = nobody;
  std::map<std::uint64_t, Change> changes_;
  std::vector<Transfer> transfers_;
  std::vector<Founding> foundings_;
};

}  // namespace parley::node
