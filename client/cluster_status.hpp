#pragma once
#include <optional>
#include <string>
#include <vector>

#include "client/archive_heads.hpp"
#include "client/client.hpp"

namespace parley::client {

/// What is known of one member.
struct MemberStatus {
  wire::MemberInfo member;                     ///< by its own word if it answered, else as the log has it
  std::optional<wire::StatusReply> answer;     ///< nothing if it did not answer
  std::optional<transfer::RangeHead> archive;  ///< of a logger that answered
  std::uint64_t lag = 0;                       ///< entries that it has not applied and another knows to be committed
  std::string health;                          ///< "ok", or what is wrong with it
};

/// The members as the log has them, each with its own answer.
struct ClusterStatus {
  ClusterId cluster;
  std::string leader;  ///< name; empty if none answered
  Term term;
  std::vector<MemberStatus> members;
  /// Replicas with another digest than most at the same index, which cannot be unless a replica is wrong.
  bool is_divergent = false;
  std::vector<std::string> notes;  ///< what else a person should know: servers that did not answer, or are elsewhere
};

/// What one server answered when it was asked for its status.
struct StatusAnswer {
  Address address;
  ClusterId cluster;  ///< nil if it belongs to none
  wire::StatusReply status;
};

/// Puts answers and members together. Answers of servers that are no members are listed after them.
[[nodiscard]] ClusterStatus assemble_status(const std::vector<wire::MemberInfo>& members,
                                            const std::vector<StatusAnswer>& answers);

/// Compares the digests that were given for the same index; those with other digests than most get a health that says
/// so. Of two equally large groups each may be wrong: then all of them do.
void compare_digests(ClusterStatus& status, const std::vector<StatusAnswer>& answers_at_index);

/// Asks the client's servers and, by their word, all members. Takes up to the client's timeout until one answers, and
/// half a second more for the others. Nothing if none answered.
[[nodiscard]] std::optional<ClusterStatus> ask_status(Client& client);

/// Asks the loggers among the members for their archives, and a node whether its digest is the same where an archive
/// ends.
void add_archives(Client& client, ClusterStatus& status, const AskArchives& ask);

/// What each of these servers says of itself, in their order; the time as above. `notes` gets a line for each that gave
/// no answer of its own cluster.
[[nodiscard]] std::vector<StatusAnswer> ask_servers(Client& client, const std::vector<Address>& servers,
                                                    Index digest_at, std::vector<std::string>& notes);

}  // namespace parley::client
