// Frames: some blocks compressed together and sealed as one, the unit of encryption and of random
// access. A frame is self-contained: it says in the open what a server without keys must know (ids,
// sizes, which blocks a manifest refers to), and can move from segment to segment unchanged.
#ifndef SYNCENGINE_FORMAT_FRAME_H_
#define SYNCENGINE_FORMAT_FRAME_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "syncengine/base/ids.h"
#include "syncengine/format/keys.h"
#include "syncengine/format/salts.h"

namespace syncengine {

enum class FrameKind : uint8_t {
  kData = 1,      // Blocks of content; ids are NamespaceKeys::IdOf.
  kManifest = 2,  // Manifest nodes (format/manifest.h); ids are NamespaceKeys::IdOfManifest.
  kDelta = 3,     // Blocks of content, compressed with the content of older blocks before them.
};

enum class Compression : uint8_t { kNone = 0, kZstd = 1 };

// A block as the open part of a frame shows it.
struct FrameBlock {
  BlockId id;
  // kManifest: the distinct ids its entries name, sorted. A server counts references to them.
  std::vector<BlockId> children;

  friend bool operator==(const FrameBlock&, const FrameBlock&) = default;
};

// The open part of a frame.
struct FrameHeader {
  FrameKind kind = FrameKind::kData;
  Compression compression = Compression::kNone;
  uint32_t generation = 0;
  uint64_t counter = 0;  // Unique among the frames with this salt.
  FrameSalt salt;
  std::string commitment;          // To the key; 32 bytes.
  uint32_t plaintext_bytes = 0;    // Block lengths and blocks, before compression.
  uint32_t stored_bytes = 0;       // The same as it is stored, without the tag.
  std::vector<FrameBlock> blocks;  // Distinct; in the order of the plaintext.
  // kDelta: the blocks of content that must be opened before, in the order in which they make up
  // the prefix; distinct, and none of `blocks`.
  std::vector<BlockId> bases;
  // kDelta: more than that of any frame the bases are in, which is 0 for the other kinds; at most
  // limits::kDeltaDepthMax. So nobody ever opens a longer chain, and no chain comes back to itself.
  uint32_t depth = 0;
  size_t header_bytes = 0;  // Where the ciphertext begins.
};

// Reads the open part of one whole frame. Needs no keys: servers use it on every frame they are
// given. Checks bounds, structure and the checksum over the whole frame, which finds damage but not
// malice. Reason::kIntegrity on anything no FrameSealer writes, Reason::kVersion on a newer
// version. Allocates no more than a small multiple of `frame`.
absl::StatusOr<FrameHeader> ParseFrameHeader(absl::string_view frame);

// A block to be sealed. `id` is trusted to be the id of `bytes`: whoever looked for duplicates has
// just computed it, and OpenFrame verifies it.
struct PlainBlock {
  BlockId id;
  absl::string_view bytes;  // 1 to limits::kBlockBytesMax.
};

// What a delta frame is compressed against.
struct DeltaBases {
  absl::Span<const PlainBlock> blocks;  // Old content that the new one probably repeats, in order.
  uint32_t depth = 0;                   // The greatest of the frames that they are in.
};

struct FrameSealerOptions {
  // zstd level, 1 to 19; 0 stores everything as it is. A frame that would not shrink is stored as
  // it is in any case.
  int compression_level = 3;
};

// Seals the frames of one segment: one key, derived from `salt`, and a counter as the nonce.
// Thread-compatible. Create one for each segment, with a salt drawn for it alone.
class FrameSealer {
 public:
  // `keys` outlives the sealer. Frames are sealed under their newest generation.
  static absl::StatusOr<std::unique_ptr<FrameSealer>> Create(const NamespaceKeys& keys,
                                                             const FrameSalt& salt,
                                                             const FrameSealerOptions& options);

  // One frame. kInvalidArgument for no blocks or more than limits::kFrameBlocksMax, a block that
  // is empty or too big, the same id twice, more than limits::kFrameBytesMax together, a manifest
  // node that does not decode; kResourceExhausted after limits::kSegmentFramesMax frames. A failed
  // call uses no counter value.
  absl::StatusOr<std::string> Seal(FrameKind kind, absl::Span<const PlainBlock> blocks);
  // One delta frame; nothing when it would not be clearly smaller than Seal's, all that it costs
  // included: then call that. kInvalidArgument as Seal; for no bases or more than
  // limits::kDeltaBasesMax, the same one twice or one among `blocks`, more than
  // limits::kDeltaPrefixBytesMax of them together, or limits::kDeltaDepthMax reached.
  absl::StatusOr<std::optional<std::string>> SealDelta(absl::Span<const PlainBlock> blocks,
                                                       const DeltaBases& bases);

 private:
  FrameSealer(const NamespaceKeys& keys, const FrameSalt& salt, const FrameSealerOptions& options,
              ObjectKey key)
      : keys_(keys), salt_(salt), options_(options), key_(std::move(key)) {}

  struct Body;
  absl::StatusOr<std::string> SealBody(const Body& body);

  const NamespaceKeys& keys_;
  const FrameSalt salt_;
  const FrameSealerOptions options_;
  const ObjectKey key_;
  uint64_t next_counter_ = 0;
};

// The content of a frame, every block verified against its id. Moves; views from block() are valid
// while this object stays where it is.
class OpenedFrame {
 public:
  const FrameHeader& header() const { return header_; }
  size_t size() const { return header_.blocks.size(); }
  const BlockId& id(size_t index) const { return header_.blocks[index].id; }
  absl::string_view block(size_t index) const {
    const auto [offset, length] = slices_[index];
    return absl::string_view(plaintext_).substr(offset, length);
  }

 private:
  friend absl::StatusOr<OpenedFrame> OpenFrame(const NamespaceKeys& keys, absl::string_view frame,
                                               absl::Span<const PlainBlock> bases);
  OpenedFrame() = default;
  absl::Status Slice();

  FrameHeader header_;
  std::string plaintext_;
  std::vector<std::pair<size_t, size_t>> slices_;  // Offset and length in plaintext_.
};

// Opens one whole frame. Releases nothing before everything is verified: structure, checksum, key
// commitment, tag, declared sizes, every block id, and for manifests the children in the header.
// `bases` are those that the header of a delta frame names, in that order, and none for another
// kind. Errors as ParseFrameHeader; kFailedPrecondition on a key generation that `keys` lack;
// kInvalidArgument for other bases than these.
absl::StatusOr<OpenedFrame> OpenFrame(const NamespaceKeys& keys, absl::string_view frame,
                                      absl::Span<const PlainBlock> bases = {});

}  // namespace syncengine

#endif  // SYNCENGINE_FORMAT_FRAME_H_
