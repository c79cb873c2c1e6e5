// XXH3-64: finds damage (never malice) at memory speed (libxxhash).
#ifndef SYNCENGINE_KERNELS_CHECKSUM_H_
#define SYNCENGINE_KERNELS_CHECKSUM_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace syncengine::kernels {

// XXH3-64 with seed 0.
uint64_t Xxh3(absl::string_view bytes);

}  // namespace syncengine::kernels

#endif  // SYNCENGINE_KERNELS_CHECKSUM_H_
