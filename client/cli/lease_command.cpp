// lease
#include <fmt/core.h>

#include "client/cli/batch_line.hpp"
#include "client/cli/command.hpp"
#include "common/base/key_value_limits.hpp"
#include "common/config/value.hpp"

namespace parley::client::cli {
namespace {

std::string seconds(std::uint64_t us) { return fmt::format("{}.{:03} s", us / 1'000'000, us / 1000 % 1000); }

class Lease final : public Command {
 public:
  int run(Environment& environment, const std::vector<std::string>& arguments) override {
    const std::string& what = arguments[0];
    const bool is_grant = what == "grant";
    const auto number = is_grant
                            ? config::read_duration_ms(arguments[1], {.min_ms = 1, .max_ms = limits::life_us / 1000})
                            : config::read_number(arguments[1], {.min = 1, .max = UINT64_MAX});
    if (!number) return wrong(environment, "lease " + what + ": " + (is_grant ? "TTL " : "ID ") + number.error());
    const app::LeaseId id{*number};
    if (is_grant) return write(environment, app::LeaseGrant{*number * 1000});
    if (what == "keep-alive") return write(environment, app::LeaseKeepAlive{id});
    if (what == "revoke") return write(environment, app::LeaseRevoke{id});
    if (what == "info") return info(environment, id);
    return wrong(environment, "lease " + config::in_quotes(what) + ": there are grant, keep-alive, revoke, info");
  }

 private:
  static int write(Environment& environment, const Write& what) {
    const Outcome outcome =
        wait_for(environment.client, [&](Callback callback) { environment.client.submit(what, std::move(callback)); });
    if (!outcome.ok()) return explain(environment, outcome);
    const auto* lease = std::get_if<app::ReplyLease>(&outcome.body);
    if (environment.options.json) {
      environment.out << answer_line(outcome) << std::endl;
    } else if (std::holds_alternative<app::LeaseGrant>(what) && lease != nullptr) {
      environment.out << lease->lease.value << std::endl;
    } else {
      environment.out << "OK" << std::endl;
    }
    return done;
  }

  static int info(Environment& environment, app::LeaseId id) {
    const Outcome outcome = wait_for(environment.client, [&](Callback callback) {
      environment.client.submit(app::LeaseInfo{id}, wire::ReadMode::linearizable, std::move(callback));
    });
    const auto* lease = std::get_if<app::ReplyLease>(&outcome.body);
    if (!outcome.ok() || lease == nullptr) return explain(environment, outcome);
    if (environment.options.json) {
      environment.out << answer_line(outcome) << std::endl;
    } else {
      environment.out << fmt::format("{} of {} left, {} keys", seconds(lease->remaining_us), seconds(lease->ttl_us),
                                     lease->keys)
                      << std::endl;
    }
    return done;
  }
};

}  // namespace

std::unique_ptr<Command> make_lease() { return std::make_unique<Lease>(); }

}  // namespace parley::client::cli
