#pragma once
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "client/client.hpp"
#include "tests/histories/book.hpp"
#include "tests/histories/visitor.hpp"

namespace parley::histories {

/// Reads every key of a history once more through one node, linearizable and stale, many at a time.
class FinalReads {
 public:
  FinalReads(client::Network& network, const Clock& clock, Book& book, const std::vector<std::string>& keys,
             std::string node, const Address& server, std::uint64_t timeout_us);

  /// Until all are answered, or one is not: then an error that says why.
  [[nodiscard]] Status run();

 private:
  void ask(Begin what);

  const Clock& clock_;
  Book& book_;
  std::string node_;
  std::uint64_t timeout_us_;
  OneServer only_;
  client::Client client_;
  std::deque<Begin> waiting_;
  Status status_;
};

}  // namespace parley::histories
