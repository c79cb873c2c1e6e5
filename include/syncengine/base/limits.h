// Every bound of the library with its reason. A decoder checks against these before it allocates; a
// request over a limit is refused with the limit in the message.
#ifndef SYNCENGINE_BASE_LIMITS_H_
#define SYNCENGINE_BASE_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace syncengine::limits {

// Content.
inline constexpr uint32_t kBlockBytesMax = 16u
                                           << 20;  // The largest chunker maximum that makes sense.
inline constexpr uint32_t kFrameBytesTarget = 256u
                                              << 10;  // Enough context for zstd, cheap to open.
inline constexpr uint32_t kFrameBytesMax =
    kBlockBytesMax + (64u << 10);  // One largest block and lengths.
inline constexpr uint32_t kFrameBlocksMax =
    4096;  // 64-byte blocks still fill a frame of the target size.
inline constexpr uint32_t kDeltaDepthMax = 8;      // Each level is one more frame to open first.
inline constexpr uint32_t kDeltaBasesMax = 1'024;  // Of one frame.
inline constexpr uint32_t kDeltaPrefixBytesMax =
    kFrameBytesMax;  // All bases of a frame together; they are opened at once.
inline constexpr uint32_t kSegmentBytesTarget =
    8u << 20;  // One request; amortises one fsync and one row.
inline constexpr uint32_t kSegmentBytesMax = 32u << 20;  // Buffered whole by a server.
inline constexpr uint32_t kSegmentFramesMax = 65'536;
inline constexpr uint32_t kManifestEntriesMax = 4'096;    // Per manifest node.
inline constexpr uint32_t kManifestRootEntriesMax = 128;  // Lives in the revision row.
inline constexpr uint32_t kManifestHeightMax = 6;
inline constexpr uint32_t kInlineContentMax =
    64;  // Below this a block row costs more than the bytes.
inline constexpr uint32_t kSealedManifestBytesMax = 6u << 10;  // A full root and its seal.

// Merging.
inline constexpr size_t kMergeBytesMax = 32u << 20;  // Text people edit; memory is a few times it.
inline constexpr int kMergeJsonDepthMax = 200;       // Nesting is walked by recursion.
inline constexpr size_t kMergeJsonValuesMax = 1u << 20;  // 150 bytes each while merging.

// Live documents.
inline constexpr size_t kLiveTextBytesMax = 8u << 20;  // What people type into; held several times.
inline constexpr size_t kLivePacketBytesMax = 16u << 20;       // Such a text, replaced as a whole.
inline constexpr size_t kLiveRunsMax = 1u << 20;               // 16 bytes each while decoding.
inline constexpr uint64_t kLiveNumberMax = uint64_t{1} << 62;  // Additions cannot wrap.

// Keys.
inline constexpr uint32_t kKeyGenerationsMax = 1024;  // A member removed each week for 20 years.
inline constexpr int kScryptLog2Max = 20;  // 1 GiB and 4 s: an absurd slot stays bearable.
inline constexpr int kScryptLog2Min = 15;  // Below, guessing passphrases is cheap.

// Names and attributes.
inline constexpr size_t kNameBytesMax = 255;  // What every file system accepts.
inline constexpr size_t kSealedNameBytesMax =
    384;  // 255 sealed bytes in base64url; fits a metadata key.
inline constexpr size_t kPathBytesMax = 64u << 10;
inline constexpr size_t kPathDepthMax = 256;
inline constexpr size_t kSymlinkTargetMax = 4096;
inline constexpr size_t kSealedAttributesMax = 4400;  // The longest target and its seal.
inline constexpr size_t kDeviceNameMax = 64;
inline constexpr size_t kNamespaceNameMax = 64;

// Requests.
inline constexpr size_t kCommitChangesMax =
    4096;  // One metadata transaction of tens of milliseconds.
inline constexpr size_t kMissingBlocksMax = 16'384;  // 512 KiB of ids.
inline constexpr size_t kFrameIdsMax = 4096;
inline constexpr size_t kFramesReplyBytesTarget = 8u << 20;
inline constexpr size_t kListPageMax = 4096;
inline constexpr size_t kConflictHunksMax = 64;    // Noted of one conflict; the rest is counted.
inline constexpr size_t kConflictsPageMax = 1000;  // Each carries two revisions.
inline constexpr size_t kChangesPageMax = 4096;
inline constexpr size_t kAnnouncementsMax = 1024;
inline constexpr int kWaitSecondsMax = 300;

// Signatures and deltas.
inline constexpr uint32_t kDeltaBlockBytesMin = 64;  // Below, an entry costs as much as the bytes.
inline constexpr uint32_t kDeltaBlocksMax = 1u << 24;        // The index then takes 700 MB.
inline constexpr uint64_t kDeltaOpsMax = uint64_t{1} << 24;  // Each may cost one read of the base.
inline constexpr uint32_t kDeltaFrameOpsMax = 1u << 16;
inline constexpr uint32_t kDeltaFrameLiteralsMax = 1u << 20;  // Enough context for zstd.
inline constexpr uint32_t kDeltaFrameBytesMax = 4u << 20;     // The most operations and literals.
inline constexpr uint64_t kDeltaWasteMax = 16;     // Bytes hashed in vain for each byte searched.
inline constexpr uint64_t kDeltaGrowthMax = 1024;  // Result bytes for each byte of base and delta,
inline constexpr uint64_t kDeltaGrowthFree = 64u << 20;  // beyond these that are always allowed.

// Metadata stores.
inline constexpr size_t kMetadataKeyMax = 448;  // LMDB takes 511 with the partition's prefix.
inline constexpr size_t kMetadataValueMax = 1u << 20;
inline constexpr int kTransactionAttemptsMax = 10;

}  // namespace syncengine::limits

#endif  // SYNCENGINE_BASE_LIMITS_H_
