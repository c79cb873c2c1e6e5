// The bytes of manifests: the sealed root that a revision carries, and the nodes below it, which
// are plaintexts of blocks of kind FrameKind::kManifest. format/content.h has the values.
#ifndef SYNCENGINE_FORMAT_MANIFEST_H_
#define SYNCENGINE_FORMAT_MANIFEST_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "syncengine/base/ids.h"
#include "syncengine/format/content.h"
#include "syncengine/format/keys.h"
#include "syncengine/format/salts.h"

namespace syncengine {

// The sum of the entries' lengths. kInvalidArgument unless the manifest keeps the rules: height at
// most limits::kManifestHeightMax, 1 to limits::kManifestEntriesMax entries, every length at least
// 1 (and at most limits::kBlockBytesMax at height 0), a sum below 2^63.
absl::StatusOr<uint64_t> ManifestLength(const Manifest& manifest);

// The distinct ids of the entries, sorted: what a server counts references to.
std::vector<BlockId> DistinctIds(absl::Span<const ContentEntry> entries);

// --- Manifest nodes ---

// The plaintext of a manifest block; its id is NamespaceKeys::IdOfManifest of it. Equal manifests
// have equal bytes. kInvalidArgument as ManifestLength.
absl::StatusOr<std::string> EncodeManifestNode(const Manifest& manifest);
// Reason::kIntegrity on bytes no encoder writes, Reason::kVersion on a newer version.
absl::StatusOr<Manifest> DecodeManifestNode(absl::string_view plaintext);
// Decodes the child that `parent_entry`, listed at `parent_height`, stands for. Also
// Reason::kIntegrity unless it is one level lower and as long as the entry says.
absl::StatusOr<Manifest> DecodeManifestChild(absl::string_view plaintext, uint8_t parent_height,
                                             const ContentEntry& parent_entry);

// --- Manifest roots ---

// A root of at most limits::kManifestRootEntriesMax entries as a revision carries it; a manifest
// without entries is empty content and gives the empty ContentRef. kInvalidArgument as
// ManifestLength.
absl::StatusOr<ContentRef> MakeContentRef(const NamespaceKeys& keys, const Manifest& root,
                                          const EnvelopeSalt& salt);
// The root in `content`, checked: Reason::kIntegrity when the seal does not open, when
// `content.blocks` are not exactly its distinct ids (a server could otherwise drop a referenced
// block), or when its length is not `content.size`. Other errors as OpenManifest.
absl::StatusOr<Manifest> OpenContentRef(const NamespaceKeys& keys, const ContentRef& content);

// The parts of the above. OpenManifest: Reason::kVersion on a newer version; kFailedPrecondition on
// a key generation that `keys` do not have.
absl::StatusOr<std::string> SealManifest(const NamespaceKeys& keys, const Manifest& root,
                                         const EnvelopeSalt& salt);
absl::StatusOr<Manifest> OpenManifest(const NamespaceKeys& keys, absl::string_view sealed,
                                      absl::Span<const BlockId> blocks);

}  // namespace syncengine

#endif  // SYNCENGINE_FORMAT_MANIFEST_H_
