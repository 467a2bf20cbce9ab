#pragma once
#include "common/app/command.hpp"
#include "common/app/execution.hpp"
#include "common/app/query.hpp"
#include "common/app/quota.hpp"
#include "common/app/reply.hpp"

/// The key-value part of the application. Keys and sizes were judged before (validate.hpp).
namespace parley::app {

/// Each carries out one operation: changes the rows, the counts of keys and used bytes in the meta row, and tells of it
/// in the list of changes. What would bring the used bytes above the quota is answered `quota` and changes nothing;
/// what frees bytes always works.
[[nodiscard]] Reply execute(const Set& set, const Execution& execution);
[[nodiscard]] Reply execute(const Delete& erase, const Execution& execution);
[[nodiscard]] Reply execute(const CompareAndSet& cas, const Execution& execution);
[[nodiscard]] Reply execute(const SetExpiring& set, const Execution& execution);
[[nodiscard]] Reply execute(const Increment& increment, const Execution& execution);
[[nodiscard]] Reply execute(const DeleteIf& erase, const Execution& execution);
/// execute_transaction.cpp
[[nodiscard]] Reply execute(const Transaction& transaction, const Execution& execution);

[[nodiscard]] Reply read(const Get& get, const Table& table);
[[nodiscard]] Reply read(const Scan& scan, const Table& table);

}  // namespace parley::app
