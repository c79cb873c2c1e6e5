// The hashes of one block, as a layout says.
#ifndef SYNCENGINE_DELTA_BLOCK_HASHER_H_
#define SYNCENGINE_DELTA_BLOCK_HASHER_H_

#include <array>
#include <cstdint>
#include <string>
#include <variant>

#include "absl/strings/string_view.h"
#include "src/delta/weak_hash.h"
#include "syncengine/delta/signature.h"

namespace syncengine::delta {

using WeakHash = std::variant<PolynomialHash, RollsumHash>;

// Immutable, Thread-safe.
class BlockHasher {
 public:
  // `layout` is valid.
  explicit BlockHasher(const Layout& layout);

  const WeakHash& weak_hash() const { return weak_; }
  uint32_t Weak(absl::string_view block) const;
  std::array<uint8_t, 32> Strong(absl::string_view block) const;
  // Whether the strong hash is so long that a match needs no look at the weak
  // one.
  bool strong_suffices() const { return format_ == SignatureFormat::kOwn; }

 private:
  SignatureFormat format_;
  std::string secret_;  // kOwn: of the strong hash.
  WeakHash weak_;
};

// kInvalidArgument unless everything in `layout` is within bounds.
absl::Status CheckLayout(const Layout& layout);

// The longest strong hash of `format`.
uint32_t StrongBytesMax(SignatureFormat format);

}  // namespace syncengine::delta

#endif  // SYNCENGINE_DELTA_BLOCK_HASHER_H_
