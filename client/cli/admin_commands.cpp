// status, members, remove, transfer-leader, found
#include <algorithm>
#include <utility>

#include "client/cli/command.hpp"
#include "client/cli/status_text.hpp"
#include "client/cluster_status.hpp"

namespace parley::client::cli {
namespace {

int print_ok(Environment& environment) {
  environment.out << "OK" << std::endl;
  return done;
}

Outcome ask(Environment& environment, const wire::RequestBody& request) {
  return wait_for(environment.client,
                  [&](Callback callback) { environment.client.submit(request, std::move(callback)); });
}

std::string servers_text(const Environment& environment) {
  std::string list;
  for (const Address& server : environment.options.servers) list += (list.empty() ? "" : ", ") + server.text();
  return list;
}

class Status final : public Command {
 public:
  int run(Environment& environment, const std::vector<std::string>&) override {
    auto status = ask_status(environment.client);
    if (!status) {
      environment.err << "parley: no node answers: " << servers_text(environment) << std::endl;
      return no_answer;
    }
    if (environment.context != nullptr)
      add_archives(environment.client, *status, ask_archives_over(*environment.context, environment.clock));
    for (const std::string& note : status->notes) environment.err << "parley: " << note << '\n';
    if (environment.options.json) {
      environment.out << status_json(*status) << std::endl;
    } else {
      environment.out << status_table(*status) << std::flush;
    }
    if (!status->is_divergent) return done;
    environment.err << "parley: replicas differ in what they hold at the same index: at least one is wrong"
                    << std::endl;
    return answer_is_no;
  }
};

class Members final : public Command {
 public:
  int run(Environment& environment, const std::vector<std::string>&) override {
    Outcome outcome = ask(environment, wire::MembersRequest{});
    auto* members = std::get_if<wire::MembersReply>(&outcome.body);
    if (!outcome.ok() || members == nullptr) return explain(environment, outcome);
    std::ranges::sort(members->members, {}, &wire::MemberInfo::name);
    if (environment.options.json) {
      environment.out << members_json(members->members) << std::endl;
    } else {
      environment.out << members_table(members->members) << std::flush;
    }
    return done;
  }
};

class Remove final : public Command {
 public:
  int run(Environment& environment, const std::vector<std::string>& arguments) override {
    const std::string& name = arguments[0];
    const Outcome outcome = ask(environment, wire::RemoveRequest{name});
    if (outcome.ok()) return print_ok(environment);
    // Unknown to us, but the cluster knows: if it was carried out, nobody of that name is left.
    if (outcome.word == ErrorWord::timeout && is_gone(environment, name)) return print_ok(environment);
    return explain(environment, outcome);
  }

 private:
  static bool is_gone(Environment& environment, const std::string& name) {
    const Outcome outcome = ask(environment, wire::MembersRequest{});
    const auto* members = std::get_if<wire::MembersReply>(&outcome.body);
    return members != nullptr &&
           std::ranges::find(members->members, name, &wire::MemberInfo::name) == members->members.end();
  }
};

class TransferLeader final : public Command {
 public:
  int run(Environment& environment, const std::vector<std::string>& arguments) override {
    const Outcome outcome = ask(environment, wire::TransferLeaderRequest{arguments[0]});
    if (outcome.ok()) return print_ok(environment);
    if (outcome.word == ErrorWord::timeout) {
      const auto status = ask_status(environment.client);
      if (status && status->leader == arguments[0]) return print_ok(environment);
    }
    return explain(environment, outcome);
  }
};

class Found final : public Command {
 public:
  int run(Environment& environment, const std::vector<std::string>&) override {
    std::vector<StatusAnswer> answers;
    if (const int refusal = ask_all(environment, answers); refusal != done) return refusal;
    const Address waiting = answers.front().address;
    const Outcome outcome = wait_for(environment.client, [&](Callback callback) {
      environment.client.submit_to(waiting, wire::FoundRequest{}, std::move(callback));
    });
    if (outcome.ok()) return print_ok(environment);
    if (outcome.word != ErrorWord::timeout) return explain(environment, outcome);
    std::vector<std::string> unused;
    const auto now = ask_servers(environment.client, {waiting}, Index{}, unused);
    return !now.empty() && !now.front().cluster.is_nil() ? print_ok(environment) : explain(environment, outcome);
  }

 private:
  /// A cluster beside the one that there is would be a rival; so all are asked first.
  static int ask_all(Environment& environment, std::vector<StatusAnswer>& answers) {
    std::vector<std::string> notes;
    answers = ask_servers(environment.client, environment.options.servers, Index{}, notes);
    for (const std::string& note : notes) environment.err << "parley: " << note << '\n';
    for (const StatusAnswer& answer : answers) {
      if (answer.cluster.is_nil()) continue;
      environment.err << "parley: denied: " << answer.address.text() << " is in cluster " << answer.cluster.text()
                      << std::endl;
      return answer_is_no;
    }
    if (!answers.empty()) return done;
    environment.err << "parley: no node answers: " << servers_text(environment) << std::endl;
    return no_answer;
  }
};

}  // namespace

std::unique_ptr<Command> make_status() { return std::make_unique<Status>(); }
std::unique_ptr<Command> make_members() { return std::make_unique<Members>(); }
std::unique_ptr<Command> make_remove() { return std::make_unique<Remove>(); }
std::unique_ptr<Command> make_transfer_leader() { return std::make_unique<TransferLeader>(); }
std::unique_ptr<Command> make_found() { return std::make_unique<Found>(); }

}  // namespace parley::client::cli
