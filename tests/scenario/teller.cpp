#include "tests/scenario/teller.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace parley::scenario {
namespace {

using namespace parley::raft;
using namespace parley::raft::harness;

/// `n3` is 3, `all` is 0.
std::uint64_t id_of(const std::string& word) {
  if (word == "all") return 0;
  if (word.size() < 2 || word[0] != 'n') throw std::invalid_argument("no server: " + word);
  return std::stoull(word.substr(1));
}

std::uint64_t count_of(const std::vector<std::string>& words, std::size_t at, std::uint64_t otherwise) {
  return words.size() > at ? std::stoull(words[at]) : otherwise;
}

std::optional<Kind> kind_at(const std::vector<std::string>& words, std::size_t at) {
  if (words.size() <= at) return std::nullopt;
  const auto kind = kind_by_name(words[at]);
  if (!kind) throw std::invalid_argument("no kind of message: " + words[at]);
  return kind;
}

std::string rest_of(const std::vector<std::string>& words, std::size_t from) {
  std::string text;
  for (std::size_t at = from; at < words.size(); ++at) text += (at == from ? "" : " ") + words[at];
  return text;
}

}  // namespace

Teller::Teller() {
  add_server_commands();
  add_client_commands();
  add_network_commands();
  add_disk_commands();
  add_looking_commands();
}

std::vector<std::string> Teller::tell(const std::string& command) {
  told_.clear();
  std::istringstream in(command);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  is_quiet_ = !words.empty() && words.back() == "quietly";
  if (is_quiet_) words.pop_back();
  try {
    const auto found = words.empty() ? commands_.end() : commands_.find(words.front());
    if (found == commands_.end()) throw std::invalid_argument("no such command");
    words.erase(words.begin());
    if (words.size() < found->second.least_words) throw std::invalid_argument("words are missing");
    found->second.run(words);
  } catch (const std::invalid_argument& wrong) {
    told_.push_back(std::string("WRONG: ") + wrong.what());
  }
  if (told_.empty() && !is_quiet_) told_.push_back("(nothing)");
  return std::move(told_);
}

Cluster& Teller::cluster() {
  if (cluster_ == nullptr) throw std::invalid_argument("there is no cluster yet");
  return *cluster_;
}

void Teller::found_cluster(const Words& words) {
  Cluster::Shape shape;
  for (const std::string& word : words) {
    const auto equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const std::uint64_t value = equals == std::string::npos ? 0 : std::stoull(word.substr(equals + 1));
    if (name == "voters")
      shape.voters = value;
    else if (name == "learners")
      shape.learners = value;
    else if (name == "loggers")
      shape.loggers = value;
    else if (name == "append")
      shape.adjust = [value](Options& options) { options.append_bytes = value; };
    else
      throw std::invalid_argument("no such setting: " + name);
  }
  cluster_ = std::make_unique<Cluster>(shape);
  cluster_->narrate = [this](const std::string& line) {
    if (!is_quiet_) told_.push_back(line);
  };
  // What a server uses and applies when it starts is not news.
  is_quiet_ = true;
  for (const auto id : cluster_->ids()) cluster_->collect(id);
  cluster_->run();
}

void Teller::add_server_commands() {
  commands_["cluster"] = {1, [this](const Words& words) { found_cluster(words); }};
  commands_["tick"] = {1, [this](const Words& words) {
                         const std::uint64_t times = count_of(words, 1, 1);
                         words[0] == "all" ? cluster().tick_all(times) : cluster().tick(id_of(words[0]), times);
                       }};
  commands_["timeout"] = {1, [this](const Words& words) { cluster().time_out(id_of(words[0])); }};
  commands_["forget-leader"] = {1, [this](const Words& words) {
                                  for (const std::string& word : words) cluster().let_leader_be_forgotten(id_of(word));
                                }};
  commands_["elect"] = {1, [this](const Words& words) { cluster().elect(id_of(words[0])); }};
  commands_["run"] = {0, [this](const Words&) { cluster().run(); }};
  commands_["start"] = {1, [this](const Words& words) { cluster().add_blank(id_of(words[0])); }};
  commands_["crash"] = {1, [this](const Words& words) { cluster().crash(id_of(words[0]), count_of(words, 1, 0)); }};
  commands_["restart"] = {1, [this](const Words& words) {
                            cluster().restart(id_of(words[0]));
                            cluster().collect(id_of(words[0]));
                          }};
}

void Teller::add_client_commands() {
  commands_["propose"] = {2, [this](const Words& words) { cluster().propose(id_of(words[0]), rest_of(words, 1)); }};
  commands_["read"] = {1, [this](const Words& words) { cluster().read(id_of(words[0])); }};
  commands_["transfer"] = {2, [this](const Words& words) {
                             const ServerId to = words[1] == "anyone" ? nobody : ServerId{id_of(words[1])};
                             cluster().step(id_of(words[0]), TransferLeadership{to});
                           }};
  commands_["remove"] = {2, [this](const Words& words) {
                           cluster().change(id_of(words[0]), RemoveMember{node_name(ServerId{id_of(words[1])})});
                         }};
  // add n1 n4 [logger] [as n3]
  commands_["add"] = {2, [this](const Words& words) {
                        Member member =
                            cluster().member(id_of(words[1]), std::ranges::find(words, "logger") == words.end());
                        const auto as = std::ranges::find(words, "as");
                        if (as != words.end() && std::next(as) != words.end())
                          member.name = node_name(ServerId{id_of(*std::next(as))});
                        cluster().change(id_of(words[0]), AddMember{member});
                      }};
}

void Teller::add_network_commands() {
  const auto command_for = [this](Cluster::Rule rule) {
    return Command{2, [this, rule](const Words& words) {
                     cluster().rule(rule, id_of(words[0]), id_of(words[1]), kind_at(words, 2));
                   }};
  };
  commands_["lose"] = command_for(Cluster::Rule::drop);
  commands_["hold"] = command_for(Cluster::Rule::hold);
  commands_["double"] = command_for(Cluster::Rule::duplicate);
  commands_["isolate"] = {1, [this](const Words& words) {
                            for (const std::string& word : words) cluster().isolate(id_of(word));
                          }};
  // partition n1 n2 from n3 n4 n5
  commands_["partition"] = {3, [this](const Words& words) {
                              std::vector<std::uint64_t> one;
                              std::vector<std::uint64_t> other;
                              bool is_other = false;
                              for (const std::string& word : words) {
                                if (word == "from")
                                  is_other = true;
                                else
                                  (is_other ? other : one).push_back(id_of(word));
                              }
                              cluster().partition(one, other);
                            }};
  commands_["heal"] = {0, [this](const Words&) { cluster().heal(); }};
  commands_["deliver"] = {
      2, [this](const Words& words) {
        for (const Message& message : cluster().take(id_of(words[0]), id_of(words[1]), kind_at(words, 2)))
          cluster().deliver(message);
      }};
  commands_["discard"] = {
      2, [this](const Words& words) {
        for (const Message& message : cluster().take(id_of(words[0]), id_of(words[1]), kind_at(words, 2))) {
          told_.push_back("lost: " + describe(message));
        }
      }};
  commands_["unreachable"] = {
      2, [this](const Words& words) { cluster().step(id_of(words[0]), Unreachable{ServerId{id_of(words[1])}}); }};
}

void Teller::add_disk_commands() {
  // disk n1 slow | fast | finish; apply n1 slow | fast
  commands_["disk"] = {2, [this](const Words& words) {
                         Cluster::Server& server = cluster().server(id_of(words[0]));
                         if (words[1] == "finish") return cluster().finish_write(id_of(words[0]));
                         server.holds_disk = words[1] == "slow";
                       }};
  commands_["apply"] = {
      2, [this](const Words& words) { cluster().server(id_of(words[0])).holds_apply = words[1] == "slow"; }};
}

void Teller::add_looking_commands() {
  commands_["status"] = {0, [this](const Words&) { print_status(); }};
  commands_["log"] = {1, [this](const Words& words) {
                        for (const std::string& word : words) print_log(id_of(word));
                      }};
  commands_["members"] = {1, [this](const Words& words) {
                            for (const std::string& word : words)
                              told_.push_back(word + " uses " + describe(cluster().core(id_of(word)).membership()));
                          }};
  commands_["progress"] = {1, [this](const Words& words) { print_progress(id_of(words[0])); }};
}

void Teller::print_status() {
  for (const auto id : cluster().ids()) {
    const std::string name = name_of(ServerId{id});
    if (!cluster().is_up(id)) {
      told_.push_back(name + " is down");
      continue;
    }
    const Core& core = cluster().core(id);
    std::ostringstream out;
    out << name << ' ' << role_name(core.role()) << ", term " << core.term() << ", vote "
        << name_of(core.hard_state().vote) << ", leader " << name_of(core.leader()) << ", last " << core.log().last()
        << '@' << core.log().last_term() << ", stable " << core.stable() << ", commit " << core.commit() << ", applied "
        << core.applied();
    told_.push_back(out.str());
  }
}

void Teller::print_log(std::uint64_t id) {
  const Core& core = cluster().core(id);
  std::string text;
  for (Index index = core.log().first(); index <= core.log().last(); index = index.next()) {
    text += text.empty() ? "" : ", ";
    text += core.log().is_cached(index) ? describe(core.log().cached(index))
                                        : describe(cluster().server(id).disk.entry(index));
  }
  told_.push_back(name_of(ServerId{id}) + " has " + text);
}

void Teller::print_progress(std::uint64_t id) {
  for (const auto& [server, progress] : cluster().leader_of(id).peers) {
    std::ostringstream out;
    out << name_of(server) << ' ' << (progress.state() == Progress::State::probe ? "is probed" : "is sent") << " from "
        << progress.next() << ", has " << progress.match();
    told_.push_back(out.str());
  }
}

}  // namespace parley::scenario
