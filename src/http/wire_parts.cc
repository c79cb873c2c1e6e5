// Nodes, revisions, journal entries and the other parts that requests and answers are made of.
#include "src/http/wire_fields.h"
#include "src/http/wire_values.h"
#include "syncengine/base/limits.h"

namespace syncengine::http {
namespace {

constexpr EnumName<NodeKind> kNodeKinds[] = {{NodeKind::kFile, "file"},
                                             {NodeKind::kDirectory, "directory"},
                                             {NodeKind::kSymlink, "symlink"}};
constexpr EnumName<JournalKind> kJournalKinds[] = {{JournalKind::kCommitted, "committed"},
                                                   {JournalKind::kUploading, "uploading"},
                                                   {JournalKind::kAborted, "aborted"},
                                                   {JournalKind::kAside, "aside"}};
constexpr EnumName<ChangeVerdict> kVerdicts[] = {
    {ChangeVerdict::kCommitted, "committed"},  {ChangeVerdict::kHeadMoved, "head_moved"},
    {ChangeVerdict::kNameTaken, "name_taken"}, {ChangeVerdict::kParentGone, "parent_gone"},
    {ChangeVerdict::kNotEmpty, "not_empty"},   {ChangeVerdict::kCycle, "cycle"},
    {ChangeVerdict::kNotTried, "not_tried"},   {ChangeVerdict::kMissingBlocks, "missing_blocks"}};

}  // namespace

Json ToJson(const ContentRef& content) {
  Json json = {{"size", content.size}};
  if (!content.blocks.empty()) {
    json["blocks"] = IdsToJson<BlockId>(content.blocks);
  }
  PutBinary(json, "manifest", content.manifest);
  return json;
}

Json ToJson(const Attributes& attributes) {
  Json json = Json::object();
  if (attributes.mtime_ns != 0) json["mtime_ns"] = attributes.mtime_ns;
  if (attributes.mode != 0) json["mode"] = attributes.mode;
  if (!attributes.symlink_target.empty()) {
    PutText(json, "symlink_target", attributes.symlink_target);
  }
  PutBinary(json, "sealed", attributes.sealed);
  return json;
}

Json ToJson(const NodeState& state) {
  Json json = {{"kind", NameOf(kNodeKinds, state.kind)}};
  PutId(json, "parent", state.parent);
  PutText(json, "name", state.name);
  if (state.deleted) json["deleted"] = true;
  json["attributes"] = ToJson(state.attributes);
  if (state.content != ContentRef()) json["content"] = ToJson(state.content);
  return json;
}

Json ToJson(const Change& change) {
  Json json = {{"node", change.node.ToHex()}, {"state", ToJson(change.state)}};
  PutId(json, "base", change.base);
  PutId(json, "merged_from", change.merged_from);
  if (change.aside) json["aside"] = true;
  if (change.conflict.has_value()) json["conflict"] = ToJson(*change.conflict);
  return json;
}

Json ToJson(const ChangeOutcome& outcome) {
  Json json = {{"verdict", NameOf(kVerdicts, outcome.verdict)}};
  PutId(json, "revision", outcome.revision);
  if (outcome.sequence != 0) json["sequence"] = outcome.sequence;
  if (outcome.head.has_value()) json["head"] = ToJson(*outcome.head);
  if (!outcome.missing.empty()) json["missing"] = IdsToJson<BlockId>(outcome.missing);
  return json;
}

Json ToJson(const Announcement& announcement) {
  Json json = {{"node", announcement.node.ToHex()}, {"size", announcement.size}};
  PutId(json, "parent", announcement.parent);
  PutText(json, "name", announcement.name);
  return json;
}

Json ToJson(const ListEntry& entry) {
  Json json = {{"revision", ToJson(entry.revision)}};
  PutText(json, "path", entry.path);
  return json;
}

Json ToJson(const JournalEntry& entry) {
  Json json = {{"sequence", entry.sequence},
               {"kind", NameOf(kJournalKinds, entry.kind)},
               {"node", entry.node.ToHex()},
               {"time_us", absl::ToUnixMicros(entry.time)}};
  PutId(json, "revision", entry.revision);
  PutId(json, "upload", entry.upload);
  PutId(json, "device", entry.device);
  PutId(json, "parent", entry.parent);
  if (!entry.name.empty()) PutText(json, "name", entry.name);
  if (entry.size != 0) json["size"] = entry.size;
  return json;
}

Json ToJson(const ChangesEntry& entry) {
  Json json = {{"entry", ToJson(entry.entry)}};
  if (entry.revision.has_value()) json["revision"] = ToJson(*entry.revision);
  if (!entry.path.empty()) PutText(json, "path", entry.path);
  return json;
}

Json ToJson(const DeviceRecord::Place& place) {
  return {{"namespace", place.id.ToHex()},
          {"cursor", FormatCursor(place.cursor)},
          {"backlog", place.backlog}};
}

Json ToJson(const Revision& revision) {
  Json json = {{"committed_at_us", absl::ToUnixMicros(revision.committed_at)},
               {"sequence", revision.sequence},
               {"state", ToJson(revision.state)}};
  PutId(json, "id", revision.id);
  PutId(json, "node", revision.node);
  PutId(json, "parent", revision.parent);
  PutId(json, "merged_from", revision.merged_from);
  PutId(json, "device", revision.device);
  if (revision.aside) json["aside"] = true;
  return json;
}

template <>
absl::StatusOr<ContentRef> FromJson(const Json& value) {
  Fields fields(value, "content");
  ContentRef content;
  content.size = fields.Unsigned("size", kAnyU64);
  content.blocks = fields.Ids<BlockId>("blocks", limits::kManifestRootEntriesMax);
  content.manifest = fields.Binary("manifest");
  return Checked(fields, std::move(content));
}

template <>
absl::StatusOr<Attributes> FromJson(const Json& value) {
  Fields fields(value, "attributes");
  Attributes attributes;
  attributes.mtime_ns = fields.Signed("mtime_ns");
  attributes.mode = static_cast<uint32_t>(fields.Unsigned("mode", 07777));
  attributes.symlink_target = fields.Text("symlink_target");
  attributes.sealed = fields.Binary("sealed");
  return Checked(fields, std::move(attributes));
}

template <>
absl::StatusOr<NodeState> FromJson(const Json& value) {
  Fields fields(value, "state");
  NodeState state;
  state.kind = fields.Name<NodeKind>("kind", kNodeKinds);
  state.parent = fields.Id<NodeId>("parent");
  state.name = fields.Text("name");
  state.deleted = fields.Bool("deleted");
  state.attributes = fields.OptionalObject<Attributes>("attributes").value_or(Attributes());
  state.content = fields.OptionalObject<ContentRef>("content").value_or(ContentRef());
  return Checked(fields, std::move(state));
}

template <>
absl::StatusOr<Change> FromJson(const Json& value) {
  Fields fields(value, "change");
  Change change;
  change.node = fields.RequiredId<NodeId>("node");
  change.base = fields.Id<RevisionId>("base");
  change.merged_from = fields.Id<RevisionId>("merged_from");
  change.state = fields.Object<NodeState>("state");
  change.aside = fields.Bool("aside");
  change.conflict = fields.OptionalObject<ConflictNote>("conflict");
  return Checked(fields, std::move(change));
}

template <>
absl::StatusOr<Announcement> FromJson(const Json& value) {
  Fields fields(value, "announcement");
  Announcement announcement;
  announcement.node = fields.RequiredId<NodeId>("node");
  announcement.parent = fields.Id<NodeId>("parent");
  announcement.name = fields.Text("name");
  announcement.size = fields.Unsigned("size", kAnyU64);
  return Checked(fields, std::move(announcement));
}

template <>
absl::StatusOr<Revision> FromJson(const Json& value) {
  Fields fields(value, "revision");
  Revision revision;
  revision.id = fields.Id<RevisionId>("id");
  revision.node = fields.Id<NodeId>("node");
  revision.parent = fields.Id<RevisionId>("parent");
  revision.merged_from = fields.Id<RevisionId>("merged_from");
  revision.sequence = fields.Unsigned("sequence", kAnyU64);
  revision.device = fields.Id<DeviceId>("device");
  revision.committed_at = Time(fields, "committed_at_us");
  revision.state = fields.Object<NodeState>("state");
  revision.aside = fields.Bool("aside");
  return Checked(fields, std::move(revision));
}

template <>
absl::StatusOr<ChangeOutcome> FromJson(const Json& value) {
  Fields fields(value, "outcome");
  ChangeOutcome outcome;
  outcome.verdict = fields.Name<ChangeVerdict>("verdict", kVerdicts);
  outcome.revision = fields.Id<RevisionId>("revision");
  outcome.sequence = fields.Unsigned("sequence", kAnyU64);
  outcome.head = fields.OptionalObject<Revision>("head");
  outcome.missing = fields.Ids<BlockId>("missing", limits::kMissingBlocksMax);
  return Checked(fields, std::move(outcome));
}

template <>
absl::StatusOr<ListEntry> FromJson(const Json& value) {
  Fields fields(value, "entry");
  ListEntry entry{.path = fields.Text("path"), .revision = fields.Object<Revision>("revision")};
  return Checked(fields, std::move(entry));
}

template <>
absl::StatusOr<JournalEntry> FromJson(const Json& value) {
  Fields fields(value, "journal entry");
  JournalEntry entry;
  entry.sequence = fields.Unsigned("sequence", kAnyU64);
  entry.kind = fields.Name<JournalKind>("kind", kJournalKinds);
  entry.node = fields.Id<NodeId>("node");
  entry.revision = fields.Id<RevisionId>("revision");
  entry.upload = fields.Id<UploadId>("upload");
  entry.device = fields.Id<DeviceId>("device");
  entry.time = Time(fields, "time_us");
  entry.parent = fields.Id<NodeId>("parent");
  entry.name = fields.Text("name");
  entry.size = fields.Unsigned("size", kAnyU64);
  return Checked(fields, std::move(entry));
}

template <>
absl::StatusOr<ChangesEntry> FromJson(const Json& value) {
  Fields fields(value, "change");
  ChangesEntry entry;
  entry.entry = fields.Object<JournalEntry>("entry");
  entry.revision = fields.OptionalObject<Revision>("revision");
  entry.path = fields.Text("path");
  return Checked(fields, std::move(entry));
}

template <>
absl::StatusOr<DeviceRecord::Place> FromJson(const Json& value) {
  Fields fields(value, "place");
  DeviceRecord::Place place;
  place.id = fields.Id<NamespaceId>("namespace");
  place.cursor = ReadCursor(fields, "cursor");
  place.backlog = fields.Unsigned("backlog", kAnyU64);
  return Checked(fields, std::move(place));
}

}  // namespace syncengine::http
