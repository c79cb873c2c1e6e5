// The first step of the rsync algorithm (Tridgell, "Efficient Algorithms for Sorting and
// Synchronization", 1999): a signature says what an old content, the base, is made of, without its
// bytes. For every block of a fixed size it holds a weak rolling hash and a strong hash. Whoever
// has the new content and the signature writes a delta (delta.h); whoever has the base and the
// delta makes the new content (patch.h).
//
// docs/DELTA.md has the bytes. The library's own format is for peers of this library: about a tenth
// of the time of librsync and never more bytes. librsync's formats are for `rdiff` and whatever
// else speaks them.
#ifndef SYNCENGINE_DELTA_SIGNATURE_H_
#define SYNCENGINE_DELTA_SIGNATURE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/delta/stream.h"

namespace syncengine::delta {

enum class SignatureFormat : uint8_t {
  kOwn = 1,
  // librsync's, by weak and strong hash. MD4 is broken: whoever can plant content in the base can
  // make a delta silently wrong. kLibrsyncRabinBlake2 is what rdiff 2.3 writes by default.
  kLibrsyncRollsumMd4,
  kLibrsyncRollsumBlake2,
  kLibrsyncRabinMd4,
  kLibrsyncRabinBlake2,
};

inline constexpr size_t kSaltBytes = 32;
using Salt = std::array<uint8_t, kSaltBytes>;

struct SignatureOptions {
  SignatureFormat format = SignatureFormat::kOwn;
  // Power of two for kOwn; 0 takes the greatest power of two that is at most the square root of the
  // size of the base, which balances the signature against the delta (256 at least).
  uint32_t block_bytes = 0;
  // How much of the strong hash is kept. kOwn: 12 to 16, 0 gives 12, which makes 128 bits a block
  // together with the weak hash. librsync's: 4 to 32 (MD4: 16), 0 gives the most.
  uint32_t strong_bytes = 0;
  // Keys both hashes of kOwn. Content made by someone who did not know the salt collides by chance
  // only, so give random bytes when content is not trusted; the signature carries them. Even a
  // collision makes no wrong result: a delta carries a SHA-256 tree digest of the result.
  Salt salt{};
};

// Options made definite: everything that the hashes of a block depend on. A plain value.
struct Layout {
  SignatureFormat format = SignatureFormat::kOwn;
  uint32_t block_bytes = 0;
  uint32_t strong_bytes = 0;
  Salt salt{};
};

// kInvalidArgument when options are out of bounds or the base would have more blocks than
// limits::kDeltaBlocksMax.
absl::StatusOr<Layout> ChooseLayout(const SignatureOptions& options, uint64_t base_bytes);

struct BlockHash {
  uint32_t weak = 0;
  std::array<uint8_t, 32> strong{};  // Layout::strong_bytes of it count.
};

// A signature in memory; a plain value, about 5 % larger than its bytes. Thread-compatible.
class Signature {
 public:
  explicit Signature(const Layout& layout) : layout_(layout) {}

  const Layout& layout() const { return layout_; }
  size_t blocks() const { return weak_.size(); }
  uint32_t weak(size_t block) const { return weak_[block]; }
  absl::string_view strong(size_t block) const {
    return absl::string_view(strong_).substr(block * layout_.strong_bytes, layout_.strong_bytes);
  }
  // librsync's formats do not say it.
  std::optional<uint64_t> base_bytes() const { return base_bytes_; }

  void Reserve(size_t blocks);
  void Add(const BlockHash& hash);
  void set_base_bytes(uint64_t base_bytes) { base_bytes_ = base_bytes; }

 private:
  Layout layout_;
  std::optional<uint64_t> base_bytes_;
  std::vector<uint32_t> weak_;
  std::string strong_;
};

// Reads `base` once and writes its signature. `base_bytes` is how much there is:
// kFailedPrecondition when the source holds another amount (it changed; try again). Buffers one
// block or 1 MiB.
absl::Status WriteSignature(Source& base, uint64_t base_bytes, const SignatureOptions& options,
                            Sink& sink);

// The hashes of the blocks of a part of the base that begins at a multiple of the block size and
// ends at one or at the end of the base. Pure: parts may be hashed on several threads, and the
// results put together in order with Signature::Add and EncodeSignature.
absl::StatusOr<std::vector<BlockHash>> HashSlice(const Layout& layout, absl::string_view slice);

// The bytes that WriteSignature writes.
std::string EncodeSignature(const Signature& signature);

// Reads any of the formats, by its magic. Reason::kIntegrity for damage, Reason::kVersion for a
// newer own format, kInvalidArgument for bytes that are no signature. The signature may come from
// anyone: nothing larger than `bytes` is allocated.
absl::StatusOr<Signature> DecodeSignature(absl::string_view bytes);

}  // namespace syncengine::delta

#endif  // SYNCENGINE_DELTA_SIGNATURE_H_
