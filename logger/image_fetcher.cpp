#include "logger/image_fetcher.hpp"

#include <utility>

#include "common/base/range_limits.hpp"

namespace parley::logger {
namespace {

/// A truncation fetches one image at a time.
constexpr std::size_t mailbox_capacity = 16;
constexpr std::uint64_t idle_us = 3'600'000'000;
/// How often the thread looks whether it is to stop.
constexpr std::uint64_t look_us = 100'000;
/// How long a source may take to begin with an image.
constexpr std::uint64_t answer_us = 10'000'000;

}  // namespace

ImageFetcher::ImageFetcher(mq::Context& context, const Clock& clock, obs::Logger logger)
    : context_(context), clock_(clock), logger_(std::move(logger)), mailbox_(mailbox_capacity) {}

Status ImageFetcher::start(std::function<void(Result<Index>)> done) {
  done_ = std::move(done);
  auto actor = mq::Actor::start(
      "fetch", [this] { mailbox_.wake(); }, []() -> Result<int> { return 0; },
      [this](int&, const std::stop_token& stop) { return run(stop); });
  if (!actor) return std::unexpected(actor.error());
  actor_ = std::move(*actor);
  return {};
}

Status ImageFetcher::run(const std::stop_token& stop) {
  std::vector<WantedImage> wanted;
  while (!stop.stop_requested()) {
    if (!mailbox_.drain(wanted)) {
      mailbox_.wait(idle_us);
      continue;
    }
    for (WantedImage& each : wanted) done_(fetch_from_any(each, stop));
    wanted.clear();
  }
  return {};
}

Result<Index> ImageFetcher::fetch_from_any(WantedImage& wanted, const std::stop_token& stop) {
  Error last{ErrorCode::refused, "no member serves images: none was started with -hrecov"};
  for (const Address& source : wanted.sources) {
    auto fetched = fetch_from(source, wanted, stop);
    wanted.writer->discard();
    if (fetched || stop.stop_requested()) return fetched;
    logger_.info("no image from {}: {}", source.text(), fetched.error().what);
    last = fetched.error();
    // The disk at this side has no more to do with another source.
    if (last.code == ErrorCode::disk_full || last.code == ErrorCode::sync_failed || last.code == ErrorCode::io) break;
  }
  return std::unexpected(last);
}

Result<transport::RangeEvent> ImageFetcher::next_event(transport::RangeClient& client, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (auto event = client.await(clock_, clock_.now().monotonic_us + look_us)) return std::move(*event);
  }
  return fail(ErrorCode::refused, "the logger stops");
}

Result<Index> ImageFetcher::fetch_from(const Address& source, WantedImage& wanted, const std::stop_token& stop) {
  auto client = transport::RangeClient::connect(context_, source, {.cluster = wanted.cluster});
  if (!client) return std::unexpected(client.error());
  client->open_image(Index{}, transfer::RowsReceiver(), limits::range_window_bytes / 4, answer_us,
                     clock_.now().monotonic_us);
  archive::ImageFileWriter& writer = *wanted.writer;
  transfer::ImageHead head;
  while (true) {
    auto event = next_event(*client, stop);
    if (!event) return std::unexpected(event.error());
    Status done;
    if (const auto* begun = std::get_if<transport::ImageBegun>(&*event)) {
      head = begun->head;
      if (head.index < wanted.least) {
        return fail(ErrorCode::refused, "its image is of the state at entry " + std::to_string(head.index.value) +
                                            ", and one at " + std::to_string(wanted.least.value) +
                                            " or later is needed");
      }
      writer.expect({wanted.cluster, head});
      done = writer.begin();
    } else if (const auto* rows = std::get_if<transport::ImageRowsCame>(&*event)) {
      done = writer.add(rows->rows.view());
    } else if (std::holds_alternative<transport::ImageEnded>(*event)) {
      if (Status completed = writer.complete(head); !completed) return std::unexpected(completed.error());
      return head.index;
    } else if (const auto* failed = std::get_if<transport::AskFailed>(&*event)) {
      return std::unexpected(failed->error);
    }
    if (!done) return std::unexpected(done.error());
  }
}

}  // namespace parley::logger
