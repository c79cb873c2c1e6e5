#include "src/delta/result_digest.h"

#include <algorithm>

#include "syncengine/base/coding.h"

namespace syncengine::delta {

void ResultDigest::AddLeaves(absl::string_view bytes) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), kLeafBytes))) {
    leaves_.Append(kernels::AsBytes(kernels::Sha256(bytes.substr(0, kLeafBytes))));
  }
}

void ResultDigest::Append(absl::string_view bytes) {
  size_ += bytes.size();
  if (!partial_.empty()) {
    const size_t missing = std::min(kLeafBytes - partial_.size(), bytes.size());
    partial_.append(bytes.data(), missing);
    bytes.remove_prefix(missing);
    if (partial_.size() < kLeafBytes) return;
    AddLeaves(partial_);
    partial_.clear();
  }
  const size_t whole = bytes.size() / kLeafBytes * kLeafBytes;
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
