#include "tests/histories/final_reads.hpp"

#include <utility>

#include "common/base/entropy.hpp"

namespace parley::histories {
namespace {

constexpr std::size_t at_a_time = 64;

}  // namespace

FinalReads::FinalReads(client::Network& network, const Clock& clock, Book& book, const std::vector<std::string>& keys,
                       std::string node, const Address& server, std::uint64_t timeout_us)
    : clock_(clock),
      book_(book),
      node_(std::move(node)),
      timeout_us_(timeout_us),
      only_(network, server),
      client_(only_, clock, client::ClientSettings{.servers = {server}, .seed = draw_u64()}) {
  for (const Read read : {Read::linearizable, Read::stale}) {
    for (const std::string& key : keys) {
      Begin what;
      what.client = "final-" + node_;
      what.key = key;
      what.read = read;
      what.final_node = node_;
      waiting_.push_back(std::move(what));
    }
  }
}

Status FinalReads::run() {
  while (status_ && book_.status() && (!waiting_.empty() || client_.outstanding() > 0)) {
    while (!waiting_.empty() && client_.outstanding() < at_a_time) {
      ask(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    client_.poll(timeout_us_);
  }
  return status_ ? book_.status() : status_;
}

void FinalReads::ask(Begin what) {
  const auto number = book_.begin(what);
  if (!number) return;
  const wire::ReadMode mode = what.read == Read::stale ? wire::ReadMode::stale : wire::ReadMode::linearizable;
  const std::string key = what.key;
  const auto callback = [this, number, what = std::move(what)](client::Outcome&& outcome) {
    const std::string detail = outcome.detail;
    End end = end_of(what, std::move(outcome));
    if (end.ending >= Ending::failed && status_) {
      status_ = fail(ErrorCode::unreachable,
                     "key " + what.key + " could not be read through " + node_ + ": " + end.error + ": " + detail);
    }
    book_.end(*number, std::move(end));
  };
  client_.submit(app::Get{key}, mode, callback, timeout_us_);
}

}  // namespace parley::histories
