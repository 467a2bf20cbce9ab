#include "client/cli/chat_session.hpp"

#include <utility>

#include "common/app/chat/names.hpp"
#include "common/daemon/exit_code.hpp"

namespace parley::client::cli {

int explain(Environment& environment, const Error& error) {
  environment.err << "parley: " << error.what << std::endl;
  if (error.code == ErrorCode::refused) return answer_is_no;
  // A place where tokens cannot be kept is a wrong place, as a folder where a node cannot write is.
  return error.code == ErrorCode::io ? wrong_usage : daemon::exit_code(error.code);
}

int print_ok(Environment& environment, const Outcome& outcome) {
  if (!outcome.ok()) return explain(environment, outcome);
  environment.out << "OK" << std::endl;
  return done;
}

std::optional<ChatSession> ChatSession::open(Environment& environment, int& code) {
  const auto home = parley_home();
  if (!home) {
    code = wrong(environment, "neither PARLEY_HOME nor HOME says where to keep tokens");
    return std::nullopt;
  }
  if (environment.client.cluster().is_nil()) {
    // Tokens are of a cluster, and are shown to no other.
    const Outcome outcome = wait_for(environment.client, [&](Callback callback) {
      environment.client.submit(wire::StatusRequest{}, std::move(callback));
    });
    if (!outcome.ok()) {
      code = explain(environment, outcome);
      return std::nullopt;
    }
  }
  if (environment.client.cluster().is_nil()) {
    environment.err << "parley: not_member: the server belongs to no cluster yet" << std::endl;
    code = answer_is_no;
    return std::nullopt;
  }
  return ChatSession(TokenStore(*home, environment.client.cluster()));
}

std::optional<ChatSession::LoggedIn> ChatSession::user(Environment& environment, std::string_view name,
                                                       int& code) const {
  std::string chosen(name);
  if (const auto problem = chosen.empty() ? std::nullopt : app::chat::problem_of_user_name(chosen)) {
    code = wrong(environment, "-user: " + problem->text);
    return std::nullopt;
  }
  if (chosen.empty()) {
    const auto users = tokens_.users();
    if (!users) {
      code = explain(environment, users.error());
      return std::nullopt;
    }
    if (users->size() > 1) {
      std::string names;
      for (const std::string& each : *users) names += (names.empty() ? "" : ", ") + each;
      code = wrong(environment, "-user: several are logged in: " + names);
      return std::nullopt;
    }
    if (!users->empty()) chosen = users->front();
  }
  auto kept = chosen.empty() ? Result<std::optional<TokenStore::Kept>>() : tokens_.find(chosen);
  if (!kept) {
    code = explain(environment, kept.error());
    return std::nullopt;
  }
  if (!*kept) {
    environment.err << "parley: denied: " << (chosen.empty() ? "nobody" : chosen) << " is "
                    << (chosen.empty() ? "" : "not ") << "logged in here: parley chat login NAME" << std::endl;
    code = answer_is_no;
    return std::nullopt;
  }
  return LoggedIn{std::move((*kept)->user), ChatUser(environment.client, std::move((*kept)->token))};
}

std::optional<ChatUser> acting_user(Environment& environment, int& code) {
  const auto session = ChatSession::open(environment, code);
  if (!session) return std::nullopt;
  auto found = session->user(environment, environment.options.user, code);
  return found ? std::optional(std::move(found->user)) : std::nullopt;
}

}  // namespace parley::client::cli
