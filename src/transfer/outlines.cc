#include "src/transfer/outlines.h"

#include "absl/strings/str_cat.h"
#include "syncengine/base/error.h"

namespace syncengine {
namespace {

// Queued bytes that are written without waiting for Flush.
constexpr size_t kQueueBytes = 4u << 20;

}  // namespace

Outlines::Outlines(MetadataStore* store, const NamespaceId& id)
    : store_(store), partition_(absl::StrCat("seen:", id.ToHex())) {}

std::string Outlines::Find(const NodeId& node) const {
  std::string outline;
  if (store_ == nullptr) return outline;
  const auto read = [&](MetadataReader& reader) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(auto value, reader.Get(std::string(node.bytes())));
    if (value.has_value()) outline = *std::move(value);
    return absl::OkStatus();
  };
  store_->View(partition_, read).IgnoreError();  // What cannot be read is not there.
  return outline;
}

void Outlines::Remember(const NodeId& node, std::string outline) {
  if (store_ == nullptr) return;
  bytes_ += outline.size();
  rows_.emplace_back(std::string(node.bytes()), std::move(outline));
  if (bytes_ >= kQueueBytes) Flush().IgnoreError();
}

absl::Status Outlines::Flush() {
  if (rows_.empty()) return absl::OkStatus();
  const auto write = [this](MetadataWriter& writer) -> absl::Status {
    for (const auto& [key, outline] : rows_) {
      SYNCENGINE_RETURN_IF_ERROR(outline.empty() ? writer.Delete(key) : writer.Put(key, outline));
    }
    return absl::OkStatus();
  };
  const absl::Status written = store_->Update(partition_, write);
  rows_.clear();
  bytes_ = 0;
  return written;
}

}  // namespace syncengine
