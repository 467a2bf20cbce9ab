#include "node/store_actor.hpp"

#include <utility>

#include "common/base/ensure.hpp"
#include "common/base/entropy.hpp"
#include "common/base/limits.hpp"

namespace parley::node {
namespace {

/// Words about images that may wait: those of a window to and from every member.
constexpr std::size_t mailbox_capacity = limits::members * 2 * limits::image_window_chunks;
constexpr std::uint64_t idle_us = 3'600'000'000;
/// How often a flush that found no room looks for some, and images look for what is late.
constexpr std::uint64_t retry_us = 200'000;
/// With more room left than this a flush that found none will not find any: it is the engine's own that is full.
constexpr std::uintmax_t little_room_bytes = limits::overlay_bytes;
/// And with less than this another attempt would be in vain.
constexpr std::uintmax_t least_room_bytes = limits::MiB;

std::uintmax_t free_bytes(const std::filesystem::path& folder) {
  std::error_code unknown;
  const auto space = std::filesystem::space(folder, unknown);
  return unknown ? little_room_bytes : space.available;
}

}  // namespace

StoreActor::StoreActor(const Clock& clock, obs::Logger logger)
    : clock_(clock), logger_(std::move(logger)), mailbox_(mailbox_capacity) {}

Status StoreActor::start(store::Backend& backend, std::filesystem::path folder, Callbacks callbacks) {
  callbacks_ = std::move(callbacks);
  ImageDesk::Calls calls;
  calls.send = [this](ServerId to, transfer::Message message) {
    callbacks_.order(replica::SendTransfer{to, std::move(message)});
  };
  calls.sent = [this](raft::ImageSent sent) {
    callbacks_.image_sent(sent.peer);
    callbacks_.order(sent);
  };
  calls.received = [this](raft::ImageReceived received) { callbacks_.order(std::move(received)); };
  calls.said = [this](const std::string& text) { logger_.info("{}", text); };
  calls.warned = [this](const std::string& text) { logger_.warn("{}", text); };
  auto actor = mq::Actor::start(
      "store", [this] { mailbox_.wake(); },
      [&]() -> Result<std::unique_ptr<State>> {
        return std::make_unique<State>(backend, std::move(folder), std::move(calls), callbacks_.image_kept, draw_u64());
      },
      [this](std::unique_ptr<State>& state, const std::stop_token& stop) { return run(*state, stop); });
  if (!actor) return std::unexpected(actor.error());
  actor_ = std::move(*actor);
  return {};
}

Status StoreActor::run(State& state, const std::stop_token& stop) {
  Status ended = work_off(state, stop);
  if (!ended) {
    logger_.error("{}; the store can no longer be trusted, this replica stops", ended.error().what);
    callbacks_.failed(ended.error());
  }
  return ended;
}

Status StoreActor::work_off(State& state, const std::stop_token& stop) {
  std::vector<Work> items;
  while (true) {
    const bool has_work = mailbox_.drain(items);
    if (Status status = work(state, items); !status) return status;
    if (has_work) continue;
    // What is not flushed stands in the log.
    if (stop.stop_requested()) return {};
    const bool is_keeping = state.keeper.step();
    const auto more = state.backend.step();
    if (!more) return std::unexpected(more.error());
    if (!*more && !is_keeping) mailbox_.wait(state.waiting || state.images.is_sending() ? retry_us : idle_us);
  }
}

Status StoreActor::work(State& state, std::vector<Work>& items) {
  if (state.waiting && free_bytes(state.folder) >= least_room_bytes) {
    if (Status flushed = flush_waiting(state); !flushed) return flushed;
  }
  for (Work& item : items) {
    Status done = std::visit([&](auto& each) { return on(state, each); }, item);
    if (!done) return done;
  }
  items.clear();
  if (!state.range_images.is_empty() && state.backend.is_crowded()) state.range_images.give_up();
  state.images.tick(now_ms());
  return {};
}

Status StoreActor::on(State& state, Flush& flush) {
  ENSURE(!state.waiting);
  state.waiting = std::move(flush.overlay);
  return flush_waiting(state);
}

/// A commit that found no room on the disk is tried again; any other that fails is the last.
Status StoreActor::flush_waiting(State& state) {
  const Status committed = state.backend.commit(*state.waiting);
  const bool is_full = !committed && committed.error().code == ErrorCode::disk_full;
  if (!committed && (!is_full || free_bytes(state.folder) >= little_room_bytes)) return committed;
  if (!committed && !state.is_full) logger_.warn("no room to flush to the store: {}", committed.error().what);
  set_full(state, !committed);
  if (!committed) return {};
  state.waiting.reset();
  callbacks_.flushed();
  return {};
}

void StoreActor::set_full(State& state, bool is_full) {
  if (std::exchange(state.is_full, is_full) != is_full) callbacks_.order(replica::StoreRoom{is_full});
}

Status StoreActor::on(State& state, SendImage& send) { return state.images.begin(send.peer, now_ms()); }

Status StoreActor::on(State& state, GiveUpImage& given_up) {
  state.images.give_up(given_up.peer);
  return {};
}

Status StoreActor::on(State& state, StopSending&) {
  state.images.stop_sending();
  return {};
}

Status StoreActor::on(State& state, RefuseImage&) {
  state.images.refuse();
  return {};
}

Status StoreActor::on(State& state, InstallImage&) {
  // What waits to be flushed belongs to the state that was.
  state.waiting.reset();
  set_full(state, false);
  state.images.stop_sending();
  state.range_images.give_up();
  state.keeper.give_up();
  if (Status installed = state.images.install(); !installed) return installed;
  auto machine = StateMachine::open(state.backend);
  if (!machine) return std::unexpected(machine.error());
  logger_.info("the state is an image now, as of entry {}", (*machine)->applied().value);
  callbacks_.installed(std::move(*machine));
  return {};
}

Status StoreActor::on(State& state, KeepImage& keep) {
  state.keeper.begin(keep.cluster, std::move(keep.writer));
  return {};
}

Status StoreActor::on(State& state, Arrived& arrived) {
  state.images.take(arrived.from, arrived.message, now_ms());
  return {};
}

Status StoreActor::on(State& state, Restarted& restarted) {
  state.images.peer_restarted(restarted.peer);
  return {};
}

Status StoreActor::on(State& state, OpenRangeImage& open) {
  callbacks_.serve(state.range_images.open(open.ticket, open.at_or_below));
  return {};
}

Status StoreActor::on(State& state, ReadRangeImage& read) {
  if (auto rows = state.range_images.read(read.ticket)) callbacks_.serve(std::move(*rows));
  return {};
}

Status StoreActor::on(State& state, CloseRangeImage& close) {
  state.range_images.close(close.ticket);
  return {};
}

}  // namespace parley::node
