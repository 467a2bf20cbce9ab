#pragma once
#include <map>
#include <vector>

#include "common/app/transaction.hpp"
#include "tests/sim/plan.hpp"
#include "tests/sim/work.hpp"
#include "tests/sim/world.hpp"

namespace parley::sim {

/// Numbers, conditions, keys that end, leases and transactions; some of these move amounts between accounts, of which
/// every other transaction and every page must see the same total.
class KeyWork final : public Work {
 public:
  static constexpr std::size_t account_count = 4;
  static constexpr std::int64_t first_balance = 100;

  KeyWork(World& world, std::string name)
      : world_(world), name_(std::move(name)), leases_(), reads_(world.plan.lanes) {}

  Kind next(Random& random) override { return random.one_in(4) ? Kind::read : Kind::write; }
  void prepare(std::size_t lane, Random&) override { reads_[lane].clear(); }
  Read read(std::size_t lane, Random& random) override;
  Write write(std::size_t lane, Random& random) override;
  std::string answered(std::size_t lane, const Answer& answer) override;
  void gave_up(std::size_t, bool) override {}

 private:
  [[nodiscard]] app::Operation draw(Random& random);
  [[nodiscard]] app::Operation draw_transaction(Random& random);
  [[nodiscard]] app::TransactionParts move_amount(Random& random);
  [[nodiscard]] app::TransactionItem draw_item(Random& random);
  [[nodiscard]] app::SetExpiring draw_set_expiring(Random& random);
  [[nodiscard]] app::LeaseId draw_lease(Random& random) const;
  /// Lives until the next operation is drawn.
  BytesView keep(Bytes bytes) { return kept_.emplace_back(std::move(bytes)); }
  BytesView draw_key(Random& random);
  BytesView draw_number(Random& random);
  BytesView draw_value(Random& random);

  World& world_;
  const std::string name_;
  std::vector<app::LeaseId> leases_;
  std::vector<Bytes> reads_;                ///< what a lane asks, if it reads
  std::map<std::string, Bytes> last_seen_;  ///< of keys and accounts
  std::uint64_t next_value_ = 1;
  std::deque<Bytes> kept_;
};

}  // namespace parley::sim
