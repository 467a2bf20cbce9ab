// bench
#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>

#include <fmt/core.h>

#include "client/cli/command.hpp"
#include "client/cluster_status.hpp"
#include "client/load/load.hpp"
#include "client/load/operations.hpp"
#include "client/load/preset.hpp"
#include "client/load/report.hpp"
#include "common/base/chat_limits.hpp"
#include "common/base/load_limits.hpp"
#include "common/config/addresses.hpp"
#include "common/mq/descriptor_limit.hpp"

namespace parley::client::cli {
namespace {

using load::TargetName;

/// Files that the process has open anyway, and those that a client takes while it looks for the leader.
constexpr std::uint64_t descriptors = 128;
constexpr std::uint64_t descriptors_per_socket = 10;

/// Processor time of this process so far, in microseconds.
std::uint64_t cpu_us() {
  rusage usage{};
  (void)getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(time.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

config::Checked<TargetName> read_target(std::string_view text) {
  TargetName target;
  target.name = text;
  std::istringstream servers(target.name);
  for (std::string server; std::getline(servers, server, '+');) {
    auto address = config::read_target(server);
    if (!address) return std::unexpected(address.error());
    target.servers.push_back(*std::move(address));
  }
  if (target.servers.empty() || text.ends_with('+'))
    return std::unexpected(config::in_quotes(text) + " lacks a server");
  return target;
}

config::About flag(std::string meaning) {
  return config::About{.meaning = std::move(meaning), .where = config::Where::flag_only};
}

std::string meaning_of_mix() {
  std::string meaning = "operations and their weights:";
  for (const load::OperationKind& kind : load::operation_kinds()) {
    meaning += fmt::format("{} {} {}", kind.name == "set" ? "" : ";", kind.name, kind.meaning);
  }
  return meaning;
}

std::string meaning_of_preset() {
  std::string meaning = "flags that are not given are those of an experiment:";
  for (const load::Preset& preset : load::presets()) meaning += fmt::format(" {}: {};", preset.name, preset.flags);
  meaning.pop_back();
  return meaning;
}

class Bench final : public Command {
 public:
  void declare(config::OptionTable& table) override {
    declare_amount(table);
    declare_operations(table);
    declare_time(table);
    std::vector<std::string> names;
    for (const load::Preset& preset : load::presets()) names.emplace_back(preset.name);
    auto preset = flag(meaning_of_preset());
    preset.shown_default = "none";
    table.choice("preset", &preset_, std::move(names), std::move(preset));
    table.parsed_list<TargetName>(
        "targets", &targets_, read_target,
        {.meaning = "load several clusters, or servers of one, at once, each with all that is "
                    "said here; servers of a target are parted by +",
         .value = "A+B+C,D,...",
         .shown_default = "one, of -servers",
         .where = config::Where::flag_only});
    table.text("csv", &csv_,
               {.meaning = "write a row for each second there; - is standard output, in place of the table",
                .value = "FILE",
                .where = config::Where::flag_only});
  }

  config::Checked<void> given(const config::Parsed& parsed) override {
    for (const load::Preset& preset : load::presets()) {
      if (preset.name == preset_) return apply(preset, parsed);
    }
    return {};
  }

  int run(Environment& environment, const std::vector<std::string>&) override {
    options_.think_ms = think_ms_ == not_given ? environment.options.thinking_time_ms : think_ms_;
    if (targets_.empty()) targets_ = {target_of(environment.options.servers)};
    if (const std::string problem = problem_of_options(environment); !problem.empty())
      return wrong(environment, problem);
    std::ofstream csv;
    if (!csv_.empty() && csv_ != "-") {
      csv.open(csv_, std::ios::binary | std::ios::trunc);
      if (!csv.is_open()) return wrong(environment, "-csv: " + csv_ + " cannot be written");
    }
    if (const int problem = ask_targets(environment); problem != done) return problem;
    std::ostream* const rows = csv_.empty() ? nullptr : csv_ == "-" ? &environment.out : &csv;
    const int code = measure(environment, rows);
    if (rows != &csv || csv.flush().good()) return code;
    environment.err << "parley: " << csv_ << " could not be written" << std::endl;
    return answer_is_no;
  }

 private:
  static constexpr std::uint64_t not_given = UINT64_MAX;

  void declare_amount(config::OptionTable& table) {
    table.number("clients", &options_.clients, {.min = 1, .max = limits::load_clients},
                 flag("simulated clients, which go on after errors"));
    table.number("outstanding", &options_.outstanding, {.min = 1, .max = limits::load_outstanding},
                 flag("requests that each client has unanswered, or with -rate at most"));
    table.number(
        "rate", &options_.rate, {.min = 0, .max = limits::load_rate, .unit = "a second"},
        flag("requests begin at this rate whatever is unanswered (an open loop); where no client is free, as "
             "soon as one is, and their latency counts from their time; 0: each client waits for its answers"));
    table.number("sockets", &options_.sockets, {.min = 1, .max = limits::load_sockets},
                 flag("connections that the clients share; each takes 256 writes at once, the rest wait"));
  }

  void declare_operations(config::OptionTable& table) {
    table.parsed<load::Mix>("mix", &options_.mix, load::Mix::parse,
                            {.meaning = meaning_of_mix(),
                             .value = "OP=WEIGHT,...",
                             .shown_default = options_.mix.text(),
                             .where = config::Where::flag_only});
    table.parsed<load::ValueSizes>("value-size", &options_.value_size, load::ValueSizes::parse,
                                   {.meaning = "of the values written, or from one size to another, uniformly",
                                    .value = "SIZE|MIN-MAX",
                                    .shown_default = options_.value_size.text(),
                                    .where = config::Where::flag_only});
    table.number("keys", &options_.keys, {.min = 1, .max = limits::load_keys}, flag("different keys"));
    table.parsed<load::KeyDistribution>(
        "distribution", &options_.distribution, load::KeyDistribution::parse,
        {.meaning = "of the keys: uniform, sequential, or zipf with its exponent, where zipf is zipf=0.99",
         .value = "uniform|zipf=S|sequential",
         .shown_default = options_.distribution.text(),
         .where = config::Where::flag_only});
    table.choice("key-form", &options_.key_form, {{"text", load::KeyForm::text}, {"number", load::KeyForm::number}},
                 flag("keys of 16 bytes, or decimal numbers as -engine disk takes them"));
    table.flag("fill", &options_.writes_keys,
               flag("write all keys first if the mix reads; -fill=false: they are there"));
    table.number("scan-rows", &options_.scan_rows, {.min = 1, .max = limits::scan_rows},
                 flag("rows of a scan, at most"));
    declare_read_mode(table, options_.read);
    table.number("users", &options_.chat.users, {.min = 1, .max = limits::load_users},
                 flag("of the chat, made first if the mix is about it; client N acts as user N"));
    table.number("chats", &options_.chat.chats, {.min = 1, .max = limits::load_chats}, flag("made with them"));
    table.number("chats-per-user", &options_.chat.chats_per_user, {.min = 1, .max = limits::chats_per_user},
                 flag("that each user is in"));
  }

  void declare_time(config::OptionTable& table) {
    const config::DurationRange seconds{.min_ms = 0, .max_ms = limits::load_ms, .plain_ms = 1'000};
    const config::DurationRange positive_seconds{.min_ms = 1, .max_ms = limits::load_ms, .plain_ms = 1'000};
    const config::DurationRange milliseconds{.min_ms = 0, .max_ms = limits::load_ms, .plain_ms = 1};
    table.duration("time", &options_.time_ms, positive_seconds, flag("how long to measure"));
    auto requests = flag("measure so many requests instead");
    requests.shown_default = "none";
    table.number("requests", &options_.requests, {.min = 1}, std::move(requests));
    auto think = flag("between an answer and the client's next request; what the client file says if not given");
    think.shown_default = "0ms";
    table.duration("think", &think_ms_, milliseconds, std::move(think));
    table.duration("warmup", &options_.warmup_ms, seconds, flag("load before the measurement"));
  }

  /// The flags of a preset that were not given.
  config::Checked<void> apply(const load::Preset& preset, const config::Parsed& parsed) {
    std::vector<std::string> words;
    std::istringstream flags{std::string(preset.flags)};
    for (std::string name, value; flags >> name >> value;) {
      // A preset's number of requests gives way to a time.
      const bool is_over = name == "-requests" && parsed.given("time");
      if (!is_over && !parsed.given(name.substr(1))) words.insert(words.end(), {name, value});
    }
    config::OptionTable table({"bench"});
    declare(table);
    if (const auto applied = table.parse(words); !applied) return std::unexpected(applied.error().what);
    return {};
  }

  static TargetName target_of(const std::vector<Address>& servers) {
    TargetName target;
    for (const Address& server : servers) target.name += (target.name.empty() ? "" : "+") + server.text();
    target.servers = servers;
    return target;
  }

  /// Of flags together; empty if there is none.
  std::string problem_of_options(const Environment& environment) const {
    if (options_.sockets > options_.clients) return "-sockets: more than -clients";
    if (options_.clients * options_.outstanding > limits::load_outstanding) {
      return fmt::format("-clients and -outstanding: more than {} requests at once", limits::load_outstanding);
    }
    if (options_.mix.needs_chat() && options_.value_size.max > limits::message_bytes)
      return fmt::format("-value-size: more than the {} bytes of a message", limits::message_bytes);
    if (targets_.size() > limits::load_targets) return fmt::format("-targets: more than {}", limits::load_targets);
    if (csv_ == "-" && environment.options.json) return "-csv -: standard output has the JSON of -json";
    const std::uint64_t sockets = options_.sockets * targets_.size();
    const parley::Status enough = mq::check_descriptor_limit(descriptors + sockets * descriptors_per_socket);
    return enough ? "" : enough.error().what;
  }

  /// Learns of each target how durable it is, and which of them are of one cluster.
  int ask_targets(Environment& environment) {
    std::set<ClusterId> clusters;
    for (TargetName& target : targets_) {
      ClientSettings settings = client_settings(environment.options);
      settings.servers = target.servers;
      Client client(environment.network, environment.clock, settings);
      const auto status = ask_status(client);
      if (!status) {
        environment.err << "parley: no node answers: " << target.name << std::endl;
        return no_answer;
      }
      target.writes_keys = clusters.insert(status->cluster).second;
      for (const MemberStatus& member : status->members) {
        if (member.answer && !member.answer->fsync) durability_ = "no-fsync";
      }
    }
    return done;
  }

  int measure(Environment& environment, std::ostream* csv) {
    std::vector<load::SecondRow> rows;
    const auto observe = [&](const char* phase, const std::vector<load::Second>& seconds) {
      const load::Second all = load::sum(seconds);
      environment.err << load::progress_line(phase, all) << std::flush;
      const bool is_measured = phase == std::string_view("load");
      if (is_measured && rows.size() < limits::load_seconds_kept) rows.push_back(load::row_of(all));
      if (csv != nullptr && phase != std::string_view("prepare"))
        *csv << load::csv_rows(phase, targets_, seconds) << std::flush;
    };
    if (csv != nullptr) *csv << load::csv_header();
    load::Load load(environment.network, environment.clock, client_settings(environment.options), options_, targets_,
                    observe);
    if (options_.writes_keys && options_.mix.needs_rows())
      environment.err << fmt::format("writing {} keys first\n", options_.keys) << std::flush;
    if (options_.mix.needs_chat()) {
      environment.err << fmt::format("making {} users and {} chats first\n", options_.chat.users, options_.chat.chats)
                      << std::flush;
    }
    if (const Outcome outcome = load.prepare(); !outcome.ok()) return explain(environment, outcome);
    const std::uint64_t cpu_before_us = cpu_us();
    const std::vector<load::LoadResult> results = load.run();
    const auto used_us = static_cast<double>(cpu_us() - cpu_before_us);
    const load::LoadResult all = load::sum(results);
    const auto requests = static_cast<double>(std::max<std::uint64_t>(all.latency.count(), 1));
    const load::LoadReport report{options_, targets_, results, rows, preset_, durability_, used_us / requests};
    if (environment.options.json) {
      environment.out << load::load_json(report) << std::endl;
    } else if (csv != &environment.out) {
      environment.out << load::load_table(report) << std::flush;
    }
    return all.ops > 0 || all.error_count() == 0 ? done : no_answer;
  }

  load::LoadOptions options_;
  std::vector<TargetName> targets_;
  std::string preset_;
  std::string csv_;
  std::string durability_ = "fsync";
  std::uint64_t think_ms_ = not_given;
};

}  // namespace

std::unique_ptr<Command> make_bench() { return std::make_unique<Bench>(); }

}  // namespace parley::client::cli
