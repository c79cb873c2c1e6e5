// Requests and answers; their parts are in wire_parts.cc.
#include "src/http/wire_values.h"

#include "absl/strings/escaping.h"
#include "src/http/wire_fields.h"
#include "syncengine/base/limits.h"

namespace syncengine::http {
namespace {

// A page holds at most this much whatever was asked; bounds what a client accepts from a server.
constexpr size_t kPageMax = limits::kChangesPageMax;
constexpr size_t kNamespaceSlotsMax = 64;
constexpr size_t kDevicePlacesMax = 100'000;

constexpr EnumName<KeyHolder> kKeyHolders[] = {{KeyHolder::kServer, "server"},
                                               {KeyHolder::kEndToEnd, "end_to_end"}};

}  // namespace

Json ToJson(const NamespaceRecord& record) {
  Json json = {{"id", record.id.ToHex()},
               {"name", record.name},
               {"key_holder", NameOf(kKeyHolders, record.key_holder)},
               {"chunker_suite", record.chunker_suite},
               {"average_block_bytes", record.average_block_bytes},
               {"head_sequence", record.head_sequence}};
  PutId(json, "history", record.history);
  for (const std::string& slot : record.key_slots) {
    json["key_slots"].push_back(absl::Base64Escape(slot));
  }
  return json;
}

template <>
absl::StatusOr<NamespaceRecord> FromJson(const Json& value) {
  Fields fields(value, "namespace");
  NamespaceRecord record;
  record.id = fields.RequiredId<NamespaceId>("id");
  record.name = fields.Text("name");
  record.history = fields.Id<HistoryId>("history");
  record.key_holder = fields.Name<KeyHolder>("key_holder", kKeyHolders);
  record.key_slots = fields.Binaries("key_slots", kNamespaceSlotsMax);
  record.chunker_suite =
      static_cast<uint8_t>(fields.Unsigned("chunker_suite", 255, record.chunker_suite));
  record.average_block_bytes = static_cast<uint32_t>(
      fields.Unsigned("average_block_bytes", limits::kBlockBytesMax, record.average_block_bytes));
  record.head_sequence = fields.Unsigned("head_sequence", kAnyU64);
  return Checked(fields, std::move(record));
}

Json ToJson(const ListPage& page) {
  return {{"entries", ArrayOf(page.entries)}, {"more", page.more}};
}

template <>
absl::StatusOr<ListPage> FromJson(const Json& value) {
  Fields fields(value, "list");
  ListPage page{.entries = fields.Objects<ListEntry>("entries", kPageMax),
                .more = fields.Bool("more")};
  return Checked(fields, std::move(page));
}

Json ToJson(const RevisionPage& page) {
  return {{"revisions", ArrayOf(page.revisions)}, {"more", page.more}};
}

template <>
absl::StatusOr<RevisionPage> FromJson(const Json& value) {
  Fields fields(value, "revisions");
  RevisionPage page{.revisions = fields.Objects<Revision>("revisions", kPageMax),
                    .more = fields.Bool("more")};
  return Checked(fields, std::move(page));
}

Json ToJson(const UploadRequest& request) {
  return {{"op", request.op.ToHex()}, {"announcements", ArrayOf(request.announcements)}};
}

template <>
absl::StatusOr<UploadRequest> FromJson(const Json& value) {
  Fields fields(value, "upload");
  UploadRequest request;
  request.op = fields.RequiredId<OpId>("op");
  request.announcements = fields.Objects<Announcement>("announcements", limits::kAnnouncementsMax);
  return Checked(fields, std::move(request));
}

Json ToJson(const PutSegmentResult& result) {
  return {{"stored", result.stored},
          {"blocks_new", result.blocks_new},
          {"missing", IdsToJson<BlockId>(result.missing)}};
}

template <>
absl::StatusOr<PutSegmentResult> FromJson(const Json& value) {
  Fields fields(value, "segment result");
  PutSegmentResult result;
  result.stored = fields.Bool("stored");
  result.blocks_new = fields.Unsigned("blocks_new", kAnyU64);
  result.missing =
      fields.Ids<BlockId>("missing", size_t{limits::kSegmentFramesMax} * limits::kFrameBlocksMax);
  return Checked(fields, std::move(result));
}

Json ToJson(const CommitRequest& request) {
  Json json = {{"op", request.op.ToHex()}, {"changes", ArrayOf(request.changes)}};
  PutId(json, "upload", request.upload);
  return json;
}

template <>
absl::StatusOr<CommitRequest> FromJson(const Json& value) {
  Fields fields(value, "commit");
  CommitRequest request;
  request.op = fields.RequiredId<OpId>("op");
  request.upload = fields.Id<UploadId>("upload");
  request.changes = fields.Objects<Change>("changes", limits::kCommitChangesMax);
  return Checked(fields, std::move(request));
}

Json ToJson(const CommitResult& result) {
  return {{"committed", result.committed}, {"outcomes", ArrayOf(result.outcomes)}};
}

template <>
absl::StatusOr<CommitResult> FromJson(const Json& value) {
  Fields fields(value, "commit result");
  CommitResult result;
  result.committed = fields.Bool("committed");
  result.outcomes = fields.Objects<ChangeOutcome>("outcomes", limits::kCommitChangesMax);
  return Checked(fields, std::move(result));
}

Json ToJson(const ChangesPage& page) {
  return {
      {"entries", ArrayOf(page.entries)}, {"next", FormatCursor(page.next)}, {"head", page.head}};
}

template <>
absl::StatusOr<ChangesPage> FromJson(const Json& value) {
  Fields fields(value, "changes");
  ChangesPage page;
  page.entries = fields.Objects<ChangesEntry>("entries", kPageMax);
  page.next = ReadCursor(fields, "next");
  page.head = fields.Unsigned("head", kAnyU64);
  return Checked(fields, std::move(page));
}

Json ToJson(const Usage& usage) {
  return {{"logical_bytes", usage.logical_bytes},
          {"stored_bytes", usage.stored_bytes},
          {"blocks", usage.blocks},
          {"segments", usage.segments},
          {"revisions", usage.revisions},
          {"nodes", usage.nodes}};
}

template <>
absl::StatusOr<Usage> FromJson(const Json& value) {
  Fields fields(value, "usage");
  Usage usage;
  usage.logical_bytes = fields.Unsigned("logical_bytes", kAnyU64);
  usage.stored_bytes = fields.Unsigned("stored_bytes", kAnyU64);
  usage.blocks = fields.Unsigned("blocks", kAnyU64);
  usage.segments = fields.Unsigned("segments", kAnyU64);
  usage.revisions = fields.Unsigned("revisions", kAnyU64);
  usage.nodes = fields.Unsigned("nodes", kAnyU64);
  return Checked(fields, usage);
}

Json ToJson(const NewDevice& device) {
  Json json = {{"id", device.id.ToHex()}};
  PutText(json, "token", device.token.bytes());
  return json;
}

template <>
absl::StatusOr<NewDevice> FromJson(const Json& value) {
  Fields fields(value, "device");
  NewDevice device{.id = fields.RequiredId<DeviceId>("id"), .token = Secret(fields.Text("token"))};
  return Checked(fields, std::move(device));
}

Json ToJson(const DeviceRecord& device) {
  Json json = {{"id", device.id.ToHex()},
               {"name", device.name},
               {"revoked", device.revoked},
               {"created_us", absl::ToUnixMicros(device.created)},
               {"last_seen_us", absl::ToUnixMicros(device.last_seen)}};
  for (const DeviceRecord::Place& place : device.places) json["places"].push_back(ToJson(place));
  return json;
}

template <>
absl::StatusOr<DeviceRecord> FromJson(const Json& value) {
  Fields fields(value, "device");
  DeviceRecord device;
  device.id = fields.Id<DeviceId>("id");
  device.name = fields.Text("name");
  device.revoked = fields.Bool("revoked");
  device.created = Time(fields, "created_us");
  device.last_seen = Time(fields, "last_seen_us");
  device.places = fields.Objects<DeviceRecord::Place>("places", kDevicePlacesMax);
  return Checked(fields, std::move(device));
}

}  // namespace syncengine::http
