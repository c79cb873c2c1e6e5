// Conflicts as JSON.
#include "src/http/wire_fields.h"
#include "src/http/wire_values.h"
#include "syncengine/base/limits.h"

namespace syncengine::http {
namespace {

constexpr EnumName<ConflictReason> kReasons[] = {
    {ConflictReason::kOverlap, "overlap"},     {ConflictReason::kBinary, "binary"},
    {ConflictReason::kTooLarge, "too_large"},  {ConflictReason::kNoBase, "no_base"},
    {ConflictReason::kNotAFile, "not_a_file"}, {ConflictReason::kUnreadable, "unreadable"}};
constexpr EnumName<ConflictDecision> kDecisions[] = {{ConflictDecision::kOpen, "open"},
                                                     {ConflictDecision::kTheirs, "theirs"},
                                                     {ConflictDecision::kOurs, "ours"},
                                                     {ConflictDecision::kBoth, "both"},
                                                     {ConflictDecision::kMerged, "merged"}};

}  // namespace

Json ToJson(const ConflictHunk& hunk) {
  return {{"base_begin", hunk.base_begin},     {"base_end", hunk.base_end},
          {"ours_begin", hunk.ours_begin},     {"ours_end", hunk.ours_end},
          {"theirs_begin", hunk.theirs_begin}, {"theirs_end", hunk.theirs_end}};
}

template <>
absl::StatusOr<ConflictHunk> FromJson(const Json& value) {
  Fields fields(value, "hunk");
  const ConflictHunk hunk{.base_begin = fields.Unsigned("base_begin", kAnyU64),
                          .base_end = fields.Unsigned("base_end", kAnyU64),
                          .ours_begin = fields.Unsigned("ours_begin", kAnyU64),
                          .ours_end = fields.Unsigned("ours_end", kAnyU64),
                          .theirs_begin = fields.Unsigned("theirs_begin", kAnyU64),
                          .theirs_end = fields.Unsigned("theirs_end", kAnyU64)};
  return Checked(fields, hunk);
}

Json ToJson(const ConflictNote& note) {
  Json json = {{"reason", NameOf(kReasons, note.reason)}, {"theirs", note.theirs.ToHex()}};
  if (note.copy) json["copy"] = true;
  if (!note.hunks.empty()) json["hunks"] = ArrayOf(note.hunks);
  return json;
}

template <>
absl::StatusOr<ConflictNote> FromJson(const Json& value) {
  Fields fields(value, "conflict");
  ConflictNote note;
  note.reason = fields.Name<ConflictReason>("reason", kReasons);
  note.theirs = fields.RequiredId<RevisionId>("theirs");
  note.copy = fields.Bool("copy");
  note.hunks = fields.Objects<ConflictHunk>("hunks", limits::kConflictHunksMax);
  return Checked(fields, std::move(note));
}

Json ToJson(const ConflictRecord& record) {
  Json json = {{"id", record.id.ToHex()},
               {"node", record.node.ToHex()},
               {"head", record.head.ToHex()},
               {"ours", ToJson(record.ours)},
               {"theirs", ToJson(record.theirs)},
               {"reason", NameOf(kReasons, record.reason)},
               {"decision", NameOf(kDecisions, record.decision)}};
  PutText(json, "path", record.path);
  if (!record.ours_device.empty()) PutText(json, "ours_device", record.ours_device);
  if (!record.theirs_device.empty()) PutText(json, "theirs_device", record.theirs_device);
  if (!record.hunks.empty()) json["hunks"] = ArrayOf(record.hunks);
  if (record.copy.has_value()) {
    json["copy"] = record.copy->ToHex();
    PutText(json, "copy_path", record.copy_path);
  }
  if (record.decision == ConflictDecision::kOpen) return json;
  PutId(json, "resolution", record.resolution);
  json["decided_at_us"] = absl::ToUnixMicros(record.decided_at);
  PutId(json, "decided_by", record.decided_by);
  return json;
}

template <>
absl::StatusOr<ConflictRecord> FromJson(const Json& value) {
  Fields fields(value, "conflict");
  ConflictRecord record;
  record.id = fields.RequiredId<RevisionId>("id");
  record.node = fields.Id<NodeId>("node");
  record.path = fields.Text("path");
  record.head = fields.Id<RevisionId>("head");
  record.ours = fields.Object<Revision>("ours");
  record.theirs = fields.Object<Revision>("theirs");
  record.ours_device = fields.Text("ours_device");
  record.theirs_device = fields.Text("theirs_device");
  record.reason = fields.Name<ConflictReason>("reason", kReasons);
  record.hunks = fields.Objects<ConflictHunk>("hunks", limits::kConflictHunksMax);
  if (fields.Has("copy")) record.copy = fields.Id<NodeId>("copy");
  record.copy_path = fields.Text("copy_path");
  record.decision = fields.Name<ConflictDecision>("decision", kDecisions);
  record.resolution = fields.Id<RevisionId>("resolution");
  record.decided_at = Time(fields, "decided_at_us");
  record.decided_by = fields.Id<DeviceId>("decided_by");
  return Checked(fields, std::move(record));
}

Json ToJson(const ConflictPage& page) {
  Json json = {{"conflicts", ArrayOf(page.conflicts)}, {"more", page.more}};
  PutId(json, "next", page.next);
  return json;
}

template <>
absl::StatusOr<ConflictPage> FromJson(const Json& value) {
  Fields fields(value, "conflicts");
  ConflictPage page{
      .conflicts = fields.Objects<ConflictRecord>("conflicts", limits::kConflictsPageMax),
      .next = fields.Id<RevisionId>("next"),
      .more = fields.Bool("more")};
  return Checked(fields, std::move(page));
}

Json ToJson(const ResolveRequest& request) {
  Json json = {{"conflict", request.conflict.ToHex()},
               {"decision", NameOf(kDecisions, request.decision)},
               {"expected_head", request.expected_head.ToHex()}};
  if (request.merged.has_value()) json["merged"] = ToJson(*request.merged);
  return json;
}

template <>
absl::StatusOr<ResolveRequest> FromJson(const Json& value) {
  Fields fields(value, "resolve");
  ResolveRequest request;
  request.conflict = fields.RequiredId<RevisionId>("conflict");
  request.decision = fields.Name<ConflictDecision>("decision", kDecisions);
  request.expected_head = fields.RequiredId<RevisionId>("expected_head");
  request.merged = fields.OptionalObject<NodeState>("merged");
  return Checked(fields, std::move(request));
}

Json ToJson(const ResolveResult& result) {
  Json json = {{"resolved", result.resolved}};
  PutId(json, "revision", result.revision);
  if (result.head.has_value()) json["head"] = ToJson(*result.head);
  if (!result.missing.empty()) json["missing"] = IdsToJson<BlockId>(result.missing);
  if (result.copy_kept) json["copy_kept"] = true;
  return json;
}

template <>
absl::StatusOr<ResolveResult> FromJson(const Json& value) {
  Fields fields(value, "resolve result");
  ResolveResult result;
  result.resolved = fields.Bool("resolved");
  result.revision = fields.Id<RevisionId>("revision");
  result.head = fields.OptionalObject<Revision>("head");
  result.missing = fields.Ids<BlockId>("missing", limits::kMissingBlocksMax);
  result.copy_kept = fields.Bool("copy_kept");
  return Checked(fields, std::move(result));
}

}  // namespace syncengine::http
