#include "src/folder/state_rows.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "syncengine/base/coding.h"
#include "syncengine/base/error.h"
#include "syncengine/reconcile/history.h"

namespace syncengine::folder {
namespace {

constexpr uint8_t kVersion = 1;
constexpr uint8_t kGrownVersion = 2;  // Of a synced row that names what it grew from.
constexpr size_t kIssuesMax = 1000;   // More would tell nobody anything.
constexpr size_t kIssueTextMax = 4096;

absl::Status CheckVersion(ByteReader& reader, absl::string_view object) {
  const uint8_t version = reader.U8();
  if (version == kVersion) return absl::OkStatus();
  return MakeError(Reason::kVersion,
                   absl::StrCat("folder state: ", object, " has version ", version,
                                ", this library knows ", kVersion, "; use a newer one"));
}

void WritePrint(ByteWriter& writer, const Fingerprint& print) {
  writer.U64(print.device);
  writer.U64(print.inode);
  writer.U64(print.size);
  writer.I64(print.mtime_ns);
  writer.I64(print.ctime_ns);
  writer.U32(print.mode);
}

Fingerprint ReadPrint(ByteReader& reader) {
  Fingerprint print;
  print.device = reader.U64();
  print.inode = reader.U64();
  print.size = reader.U64();
  print.mtime_ns = reader.I64();
  print.ctime_ns = reader.I64();
  print.mode = reader.U32();
  return print;
}

// Another value than 0 and 1 makes Finish fail.
bool ReadFlag(ByteReader& reader) {
  const uint8_t flag = reader.U8();
  if (flag > 1) reader.Raw(reader.remaining() + 1);
  return flag == 1;
}

}  // namespace

std::string EncodeSynced(const NodeId& node, const SyncedNode& row) {
  ByteWriter writer;
  writer.U8(row.earlier.empty() ? kVersion : kGrownVersion);
  WritePrint(writer, row.print);
  writer.U8(row.racy ? 1 : 0);
  writer.Long(EncodeRevision(
      {.id = row.revision, .node = node, .committed_at = row.committed_at, .state = row.state}));
  if (!row.earlier.empty()) writer.U8(static_cast<uint8_t>(row.earlier.size()));
  for (const RevisionId& revision : row.earlier) writer.Raw(revision.bytes());
  return std::move(writer).Take();
}

absl::StatusOr<SyncedNode> DecodeSynced(absl::string_view bytes) {
  ByteReader reader(bytes, "synced row");
  const bool grown = !bytes.empty() && static_cast<uint8_t>(bytes[0]) == kGrownVersion;
  if (grown) {
    reader.U8();
  } else {
    SYNCENGINE_RETURN_IF_ERROR(CheckVersion(reader, "synced row"));
  }
  SyncedNode row;
  row.print = ReadPrint(reader);
  row.racy = ReadFlag(reader);
  const absl::string_view encoded = reader.Long();
  const size_t earlier = grown ? reader.U8() : 0;
  if (earlier > kEarlierHeadsMax || (grown && earlier == 0)) {
    return MakeError(Reason::kIntegrity, "synced row: not so many earlier heads");
  }
  for (size_t i = 0; i < earlier; ++i) row.earlier.push_back(reader.ReadId<RevisionId>());
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  SYNCENGINE_ASSIGN_OR_RETURN(Revision revision, DecodeRevision(encoded));
  row.revision = revision.id;
  row.committed_at = revision.committed_at;
  row.state = std::move(revision.state);
  return row;
}

std::string EncodeIntent(const Intent& intent) {
  ByteWriter writer;
  writer.U8(kVersion);
  writer.U8(static_cast<uint8_t>(intent.kind));
  writer.Long(intent.path);
  writer.Long(intent.temporary);
  WritePrint(writer, intent.arrived);
  WritePrint(writer, intent.expected);
  writer.Raw(intent.node.bytes());
  writer.Raw(intent.revision.bytes());
  return std::move(writer).Take();
}

absl::StatusOr<Intent> DecodeIntent(absl::string_view bytes) {
  ByteReader reader(bytes, "intent");
  SYNCENGINE_RETURN_IF_ERROR(CheckVersion(reader, "intent"));
  Intent intent;
  const uint8_t kind = reader.U8();
  intent.kind = static_cast<Intent::Kind>(kind);
  intent.path = std::string(reader.Long());
  intent.temporary = std::string(reader.Long());
  intent.arrived = ReadPrint(reader);
  intent.expected = ReadPrint(reader);
  intent.node = reader.ReadId<NodeId>();
  intent.revision = reader.ReadId<RevisionId>();
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  if (kind < 1 || kind > 2) return MakeError(Reason::kIntegrity, "intent: unknown kind");
  return intent;
}

std::string EncodeUnmerged(const Unmerged& unmerged) {
  ByteWriter writer;
  writer.U8(kVersion);
  writer.Raw(unmerged.lost.copy.bytes());
  writer.Short(unmerged.lost.stamp);
  writer.Short(unmerged.lost.device);
  WritePrint(writer, unmerged.print);
  return std::move(writer).Take();
}

absl::StatusOr<Unmerged> DecodeUnmerged(absl::string_view bytes) {
  ByteReader reader(bytes, "unmerged row");
  SYNCENGINE_RETURN_IF_ERROR(CheckVersion(reader, "unmerged row"));
  Unmerged unmerged;
  unmerged.lost.copy = reader.ReadId<NodeId>();
  unmerged.lost.stamp = std::string(reader.Short());
  unmerged.lost.device = std::string(reader.Short());
  unmerged.print = ReadPrint(reader);
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  return unmerged;
}

std::string EncodeSent(const NodeId& node, const std::vector<SentChange>& sent) {
  ByteWriter writer;
  writer.U8(kVersion);
  writer.U8(static_cast<uint8_t>(sent.size()));
  for (const SentChange& change : sent) {
    WritePrint(writer, change.print);
    writer.Long(EncodeRevision(
        {.node = node, .parent = change.base, .committed_at = change.at, .state = change.state}));
  }
  return std::move(writer).Take();
}

absl::StatusOr<std::vector<SentChange>> DecodeSent(absl::string_view bytes) {
  ByteReader reader(bytes, "sent changes");
  SYNCENGINE_RETURN_IF_ERROR(CheckVersion(reader, "sent changes"));
  const size_t count = reader.U8();
  if (count == 0 || count > kSentChangesMax) {
    return MakeError(Reason::kIntegrity, "sent changes: not so many");
  }
  std::vector<SentChange> sent;
  for (size_t i = 0; i < count && reader.ok(); ++i) {
    SentChange change;
    change.print = ReadPrint(reader);
    SYNCENGINE_ASSIGN_OR_RETURN(Revision revision, DecodeRevision(reader.Long()));
    change.base = revision.parent;
    change.at = revision.committed_at;
    change.state = std::move(revision.state);
    sent.push_back(std::move(change));
  }
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  return sent;
}

std::string EncodeIdentity(const Identity& identity) {
  ByteWriter writer;
  writer.U8(kVersion);
  writer.Raw(identity.name_space.bytes());
  writer.Short(identity.root_marker);
  writer.U64(identity.root_inode);
  writer.Short(identity.boot);
  writer.U8(identity.clean ? 1 : 0);
  writer.I64(absl::ToUnixMicros(identity.checkpoint));
  return std::move(writer).Take();
}

absl::StatusOr<Identity> DecodeIdentity(absl::string_view bytes) {
  ByteReader reader(bytes, "folder identity");
  SYNCENGINE_RETURN_IF_ERROR(CheckVersion(reader, "folder identity"));
  Identity identity;
  identity.name_space = reader.ReadId<NamespaceId>();
  identity.root_marker = std::string(reader.Short());
  identity.root_inode = reader.U64();
  identity.boot = std::string(reader.Short());
  identity.clean = ReadFlag(reader);
  identity.checkpoint = absl::FromUnixMicros(reader.I64());
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  return identity;
}

std::string EncodeIssues(const std::vector<Issue>& issues) {
  ByteWriter writer;
  writer.U8(kVersion);
  const size_t count = std::min(issues.size(), kIssuesMax);
  writer.U32(static_cast<uint32_t>(count));
  for (size_t i = 0; i < count; ++i) {
    for (const std::string* text : {&issues[i].path, &issues[i].cause, &issues[i].hint}) {
      writer.Short(absl::string_view(*text).substr(0, kIssueTextMax));
    }
  }
  return std::move(writer).Take();
}

absl::StatusOr<std::vector<Issue>> DecodeIssues(absl::string_view bytes) {
  ByteReader reader(bytes, "issues");
  SYNCENGINE_RETURN_IF_ERROR(CheckVersion(reader, "issues"));
  const uint32_t count = reader.U32();
  if (count > kIssuesMax) return MakeError(Reason::kIntegrity, "issues: too many");
  std::vector<Issue> issues;
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    Issue issue;
    for (std::string* text : {&issue.path, &issue.cause, &issue.hint}) {
      *text = std::string(reader.Short());
      if (text->size() > kIssueTextMax) return MakeError(Reason::kIntegrity, "issues: too long");
    }
    issues.push_back(std::move(issue));
  }
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  return issues;
}

}  // namespace syncengine::folder
