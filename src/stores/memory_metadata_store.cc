#include "syncengine/stores/memory_metadata_store.h"

#include <utility>

#include "src/stores/metadata_check.h"
#include "syncengine/base/error.h"

namespace syncengine {
namespace {

using Rows = absl::btree_map<std::string, std::string>;
// What a transaction wrote: a value, or nothing for a deleted key.
using Staged = absl::btree_map<std::string, std::optional<std::string>>;

// Committed rows with a transaction's own writes over them.
class MemoryTransaction final : public MetadataWriter {
 public:
  explicit MemoryTransaction(const Rows& rows) : rows_(rows) {}

  absl::StatusOr<std::optional<std::string>> Get(absl::string_view key) override {
    SYNCENGINE_RETURN_IF_ERROR(stores::CheckKey(key));
    if (const auto own = staged_.find(key); own != staged_.end()) return own->second;
    if (const auto row = rows_.find(key); row != rows_.end()) return row->second;
    return std::nullopt;
  }

  absl::StatusOr<std::vector<std::optional<std::string>>> GetMany(
      absl::Span<const std::string> keys) override {
    std::vector<std::optional<std::string>> values;
    values.reserve(keys.size());
    for (const std::string& key : keys) {
      SYNCENGINE_ASSIGN_OR_RETURN(values.emplace_back(), Get(key));
    }
    return values;
  }

  absl::StatusOr<std::vector<KeyValue>> Scan(const ScanRange& range) override {
    SYNCENGINE_RETURN_IF_ERROR(stores::CheckRange(range));
    return range.reverse ? ScanDown(range) : ScanUp(range);
  }

  absl::Status Put(absl::string_view key, absl::string_view value) override {
    SYNCENGINE_RETURN_IF_ERROR(stores::CheckKeyAndValue(key, value));
    staged_.insert_or_assign(std::string(key), std::string(value));
    return absl::OkStatus();
  }

  absl::Status Delete(absl::string_view key) override {
    SYNCENGINE_RETURN_IF_ERROR(stores::CheckKey(key));
    staged_.insert_or_assign(std::string(key), std::nullopt);
    return absl::OkStatus();
  }

  const Staged& staged() const { return staged_; }

 private:
  // The merge of two ordered maps; where both have a key the transaction's own row counts.
  std::vector<KeyValue> ScanUp(const ScanRange& range) const {
    std::vector<KeyValue> found;
    auto row = rows_.lower_bound(range.begin);
    auto own = staged_.lower_bound(range.begin);
    const auto before_end = [&range](const auto& it, const auto& map) {
      return it != map.end() && (range.end.empty() || it->first < range.end);
    };
    while (found.size() < static_cast<size_t>(range.limit)) {
      const bool has_row = before_end(row, rows_);
      const bool has_own = before_end(own, staged_);
      if (!has_row && !has_own) break;
      if (has_row && (!has_own || row->first < own->first)) {
        found.emplace_back(*row++);
        continue;
      }
      if (has_row && row->first == own->first) ++row;
      if (own->second.has_value()) found.emplace_back(own->first, *own->second);
      ++own;
    }
    return found;
  }

  std::vector<KeyValue> ScanDown(const ScanRange& range) const {
    std::vector<KeyValue> found;
    auto row = range.end.empty() ? rows_.end() : rows_.lower_bound(range.end);
    auto own = range.end.empty() ? staged_.end() : staged_.lower_bound(range.end);
    const auto after_begin = [&range](auto it, const auto& map) {
      return it != map.begin() && (--it)->first >= range.begin;
    };
    while (found.size() < static_cast<size_t>(range.limit)) {
      const bool has_row = after_begin(row, rows_);
      const bool has_own = after_begin(own, staged_);
      if (!has_row && !has_own) break;
      if (has_row && (!has_own || std::prev(row)->first > std::prev(own)->first)) {
        found.emplace_back(*--row);
        continue;
      }
      --own;
      if (has_row && std::prev(row)->first == own->first) --row;
      if (own->second.has_value()) found.emplace_back(own->first, *own->second);
    }
    return found;
  }

  const Rows& rows_;
  Staged staged_;
};

void Apply(const Staged& staged, Rows& rows) {
  for (const auto& [key, value] : staged) {
    if (value.has_value()) {
      rows.insert_or_assign(key, *value);
    } else {
      rows.erase(key);
    }
  }
}

}  // namespace

MemoryMetadataStore::MemoryMetadataStore() = default;
MemoryMetadataStore::~MemoryMetadataStore() = default;

MemoryMetadataStore::Partition& MemoryMetadataStore::Find(absl::string_view name) {
  absl::MutexLock lock(&mutex_);
  std::unique_ptr<Partition>& partition = partitions_[std::string(name)];
  if (partition == nullptr) partition = std::make_unique<Partition>();
  return *partition;
}

absl::Status MemoryMetadataStore::Update(absl::string_view partition,
                                         absl::FunctionRef<absl::Status(MetadataWriter&)> closure) {
  SYNCENGINE_RETURN_IF_ERROR(stores::CheckPartition(partition));
  Partition& found = Find(partition);
  absl::MutexLock lock(&found.mutex);
  MemoryTransaction transaction(found.rows);
  SYNCENGINE_RETURN_IF_ERROR(closure(transaction));
  Apply(transaction.staged(), found.rows);
  return absl::OkStatus();
}

absl::Status MemoryMetadataStore::View(absl::string_view partition,
                                       absl::FunctionRef<absl::Status(MetadataReader&)> closure) {
  SYNCENGINE_RETURN_IF_ERROR(stores::CheckPartition(partition));
  Partition& found = Find(partition);
  absl::ReaderMutexLock lock(&found.mutex);
  MemoryTransaction transaction(found.rows);
  return closure(transaction);
}

absl::StatusOr<std::vector<std::string>> MemoryMetadataStore::ListPartitions() {
  std::vector<std::pair<std::string, Partition*>> all;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [name, partition] : partitions_) all.emplace_back(name, partition.get());
  }
  std::vector<std::string> used;
  for (const auto& [name, partition] : all) {
    absl::ReaderMutexLock lock(&partition->mutex);
    if (!partition->rows.empty()) used.push_back(name);
  }
  return used;
}

}  // namespace syncengine
