#include "syncengine/stores/system_entropy.h"

#include <sys/random.h>

namespace syncengine {

void SystemEntropy::Fill(absl::Span<uint8_t> bytes) {
  // The only errors left are interruptions and a kernel older than 3.17, where the port asks not to
  // return rather than to hand out predictable keys.
  while (!bytes.empty()) {
    const ssize_t filled = getrandom(bytes.data(), bytes.size(), 0);
    if (filled > 0) bytes.remove_prefix(static_cast<size_t>(filled));
  }
}

}  // namespace syncengine
