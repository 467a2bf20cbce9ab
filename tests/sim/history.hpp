#pragma once
#include <map>
#include <string>
#include <vector>

#include "common/app/command.hpp"
#include "common/app/query.hpp"
#include "common/app/reply.hpp"
#include "tests/linearizability/linearizability.hpp"

namespace parley::sim {

using linearizability::Operation;
using linearizability::Value;

/// What clients asked and were told, key by key, on one order of moments.
class History {
 public:
  struct Place {
    std::string key;
    std::size_t at = 0;
  };

  [[nodiscard]] Place begin(const app::Get& get);
  [[nodiscard]] Place begin(const app::Set& set);
  [[nodiscard]] Place begin(const app::Delete& erase);
  [[nodiscard]] Place begin(const app::CompareAndSet& cas);
  /// The application's answer came.
  void end(const Place& place, const app::Reply& reply);
  /// It certainly had no effect and told its client nothing: as if it had never been asked.
  void forget(const Place& place) { keys_[place.key][place.at].is_void = true; }

  [[nodiscard]] std::vector<std::string> keys() const;
  [[nodiscard]] std::vector<Operation> of(const std::string& key) const;
  /// A line for each operation on a key, for people.
  [[nodiscard]] std::string text(const std::string& key) const;

 private:
  struct Record {
    Operation operation;
    bool is_void = false;
  };

  Place add(std::string key, Operation::Kind kind, Value expected, Value desired);
  Value number_of(BytesView value);

  std::uint64_t moment_ = 0;
  std::map<std::string, std::vector<Record>> keys_;
  std::map<std::string, Value, std::less<>> values_;
};

}  // namespace parley::sim
