#include "recovery/installer.hpp"

#include <limits>

namespace parley::recovery {
namespace {

constexpr std::uint64_t as_long_as_it_takes = std::numeric_limits<std::int32_t>::max();

}  // namespace

Result<std::unique_ptr<Installer>> Installer::start(const std::filesystem::path& folder, BuildOptions options,
                                                    const Clock& clock, const mq::Signaler& bell) {
  std::unique_ptr<Installer> made(new Installer(clock, bell));
  Installer* const self = made.get();
  auto actor = mq::Actor::start(
      "install", [self] { self->orders_.wake(); },
      [folder, options]() -> Result<State> {
        auto builder = StateBuilder::begin(folder, options);
        if (!builder) return std::unexpected(builder.error());
        return State{std::move(*builder)};
      },
      [self](State& state, std::stop_token stop) { return self->run(state, std::move(stop)); });
  if (!actor) return std::unexpected(actor.error());
  made->actor_ = std::move(*actor);
  return made;
}

void Installer::add_rows(SharedBytes rows) {
  waiting_bytes_ += rows.size();
  order(std::move(rows));
}

void Installer::add_entries(std::vector<transfer::RangeEntry> entries, std::size_t bytes) {
  waiting_bytes_ += bytes;
  order(Entries{std::move(entries), bytes});
}

void Installer::take_news() {
  news_.drain(taken_);
  for (News& news : taken_) {
    waiting_bytes_ -= news.bytes;
    has_image_ = has_image_ || news.has_image;
    if (news.error && !error_) error_ = std::move(news.error);
    if (news.installed) installed_ = std::move(news.installed);
    if (news.looked) looked_ = news.looked;
  }
  taken_.clear();
}

// --- in its thread ---

Status Installer::run(State& state, std::stop_token stop) {
  std::vector<Order> batch;
  while (!stop.stop_requested()) {
    orders_.drain(batch);
    for (Order& order : batch) {
      if (stop.stop_requested() || state.has_failed) break;
      News news = carry_out(state, order);
      state.has_failed = news.error.has_value();
      news_.post(std::move(news));
      bell_.signal();
    }
    orders_.wait(as_long_as_it_takes);
  }
  return {};
}

Installer::News Installer::carry_out(State& state, Order& order) {
  const std::uint64_t begin_us = clock_.now().monotonic_us;
  News news;
  if (const auto* rows = std::get_if<SharedBytes>(&order)) news.bytes = rows->size();
  if (const auto* entries = std::get_if<Entries>(&order)) news.bytes = entries->bytes;
  news.has_image = std::holds_alternative<transfer::ImageHead>(order);
  const auto* ending = std::get_if<Ending>(&order);
  Status done;
  if (ending != nullptr) {
    state.builder.settle();
    Installed installed{state.builder.meta(), state.builder.incomplete_key(), state.builder.last_complete(), 0};
    done = *ending == Ending::finish ? state.builder.finish() : state.builder.sync();
    if (done) news.installed = std::move(installed);
  } else if (std::holds_alternative<Look>(order)) {
    state.builder.settle();
    news.looked = {!state.builder.incomplete_key(), state.builder.last_complete(), state.builder.completed()};
    state.builder.watch_completion();
  } else {
    done = carry_out(state.builder, order);
  }
  if (!done) news.error = done.error();
  state.work_us += clock_.now().monotonic_us - begin_us;
  if (news.installed) news.installed->work_us = state.work_us;
  return news;
}

Status Installer::carry_out(StateBuilder& builder, Order& order) {
  if (const auto* rows = std::get_if<SharedBytes>(&order)) return builder.add_rows(rows->view());
  if (auto* entries = std::get_if<Entries>(&order)) return builder.apply(std::move(entries->entries));
  if (const auto* head = std::get_if<transfer::ImageHead>(&order)) return builder.end_image(*head);
  return builder.drop_rows();
}

}  // namespace parley::recovery
