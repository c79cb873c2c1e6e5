#include "src/kernels/leaf_digest.h"

#include "src/kernels/leaf_digest_sets.h"
#include "src/kernels/scan.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace syncengine::kernels {
namespace {

#if defined(__x86_64__)
bool HasShani() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  return __builtin_cpu_supports("sse4.1") && __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 &&
         (b & bit_SHA) != 0;
}
#endif

using LeavesFunction = void (*)(absl::string_view, size_t, absl::Span<Digest>);

LeavesFunction Choose() {
#if defined(__x86_64__)
  if (HasShani() && ForcedScanKernel() != "scalar") return Sha256LeavesShani;
#endif
  return Sha256LeavesScalar;
}

}  // namespace

void Sha256LeavesScalar(absl::string_view bytes, size_t leaf_bytes, absl::Span<Digest> digests) {
  for (size_t i = 0; i < digests.size(); ++i) {
    digests[i] = Sha256(bytes.substr(i * leaf_bytes, leaf_bytes));
  }
}

void Sha256Leaves(absl::string_view bytes, size_t leaf_bytes, absl::Span<Digest> digests) {
  static const LeavesFunction chosen = Choose();
  chosen(bytes, leaf_bytes, digests);
}

}  // namespace syncengine::kernels
