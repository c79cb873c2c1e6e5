#include "src/engine/transactions.h"

#include "absl/strings/str_cat.h"
#include "src/engine/keys.h"
#include "syncengine/base/error.h"

namespace syncengine::engine {
namespace {

absl::Status RenameContention(absl::Status status) {
  if (!absl::IsAborted(status)) return status;
  return absl::UnavailableError(absl::StrCat("too many writers at once: ", status.message()));
}

absl::StatusOr<HeadRow> ReadHead(MetadataReader& rows, const NamespaceId& id) {
  SYNCENGINE_ASSIGN_OR_RETURN(auto head, ReadRow<HeadRow>(rows, HeadKey()));
  if (!head.has_value()) {
    return absl::NotFoundError(absl::StrCat("there is no namespace ", id.ToHex()));
  }
  return *head;
}

}  // namespace

absl::Status ViewNamespace(
    const EnginePorts& ports, const NamespaceId& id,
    absl::FunctionRef<absl::Status(MetadataReader& rows, const HeadRow& head)> closure) {
  const auto view = [&](MetadataReader& rows) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(const HeadRow head, ReadHead(rows, id));
    return closure(rows, head);
  };
  return RenameContention(ports.metadata.View(NamespacePartition(id), view));
}

absl::Status UpdateNamespace(
    const EnginePorts& ports, const NamespaceId& id,
    absl::FunctionRef<absl::Status(MetadataWriter& rows, HeadRow& head)> closure) {
  const auto update = [&](MetadataWriter& rows) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(HeadRow head, ReadHead(rows, id));
    const std::string before = EncodeRow(head);
    SYNCENGINE_RETURN_IF_ERROR(closure(rows, head));
    const std::string after = EncodeRow(head);
    return after == before ? absl::OkStatus() : rows.Put(HeadKey(), after);
  };
  return RenameContention(ports.metadata.Update(NamespacePartition(id), update));
}

absl::Status ViewRepository(const EnginePorts& ports,
                            absl::FunctionRef<absl::Status(MetadataReader& rows)> closure) {
  return RenameContention(ports.metadata.View(kRepositoryPartition, closure));
}

absl::Status UpdateRepository(const EnginePorts& ports,
                              absl::FunctionRef<absl::Status(MetadataWriter& rows)> closure) {
  return RenameContention(ports.metadata.Update(kRepositoryPartition, closure));
}

absl::Status AddUsage(MetadataWriter& rows, const Usage& difference) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto row, ReadRow<UsageRow>(rows, UsageKey()));
  Usage usage = row.has_value() ? row->usage : Usage();
  usage.logical_bytes += difference.logical_bytes;
  usage.stored_bytes += difference.stored_bytes;
  usage.blocks += difference.blocks;
  usage.segments += difference.segments;
  usage.revisions += difference.revisions;
  usage.nodes += difference.nodes;
  return rows.Put(UsageKey(), EncodeRow(UsageRow{usage}));
}

}  // namespace syncengine::engine
