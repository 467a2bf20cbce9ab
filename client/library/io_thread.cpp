#include "client/library/io_thread.hpp"

#include <algorithm>
#include <utility>

#include "client/library/signals.hpp"

namespace parley::client::library {
/// Ends in `finish`, whatever becomes of it.
class IoThread::Call {
 public:
  Call(IoThread& io, std::size_t bytes, Finish finish) : io_(io), bytes_(bytes), finish_(std::move(finish)) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() {
    if (!is_over_) {
      Outcome outcome;
      outcome.word = ErrorWord::timeout;
      outcome.detail = "the client was closed before the answer came";
      end(std::move(outcome));
    }
  }
  void end(Outcome&& outcome) {
    is_over_ = true;
    finish_(std::move(outcome));
    io_.give_back(bytes_);
  }

 private:
  IoThread& io_;
  std::size_t bytes_;
  Finish finish_;
  bool is_over_ = false;
};

Result<std::unique_ptr<IoThread>> IoThread::start(MakeNetwork make_network, const Clock& clock,
                                                  ClientSettings settings) {
  std::unique_ptr<IoThread> io(new IoThread(clock, limits::library_calls));
  auto actor = mq::Actor::start(
      "parley-io", [&mailbox = io->mailbox_] { mailbox.wake(); },
      [self = io.get(), make_network = std::move(make_network), settings = std::move(settings)]() -> Result<State> {
        block_signals();
        State state;
        state.network = make_network();
        state.client = std::make_unique<Client>(*state.network, self->clock_, settings);
        self->client_ = state.client.get();
        self->thread_ = std::this_thread::get_id();
        return state;
      },
      [self = io.get()](State& state, const std::stop_token& stop) { return self->run(state, stop); });
  if (!actor) return std::unexpected(actor.error());
  io->actor_ = *std::move(actor);
  return io;
}

IoThread::~IoThread() { (void)actor_.stop(); }

bool IoThread::take_room(std::size_t bytes) {
  if (calls_.fetch_add(1) < limits::library_calls) {
    if (bytes_.fetch_add(bytes) + bytes <= limits::library_bytes) return true;
    bytes_.fetch_sub(bytes);
  }
  calls_.fetch_sub(1);
  return false;
}

void IoThread::give_back(std::size_t bytes) {
  bytes_.fetch_sub(bytes);
  calls_.fetch_sub(1);
}

bool IoThread::begin(std::size_t bytes, Submit submit, Finish finish) {
  const bool is_own = is_own_thread();
  if ((is_own && client_ == nullptr) || !take_room(bytes)) return false;
  auto call = std::make_shared<Call>(*this, bytes, std::move(finish));
  Order order = [this, submit = std::move(submit), call = std::move(call)]() mutable {
    submit(*client_, [call](Outcome&& outcome) { call->end(std::move(outcome)); });
  };
  if (is_own) {
    order();
  } else {
    mailbox_.post(std::move(order));  // as many at most as calls that take_room() has let in
  }
  return true;
}

bool IoThread::drain(std::chrono::milliseconds timeout) {
  const auto drained = std::make_shared<std::promise<void>>();
  auto is_drained = drained->get_future();
  mailbox_.post([this, waiting = std::weak_ptr(drained)] {
    std::erase_if(drained_, [](const auto& other) { return other.expired(); });  // those who waited in vain
    drained_.push_back(waiting);
  });
  return is_drained.wait_for(timeout) == std::future_status::ready;
}

void IoThread::work(State& state) {
  mailbox_.drain(batch_);
  for (Order& order : batch_) order();
  batch_.clear();
  state.client->step();
  if (!drained_.empty() && calls_.load() == 0) {
    for (const auto& waiting : std::exchange(drained_, {})) {
      if (const auto drained = waiting.lock()) drained->set_value();
    }
  }
}

Status IoThread::run(State& state, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    work(state);
    const std::uint64_t now_us = clock_.now().monotonic_us;
    const std::uint64_t wake_us = std::max(state.client->next_wake_us(), now_us);
    state.network->wait(mailbox_.prepare_to_sleep() ? wake_us - now_us : 0, mailbox_.fd());
    mailbox_.awake();
  }
  // From here on nothing is begun any more; what is under way or waits ends with these.
  client_ = nullptr;
  mailbox_.drain(batch_);
  batch_.clear();
  state.client.reset();
  return {};
}

}  // namespace parley::client::library
