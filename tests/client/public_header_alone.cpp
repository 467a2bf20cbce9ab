// Compiled with the folder of the public headers alone: nothing of ours or of a library leaks from them.
#include <parley/parley.hpp>

namespace {

[[maybe_unused]] parley::Answer<parley::Written> use(parley::Cluster& cluster) {
  if (auto got = cluster.get("k", {.mode = parley::ReadMode::stale}); !got) return std::unexpected(got.error());
  return cluster.set("k", "v");
}

}  // namespace

#if defined(ZMQ_VERSION) || defined(MSGPACK_VERSION) || defined(SPDLOG_VERSION) || defined(FMT_VERSION)
#error "a public header includes a header of a library"
#endif
