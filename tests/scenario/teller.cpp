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
  add_image_commands();
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
  std::optional<std::uint64_t> append_bytes;
  std::optional<std::uint64_t> inflight_appends;
  std::uint64_t lease_us = 0;
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
      append_bytes = value;
    else if (name == "window")
      inflight_appends = value;
    else if (name == "lease")
      lease_us = value;
    else
      throw std::invalid_argument("no such setting: " + name);
  }
  shape.adjust = [=](Options& options) {
    options.append_bytes = append_bytes.value_or(options.append_bytes);
    options.inflight_appends = inflight_appends.value_or(options.inflight_appends);
    options.lease_us = lease_us;
  };
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
  // clock n1 US; clock all US
  commands_["clock"] = {2, [this](const Words& words) {
                          const ClockInput input{{std::stoull(words[1]), 0}};
                          for (const std::uint64_t id : cluster().ids()) {
                            const bool is_meant = words[0] == "all" || id == id_of(words[0]);
                            if (is_meant && cluster().is_up(id)) cluster().step(id, input);
                          }
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
  // read n1 [lease]
  commands_["read"] = {1, [this](const Words& words) {
                         const bool uses_lease = words.size() > 1 && words[1] == "lease";
                         cluster().read(id_of(words[0]), uses_lease);
                       }};
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
  // deliver n1 n2 [KIND] [first]
  commands_["deliver"] = {2, [this](const Words& words) {
                            for (const Message& message : take(words)) cluster().deliver(message);
                          }};
  commands_["discard"] = {2, [this](const Words& words) {
                            for (const Message& message : take(words)) {
                              if (!is_quiet_) told_.push_back("lost: " + describe(message));
                            }
                          }};
  commands_["unreachable"] = {
      2, [this](const Words& words) { cluster().step(id_of(words[0]), Unreachable{ServerId{id_of(words[1])}}); }};
}

/// All that is meant, or the first of it; the others go on as they would have.
std::vector<Message> Teller::take(Words words) {
  const bool is_one = words.back() == "first";
  if (is_one) words.pop_back();
  const auto from = id_of(words[0]);
  const auto to = id_of(words[1]);
  return cluster().take(from, to, kind_at(words, 2), is_one ? 1 : SIZE_MAX);
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
  // room n1 full | low | free
  commands_["room"] = {2, [this](const Words& words) {
                         const Room room{.for_proposals = words[1] == "free", .for_entries = words[1] != "full"};
                         cluster().step(id_of(words[0]), room);
                       }};
}

void Teller::add_image_commands() {
  commands_["trim"] = {2, [this](const Words& words) {
                         const std::uint64_t id = id_of(words[0]);
                         const Index up_to{std::stoull(words[1])};
                         if (up_to > std::min(cluster().core(id).applied(), cluster().core(id).stable()))
                           throw std::invalid_argument("only what is applied and stable may be trimmed");
                         cluster().trim(id, up_to);
                       }};
  // image n1 n3 [INDEX]
  commands_["image"] = {2, [this](const Words& words) {
                          const Index applied = cluster().core(id_of(words[0])).applied();
                          const Index at{count_of(words, 2, applied.value)};
                          cluster().receive_image(id_of(words[0]), id_of(words[1]), at);
                        }};
  // image-over n1 n3 [INDEX]
  commands_["image-over"] = {2, [this](const Words& words) {
                               ImageSent sent{ServerId{id_of(words[1])}, std::nullopt};
                               if (words.size() > 2) sent.index = Index{std::stoull(words[2])};
                               cluster().step(id_of(words[0]), sent);
                             }};
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
  std::ostringstream out;
  out << name_of(ServerId{id});
  const LogStart& start = core.log().start();
  if (start.index > Index{}) out << " begins behind " << start.index << '@' << start.term << " and";
  out << " has " << (text.empty() ? "nothing" : text);
  told_.push_back(out.str());
}

void Teller::print_progress(std::uint64_t id) {
  for (const auto& [server, progress] : cluster().leader_of(id).peers) {
    std::ostringstream out;
    out << name_of(server) << ' ';
    switch (progress.state()) {
      case Progress::State::probe: out << "is probed from " << progress.next(); break;
      case Progress::State::replicate: out << "is sent from " << progress.next(); break;
      case Progress::State::image: out << "waits for an image"; break;
    }
    out << ", has " << progress.match() << (progress.lacks_room() ? ", lacks room" : "");
    told_.push_back(out.str());
  }
}

}  // namespace parley::scenario
