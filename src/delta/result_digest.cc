#include "src/delta/result_digest.h"

#include <algorithm>
#include <array>

#include "src/kernels/leaf_digest.h"
#include "syncengine/base/coding.h"

namespace syncengine::delta {

void ResultDigest::AddLeaves(absl::string_view bytes) {
  constexpr size_t kBatch = 16;
  std::array<kernels::Digest, kBatch> digests;
  while (bytes.size() >= kLeafBytes) {
    const size_t count = std::min(bytes.size() / kLeafBytes, kBatch);
    kernels::Sha256Leaves(bytes.substr(0, count * kLeafBytes), kLeafBytes,
                          absl::MakeSpan(digests).subspan(0, count));
    for (size_t i = 0; i < count; ++i) leaves_.Append(kernels::AsBytes(digests[i]));
    bytes.remove_prefix(count * kLeafBytes);
  }
  if (!bytes.empty()) leaves_.Append(kernels::AsBytes(kernels::Sha256(bytes)));
}

void ResultDigest::Append(absl::string_view bytes) {
  size_ += bytes.size();
  if (!partial_.empty()) {
    const size_t missing = std::min(kPairBytes - partial_.size(), bytes.size());
    partial_.append(bytes.data(), missing);
    bytes.remove_prefix(missing);
    if (partial_.size() < kPairBytes) return;
    AddLeaves(partial_);
    partial_.clear();
  }
  const size_t whole = bytes.size() / kPairBytes * kPairBytes;
  AddLeaves(bytes.substr(0, whole));
  partial_.append(bytes.data() + whole, bytes.size() - whole);
}

kernels::Digest ResultDigest::Finish() {
  AddLeaves(partial_);
  ByteWriter size;
  size.U64(size_);
  leaves_.Append(size.bytes());
  return leaves_.Finish();
}

}  // namespace syncengine::delta
