// export, import
#include <utility>

#include "client/cli/batch_line.hpp"
#include "client/cli/command.hpp"
#include "client/cli/line_pump.hpp"
#include "common/base/limits.hpp"

namespace parley::client::cli {
namespace {

class Export final : public Command {
 public:
  void declare(config::OptionTable& table) override { declare_read_mode(table, mode_); }

  int run(Environment& environment, const std::vector<std::string>& arguments) override {
    const std::string prefix = arguments.empty() ? "" : arguments[0];
    std::string after;
    while (environment.out.good()) {
      Outcome outcome = wait_for(environment.client, [&](Callback callback) {
        environment.client.submit(app::Scan{prefix, after, 0}, mode_, std::move(callback));
      });
      auto* rows = std::get_if<app::ReplyRows>(&outcome.body);
      if (!outcome.ok() || rows == nullptr) return explain(environment, outcome);
      for (const app::Row& row : rows->rows) environment.out << row_line(row) << '\n';
      environment.out.flush();
      if (!rows->more || rows->rows.empty()) return done;
      after = std::move(rows->rows.back().key);
    }
    return answer_is_no;
  }

 private:
  wire::ReadMode mode_ = wire::ReadMode::linearizable;
};

class Import final : public Command {
 public:
  void declare(config::OptionTable& table) override {
    table.number("window", &window_, {.min = 1, .max = limits::client_operations / 2},
                 {.meaning = "lines in flight; with 1 the last line of a key is the one that stays",
                  .where = config::Where::flag_only});
  }

  int run(Environment& environment, const std::vector<std::string>&) override {
    if (environment.is_prompt) return wrong(environment, "import: not at the prompt, which reads the same input");
    const parley::Status read =
        pump_lines(environment, {.window = window_,
                                 .take = [&](const std::string& line) { take_line(environment, line); },
                                 .take_too_long = [&] { complain(environment, ++line_, wrong_usage, "is too long"); },
                                 .wants_more = [&] { return exit_code_ != no_answer; }});
    if (!read) complain(environment, line_ + 1, answer_is_no, read.error().what);
    if (exit_code_ == no_answer)
      environment.err << "parley: stopped behind line " << line_ << ": the cluster does not answer" << std::endl;
    if (environment.options.json) {
      environment.out << R"({"imported":)" << imported_ << R"(,"wrong":)" << wrong_ << '}' << std::endl;
    } else {
      environment.out << imported_ << " imported" << std::endl;
    }
    return exit_code_;
  }

 private:
  void take_line(Environment& environment, const std::string& line) {
    const std::uint64_t number = ++line_;
    if (line.find_first_not_of(" \t\r") == std::string::npos) return;
    const auto row = parse_row_line(line);
    if (!row) return complain(environment, number, wrong_usage, row.error().what);
    auto callback = [this, &environment, number](Outcome&& outcome) {
      if (outcome.ok()) {
        ++imported_;
        return;
      }
      const std::string why = std::string(text(outcome.word)) + (outcome.detail.empty() ? "" : ": " + outcome.detail);
      complain(environment, number, exit_code(outcome.word), why);
    };
    if (row->has_life) {
      environment.client.submit(app::SetExpiring{row->key, row->value, row->ttl_us, row->lease}, std::move(callback));
    } else {
      environment.client.submit(app::Set{row->key, row->value}, std::move(callback));
    }
  }

  /// The exit code is that of the worst line: none was answered, one is wrong, one was refused.
  void complain(Environment& environment, std::uint64_t line, ExitCode code, const std::string& why) {
    ++wrong_;
    exit_code_ = std::max(exit_code_, code);
    environment.err << "parley: line " << line << ": " << why << std::endl;
  }

  std::uint64_t window_ = 64;
  std::uint64_t line_ = 0;
  std::uint64_t imported_ = 0;
  std::uint64_t wrong_ = 0;
  ExitCode exit_code_ = done;
};

}  // namespace

std::unique_ptr<Command> make_export() { return std::make_unique<Export>(); }
std::unique_ptr<Command> make_import() { return std::make_unique<Import>(); }

}  // namespace parley::client::cli
