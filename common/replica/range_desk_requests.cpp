// What receivers ask of a RangeDesk.
#include <algorithm>

#include "common/base/range_limits.hpp"
#include "common/replica/range_desk.hpp"

namespace parley::replica {
namespace {

/// After which somebody who was refused for want of room may ask again.
constexpr std::uint32_t busy_retry_ms = 1000;
/// Clusters that an explanation names.
constexpr std::size_t clusters_named = 20;

/// The newest ones.
template <class T>
void keep_last(std::vector<T>& items, std::size_t most) {
  if (items.size() > most) items.erase(items.begin(), items.end() - static_cast<std::ptrdiff_t>(most));
}

std::string text(Index index) { return std::to_string(index.value); }

}  // namespace

void RangeDesk::take(const transport::ClientKey& from, const wire::RangeRequest& request, std::uint64_t now_us) {
  now_us_ = now_us;
  const StreamKey key{from, request.id};
  std::visit([&](const auto& body) { handle(key, request, body); }, request.body);
  sweep();
}

void RangeDesk::answer(const StreamKey& key, const ClusterId& cluster, wire::RangeReplyBody body) {
  const auto source = sources_.find(cluster);
  const wire::RangeReply reply{cluster, source == sources_.end() ? "" : source->second.name, key.second,
                               std::move(body)};
  if (send_to(key.first, reply) == Sent::gone) connection_gone(key.first);
}

RangeDesk::Sent RangeDesk::send_to(const transport::ClientKey& client, const wire::RangeReply& reply) {
  const auto account = accounts_.find(client);
  return calls_.send(client, reply, account == accounts_.end() ? 0 : account->second.window);
}

void RangeDesk::refuse(const StreamKey& key, const ClusterId& cluster, ErrorWord word, std::string detail) {
  answer(key, cluster, wire::RangeErrorReply{word, std::move(detail), 0, {}});
}

void RangeDesk::refuse_as_busy(const StreamKey& key, const ClusterId& cluster, std::string detail) {
  ++stats_.busy;
  answer(key, cluster, wire::RangeErrorReply{ErrorWord::busy, std::move(detail), busy_retry_ms, {}});
}

/// The source that is meant, or an answer why there is none. A cluster that was not named becomes the one there is.
RangeDesk::Source* RangeDesk::find_source(const StreamKey& key, ClusterId& cluster) {
  if (sources_.empty()) {
    refuse(key, cluster, ErrorWord::not_member, "no cluster is served here yet");
    return nullptr;
  }
  if (cluster.is_nil() && sources_.size() == 1) cluster = sources_.begin()->first;
  const auto found = sources_.find(cluster);
  if (found != sources_.end()) return &found->second;
  std::string served;
  std::size_t named = 0;
  for (const auto& [id, source] : sources_) {
    if (++named > clusters_named) break;
    served += (served.empty() ? "" : ", ") + id.text();
  }
  if (cluster.is_nil()) {
    refuse(key, cluster, ErrorWord::invalid, "several clusters are served here, and the request names none: " + served);
  } else {
    refuse(key, cluster, ErrorWord::denied, "cluster " + cluster.text() + " is not served here, but " + served);
  }
  return nullptr;
}

/// True if a stream with this window may be opened; otherwise it was answered.
bool RangeDesk::may_open(const StreamKey& key, const ClusterId& cluster, std::uint64_t window) {
  if (streams_.contains(key)) {
    refuse(key, cluster, ErrorWord::invalid, "the id " + std::to_string(key.second) + " is that of an open stream");
    return false;
  }
  if (window == 0) {
    refuse(key, cluster, ErrorWord::invalid, "a window of no bytes");
    return false;
  }
  if (window > limits::range_window_bytes) {
    refuse(key, cluster, ErrorWord::too_large,
           "a window of " + std::to_string(window) + " bytes; a stream may have " +
               std::to_string(limits::range_window_bytes) + " on their way");
    return false;
  }
  const auto account = accounts_.find(key.first);
  if (account != accounts_.end() && (account->second.streams >= limits::range_streams_per_connection ||
                                     account->second.window + window > limits::range_window_bytes)) {
    refuse_as_busy(key, cluster, "this connection has as many streams open as it may have");
    return false;
  }
  if (streams_.size() >= limits::range_streams_in_all || window_in_all_ + window > limits::range_window_in_all) {
    refuse_as_busy(key, cluster, "as many streams are open as may be");
    return false;
  }
  if (calls_.unread() + window_in_all_ + window > limits::range_unread_in_all) {
    refuse_as_busy(key, cluster, "too much was sent that nobody reads");
    return false;
  }
  return true;
}

RangeDesk::Stream& RangeDesk::open(const StreamKey& key, Stream stream) {
  ++stats_.streams;
  Account& account = accounts_[key.first];
  ++account.streams;
  account.window += stream.window;
  window_in_all_ += stream.window;
  stream.spoke_us = now_us_;
  Stream& opened = streams_.emplace(key, std::move(stream)).first->second;
  next_due_us_ = std::min(next_due_us_, due_us(opened));
  return opened;
}

void RangeDesk::handle(const StreamKey& key, const wire::RangeRequest& request, const wire::HeadRequest&) {
  ClusterId cluster = request.cluster;
  const Source* source = find_source(key, cluster);
  if (source == nullptr) return;
  transfer::RangeHead head = source->head;
  keep_last(head.gaps, limits::range_gaps);
  keep_last(head.images, limits::range_images);
  answer(key, cluster, wire::HeadReply{std::move(head)});
}

void RangeDesk::handle(const StreamKey& key, const wire::RangeRequest& request, const wire::EntriesRequest& body) {
  ClusterId cluster = request.cluster;
  Source* source = find_source(key, cluster);
  if (source == nullptr) return;
  const bool is_feed = body.to.value == 0;
  if (body.from.value == 0 || (!is_feed && body.to < body.from)) {
    return refuse(key, cluster, ErrorWord::invalid,
                  "entries " + text(body.from) + " to " + text(body.to) + " are no interval; the first entry is 1");
  }
  if (!may_open(key, cluster, body.window)) return;
  Stream stream{.cluster = cluster,
                .window = body.window,
                .deadline_us = now_us_ + std::uint64_t{request.deadline_ms} * 1000,
                .spoke_us = 0,
                .stalled_us = std::nullopt,
                .is_over = false,
                .work = transfer::EntrySender(body.from, body.to, body.window)};
  Stream& opened = open(key, std::move(stream));
  source->has_news = true;
  check_place(key, opened);
}

void RangeDesk::handle(const StreamKey& key, const wire::RangeRequest&, const wire::CreditRequest& body) {
  const auto at = streams_.find(key);
  if (at == streams_.end()) return;
  Stream& stream = at->second;
  auto* entries = std::get_if<transfer::EntrySender>(&stream.work);
  auto* image = std::get_if<ImageStream>(&stream.work);
  const bool is_earned = entries != nullptr ? entries->grant(body.total) : image->sender.grant(body.total);
  if (!is_earned) {
    const std::string what = "a credit of " + std::to_string(body.total) + " bytes is more than was sent and a window";
    return end(key, stream, wire::RangeErrorReply{ErrorWord::invalid, what, 0, {}});
  }
  const bool has_credit = entries != nullptr ? entries->has_credit() : image->sender.wants_rows();
  if (has_credit) stream.stalled_us.reset();
  if (entries != nullptr) {
    sources_.at(stream.cluster).has_news = true;
  } else {
    read_rows(stream);
  }
}

void RangeDesk::handle(const StreamKey& key, const wire::RangeRequest&, const wire::CancelRequest&) {
  const auto at = streams_.find(key);
  if (at != streams_.end()) end(key, at->second, std::nullopt);
}

void RangeDesk::handle(const StreamKey& key, const wire::RangeRequest& request, const wire::ImageRequest& body) {
  ClusterId cluster = request.cluster;
  Source* source = find_source(key, cluster);
  if (source == nullptr || !may_open(key, cluster, body.window)) return;
  const bool must_match = body.sequence > 0;
  if (must_match && body.index.value == 0) {
    return refuse(key, cluster, ErrorWord::invalid, "whoever goes on with an image says of which index it is");
  }
  if (source->images >= limits::range_images_at_once) {
    return refuse_as_busy(key, cluster, "as many images of this cluster are being sent as may be");
  }
  const RangeTicket ticket{next_ticket_.value++};
  Stream stream{
      .cluster = cluster,
      .window = body.window,
      .deadline_us = now_us_ + std::uint64_t{request.deadline_ms} * 1000,
      .spoke_us = 0,
      .stalled_us = std::nullopt,
      .is_over = false,
      .work = ImageStream{ticket, body.index, must_match,
                          transfer::RowsSender(transfer::TransferId{key.second}, body.sequence, body.window)}};
  open(key, std::move(stream));
  ++source->images;
  images_.emplace(ticket, key);
  source->source->open_image(ticket, body.index.value == 0 ? Index{UINT64_MAX} : body.index);
}

void RangeDesk::handle(const StreamKey& key, const wire::RangeRequest& request, const wire::TruncateRequest& body) {
  ClusterId cluster = request.cluster;
  Source* source = find_source(key, cluster);
  if (source == nullptr) return;
  const auto name = NodeId::parse(body.name);
  if (!name || body.server.is_nobody() || body.first_kept.value == 0) {
    return refuse(key, cluster, ErrorWord::invalid, "a vote names a member, its incarnation and the first entry kept");
  }
  if (votes_.size() >= limits::range_votes_in_all)
    return refuse_as_busy(key, cluster, "too many votes for a truncation are unanswered");
  const RangeTicket ticket{next_ticket_.value++};
  const std::uint64_t deadline_us = now_us_ + std::uint64_t{request.deadline_ms} * 1000;
  votes_.emplace(ticket, Vote{key, cluster, deadline_us});
  next_due_us_ = std::min(next_due_us_, deadline_us);
  source->source->truncate(ticket, body.server, *name, body.first_kept);
}

}  // namespace parley::replica
