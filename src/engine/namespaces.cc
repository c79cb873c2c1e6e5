// Namespaces: a record in the repository's partition, and a partition of its own.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/base/planted_bugs.h"
#include "src/engine/keys.h"
#include "src/engine/transactions.h"
#include "src/engine/verbs.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/chunking/chunker.h"
#include "syncengine/format/keys.h"

namespace syncengine::engine {
namespace {

// A slot holds a key bundle with at most limits::kKeyGenerationsMax keys and its seal.
constexpr size_t kSlotBytesMax = limits::kKeyGenerationsMax * 64;
// One for each way in; all of them fit one metadata value.
constexpr size_t kSlotsMax = 8;

absl::Status Invalid(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("namespace: ", what));
}

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

absl::Status ValidateRecord(const NamespaceRecord& record) {
  if (record.id.IsZero()) return Invalid("expected an id that is not zero; draw one at random");
  if (record.name.empty() || record.name.size() > limits::kNamespaceNameMax ||
      !std::all_of(record.name.begin(), record.name.end(), IsNameByte)) {
    return Invalid(absl::StrCat("expected a name of 1 to ", limits::kNamespaceNameMax,
                                " bytes of a-z, 0-9, '.', '_' and '-'"));
  }
  const ChunkerOptions chunker{.suite = static_cast<ChunkerSuite>(record.chunker_suite),
                               .average_bytes = record.average_block_bytes};
  return Annotate(chunker.Validate(), "namespace");
}

absl::Status ValidateSlots(const NamespaceRecord& record) {
  if (record.key_slots.empty() || record.key_slots.size() > kSlotsMax) {
    return Invalid(absl::StrCat("expected 1 to ", kSlotsMax, " key slots"));
  }
  for (const std::string& slot : record.key_slots) {
    if (slot.empty() || slot.size() > kSlotBytesMax) {
      return Invalid(absl::StrCat("expected key slots of 1 to ", kSlotBytesMax, " bytes"));
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateKeys(const NamespaceRecord& record, const Secret& bundle) {
  switch (record.key_holder) {
    case KeyHolder::kEndToEnd:
      if (!bundle.empty()) return Invalid("end-to-end keys must not be sent to the server");
      return ValidateSlots(record);
    case KeyHolder::kServer: {
      if (!record.key_slots.empty()) return Invalid("key slots beside server-held keys");
      const auto keys = NamespaceKeys::DecodeBundle(bundle);
      if (!keys.ok()) return Invalid(absl::StrCat("key bundle: ", keys.status().message()));
      if ((*keys)->id() != record.id) return Invalid("the key bundle is of another namespace");
      return absl::OkStatus();
    }
  }
  return Invalid("unknown key holder");
}

// What makes a name or an id unavailable; nullopt when both are free; the row when it is there.
absl::StatusOr<std::optional<NamespaceRow>> FindExisting(MetadataReader& rows,
                                                         const NamespaceRecord& record) {
  SYNCENGINE_ASSIGN_OR_RETURN(auto row, ReadRow<NamespaceRow>(rows, NamespaceKey(record.name)));
  if (row.has_value() && row->record.id != record.id) {
    return absl::AlreadyExistsError(
        absl::StrCat("there is another namespace called '", record.name, "'"));
  }
  SYNCENGINE_ASSIGN_OR_RETURN(const auto name, rows.Get(NamespaceNameKey(record.id)));
  if (name.has_value() && *name != record.name) {
    return absl::AlreadyExistsError(
        absl::StrCat("the namespace ", record.id.ToHex(), " is called '", *name, "'"));
  }
  return row;
}

// The namespace's own partition comes first: what the repository names exists.
absl::Status CreatePartition(const EnginePorts& ports, const NamespaceId& id) {
  const auto history = ports.entropy.NewId<HistoryId>();
  return ports.metadata.Update(NamespacePartition(id), [&](MetadataWriter& rows) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(const auto found, rows.Get(HeadKey()));
    if (found.has_value()) return absl::OkStatus();
    SYNCENGINE_RETURN_IF_ERROR(rows.Put(UsageKey(), EncodeRow(UsageRow())));
    return rows.Put(HeadKey(), EncodeRow(HeadRow{.history = history}));
  });
}

absl::StatusOr<std::string> WrapKeys(const EnginePorts& ports, const NamespaceRecord& record,
                                     const Secret& bundle) {
  if (record.key_holder != KeyHolder::kServer) return std::string();
  if (ports.keys == nullptr) {
    return absl::FailedPreconditionError(
        "this server keeps no keys; create an end-to-end namespace instead");
  }
  return ports.keys->Wrap(record.id, bundle);
}

// Makes what the namespace consists of; gives the stored row, whoever was first.
absl::StatusOr<NamespaceRow> Register(const EnginePorts& ports, const NamespaceRecord& record,
                                      const Secret& bundle) {
  NamespaceRow fresh{.record = record};
  SYNCENGINE_ASSIGN_OR_RETURN(fresh.wrapped_keys, WrapKeys(ports, record, bundle));
  SYNCENGINE_RETURN_IF_ERROR(CreatePartition(ports, record.id));
  NamespaceRow stored;
  const auto add = [&](MetadataWriter& rows) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(const auto found, FindExisting(rows, record));
    stored = found.value_or(fresh);
    if (found.has_value()) return absl::OkStatus();
    SYNCENGINE_RETURN_IF_ERROR(rows.Put(NamespaceNameKey(record.id), record.name));
    return rows.Put(NamespaceKey(record.name), EncodeRow(fresh));
  };
  SYNCENGINE_RETURN_IF_ERROR(UpdateRepository(ports, add));
  return stored;
}

absl::Status FillHead(const EnginePorts& ports, NamespaceRecord& record) {
  return ViewNamespace(ports, record.id, [&](MetadataReader&, const HeadRow& head) {
    record.history = head.history;
    record.head_sequence = head.sequence;
    return absl::OkStatus();
  });
}

}  // namespace

absl::StatusOr<NamespaceRecord> CreateNamespace(const EnginePorts& ports,
                                                const NamespaceRecord& record,
                                                const Secret& bundle) {
  SYNCENGINE_RETURN_IF_ERROR(ValidateRecord(record));
  SYNCENGINE_RETURN_IF_ERROR(ValidateKeys(record, bundle));
  std::optional<NamespaceRow> row;
  const auto find = [&](MetadataReader& rows) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(row, FindExisting(rows, record));
    return absl::OkStatus();
  };
  SYNCENGINE_RETURN_IF_ERROR(ViewRepository(ports, find));
  if (!row.has_value()) {
    SYNCENGINE_ASSIGN_OR_RETURN(row, Register(ports, record, bundle));
  }
  SYNCENGINE_RETURN_IF_ERROR(FillHead(ports, row->record));
  return std::move(row->record);
}

absl::StatusOr<std::vector<NamespaceRecord>> ListNamespaces(const EnginePorts& ports) {
  std::vector<NamespaceRecord> records;
  constexpr int kBatch = 100;
  const auto read = [&](MetadataReader& rows) -> absl::Status {
    records.clear();
    ScanRange range{.begin = NamespaceKey(""), .end = PrefixEnd(NamespaceKey("")), .limit = kBatch};
    for (;;) {
      SYNCENGINE_ASSIGN_OR_RETURN(const auto batch, rows.Scan(range));
      for (const auto& [key, value] : batch) {
        SYNCENGINE_ASSIGN_OR_RETURN(NamespaceRow row, DecodeRow<NamespaceRow>(value));
        records.push_back(std::move(row.record));
      }
      if (batch.size() < kBatch) return absl::OkStatus();
      range.begin = batch.back().first + '\0';
    }
  };
  SYNCENGINE_RETURN_IF_ERROR(ViewRepository(ports, read));
  for (NamespaceRecord& record : records) {
    SYNCENGINE_RETURN_IF_ERROR(FillHead(ports, record));
  }
  return records;
}

absl::StatusOr<Secret> FetchKeys(const EnginePorts& ports, const NamespaceId& id) {
  std::optional<NamespaceRow> row;
  const auto read = [&](MetadataReader& rows) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(const auto name, rows.Get(NamespaceNameKey(id)));
    if (!name.has_value()) {
      return absl::NotFoundError(absl::StrCat("there is no namespace ", id.ToHex()));
    }
    SYNCENGINE_ASSIGN_OR_RETURN(row, ReadRow<NamespaceRow>(rows, NamespaceKey(*name)));
    return absl::OkStatus();
  };
  SYNCENGINE_RETURN_IF_ERROR(ViewRepository(ports, read));
  if (!row.has_value()) return MakeError(Reason::kIntegrity, "namespace record: missing");
  if (row->record.key_holder != KeyHolder::kServer) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the keys of '", row->record.name, "' are end-to-end; open one of its key slots instead"));
  }
  if (ports.keys == nullptr) {
    return absl::FailedPreconditionError("this server was opened without its key provider");
  }
  return ports.keys->Unwrap(id, row->wrapped_keys);
}

absl::StatusOr<Usage> GetUsage(const EnginePorts& ports, const NamespaceId& id) {
  std::optional<UsageRow> row;
  const auto read = [&](MetadataReader& rows, const HeadRow&) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(row, ReadRow<UsageRow>(rows, UsageKey()));
    return absl::OkStatus();
  };
  SYNCENGINE_RETURN_IF_ERROR(ViewNamespace(ports, id, read));
  if (!row.has_value()) return MakeError(Reason::kIntegrity, "usage: missing");
  return row->usage;
}

absl::Status StartNewHistory(const EnginePorts& ports, const NamespaceId& id) {
  const auto history = ports.entropy.NewId<HistoryId>();
  SYNCENGINE_RETURN_IF_ERROR(UpdateNamespace(ports, id, [&](MetadataWriter&, HeadRow& head) {
    if (!PlantedBug(Bug::kRestoreKeepsHistory)) head.history = history;
    return absl::OkStatus();
  }));
  ports.notifier.Publish(id);
  return absl::OkStatus();
}

}  // namespace syncengine::engine
