// Anything in place of data.mdb is looked at before LMDB trusts it; what is taken can be read.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/base/limits.hpp"
#include "common/store/lmdb_backend.hpp"
#include "common/store/lmdb_file.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace parley;
namespace fs = std::filesystem;

namespace {

/// A store with a few rows, as LMDB leaves it.
const Bytes& whole_store() {
  static const Bytes bytes = [] {
    std::string name = (fs::temp_directory_path() / "parley-fuzz-XXXXXX").string();
    ENSURE(mkdtemp(name.data()) != nullptr);
    {
      auto backend = store::LmdbBackend::open(fs::path(name) / "store", limits::MiB);
      ENSURE(backend.has_value());
      for (int commit = 0; commit < 3; ++commit) {
        store::Overlay rows;
        for (int i = 0; i < 40; ++i) rows.put("key " + std::to_string(i * 7 + commit), Bytes(1U << (i % 13), 'v'));
        ENSURE((*backend)->commit(rows).has_value());
      }
    }
    std::ifstream in(fs::path(name) / "store" / "data.mdb", std::ios::binary);
    Bytes read{std::istreambuf_iterator<char>(in), {}};
    fs::remove_all(name);
    return read;
  }();
  return bytes;
}

}  // namespace

/// The input is edits of a whole store: three bytes for a place, one for what stands there.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes = whole_store();
  for (std::size_t at = 0; at + 4 <= size && at < 256; at += 4) {
    const std::size_t place =
        (std::size_t{data[at]} << 16 | std::size_t{data[at + 1]} << 8 | data[at + 2]) % bytes.size();
    bytes[place] = static_cast<char>(data[at + 3]);
  }
  if (size % 4 == 1) bytes.resize(std::size_t{data[size - 1]} * bytes.size() / 256);
  static const fs::path file = fs::temp_directory_path() / ("parley-fuzz-store-" + std::to_string(getpid()));
  std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  const Status looked = store::check_before_opening(file);
  ENSURE(looked || !looked.error().what.empty());
  fs::remove(file);
  return 0;
}
