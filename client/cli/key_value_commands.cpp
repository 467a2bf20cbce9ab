// get, set, delete, cas, incr, scan
#include <charconv>
#include <utility>

#include "client/cli/batch_line.hpp"
#include "client/cli/command.hpp"
#include "common/base/key_value_limits.hpp"
#include "common/config/value.hpp"

namespace parley::client::cli {
namespace {

int print_ok(Environment& environment) {
  environment.out << "OK" << std::endl;
  return done;
}

/// Of a condition that did not match it says the present value.
int explain_write(Environment& environment, const Outcome& outcome) {
  if (outcome.word != ErrorWord::mismatch || outcome.value() == nullptr) return explain(environment, outcome);
  environment.err << "parley: mismatch: the present value is " << *outcome.value() << std::endl;
  return answer_is_no;
}

int write(Environment& environment, const Write& what) {
  const Outcome outcome =
      wait_for(environment.client, [&](Callback callback) { environment.client.submit(what, std::move(callback)); });
  return outcome.ok() ? print_ok(environment) : explain_write(environment, outcome);
}

/// Not on standard output: that is the value, verbatim.
void say_age(Environment& environment, const Outcome& outcome) {
  if (!outcome.age_ms) return;
  environment.err << "parley: as of entry " << outcome.index.value << ", ";
  if (*outcome.age_ms == wire::unknown_age) {
    environment.err << "and nobody knows how old that is" << std::endl;
  } else {
    environment.err << "at most " << *outcome.age_ms << " ms old" << std::endl;
  }
}

class Get final : public Command {
 public:
  void declare(config::OptionTable& table) override { declare_read_mode(table, mode_); }
  int run(Environment& environment, const std::vector<std::string>& arguments) override {
    const Outcome outcome = wait_for(environment.client, [&](Callback callback) {
      environment.client.submit(app::Get{arguments[0]}, mode_, std::move(callback));
    });
    if (!outcome.ok() || outcome.value() == nullptr) return explain(environment, outcome);
    environment.out << *outcome.value() << std::endl;
    say_age(environment, outcome);
    return done;
  }

 private:
  wire::ReadMode mode_ = wire::ReadMode::linearizable;
};

class Set final : public Command {
 public:
  void declare(config::OptionTable& table) override {
    table.duration("ttl", &ttl_ms_, {.min_ms = 1, .max_ms = limits::life_us / 1000, .plain_ms = 1000},
                   {.meaning = "how long the key lives, unless it is set again",
                    .shown_default = "for ever",
                    .where = config::Where::flag_only});
    table.number("lease", &lease_, {.min = 1, .max = UINT64_MAX},
                 {.meaning = "the lease with which the key ends",
                  .value = "ID",
                  .shown_default = "none",
                  .where = config::Where::flag_only});
  }

  int run(Environment& environment, const std::vector<std::string>& arguments) override {
    if (ttl_ms_ != 0 && lease_ != 0) return wrong(environment, "set: a key ends after -ttl or with -lease, not both");
    if (arguments[1] != "-") return set(environment, arguments[0], arguments[1]);
    if (environment.is_prompt) return wrong(environment, "set: at the prompt a value is not read from standard input");
    const auto value = environment.input.rest(limits::value_bytes);
    if (!value) return wrong(environment, value.error().what);
    return set(environment, arguments[0], *value);
  }

 private:
  int set(Environment& environment, BytesView key, BytesView value) const {
    if (ttl_ms_ == 0 && lease_ == 0) return write(environment, app::Set{key, value});
    return write(environment, app::SetExpiring{key, value, ttl_ms_ * 1000, app::LeaseId{lease_}});
  }

  std::uint64_t ttl_ms_ = 0;
  std::uint64_t lease_ = 0;
};

class Delete final : public Command {
 public:
  void declare(config::OptionTable& table) override {
    table.parsed<std::optional<std::string>>("if", &expected_,
                                             [](std::string_view text) { return std::optional(std::string(text)); },
                                             {.meaning = "only if this is its value",
                                              .value = "VALUE",
                                              .may_be_empty = true,
                                              .where = config::Where::flag_only});
  }

  int run(Environment& environment, const std::vector<std::string>& arguments) override {
    if (!expected_) return write(environment, app::Delete{arguments[0]});
    return write(environment, app::DeleteIf{arguments[0], *expected_});
  }

 private:
  std::optional<std::string> expected_;
};

class Incr final : public Command {
 public:
  int run(Environment& environment, const std::vector<std::string>& arguments) override {
    std::int64_t by = 1;
    if (arguments.size() > 1) {
      const std::string& text = arguments[1];
      const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), by);
      if (code != std::errc() || end != text.data() + text.size())
        return wrong(environment, "incr: " + config::in_quotes(text) + " is not a whole number of 64 bits");
    }
    const Outcome outcome = wait_for(environment.client, [&](Callback callback) {
      environment.client.submit(app::Increment{arguments[0], by}, std::move(callback));
    });
    if (!outcome.ok() || outcome.value() == nullptr) return explain_write(environment, outcome);
    environment.out << *outcome.value() << std::endl;
    return done;
  }
};

class CompareAndSet final : public Command {
 public:
  int run(Environment& environment, const std::vector<std::string>& arguments) override {
    return write(environment, app::CompareAndSet{arguments[0], arguments[1], arguments[2]});
  }
};

class Scan final : public Command {
 public:
  void declare(config::OptionTable& table) override {
    table.number("limit", &limit_, {.min = 0, .max = UINT32_MAX},
                 {.meaning = "rows at most; 0 for all", .where = config::Where::flag_only});
    table.text("after", &after_,
               {.meaning = "only what lies behind this key", .value = "KEY", .where = config::Where::flag_only});
    declare_read_mode(table, mode_);
  }

  int run(Environment& environment, const std::vector<std::string>& arguments) override {
    const std::string prefix = arguments.empty() ? "" : arguments[0];
    std::string after = after_;
    bool is_first = true;
    std::uint64_t left = limit_ == 0 ? UINT64_MAX : limit_;
    while (left > 0) {
      const auto page = static_cast<std::uint32_t>(std::min<std::uint64_t>(left, limits::scan_rows));
      Outcome outcome = wait_for(environment.client, [&](Callback callback) {
        environment.client.submit(app::Scan{prefix, after, page}, mode_, std::move(callback));
      });
      auto* rows = std::get_if<app::ReplyRows>(&outcome.body);
      if (!outcome.ok() || rows == nullptr) return explain(environment, outcome);
      for (const app::Row& row : rows->rows) print(environment, row);
      environment.out.flush();
      if (std::exchange(is_first, false)) say_age(environment, outcome);  // every page behind it is as of later
      if (!rows->more || rows->rows.empty()) return done;
      after = std::move(rows->rows.back().key);
      left -= std::min<std::uint64_t>(left, rows->rows.size());
    }
    return done;
  }

 private:
  static void print(Environment& environment, const app::Row& row) {
    if (environment.options.json) {
      environment.out << row_line(row) << '\n';
    } else {
      environment.out << row.key << '\t' << row.value << '\n';
    }
  }

  std::uint64_t limit_ = 0;
  std::string after_;
  wire::ReadMode mode_ = wire::ReadMode::linearizable;
};

}  // namespace

std::unique_ptr<Command> make_get() { return std::make_unique<Get>(); }
std::unique_ptr<Command> make_set() { return std::make_unique<Set>(); }
std::unique_ptr<Command> make_delete() { return std::make_unique<Delete>(); }
std::unique_ptr<Command> make_cas() { return std::make_unique<CompareAndSet>(); }
std::unique_ptr<Command> make_incr() { return std::make_unique<Incr>(); }
std::unique_ptr<Command> make_scan() { return std::make_unique<Scan>(); }

}  // namespace parley::client::cli
