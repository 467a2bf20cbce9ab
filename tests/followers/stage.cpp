#include "tests/followers/stage.hpp"

#include <atomic>
#include <future>
#include <optional>

#include <fmt/format.h>

#include "common/base/entropy.hpp"

namespace parley::followers {
namespace {

constexpr std::size_t makers = 6;
constexpr WriteOptions patient{std::chrono::seconds(60)};

Error error_of(const Failure& failure) { return {ErrorCode::refused, failure.message()}; }

Result<ChatUser> make_user(Cluster& cluster, const std::string& name, const std::string& password) {
  // It exists if an answer was lost and the name sent again.
  if (const auto made = ChatUser::create(cluster, name, password, patient); !made && made.error().word != Word::exists)
    return std::unexpected(error_of(made.error()));
  auto user = ChatUser::log_in(cluster, name, password, patient);
  if (!user) return std::unexpected(error_of(user.error()));
  return *std::move(user);
}

}  // namespace

Result<Stage> set_stage(Cluster& cluster, std::uint64_t users) {
  const std::string run = fmt::format("{:016x}", draw_u64());
  const std::string password = fmt::format("{:016x}", draw_u64());
  const std::string chat = "crowd-" + run;
  std::vector<std::optional<ChatUser>> made(users);
  const auto make = [&](std::uint64_t number) -> Status {
    auto user = make_user(cluster, fmt::format("{}-{}", run, number), password);
    if (!user) return std::unexpected(user.error());
    const auto in = number == 0 ? user->create_chat(chat, {}, false, patient) : user->join(chat, patient);
    if (!in) return std::unexpected(error_of(in.error()));
    made[number] = *std::move(user);
    return {};
  };
  if (auto first = make(0); !first) return std::unexpected(first.error());
  std::atomic<std::uint64_t> next = 1;
  const auto make_some = [&]() -> Status {
    for (std::uint64_t number = next++; number < users; number = next++) {
      if (auto done = make(number); !done) return done;
    }
    return {};
  };
  std::vector<std::future<Status>> all;
  for (std::size_t i = 0; i < makers; ++i) all.push_back(std::async(std::launch::async, make_some));
  Status done;
  for (auto& each : all) {
    if (Status ended = each.get(); !ended) done = std::move(ended);
  }
  if (!done) return std::unexpected(done.error());
  Stage stage{chat, {}};
  for (auto& user : made) stage.users.push_back(*std::move(user));
  return stage;
}

}  // namespace parley::followers
