// watch
#include <utility>

#include "client/change_feed.hpp"
#include "client/cli/batch_line.hpp"
#include "client/cli/command.hpp"
#include "common/daemon/exit_code.hpp"

namespace parley::client::cli {
namespace {

class Watch final : public Command {
 public:
  void declare(config::OptionTable& table) override {
    table.number("from", &from_, {.min = 0, .max = UINT64_MAX},
                 {.meaning = "the first entry that is of interest; 0: what is committed from now on",
                  .where = config::Where::flag_only});
  }

  int run(Environment& environment, const std::vector<std::string>& arguments) override {
    if (environment.context == nullptr) return wrong(environment, "watch: not here");
    const Outcome outcome = wait_for(environment.client, [&](Callback callback) {
      environment.client.submit(wire::MembersRequest{}, std::move(callback));
    });
    const auto* members = std::get_if<wire::MembersReply>(&outcome.body);
    if (!outcome.ok() || members == nullptr) return explain(environment, outcome);
    ChangeFeed::Options options;
    options.cluster = outcome.cluster;
    for (const wire::MemberInfo& member : members->members) {
      const auto address = Address::parse(member.recovery_address);
      if (member.role != "logger" && address && address->port() != 0) options.nodes.push_back(*address);
    }
    if (options.nodes.empty()) {
      environment.err << "parley: no node of the cluster serves what is committed: none was started with -hrecov"
                      << std::endl;
      return answer_is_no;
    }
    if (from_ > 0) options.from = Index{from_};
    if (!arguments.empty()) options.prefix = arguments[0];
    options.patience_us = environment.client.timeout_us();
    ChangeFeed::Calls calls;
    calls.change = [&](const Change& change) { return print(environment, change); };
    calls.said = [&](const std::string& what) { environment.err << "parley: " << what << std::endl; };
    const Status ended =
        ChangeFeed(*environment.context, environment.clock, std::move(options), std::move(calls)).run();
    if (ended) return answer_is_no;  // nobody reads what is printed
    environment.err << "parley: " << ended.error().what << std::endl;
    return daemon::exit_code(ended.error().code);
  }

 private:
  /// False if nobody reads it any more.
  static bool print(Environment& environment, const Change& change) {
    if (environment.options.json) {
      environment.out << change_line(change) << std::endl;
    } else {
      environment.out << change.index.value << '\t' << (change.value ? "set" : "delete") << '\t' << change.key;
      if (change.value) environment.out << '\t' << *change.value;
      environment.out << std::endl;
    }
    return environment.out.good();
  }

  std::uint64_t from_ = 0;
};

}  // namespace

std::unique_ptr<Command> make_watch() { return std::make_unique<Watch>(); }

}  // namespace parley::client::cli
