// watch
#include <utility>

#include "client/change_feed.hpp"
#include "client/cli/batch_line.hpp"
#include "client/cli/command.hpp"
#include "client/key_watch.hpp"
#include "common/base/entropy.hpp"
#include "common/daemon/exit_code.hpp"

namespace parley::client::cli {
namespace {

using Previous = app::ChangeRecord::Previous;

class Watch final : public Command {
 public:
  void declare(config::OptionTable& table) override {
    table.number("from", &from_, {.min = 0, .max = UINT64_MAX},
                 {.meaning = "the first entry that is of interest; 0: what is committed from now on",
                  .where = config::Where::flag_only});
    table.flag("previous", &with_previous_,
               {.meaning = "also what was there before each change, as far back as nodes have it in memory",
                .where = config::Where::flag_only});
  }

  int run(Environment& environment, const std::vector<std::string>& arguments) override {
    if (!arguments.empty()) prefix_ = arguments[0];
    KeyWatch::Options options;
    options.servers = environment.client.configured_servers();
    if (from_ > 0) options.from = Index{from_};
    options.prefix = prefix_;
    options.with_previous = with_previous_;
    options.patience_us = environment.client.timeout_us();
    options.seed = draw_u64();
    KeyWatch::Calls calls;
    calls.change = [&](const Change& change) { return print(environment, change); };
    calls.said = [&](const std::string& what) { say(environment, what); };
    calls.is_gone = [&](const FeedGone& gone) { lies_further_back_ = gone.first > 0; };
    KeyWatch watch(environment.network, environment.clock, std::move(options), std::move(calls));
    const Status ended = watch.run();
    if (!ended && lies_further_back_ && !with_previous_)
      return watch_log(environment, watch.position()->next(), ended.error());
    return code_of(environment, ended);
  }

 private:
  /// What the nodes have no more in memory is in the logs of those that serve them.
  int watch_log(Environment& environment, Index from, const Error& why) {
    if (environment.context == nullptr) return code_of(environment, std::unexpected(why));
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
      say(environment, why.what + "; further back only nodes that were started with -hrecov serve their logs");
      return answer_is_no;
    }
    options.from = from;
    options.prefix = prefix_;
    options.patience_us = environment.client.timeout_us();
    ChangeFeed::Calls calls;
    calls.change = [&](const Change& change) { return print(environment, change); };
    calls.said = [&](const std::string& what) { say(environment, what); };
    return code_of(environment,
                   ChangeFeed(*environment.context, environment.clock, std::move(options), std::move(calls)).run());
  }

  static int code_of(Environment& environment, const Status& ended) {
    if (ended) return answer_is_no;  // nobody reads what is printed
    say(environment, ended.error().what);
    return daemon::exit_code(ended.error().code);
  }

  static void say(Environment& environment, const std::string& what) {
    environment.err << "parley: " << what << std::endl;
  }

  /// False if nobody reads it any more.
  static bool print(Environment& environment, const Change& change) {
    if (environment.options.json) {
      environment.out << change_line(change) << std::endl;
      return environment.out.good();
    }
    environment.out << change.index.value << '\t' << (change.value ? "set" : "delete") << '\t' << change.key;
    if (change.value) environment.out << '\t' << *change.value;
    if (change.previous == Previous::value) environment.out << "\twas " << change.previous_value;
    if (change.previous == Previous::omitted) environment.out << "\twas longer than is kept";
    environment.out << std::endl;
    return environment.out.good();
  }

  std::uint64_t from_ = 0;
  bool with_previous_ = false;
  Bytes prefix_;
  bool lies_further_back_ = false;  ///< than the nodes have in memory
};

}  // namespace

std::unique_ptr<Command> make_watch() { return std::make_unique<Watch>(); }

}  // namespace parley::client::cli
