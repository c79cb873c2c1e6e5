#include "syncengine/stores/lmdb_metadata_store.h"

#include <lmdb.h>

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "src/stores/lmdb_environment.h"
#include "src/stores/lmdb_row.h"
#include "src/stores/metadata_check.h"
#include "syncengine/base/coding.h"
#include "syncengine/base/error.h"

namespace syncengine {
namespace {

using stores::LmdbEnvironment;
using stores::LmdbError;

MDB_val ToVal(absl::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }

absl::string_view ToView(const MDB_val& val) {
  return {static_cast<const char*>(val.mv_data), val.mv_size};
}

// Walks the rows of one range in either direction. Single-threaded.
class RowCursor {
 public:
  static absl::StatusOr<RowCursor> Open(MDB_txn* transaction, MDB_dbi rows) {
    MDB_cursor* cursor = nullptr;
    SYNCENGINE_RETURN_IF_ERROR(
        LmdbError(mdb_cursor_open(transaction, rows, &cursor), "open a cursor"));
    return RowCursor(cursor);
  }
  RowCursor(RowCursor&& other) noexcept : cursor_(std::exchange(other.cursor_, nullptr)) {}
  ~RowCursor() {
    if (cursor_ != nullptr) mdb_cursor_close(cursor_);
  }

  // Each moves and says whether there is a row there.
  absl::StatusOr<bool> SeekAtOrAfter(absl::string_view key) {
    key_ = ToVal(key);
    return Move(MDB_SET_RANGE);
  }
  absl::StatusOr<bool> SeekBefore(absl::string_view key) {
    SYNCENGINE_ASSIGN_OR_RETURN(const bool found, SeekAtOrAfter(key));
    return Move(found ? MDB_PREV : MDB_LAST);
  }
  absl::StatusOr<bool> Next(bool reverse) { return Move(reverse ? MDB_PREV : MDB_NEXT); }

  absl::string_view key() const { return ToView(key_); }
  absl::string_view sealed() const { return ToView(sealed_); }

 private:
  explicit RowCursor(MDB_cursor* cursor) : cursor_(cursor) {}

  absl::StatusOr<bool> Move(MDB_cursor_op op) {
    const int code = mdb_cursor_get(cursor_, &key_, &sealed_, op);
    if (code == MDB_NOTFOUND) return false;
    SYNCENGINE_RETURN_IF_ERROR(LmdbError(code, "scan metadata"));
    return true;
  }

  MDB_cursor* cursor_;
  MDB_val key_{};
  MDB_val sealed_{};
};

std::string PartitionKey(absl::string_view name) {
  return stores::OwnKey(absl::StrCat("partition/", name));
}

// A number in a row of the store's own.
absl::StatusOr<uint32_t> ReadNumber(absl::string_view value) {
  ByteReader reader(value, "metadata partition");
  const uint32_t number = reader.U32();
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  return number;
}

// One partition inside one LMDB transaction.
class LmdbTransaction final : public MetadataWriter {
 public:
  LmdbTransaction(MDB_txn* transaction, MDB_dbi rows, absl::string_view partition)
      : transaction_(transaction), rows_(rows), partition_(partition) {}

  // Finds the partition's number; call it first. A partition that has none has no rows.
  absl::Status Find() {
    SYNCENGINE_ASSIGN_OR_RETURN(const auto value, GetRow(PartitionKey(partition_)));
    if (!value.has_value()) return absl::OkStatus();
    SYNCENGINE_ASSIGN_OR_RETURN(const uint32_t number, ReadNumber(*value));
    SetNumber(number);
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<std::string>> Get(absl::string_view key) override {
    SYNCENGINE_RETURN_IF_ERROR(stores::CheckKey(key));
    if (prefix_.empty()) return std::nullopt;
    return GetRow(absl::StrCat(prefix_, key));
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
    if (prefix_.empty()) return std::vector<KeyValue>();
    const std::string begin = absl::StrCat(prefix_, range.begin);
    const std::string end = range.end.empty() ? end_ : absl::StrCat(prefix_, range.end);
    SYNCENGINE_ASSIGN_OR_RETURN(RowCursor cursor, RowCursor::Open(transaction_, rows_));
    SYNCENGINE_ASSIGN_OR_RETURN(
        bool found, range.reverse ? cursor.SeekBefore(end) : cursor.SeekAtOrAfter(begin));
    std::vector<KeyValue> result;
    while (found && cursor.key() >= begin && cursor.key() < end &&
           result.size() < static_cast<size_t>(range.limit)) {
      SYNCENGINE_ASSIGN_OR_RETURN(const absl::string_view value,
                                  stores::OpenRow(cursor.key(), cursor.sealed()));
      result.emplace_back(cursor.key().substr(prefix_.size()), value);
      SYNCENGINE_ASSIGN_OR_RETURN(found, cursor.Next(range.reverse));
    }
    return result;
  }

  absl::Status Put(absl::string_view key, absl::string_view value) override {
    SYNCENGINE_RETURN_IF_ERROR(stores::CheckKeyAndValue(key, value));
    if (prefix_.empty()) SYNCENGINE_RETURN_IF_ERROR(TakeNumber());
    return PutRow(absl::StrCat(prefix_, key), value);
  }

  absl::Status Delete(absl::string_view key) override {
    SYNCENGINE_RETURN_IF_ERROR(stores::CheckKey(key));
    if (prefix_.empty()) return absl::OkStatus();
    const std::string row_key = absl::StrCat(prefix_, key);
    MDB_val row = ToVal(row_key);
    const int code = mdb_del(transaction_, rows_, &row, nullptr);
    return code == MDB_NOTFOUND ? absl::OkStatus() : Note(code, "delete metadata");
  }

  // Commit only when the closure is content and LMDB is too: after one of its errors the
  // transaction is unusable, whatever the closure made of it.
  LmdbEnvironment::WriteResult Judge(absl::Status status) const {
    if (map_full_) return {LmdbEnvironment::Outcome::kMapFull, absl::OkStatus()};
    if (status.ok()) status = error_;
    if (!status.ok()) return {LmdbEnvironment::Outcome::kAbort, std::move(status)};
    return {LmdbEnvironment::Outcome::kCommit, absl::OkStatus()};
  }

 private:
  absl::StatusOr<std::optional<std::string>> GetRow(const std::string& row_key) {
    MDB_val row = ToVal(row_key);
    MDB_val sealed{};
    const int code = mdb_get(transaction_, rows_, &row, &sealed);
    if (code == MDB_NOTFOUND) return std::nullopt;
    SYNCENGINE_RETURN_IF_ERROR(Note(code, "read metadata"));
    SYNCENGINE_ASSIGN_OR_RETURN(const absl::string_view value,
                                stores::OpenRow(row_key, ToView(sealed)));
    return std::string(value);
  }

  absl::Status PutRow(const std::string& row_key, absl::string_view value) {
    const std::string bytes = stores::SealRow(row_key, value);
    MDB_val row = ToVal(row_key);
    MDB_val sealed = ToVal(bytes);
    return Note(mdb_put(transaction_, rows_, &row, &sealed, 0), "write metadata");
  }

  void SetNumber(uint32_t number) {
    prefix_ = stores::RowPrefix(number);
    end_ = stores::RowPrefix(number + 1);
  }

  // Short numbers instead of names keep the keys of millions of rows short.
  absl::Status TakeNumber() {
    SYNCENGINE_ASSIGN_OR_RETURN(const auto value, GetRow(stores::OwnKey("number")));
    uint32_t last = 0;
    if (value.has_value()) {
      SYNCENGINE_ASSIGN_OR_RETURN(last, ReadNumber(*value));
    }
    if (last >= stores::kPartitionsMax) {
      return absl::ResourceExhaustedError("the metadata store has no room for more partitions");
    }
    ByteWriter number;
    number.U32(last + 1);
    SYNCENGINE_RETURN_IF_ERROR(PutRow(stores::OwnKey("number"), number.bytes()));
    SYNCENGINE_RETURN_IF_ERROR(PutRow(PartitionKey(partition_), number.bytes()));
    SetNumber(last + 1);
    return absl::OkStatus();
  }

  absl::Status Note(int code, absl::string_view what) {
    absl::Status status = LmdbError(code, what);
    if (code == MDB_MAP_FULL) map_full_ = true;
    if (error_.ok()) error_ = status;
    return status;
  }

  MDB_txn* const transaction_;
  const MDB_dbi rows_;
  const std::string partition_;
  std::string prefix_;  // Of the partition's keys; empty while it has no number.
  std::string end_;     // The first key behind them.
  bool map_full_ = false;
  absl::Status error_;
};

}  // namespace

LmdbMetadataStore::LmdbMetadataStore(std::shared_ptr<stores::LmdbEnvironment> environment)
    : environment_(std::move(environment)) {}

LmdbMetadataStore::~LmdbMetadataStore() = default;

absl::StatusOr<std::unique_ptr<MetadataStore>> LmdbMetadataStore::Open(absl::string_view directory,
                                                                       const Options& options) {
  SYNCENGINE_ASSIGN_OR_RETURN(std::shared_ptr<LmdbEnvironment> environment,
                              LmdbEnvironment::Open(std::string(directory), options));
  return std::unique_ptr<MetadataStore>(new LmdbMetadataStore(std::move(environment)));
}

absl::Status LmdbMetadataStore::Update(absl::string_view partition,
                                       absl::FunctionRef<absl::Status(MetadataWriter&)> closure) {
  SYNCENGINE_RETURN_IF_ERROR(stores::CheckPartition(partition));
  return environment_->Write([&](MDB_txn* raw) {
    LmdbTransaction transaction(raw, environment_->rows(), partition);
    const absl::Status found = transaction.Find();
    return transaction.Judge(found.ok() ? closure(transaction) : found);
  });
}

absl::Status LmdbMetadataStore::View(absl::string_view partition,
                                     absl::FunctionRef<absl::Status(MetadataReader&)> closure) {
  SYNCENGINE_RETURN_IF_ERROR(stores::CheckPartition(partition));
  return environment_->Read([&](MDB_txn* raw) {
    LmdbTransaction transaction(raw, environment_->rows(), partition);
    SYNCENGINE_RETURN_IF_ERROR(transaction.Find());
    return closure(transaction);
  });
}

absl::StatusOr<std::vector<std::string>> LmdbMetadataStore::ListPartitions() {
  std::vector<std::string> partitions;
  const auto collect = [&](MDB_txn* raw) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(RowCursor cursor, RowCursor::Open(raw, environment_->rows()));
    SYNCENGINE_ASSIGN_OR_RETURN(RowCursor rows, RowCursor::Open(raw, environment_->rows()));
    const std::string prefix = PartitionKey("");
    SYNCENGINE_ASSIGN_OR_RETURN(bool found, cursor.SeekAtOrAfter(prefix));
    while (found && absl::StartsWith(cursor.key(), prefix)) {
      SYNCENGINE_ASSIGN_OR_RETURN(const absl::string_view value,
                                  stores::OpenRow(cursor.key(), cursor.sealed()));
      SYNCENGINE_ASSIGN_OR_RETURN(const uint32_t number, ReadNumber(value));
      // A partition without rows is not there, but keeps its number.
      SYNCENGINE_ASSIGN_OR_RETURN(const bool any, rows.SeekAtOrAfter(stores::RowPrefix(number)));
      if (any && rows.key() < stores::RowPrefix(number + 1)) {
        partitions.emplace_back(cursor.key().substr(prefix.size()));
      }
      SYNCENGINE_ASSIGN_OR_RETURN(found, cursor.Next(false));
    }
    return absl::OkStatus();
  };
  SYNCENGINE_RETURN_IF_ERROR(environment_->Read(collect));
  return partitions;
}

}  // namespace syncengine
