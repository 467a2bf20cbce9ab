#pragma once
#include <map>
#include <vector>

#include "tests/sim/history.hpp"
#include "tests/sim/plan.hpp"
#include "tests/sim/work.hpp"

namespace parley::sim {

/// Sets, gets, deletes and compares single keys. What it asked and was told goes into the history.
class PlainWork final : public Work {
 public:
  /// `name`: of the client, for its values.
  PlainWork(const Plan& plan, History& history, std::string name)
      : plan_(plan), history_(history), name_(std::move(name)), lanes_(plan.lanes) {}

  Kind next(Random& random) override { return random.one_in(3) ? Kind::read : Kind::write; }
  void prepare(std::size_t lane, Random& random) override;
  Read read(std::size_t lane, Random& random) override;
  Write write(std::size_t lane, Random& random) override;
  std::string answered(std::size_t lane, const Answer& answer) override;
  void gave_up(std::size_t lane, bool is_certain) override;

 private:
  struct Lane {
    std::string key;
    History::Place place;
    bool is_read = false;
  };
  [[nodiscard]] app::Operation draw_operation(BytesView key, Random& random);
  [[nodiscard]] Bytes draw_value(Random& random);

  const Plan& plan_;
  History& history_;
  const std::string name_;
  std::vector<Lane> lanes_;
  std::uint64_t next_value_ = 1;
  std::map<std::string, Bytes> last_seen_;  ///< what compare-and-set expects, by key
  Bytes key_;
  Bytes value_;
  Bytes expected_;
};

}  // namespace parley::sim
