// txn
#include "client/cli/batch_line.hpp"
#include "client/cli/command.hpp"
#include "client/cli/transaction_json.hpp"
#include "common/base/limits.hpp"

namespace parley::client::cli {
namespace {

class Txn final : public Command {
 public:
  int run(Environment& environment, const std::vector<std::string>& arguments) override {
    const bool is_read = arguments.empty() || arguments[0] == "-";
    if (is_read && environment.is_prompt)
      return wrong(environment, "txn: at the prompt a transaction is not read from standard input");
    const auto text = is_read ? environment.input.rest(limits::client_line_bytes) : Result<std::string>(arguments[0]);
    if (!text) return wrong(environment, text.error().what);
    const auto parts = parse_transaction(*text);
    if (!parts) return wrong(environment, "txn: " + parts.error().what);
    const Outcome outcome = wait_for(environment.client, [&](Callback callback) {
      environment.client.submit(app::Transaction{*parts}, std::move(callback));
    });
    const auto* answer = std::get_if<app::ReplyTransaction>(&outcome.body);
    if (environment.options.json && answer != nullptr) environment.out << answer_line(outcome) << std::endl;
    if (!outcome.ok() || answer == nullptr) return explain(environment, outcome);
    if (!environment.options.json) print(environment, outcome, *answer);
    return done;
  }

 private:
  /// Which of the lists was done, then a line for each of its items: a value, OK, or why there was nothing to do.
  static void print(Environment& environment, const Outcome& outcome, const app::ReplyTransaction& answer) {
    environment.out << (answer.held ? "then" : "else") << '\n';
    for (const app::ItemResult& item : answer.items) {
      if (item.value) {
        environment.out << *item.value << '\n';
      } else {
        environment.out << (item.word == ErrorWord::ok ? "OK" : text(item.word)) << '\n';
      }
    }
    environment.out.flush();
    if (!outcome.values_left_out) return;
    environment.err << "parley: it was sent more than once, and what it has read was too long to be kept" << std::endl;
  }
};

}  // namespace

std::unique_ptr<Command> make_txn() { return std::make_unique<Txn>(); }

}  // namespace parley::client::cli
