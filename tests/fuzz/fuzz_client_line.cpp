// Lines of `parley batch` and of the prompt, keys and values in base64.
#include "client/cli/batch_line.hpp"
#include "client/cli/words.hpp"
#include "common/base/base64.hpp"
#include "common/base/utf8.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace parley;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line = fuzz::view(data, size);
  (void)client::cli::parse_batch_line(line);
  (void)client::cli::split_line(line);
  (void)is_utf8(line);
  if (const auto bytes = from_base64(line)) ENSURE(to_base64(*bytes) == line);
  return 0;
}
