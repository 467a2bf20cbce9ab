#include "node/image_desk.hpp"

#include <utility>

#include "common/app/meta.hpp"
#include "common/base/ensure.hpp"
#include "common/base/limits.hpp"

namespace parley::node {

ImageDesk::ImageDesk(store::Backend& backend, Calls calls, std::uint64_t seed)
    : backend_(backend), calls_(std::move(calls)), random_(seed), sink_(backend, check_image), receiver_(sink_) {}

Result<transfer::ImageHead> head_of(const store::Snapshot& snapshot) {
  const auto row = snapshot.get(app::meta_key().view());
  const auto meta = row ? app::decode_meta(*row) : std::nullopt;
  if (!meta) return fail(ErrorCode::corrupt, "an image of the state has no meta row");
  return transfer::ImageHead{meta->applied, meta->applied_term,     meta->digest,
                             meta->time,    meta->membership_index, SharedBytes(meta->membership)};
}

Status check_image(const store::Snapshot& rows, const transfer::ImageHead& said) {
  const auto found = head_of(rows);
  if (!found || *found != said || !raft::decode_membership(said.membership.view()))
    return fail(ErrorCode::corrupt, "it is not of what it was said to be of");
  return {};
}

Status ImageDesk::begin(ServerId peer, std::uint64_t now_ms) {
  if (const auto earlier = senders_.find(peer); earlier != senders_.end()) senders_.erase(earlier);
  auto snapshot = backend_.snapshot();
  if (!snapshot) return std::unexpected(snapshot.error());
  auto head = head_of(**snapshot);
  if (!head) return std::unexpected(head.error());
  if (!failing_.contains(peer))
    calls_.said("sends an image as of entry " + std::to_string(head->index.value) + " to server " + peer.text());
  auto source = std::make_unique<store::SnapshotSource>(std::move(*snapshot));
  const transfer::TransferId id{random_.next()};
  const auto at = senders_.emplace(peer, transfer::ImageSender(id, *std::move(head), std::move(source), now_ms)).first;
  flush(peer, at->second);
  return {};
}

void ImageDesk::stop_sending() {
  senders_.clear();
  failing_.clear();
}

void ImageDesk::flush(ServerId peer, transfer::ImageSender& sender) {
  for (transfer::Message& message : sender.take_output()) calls_.send(peer, std::move(message));
}

void ImageDesk::end(std::map<ServerId, transfer::ImageSender>::iterator at) {
  const auto& [peer, sender] = *at;
  const bool is_done = sender.state() == transfer::ImageSender::State::done;
  const std::string which =
      "the image as of entry " + std::to_string(sender.index().value) + " for server " + peer.text();
  if (is_done) {
    calls_.said(which + " is installed there");
    failing_.erase(peer);
  } else if (failing_.size() < limits::members && failing_.insert(peer).second) {
    calls_.warned(which +
                  " was given up; others follow, less and less often if it can keep none, until one is installed");
  }
  const raft::ImageSent sent{peer, is_done ? std::optional(sender.index()) : std::nullopt};
  senders_.erase(at);
  calls_.sent(sent);
}

void ImageDesk::take(ServerId from, const transfer::Message& message, std::uint64_t now_ms) {
  now_ms_ = now_ms;
  std::visit([&](const auto& each) { on(from, each); }, message);
}

void ImageDesk::on(ServerId from, const transfer::ImageOffer& offer) {
  answer(from, receiver_.take(offer));
  sender_of_incoming_ = from;
  after_receiving(from);
}

void ImageDesk::on(ServerId from, const transfer::ImageChunk& chunk) {
  answer(from, receiver_.take(chunk));
  after_receiving(from);
}

void ImageDesk::on(ServerId from, const transfer::ImageProgress& progress) {
  const auto at = senders_.find(from);
  if (at == senders_.end()) return;
  at->second.take(progress, now_ms_);
  flush(from, at->second);
  if (at->second.is_over()) end(at);
}

void ImageDesk::answer(ServerId to, const std::optional<transfer::ImageProgress>& progress) {
  if (progress) calls_.send(to, *progress);
}

void ImageDesk::after_receiving(ServerId from) {
  if (const auto failure = receiver_.take_failure(); failure && failure->what != said_failure_) {
    said_failure_ = failure->what;
    calls_.warned("an image from server " + from.text() + " cannot be kept: " + failure->what);
  }
  const auto head = receiver_.take_completed();
  if (!head) return;
  said_failure_.clear();
  auto membership = raft::decode_membership(head->membership.view());
  ENSURE(membership.has_value());
  calls_.said("an image as of entry " + std::to_string(head->index.value) + " has come");
  calls_.received(
      {{head->index, head->term, head->digest, head->time}, {head->membership_index, std::move(*membership)}});
}

void ImageDesk::refuse() { answer(sender_of_incoming_, receiver_.refused()); }

Status ImageDesk::install() {
  if (Status installed = backend_.install_image(); !installed) return installed;
  answer(sender_of_incoming_, receiver_.installed());
  return {};
}

void ImageDesk::give_up(ServerId peer) {
  const auto at = senders_.find(peer);
  if (at == senders_.end()) return;
  at->second.give_up();
  end(at);
}

void ImageDesk::tick(std::uint64_t now_ms) {
  // What is pinned by an image is freed before the store has no more room for the living.
  const bool is_crowded = is_sending() && backend_.is_crowded();
  for (auto next = senders_.begin(); next != senders_.end();) {
    const auto at = next++;
    if (is_crowded) at->second.give_up();
    at->second.tick(now_ms);
    flush(at->first, at->second);
    if (at->second.is_over()) end(at);
  }
}

}  // namespace parley::node
