// Upload sessions: announcements in the journal, and a lease on what was uploaded.
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/engine/block_table.h"
#include "src/engine/keys.h"
#include "src/engine/operations.h"
#include "src/engine/transactions.h"
#include "src/engine/uploads.h"
#include "src/engine/verbs.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/format/name.h"

namespace syncengine::engine {
namespace {

absl::Status ValidateAnnouncements(absl::Span<const Announcement> announcements) {
  if (announcements.size() > limits::kAnnouncementsMax) {
    return absl::InvalidArgumentError(absl::StrCat("announcements: ", announcements.size(),
                                                   ", at most ", limits::kAnnouncementsMax));
  }
  for (const Announcement& announcement : announcements) {
    if (announcement.node == kRootNode) {
      return absl::InvalidArgumentError("announcement: expected a node, found the root");
    }
    SYNCENGINE_RETURN_IF_ERROR(ValidateName(announcement.name));
  }
  return absl::OkStatus();
}

// Marks what is present as wanted, and the session as alive; only blocks that the last collection
// has seen and sessions that were silent for a while need a write.
absl::Status RenewLeases(const EnginePorts& ports, const NamespaceId& id, const UploadId& upload,
                         absl::Span<const BlockId> ids, std::vector<BlockId>& missing) {
  const absl::Time now = ports.clock.Now();
  return UpdateNamespace(ports, id, [&](MetadataWriter& rows, HeadRow& head) -> absl::Status {
    BlockTable blocks(rows, head.epoch);
    SYNCENGINE_RETURN_IF_ERROR(blocks.Load(ids));
    for (const BlockId& block : ids) {
      if (blocks.usable(block)) blocks.Touch(block);
    }
    missing = blocks.Missing(ids);
    SYNCENGINE_RETURN_IF_ERROR(blocks.Write(rows));
    SYNCENGINE_ASSIGN_OR_RETURN(auto row, ReadRow<UploadRow>(rows, UploadKey(upload)));
    if (!row.has_value()) return absl::OkStatus();
    row->touched = now;
    return rows.Put(UploadKey(upload), EncodeRow(*row));
  });
}

}  // namespace

absl::StatusOr<UploadId> BeginUpload(const EnginePorts& ports, const DeviceId& device,
                                     const NamespaceId& id, const UploadRequest& request) {
  SYNCENGINE_RETURN_IF_ERROR(ValidateAnnouncements(request.announcements));
  const auto fresh = ports.entropy.NewId<UploadId>();
  const absl::Time now = ports.clock.Now();
  UploadId upload;
  const auto begin = [&](MetadataWriter& rows, HeadRow& head) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(const auto done, FindOperation(rows, request.op));
    upload = done.has_value() ? done->upload : fresh;
    if (done.has_value()) return absl::OkStatus();
    UploadRow row{.device = device, .touched = now, .epoch = head.epoch};
    for (const Announcement& announcement : request.announcements) {
      row.pending.push_back(announcement.node);
      SYNCENGINE_RETURN_IF_ERROR(AppendEntry(rows, head,
                                             {.kind = JournalKind::kUploading,
                                              .node = announcement.node,
                                              .upload = upload,
                                              .device = device,
                                              .time = now,
                                              .parent = announcement.parent,
                                              .name = announcement.name,
                                              .size = announcement.size}));
    }
    SYNCENGINE_RETURN_IF_ERROR(rows.Put(UploadKey(upload), EncodeRow(row)));
    return StoreOperation(rows, head, request.op, {.upload = upload});
  };
  SYNCENGINE_RETURN_IF_ERROR(UpdateNamespace(ports, id, begin));
  if (upload.IsZero()) {
    return absl::InvalidArgumentError("op: this id was used for a commit; draw a fresh one");
  }
  if (!request.announcements.empty()) ports.notifier.Publish(id);
  return upload;
}

absl::StatusOr<std::vector<BlockId>> MissingBlocks(const EnginePorts& ports, const NamespaceId& id,
                                                   const UploadId& upload,
                                                   absl::Span<const BlockId> ids) {
  if (ids.size() > limits::kMissingBlocksMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("blocks: ", ids.size(), ", at most ", limits::kMissingBlocksMax));
  }
  std::vector<BlockId> missing;
  bool stale = false;
  const absl::Time now = ports.clock.Now();
  const auto read = [&](MetadataReader& rows, const HeadRow& head) -> absl::Status {
    SYNCENGINE_RETURN_IF_ERROR(CheckUploadOpen(rows, upload, now));
    SYNCENGINE_ASSIGN_OR_RETURN(stale, NeedsRenewal(rows, upload, now));
    BlockTable blocks(rows, head.epoch);
    SYNCENGINE_RETURN_IF_ERROR(blocks.Load(ids));
    missing = blocks.Missing(ids);
    for (const BlockId& block : ids) {
      const auto& row = blocks.row(block);
      if (!IsUsable(row)) continue;
      stale |= row->state != BlockState::kPresent || row->touch_epoch < head.epoch;
    }
    return absl::OkStatus();
  };
  const absl::Status status = ViewNamespace(ports, id, read);
  if (!status.ok()) return RefuseUpload(ports, id, upload, status);
  if (stale) SYNCENGINE_RETURN_IF_ERROR(RenewLeases(ports, id, upload, ids, missing));
  return missing;
}

absl::Status AbortUpload(const EnginePorts& ports, const DeviceId& device, const NamespaceId& id,
                         const UploadId& upload) {
  const absl::Time now = ports.clock.Now();
  bool journaled = false;
  const auto abort = [&](MetadataWriter& rows, HeadRow& head) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(const auto row, ReadRow<UploadRow>(rows, UploadKey(upload)));
    if (!row.has_value()) return absl::OkStatus();  // Ended before: a repeated request.
    journaled = !row->pending.empty();
    return EndUpload(rows, head, upload, *row, device, now);
  };
  SYNCENGINE_RETURN_IF_ERROR(UpdateNamespace(ports, id, abort));
  if (journaled) ports.notifier.Publish(id);
  return absl::OkStatus();
}

}  // namespace syncengine::engine
