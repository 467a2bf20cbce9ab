#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/client.hpp"
#include "tests/histories/book.hpp"

namespace parley::histories {

/// Of the servers that clients speak of, one is all that can be reached: whoever leads, it is asked.
class OneServer final : public client::Network {
 public:
  OneServer(client::Network& network, Address server) : network_(network), server_(std::move(server)) {}
  [[nodiscard]] Result<std::unique_ptr<client::Connection>> connect(const Address& server) override;
  bool wait(std::uint64_t timeout_us, int input) override { return network_.wait(timeout_us, input); }

 private:
  client::Network& network_;
  Address server_;
};

/// What all visitors do, and where they write it down.
struct Visit {
  std::uint64_t keys = 8;       ///< that everybody reads and writes
  std::uint64_t think_ms = 50;  ///< on average, between an answer and the next request
  Book& book;
  std::map<std::string, std::string> last_seen{};  ///< by key: what somebody was told last, for a cas to expect
};

/// A client: one request at a time, drawn at random, with a session of its own. Now and then it dies, leaving its
/// request to its fate, and another takes its place.
class Visitor {
 public:
  /// Everything outlives it. `servers`: one alone is asked whoever leads; several as the library sees fit.
  Visitor(client::Network& network, const Clock& clock, Visit& visit, std::string name, std::vector<Address> servers,
          std::uint64_t seed);

  /// Lets the library work, and asks the next thing when it is time, unless `is_closing`.
  void step(bool is_closing);
  /// By when step() must be called even if nothing arrives, by the monotonic clock.
  [[nodiscard]] std::uint64_t next_wake_us(bool is_closing) const;
  [[nodiscard]] bool is_idle() const { return !current_; }

 private:
  struct Current {
    std::uint64_t number = 0;  ///< in the book
    Begin asked;
  };

  void be_born();
  void ask();
  void ended(client::Outcome&& outcome);
  void submit(const Begin& what, std::uint64_t timeout_us);
  [[nodiscard]] Begin draw();
  [[nodiscard]] Begin draw_journal();
  [[nodiscard]] Begin draw_read(std::string key);
  [[nodiscard]] std::string draw_value();
  [[nodiscard]] std::uint64_t draw_timeout_us();
  void think();

  client::Network& network_;
  const Clock& clock_;
  Visit& visit_;
  std::string family_;
  std::vector<Address> servers_;
  Random random_;
  std::unique_ptr<OneServer> only_;  ///< null if there are several servers
  std::uint64_t lives_ = 0;
  std::string name_;  ///< of this life
  std::uint64_t values_ = 0;
  std::uint64_t journal_entries_ = 0;
  std::unique_ptr<client::Client> client_;
  std::optional<Current> current_;
  std::uint64_t due_us_ = 0;               ///< when it asks next
  std::uint64_t dies_at_us_ = UINT64_MAX;  ///< if it is not answered before
};

/// What the library says of an operation, as the book has it.
[[nodiscard]] End end_of(const Begin& asked, client::Outcome&& outcome);

}  // namespace parley::histories
