#include "src/transfer/put_cache.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "src/kernels/digest.h"
#include "syncengine/base/coding.h"
#include "syncengine/base/error.h"

namespace syncengine {
namespace {

constexpr uint8_t kRowVersion = 1;
constexpr size_t kKeyBytes = 16;
constexpr size_t kRowsPerFlush = 8192;

// Paths may be longer than keys, so a row is found by a digest.
std::string KeyOf(const std::string& path) {
  const kernels::Digest digest = kernels::Sha256(path);
  return std::string(digest.begin(), digest.begin() + kKeyBytes);
}

std::string EncodeRow(const PutCacheRow& row) {
  ByteWriter writer;
  writer.U8(kRowVersion);
  writer.U64(row.stat.size);
  writer.I64(row.stat.mtime_ns);
  writer.I64(row.stat.ctime_ns);
  writer.U64(row.stat.device);
  writer.U64(row.stat.inode);
  writer.U32(row.stat.mode);
  writer.Raw(row.revision.bytes());
  return std::move(writer).Take();
}

// A row that cannot be read is a row that is not there.
std::optional<PutCacheRow> DecodeRow(absl::string_view bytes) {
  ByteReader reader(bytes, "put cache row");
  PutCacheRow row;
  if (reader.U8() != kRowVersion) return std::nullopt;
  row.stat.size = reader.U64();
  row.stat.mtime_ns = reader.I64();
  row.stat.ctime_ns = reader.I64();
  row.stat.device = reader.U64();
  row.stat.inode = reader.U64();
  row.stat.mode = reader.U32();
  row.revision = reader.ReadId<RevisionId>();
  if (!reader.Finish().ok()) return std::nullopt;
  return row;
}

// No path has a NUL.
std::string TreeKey(const std::string& remote, bool mirror) {
  return KeyOf(absl::StrCat(absl::string_view("\0", 1), mirror ? "mirror " : "put ", remote));
}

std::string EncodeTreeRow(const PutTreeRow& row) {
  ByteWriter writer;
  writer.U8(kRowVersion);
  writer.Raw(row.cursor.history.bytes());
  writer.U64(row.cursor.sequence);
  writer.Raw(kernels::AsBytes(row.digest));
  return std::move(writer).Take();
}

std::optional<PutTreeRow> DecodeTreeRow(absl::string_view bytes) {
  ByteReader reader(bytes, "put tree row");
  if (reader.U8() != kRowVersion) return std::nullopt;
  PutTreeRow row;
  row.cursor.history = reader.ReadId<HistoryId>();
  row.cursor.sequence = reader.U64();
  const absl::string_view digest = reader.Raw(kernels::kDigestBytes);
  if (!reader.Finish().ok()) return std::nullopt;
  std::copy(digest.begin(), digest.end(), row.digest.begin());
  return row;
}

}  // namespace

PutCache::PutCache(MetadataStore* store, const NamespaceId& id)
    : store_(store), partition_(absl::StrCat("put:", id.ToHex())) {}

absl::StatusOr<std::vector<std::optional<PutCacheRow>>> PutCache::Find(
    absl::Span<const std::string> paths) const {
  std::vector<std::optional<PutCacheRow>> rows(paths.size());
  if (store_ == nullptr || paths.empty()) return rows;
  std::vector<std::string> keys;
  keys.reserve(paths.size());
  for (const std::string& path : paths) keys.push_back(KeyOf(path));
  SYNCENGINE_RETURN_IF_ERROR(store_->View(partition_, [&](MetadataReader& reader) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(const auto values, reader.GetMany(keys));
    for (size_t i = 0; i < values.size(); ++i) {
      if (values[i].has_value()) rows[i] = DecodeRow(*values[i]);
    }
    return absl::OkStatus();
  }));
  return rows;
}

void PutCache::Remember(const std::string& path, const PutCacheRow& row) {
  if (store_ != nullptr) rows_.emplace_back(KeyOf(path), EncodeRow(row));
}

std::optional<PutTreeRow> PutCache::FindTree(const std::string& remote, bool mirror) const {
  if (store_ == nullptr) return std::nullopt;
  std::optional<PutTreeRow> row;
  const auto read = [&](MetadataReader& reader) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(const auto value, reader.Get(TreeKey(remote, mirror)));
    if (value.has_value()) row = DecodeTreeRow(*value);
    return absl::OkStatus();
  };
  if (!store_->View(partition_, read).ok()) return std::nullopt;
  return row;
}

void PutCache::RememberTree(const std::string& remote, bool mirror, const PutTreeRow& row) {
  if (store_ != nullptr) rows_.emplace_back(TreeKey(remote, mirror), EncodeTreeRow(row));
}

absl::Status PutCache::Flush() {
  for (size_t begin = 0; begin < rows_.size(); begin += kRowsPerFlush) {
    const auto batch = absl::MakeConstSpan(rows_).subspan(begin, kRowsPerFlush);
    const auto write = [batch](MetadataWriter& writer) -> absl::Status {
      for (const auto& [key, row] : batch) {
        SYNCENGINE_RETURN_IF_ERROR(writer.Put(key, row));
      }
      return absl::OkStatus();
    };
    SYNCENGINE_RETURN_IF_ERROR(store_->Update(partition_, write));
  }
  rows_.clear();
  return absl::OkStatus();
}

}  // namespace syncengine
