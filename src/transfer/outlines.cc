#include "src/transfer/outlines.h"

#include "absl/strings/str_cat.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine {
namespace {

// Queued bytes that are written without waiting for Flush.
constexpr size_t kQueueBytes = 4u << 20;
// An outline is kept in rows of this size, whose keys are the node and a number.
constexpr size_t kPieceBytes = limits::kMetadataValueMax / 4;
constexpr size_t kPiecesMax = 255;

std::string PieceKey(const NodeId& node, size_t piece) {
  return absl::StrCat(node.bytes(), std::string(1, static_cast<char>(piece)));
}

absl::StatusOr<std::vector<KeyValue>> Pieces(MetadataReader& rows, const NodeId& node) {
  return rows.Scan({.begin = PieceKey(node, 0),
                    .end = PieceKey(node, kPiecesMax),
                    .limit = static_cast<int>(kPiecesMax)});
}

absl::Status Replace(MetadataWriter& rows, const NodeId& node, absl::string_view outline) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto old, Pieces(rows, node));
  for (const auto& [key, piece] : old) SYNCENGINE_RETURN_IF_ERROR(rows.Delete(key));
  for (size_t piece = 0; !outline.empty(); ++piece) {
    const absl::string_view bytes = outline.substr(0, kPieceBytes);
    SYNCENGINE_RETURN_IF_ERROR(rows.Put(PieceKey(node, piece), bytes));
    outline.remove_prefix(bytes.size());
  }
  return absl::OkStatus();
}

}  // namespace

Outlines::Outlines(MetadataStore* store, const NamespaceId& id)
    : store_(store), partition_(absl::StrCat("seen:", id.ToHex())) {}

std::string Outlines::Find(const NodeId& node) const {
  std::string outline;
  if (store_ == nullptr) return outline;
  const auto read = [&](MetadataReader& reader) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(const auto pieces, Pieces(reader, node));
    outline.clear();
    for (const auto& [key, piece] : pieces) outline += piece;
    return absl::OkStatus();
  };
  store_->View(partition_, read).IgnoreError();  // What cannot be read is not there.
  return outline;
}

void Outlines::Remember(const NodeId& node, std::string outline) {
  if (store_ == nullptr) return;
  if (outline.size() > kPieceBytes * kPiecesMax) outline.clear();
  bytes_ += outline.size();
  rows_.emplace_back(node, std::move(outline));
  if (bytes_ >= kQueueBytes) Flush().IgnoreError();
}

absl::Status Outlines::Flush() {
  if (rows_.empty()) return absl::OkStatus();
  const auto write = [this](MetadataWriter& writer) -> absl::Status {
    for (const auto& [node, outline] : rows_) {
      SYNCENGINE_RETURN_IF_ERROR(Replace(writer, node, outline));
    }
    return absl::OkStatus();
  };
  const absl::Status written = store_->Update(partition_, write);
  rows_.clear();
  bytes_ = 0;
  return written;
}

}  // namespace syncengine
