// The journal of a namespace and places in it.
#ifndef SYNCENGINE_FORMAT_JOURNAL_H_
#define SYNCENGINE_FORMAT_JOURNAL_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "syncengine/base/ids.h"

namespace syncengine {

// A place in one history of a namespace's journal: everything up to and including `sequence` was
// seen.
struct Cursor {
  HistoryId history;
  uint64_t sequence = 0;

  friend bool operator==(const Cursor&, const Cursor&) = default;
};

// The opaque text that users keep. Parse: kInvalidArgument on anything else.
std::string FormatCursor(const Cursor& cursor);
absl::StatusOr<Cursor> ParseCursor(absl::string_view text);

enum class JournalKind : uint8_t {
  kUploading = 1,  // A device began to upload a new state: pending, nothing to fetch yet.
  kCommitted = 2,  // A revision became the head of its node.
  kAborted = 3,    // An announced upload was given up.
  kAside = 4,      // A revision was kept beside the head of its node (Revision::aside).
};

// One row of the journal, immutable once written; sequences are dense from 1.
struct JournalEntry {
  uint64_t sequence = 0;
  JournalKind kind = JournalKind::kCommitted;
  NodeId node;          // kUploading of a new file: the id it will have.
  RevisionId revision;  // kCommitted and kAside only.
  UploadId upload;      // kUploading and kAborted only.
  DeviceId device;
  absl::Time time;    // Whole microseconds.
  NodeId parent;      // kUploading: where the file will be.
  std::string name;   // kUploading: what it will be called.
  uint64_t size = 0;  // kUploading: bytes announced.

  friend bool operator==(const JournalEntry&, const JournalEntry&) = default;
};

// The stored form (docs/FORMAT.md): of the fields above that name a kind, only those of the entry's
// own kind are kept. Decode fails as DecodeRevision does.
std::string EncodeJournalEntry(const JournalEntry& entry);
absl::StatusOr<JournalEntry> DecodeJournalEntry(absl::string_view bytes);

}  // namespace syncengine

#endif  // SYNCENGINE_FORMAT_JOURNAL_H_
