#include "syncengine/format/manifest.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "src/format/envelope.h"
#include "syncengine/base/coding.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine {
namespace {

constexpr uint8_t kNodeVersion = 1;
constexpr size_t kNodeHeaderBytes = 6;
constexpr size_t kEntryBytes = BlockId::kSize + 8;
constexpr uint64_t kContentBytesMax = (uint64_t{1} << 63) - 1;
constexpr internal::EnvelopeKind kRootEnvelope = {
    .magic = "SEM1", .purpose = KeyPurpose::kManifest, .object = "manifest root"};

static_assert(limits::kSealedManifestBytesMax >= internal::kEnvelopeOverhead + kNodeHeaderBytes +
                                                     limits::kManifestRootEntriesMax * kEntryBytes);

absl::Status Damaged(absl::string_view what) {
  return MakeError(Reason::kIntegrity, absl::StrCat("manifest: ", what));
}

absl::Status CheckRootSize(const Manifest& root) {
  if (root.entries.size() <= limits::kManifestRootEntriesMax) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("manifest root: ", root.entries.size(),
                                                 " entries, at most ",
                                                 limits::kManifestRootEntriesMax, " are allowed"));
}

}  // namespace

absl::StatusOr<uint64_t> ManifestLength(const Manifest& manifest) {
  if (manifest.height > limits::kManifestHeightMax) {
    return absl::InvalidArgumentError(absl::StrCat("manifest: height ", manifest.height,
                                                   " is over ", limits::kManifestHeightMax));
  }
  if (manifest.entries.empty() || manifest.entries.size() > limits::kManifestEntriesMax) {
    return absl::InvalidArgumentError(absl::StrCat("manifest: ", manifest.entries.size(),
                                                   " entries, expected 1 to ",
                                                   limits::kManifestEntriesMax));
  }
  const uint64_t entry_max = manifest.height == 0 ? limits::kBlockBytesMax : kContentBytesMax;
  uint64_t sum = 0;
  for (const ContentEntry& entry : manifest.entries) {
    if (entry.length == 0 || entry.length > entry_max || entry.length > kContentBytesMax - sum) {
      return absl::InvalidArgumentError(
          absl::StrCat("manifest: entry length ", entry.length, " is out of bounds"));
    }
    sum += entry.length;
  }
  return sum;
}

std::vector<BlockId> DistinctIds(absl::Span<const ContentEntry> entries) {
  std::vector<BlockId> ids;
  ids.reserve(entries.size());
  for (const ContentEntry& entry : entries) ids.push_back(entry.id);
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

absl::StatusOr<std::string> EncodeManifestNode(const Manifest& manifest) {
  SYNCENGINE_RETURN_IF_ERROR(ManifestLength(manifest).status());
  ByteWriter writer;
  writer.U8(kNodeVersion);
  writer.U8(manifest.height);
  writer.U32(static_cast<uint32_t>(manifest.entries.size()));
  for (const ContentEntry& entry : manifest.entries) {
    writer.Raw(entry.id.bytes());
    writer.U64(entry.length);
  }
  return std::move(writer).Take();
}

absl::StatusOr<Manifest> DecodeManifestNode(absl::string_view plaintext) {
  ByteReader reader(plaintext, "manifest");
  const uint8_t version = reader.U8();
  if (version > kNodeVersion) {
    return MakeError(Reason::kVersion,
                     absl::StrCat("manifest: version ", version, "; upgrade this program"));
  }
  if (version != kNodeVersion) return Damaged("unknown version");
  Manifest manifest{.height = reader.U8()};
  const uint32_t count = reader.U32();
  if (count > limits::kManifestEntriesMax || reader.remaining() != count * kEntryBytes) {
    return Damaged("the number of entries does not fit the size");
  }
  manifest.entries.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    ContentEntry entry{.id = reader.ReadId<BlockId>()};
    entry.length = reader.U64();
    manifest.entries.push_back(entry);
  }
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  if (auto length = ManifestLength(manifest); !length.ok()) {
    return MakeError(Reason::kIntegrity, length.status().message());
  }
  return manifest;
}

absl::StatusOr<Manifest> DecodeManifestChild(absl::string_view plaintext, uint8_t parent_height,
                                             const ContentEntry& parent_entry) {
  SYNCENGINE_ASSIGN_OR_RETURN(Manifest manifest, DecodeManifestNode(plaintext));
  if (manifest.height + 1 != parent_height) {
    return Damaged(
        absl::StrCat("a child of height ", manifest.height, " below height ", parent_height));
  }
  SYNCENGINE_ASSIGN_OR_RETURN(const uint64_t length, ManifestLength(manifest));
  if (length != parent_entry.length) {
    return Damaged(
        absl::StrCat("a child of ", length, " bytes where ", parent_entry.length, " are expected"));
  }
  return manifest;
}

absl::StatusOr<std::string> SealManifest(const NamespaceKeys& keys, const Manifest& root,
                                         const EnvelopeSalt& salt) {
  SYNCENGINE_RETURN_IF_ERROR(CheckRootSize(root));
  SYNCENGINE_ASSIGN_OR_RETURN(const std::string plain, EncodeManifestNode(root));
  return internal::SealEnvelope(keys, kRootEnvelope, salt, plain);
}

absl::StatusOr<Manifest> OpenManifest(const NamespaceKeys& keys, absl::string_view sealed,
                                      absl::Span<const BlockId> blocks) {
  if (sealed.size() > limits::kSealedManifestBytesMax) return Damaged("the sealed root is too big");
  SYNCENGINE_ASSIGN_OR_RETURN(const std::string plain,
                              internal::OpenEnvelope(keys, kRootEnvelope, sealed));
  SYNCENGINE_ASSIGN_OR_RETURN(Manifest root, DecodeManifestNode(plain));
  if (root.entries.size() > limits::kManifestRootEntriesMax) return Damaged("the root is too long");
  if (blocks != DistinctIds(root.entries)) {
    return Damaged("the open list of blocks is not the one that was sealed");
  }
  return root;
}

absl::StatusOr<ContentRef> MakeContentRef(const NamespaceKeys& keys, const Manifest& root,
                                          const EnvelopeSalt& salt) {
  ContentRef content;
  if (root.entries.empty()) return content;
  SYNCENGINE_ASSIGN_OR_RETURN(content.size, ManifestLength(root));
  SYNCENGINE_ASSIGN_OR_RETURN(content.manifest, SealManifest(keys, root, salt));
  content.blocks = DistinctIds(root.entries);
  return content;
}

absl::StatusOr<Manifest> OpenContentRef(const NamespaceKeys& keys, const ContentRef& content) {
  if (content.size == 0 && content.blocks.empty() && content.manifest.empty()) return Manifest();
  SYNCENGINE_ASSIGN_OR_RETURN(Manifest root, OpenManifest(keys, content.manifest, content.blocks));
  SYNCENGINE_ASSIGN_OR_RETURN(const uint64_t length, ManifestLength(root));
  if (length != content.size) {
    return Damaged(
        absl::StrCat("the root is ", length, " bytes long, the revision says ", content.size));
  }
  return root;
}

}  // namespace syncengine
