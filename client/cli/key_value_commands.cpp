// get, set, delete, cas, scan
#include <utility>

#include "client/cli/command.hpp"
#include "common/base/limits.hpp"

namespace parley::client::cli {
namespace {

int print_ok(Environment& environment) {
  environment.out << "OK" << std::endl;
  return done;
}

int write(Environment& environment, const Write& what) {
  const Outcome outcome =
      wait_for(environment.client, [&](Callback callback) { environment.client.submit(what, std::move(callback)); });
  if (outcome.ok()) return print_ok(environment);
  if (outcome.word != ErrorWord::mismatch || outcome.value() == nullptr) return explain(environment, outcome);
  environment.err << "parley: mismatch: the present value is " << *outcome.value() << std::endl;
  return answer_is_no;
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
  int run(Environment& environment, const std::vector<std::string>& arguments) override {
    if (arguments[1] != "-") return write(environment, app::Set{arguments[0], arguments[1]});
    if (environment.is_prompt) return wrong(environment, "set: at the prompt a value is not read from standard input");
    const auto value = environment.input.rest(limits::value_bytes);
    if (!value) return wrong(environment, value.error().what);
    return write(environment, app::Set{arguments[0], *value});
  }
};

class Delete final : public Command {
 public:
  int run(Environment& environment, const std::vector<std::string>& arguments) override {
    return write(environment, app::Delete{arguments[0]});
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
    declare_read_mode(table, mode_);
  }

  int run(Environment& environment, const std::vector<std::string>& arguments) override {
    const std::string prefix = arguments.empty() ? "" : arguments[0];
    std::string after;
    std::uint64_t left = limit_ == 0 ? UINT64_MAX : limit_;
    while (left > 0) {
      const auto page = static_cast<std::uint32_t>(std::min<std::uint64_t>(left, limits::scan_rows));
      Outcome outcome = wait_for(environment.client, [&](Callback callback) {
        environment.client.submit(app::Scan{prefix, after, page}, mode_, std::move(callback));
      });
      auto* rows = std::get_if<app::ReplyRows>(&outcome.body);
      if (!outcome.ok() || rows == nullptr) return explain(environment, outcome);
      for (const app::Row& row : rows->rows) environment.out << row.key << '\t' << row.value << '\n';
      environment.out.flush();
      const bool is_first = after.empty();
      if (is_first) say_age(environment, outcome);  // every page behind it is as of later
      if (!rows->more || rows->rows.empty()) return done;
      after = std::move(rows->rows.back().key);
      left -= std::min<std::uint64_t>(left, rows->rows.size());
    }
    return done;
  }

 private:
  std::uint64_t limit_ = 0;
  wire::ReadMode mode_ = wire::ReadMode::linearizable;
};

}  // namespace

std::unique_ptr<Command> make_get() { return std::make_unique<Get>(); }
std::unique_ptr<Command> make_set() { return std::make_unique<Set>(); }
std::unique_ptr<Command> make_delete() { return std::make_unique<Delete>(); }
std::unique_ptr<Command> make_cas() { return std::make_unique<CompareAndSet>(); }
std::unique_ptr<Command> make_scan() { return std::make_unique<Scan>(); }

}  // namespace parley::client::cli
