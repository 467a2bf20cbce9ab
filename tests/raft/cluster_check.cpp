// What the harness checks after every step, and how it tells what happens.
#include <sstream>

#include "common/base/ensure.hpp"
#include "tests/raft/cluster.hpp"

namespace parley::raft::harness {

void Cluster::check(Server& server) {
  const Core& core = *server.core;
  broken(broken_in(core));
  broken(broken_between(server.memory, core));
  server.memory = remember(core);
  broken(memory_.observe(core));
  std::vector<const Core*> cores;
  for (const auto& [id, other] : servers_) {
    if (other.core != nullptr) cores.push_back(other.core.get());
  }
  broken(broken_across(cores, &core));
}

/// A message is a promise only of what the sender's disk has when it leaves.
void Cluster::check_promise(const Message& message) {
  const Server& sender = server(message.from.value);
  const HardState& durable = sender.disk.hard_state();
  const auto* pre_vote_reply = std::get_if<PreVoteReply>(&message.body);
  const bool names_no_term =
      std::holds_alternative<PreVoteRequest>(message.body) || (pre_vote_reply != nullptr && pre_vote_reply->granted);
  BrokenSentences sentences;
  const auto must = [&](bool holds, const char* sentence) {
    if (!holds) sentences.push_back(describe(message) + ": " + sentence);
  };
  must(names_no_term || message.term <= durable.term, "nobody speaks for a term that he could forget.");
  if (const auto* reply = std::get_if<VoteReply>(&message.body);
      reply != nullptr && reply->granted && message.term == durable.term) {
    must(durable.vote == message.to, "a vote is durable before it is told.");
  }
  if (std::holds_alternative<VoteRequest>(message.body) && message.term == durable.term) {
    must(durable.vote == message.from, "a candidate's own vote is durable before it asks others.");
  }
  if (const auto* accepted = std::get_if<AppendAccepted>(&message.body);
      accepted != nullptr && message.term == durable.term) {
    must(accepted->match <= sender.disk.last(), "what is acknowledged is on the disk.");
  }
  broken(sentences);
}

void Cluster::broken(const BrokenSentences& sentences) const {
  if (sentences.empty()) return;
  std::string all;
  for (const std::string& sentence : sentences) all += "\n  " + sentence;
  if (on_broken) return on_broken(all);
  ensure_failed(__FILE__, __LINE__, "no invariant is broken", all);
}

void Cluster::say_output(ServerId self, const Output& output) const {
  if (!narrate) return;
  const auto line = [&](const auto&... parts) {
    std::ostringstream out;
    out << name_of(self);
    ((out << ' ' << parts), ...);
    narrate(out.str());
  };
  if (output.role_changed) {
    const RoleChanged& now = *output.role_changed;
    line("is", role_name(now.role), "in term", now.term, "and its leader is",
         name_of(now.leader) + std::string(why_resigned(now.resigned)));
  }
  if (output.membership_changed) line("uses", describe(*output.membership_changed));
  if (output.persist) {
    std::string what;
    if (output.persist->restart) what += " a log behind " + std::to_string(output.persist->restart->start.index.value);
    if (output.persist->hard_state) {
      const HardState& hard_state = *output.persist->hard_state;
      what += " term " + std::to_string(hard_state.term.value) + " vote " + name_of(hard_state.vote);
    }
    for (const Entry& entry : output.persist->entries) what += ", " + describe(entry);
    line("writes:" + (what.starts_with(",") ? what.substr(1) : what.empty() ? " its cluster" : what));
  }
  for (const Entry& entry : output.committed) line("commits", describe(entry));
  for (const ReadReady& read : output.reads_ready) {
    std::ostringstream at;
    at << read.index << (read.by_lease ? ", by its lease" : "");
    line("may serve read", read.id, "at", at.str());
  }
  for (const ReadRefused& read : output.reads_refused) line("refuses read", read.id, "-", refusal_name(read.refusal));
  for (const ProposalRefused& proposal : output.proposals_refused) {
    line("refuses proposal", proposal.id, "-", refusal_name(proposal.refusal));
  }
  for (const ChangeDone& done : output.changes_done) {
    line("answers change", done.id, "-", done.refusal ? refusal_name(*done.refusal) : "done");
  }
  for (const ImageWanted& wanted : output.images_wanted) line("wants an image sent to", name_of(wanted.peer));
  if (output.image)
    line(output.image->install ? "installs the image as of" : "has no use for the image as of", output.image->index);
  for (const EntriesWanted& wanted : output.entries_wanted) {
    line("reads its log from", wanted.from, "to", wanted.to, "for",
         wanted.peer.is_nobody() ? "itself" : name_of(wanted.peer));
  }
}

}  // namespace parley::raft::harness
