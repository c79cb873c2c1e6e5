#include "src/kernels/checksum.h"

#include <xxhash.h>

namespace syncengine::kernels {

uint64_t Xxh3(absl::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

}  // namespace syncengine::kernels
