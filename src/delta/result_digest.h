// The digest of a whole result: SHA-256 over the SHA-256 of each 64 KiB leaf
// and the length. A tree, because independent leaves can be hashed side by
// side.
#ifndef SYNCENGINE_DELTA_RESULT_DIGEST_H_
#define SYNCENGINE_DELTA_RESULT_DIGEST_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "src/kernels/digest.h"

namespace syncengine::delta {

// Takes the result in pieces of any size; keeps at most two leaves.
// Single-threaded.
class ResultDigest {
 public:
  void Append(absl::string_view bytes);
  kernels::Digest Finish();
  uint64_t size() const { return size_; }

 private:
  static constexpr size_t kLeafBytes = 64u << 10;
  static constexpr size_t kPairBytes = 2 * kLeafBytes;

  // Every leaf is whole, or the last of all.
  void AddLeaves(absl::string_view bytes);

  std::string partial_;
  kernels::Sha256Stream leaves_;
  uint64_t size_ = 0;
};

}  // namespace syncengine::delta

#endif  // SYNCENGINE_DELTA_RESULT_DIGEST_H_
