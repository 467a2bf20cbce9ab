#pragma once
#include "common/base/bytes.hpp"
#include "common/base/ids.hpp"

namespace parley {

/// Numbers that nobody else has, from the operating system's generator; never 0. Thread-safe.
[[nodiscard]] std::uint64_t draw_u64();
/// A secret of so many bytes.
[[nodiscard]] Bytes draw_secret(std::size_t bytes);
[[nodiscard]] ClusterId draw_cluster_id();
[[nodiscard]] inline ServerId draw_server_id() { return ServerId{draw_u64()}; }
[[nodiscard]] inline BootId draw_boot_id() { return BootId{draw_u64()}; }

}  // namespace parley
