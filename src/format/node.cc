#include "syncengine/format/node.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "syncengine/base/coding.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/format/name.h"

namespace syncengine {
namespace {

constexpr uint8_t kRevisionVersion = 1;
constexpr uint32_t kModeMask = 07777;
constexpr uint8_t kDeletedFlag = 1;
constexpr uint8_t kAsideFlag = 2;

absl::Status Invalid(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("node: ", what));
}

absl::Status Damaged(absl::string_view what) {
  return MakeError(Reason::kIntegrity, absl::StrCat("revision: ", what));
}

absl::Status ValidateAttributes(const NodeState& state) {
  const Attributes& attributes = state.attributes;
  if (attributes.mode > kModeMask) return Invalid("mode bits outside 07777");
  if (attributes.sealed.size() > limits::kSealedAttributesMax) {
    return Invalid("the sealed attributes are too long");
  }
  if (attributes.symlink_target.size() > limits::kSymlinkTargetMax) {
    return Invalid(absl::StrCat("the symlink target is longer than ", limits::kSymlinkTargetMax));
  }
  if (state.kind != NodeKind::kSymlink && !attributes.symlink_target.empty()) {
    return Invalid("a symlink target on something else");
  }
  const bool plain =
      attributes.mtime_ns != 0 || attributes.mode != 0 || !attributes.symlink_target.empty();
  if (!attributes.sealed.empty() && plain) return Invalid("plain attributes beside sealed ones");
  return absl::OkStatus();
}

absl::Status ValidateContent(const NodeState& state) {
  const ContentRef& content = state.content;
  if (state.kind != NodeKind::kFile && content != ContentRef()) {
    return Invalid("content on something that is no file");
  }
  if (content.blocks.empty() != (content.size == 0) ||
      content.manifest.empty() != (content.size == 0)) {
    return Invalid("expected blocks and a manifest exactly when the size is not 0");
  }
  if (content.blocks.size() > limits::kManifestRootEntriesMax ||
      content.manifest.size() > limits::kSealedManifestBytesMax) {
    return Invalid("the manifest root is too long");
  }
  if (std::adjacent_find(content.blocks.begin(), content.blocks.end(),
                         std::greater_equal<BlockId>()) != content.blocks.end()) {
    return Invalid("the blocks of the content are not sorted and distinct");
  }
  return absl::OkStatus();
}

void EncodeState(const Revision& revision, ByteWriter& writer) {
  const NodeState& state = revision.state;
  writer.U8(static_cast<uint8_t>(state.kind));
  writer.U8((state.deleted ? kDeletedFlag : 0) | (revision.aside ? kAsideFlag : 0));
  writer.Raw(state.parent.bytes());
  writer.Short(state.name);
  writer.I64(state.attributes.mtime_ns);
  writer.U32(state.attributes.mode);
  writer.Short(state.attributes.symlink_target);
  writer.Short(state.attributes.sealed);
  writer.U64(state.content.size);
  writer.U16(static_cast<uint16_t>(state.content.blocks.size()));
  for (const BlockId& block : state.content.blocks) writer.Raw(block.bytes());
  writer.Short(state.content.manifest);
}

absl::StatusOr<std::vector<BlockId>> ReadBlockIds(ByteReader& reader) {
  const uint16_t count = reader.U16();
  if (count > limits::kManifestRootEntriesMax) return Damaged("too many blocks");
  std::vector<BlockId> blocks(count);
  for (BlockId& block : blocks) block = reader.ReadId<BlockId>();
  return blocks;
}

absl::Status ReadState(ByteReader& reader, Revision& revision) {
  NodeState& state = revision.state;
  state.kind = static_cast<NodeKind>(reader.U8());
  const uint8_t flags = reader.U8();
  if (flags > kAsideFlag) return Damaged("unknown flags");
  state.deleted = flags == kDeletedFlag;
  revision.aside = flags == kAsideFlag;
  state.parent = reader.ReadId<NodeId>();
  state.name = std::string(reader.Short());
  state.attributes.mtime_ns = reader.I64();
  state.attributes.mode = reader.U32();
  state.attributes.symlink_target = std::string(reader.Short());
  state.attributes.sealed = std::string(reader.Short());
  state.content.size = reader.U64();
  SYNCENGINE_ASSIGN_OR_RETURN(state.content.blocks, ReadBlockIds(reader));
  state.content.manifest = std::string(reader.Short());
  return absl::OkStatus();
}

}  // namespace

absl::string_view NodeKindName(NodeKind kind) {
  switch (kind) {
    case NodeKind::kFile:
      return "file";
    case NodeKind::kDirectory:
      return "directory";
    case NodeKind::kSymlink:
      return "symlink";
  }
  return "unknown";
}

absl::Status ValidateNodeState(const NodeState& state) {
  if (state.kind != NodeKind::kFile && state.kind != NodeKind::kDirectory &&
      state.kind != NodeKind::kSymlink) {
    return Invalid(absl::StrCat("unknown kind ", static_cast<int>(state.kind)));
  }
  SYNCENGINE_RETURN_IF_ERROR(ValidateName(state.name));
  SYNCENGINE_RETURN_IF_ERROR(ValidateAttributes(state));
  return ValidateContent(state);
}

std::string EncodeRevision(const Revision& revision) {
  ByteWriter writer;
  writer.U8(kRevisionVersion);
  writer.Raw(revision.id.bytes());
  writer.Raw(revision.node.bytes());
  writer.Raw(revision.parent.bytes());
  writer.Raw(revision.merged_from.bytes());
  writer.U64(revision.sequence);
  writer.Raw(revision.device.bytes());
  writer.I64(absl::ToUnixMicros(revision.committed_at));
  EncodeState(revision, writer);
  return std::move(writer).Take();
}

absl::StatusOr<Revision> DecodeRevision(absl::string_view bytes) {
  ByteReader reader(bytes, "revision");
  const uint8_t version = reader.U8();
  if (version > kRevisionVersion) {
    return MakeError(Reason::kVersion,
                     absl::StrCat("revision: version ", version, "; upgrade this program"));
  }
  if (version != kRevisionVersion) return Damaged("unknown version");
  Revision revision{.id = reader.ReadId<RevisionId>(),
                    .node = reader.ReadId<NodeId>(),
                    .parent = reader.ReadId<RevisionId>(),
                    .merged_from = reader.ReadId<RevisionId>(),
                    .sequence = reader.U64(),
                    .device = reader.ReadId<DeviceId>(),
                    .committed_at = absl::FromUnixMicros(reader.I64())};
  SYNCENGINE_RETURN_IF_ERROR(ReadState(reader, revision));
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  if (absl::Status valid = ValidateNodeState(revision.state); !valid.ok()) {
    return Damaged(valid.message());
  }
  return revision;
}

}  // namespace syncengine
