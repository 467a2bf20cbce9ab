#include "client/load/operations.hpp"

#include <array>
#include <utility>

namespace parley::client::load {
namespace {

void set(Workload& workload, Client& client, Callback&& callback) {
  const BytesView key = workload.draw_key();
  client.submit(app::Set{key, workload.draw_value()}, std::move(callback));
}

void get(Workload& workload, Client& client, Callback&& callback) {
  client.submit(app::Get{workload.draw_key()}, workload.read, std::move(callback));
}

void erase(Workload& workload, Client& client, Callback&& callback) {
  client.submit(app::Delete{workload.draw_key()}, std::move(callback));
}

/// As programs use it: what was read is replaced unless somebody else was faster.
void compare_and_set(Workload& workload, Client& client, Callback&& callback) {
  const Bytes key(workload.draw_key());
  client.submit(app::Get{key}, workload.read,
                [&workload, &client, key, callback = std::move(callback)](Outcome&& read) {
                  if (!read.ok() || read.value() == nullptr) return callback(std::move(read));
                  client.submit(app::CompareAndSet{key, *read.value(), workload.draw_value()}, callback);
                });
}

void scan(Workload& workload, Client& client, Callback&& callback) {
  client.submit(app::Scan{{}, workload.draw_key(), workload.scan_rows}, workload.read, std::move(callback));
}

constexpr std::array<OperationKind, 5> kinds = {{
    {"set", "writes a value", false, set},
    {"get", "reads a key", true, get},
    {"delete", "removes a key", false, erase},
    {"cas", "reads a key and replaces what it read, in two requests", true, compare_and_set},
    {"scan", "reads the rows behind a key", true, scan},
}};

}  // namespace

std::span<const OperationKind> operation_kinds() { return kinds; }

}  // namespace parley::client::load
