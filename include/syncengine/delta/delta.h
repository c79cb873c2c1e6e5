// The second step: from a signature of the base and the new content to a delta, which says which
// runs of the base to copy and which bytes to add.
#ifndef SYNCENGINE_DELTA_DELTA_H_
#define SYNCENGINE_DELTA_DELTA_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/delta/signature.h"
#include "syncengine/delta/stream.h"

namespace syncengine::delta {

enum class DeltaFormat : uint8_t { kOwn, kLibrsync };

struct DeltaOptions {
  // Any signature gives a delta of either format. Only kOwn compresses and carries a digest of the
  // result.
  DeltaFormat format = DeltaFormat::kOwn;
  // zstd level of the added bytes, 1 to 19; 0 stores them.
  int level = 1;
};

struct DeltaStats {
  uint64_t result_bytes = 0;
  uint64_t copied_bytes = 0;
  uint64_t literal_bytes = 0;
  uint64_t copies = 0;
  uint64_t delta_bytes = 0;
};

// A signature made ready for searching: blocks by weak hash. Immutable, Thread-safe.
class BlockIndex {
 public:
  // kInvalidArgument when the signature's layout is out of bounds.
  static absl::StatusOr<std::unique_ptr<const BlockIndex>> Create(Signature signature);
  ~BlockIndex();
  BlockIndex(const BlockIndex&) = delete;
  BlockIndex& operator=(const BlockIndex&) = delete;

  const Signature& signature() const;

  struct Tables;  // How it is stored; private to the library.
  const Tables& tables() const { return *tables_; }

 private:
  explicit BlockIndex(std::unique_ptr<const Tables> tables);

  const std::unique_ptr<const Tables> tables_;
};

// Reads `result` (the new content) once and writes the delta. Buffers max(512 KiB, 8 blocks) and a
// frame of literals. Time is bounded whoever made the signature: strong hashes are computed over at
// most limits::kDeltaWasteMax times the content in vain, then what is not found in order is sent.
absl::StatusOr<DeltaStats> WriteDelta(const BlockIndex& index, Source& result,
                                      const DeltaOptions& options, Sink& sink);

// One step of a delta.
struct Step {
  enum class Kind : uint8_t { kCopy, kLiteral };
  Kind kind = Kind::kLiteral;
  uint64_t offset = 0;  // kCopy: in the base; kLiteral: in the bytes given to SearchSlice.
  uint64_t length = 0;
};

// What a search begins with and how it goes on: copy `expected` on to search the next slice after
// this one, or leave it empty.
struct Slice {
  absl::string_view bytes;  // The slice and, when more follows, at least one block more.
  size_t length = 0;        // How much of it is the slice.
  bool is_last = false;     // The content ends where the slice and `bytes` end.
  std::optional<uint64_t> expected_block;  // Tried first: the one after the last match.
};

struct SliceSteps {
  std::vector<Step> steps;  // Cover bytes[0, end), coalesced.
  size_t end = 0;           // At least `length`: the last match may reach into what follows.
  std::optional<uint64_t> expected_block;
};

// The search by itself, pure: slices may be searched on several threads. The steps of a slice that
// begins at `b` then lose their first `end - b` bytes when the slice before ended at `end`
// (DropPrefix), and go to a DeltaWriter in order.
SliceSteps SearchSlice(const BlockIndex& index, const Slice& slice);

// Removes what covers the first `bytes` bytes from `steps`; the offsets of literals then count from
// there.
void DropPrefix(std::vector<Step>& steps, uint64_t bytes);

// Writes a delta from steps. Single-threaded.
class DeltaWriter {
 public:
  // `sink` outlives the writer; `base_bytes` is unknown for librsync's signatures.
  // kInvalidArgument for options out of bounds.
  static absl::StatusOr<std::unique_ptr<DeltaWriter>> Create(const DeltaOptions& options,
                                                             std::optional<uint64_t> base_bytes,
                                                             Sink& sink);
  virtual ~DeltaWriter() = default;

  // The steps cover `bytes` from its start on. Every byte of the result passes here once, in order.
  absl::Status Add(const std::vector<Step>& steps, absl::string_view bytes);
  // Ends the delta and calls Sink::Finish().
  virtual absl::StatusOr<DeltaStats> Finish() = 0;

 protected:
  DeltaStats stats_;

 private:
  virtual absl::Status AddCopy(uint64_t offset, uint64_t length) = 0;
  virtual absl::Status AddLiteral(absl::string_view bytes) = 0;
  virtual void AddResult(absl::string_view bytes) = 0;
};

}  // namespace syncengine::delta

#endif  // SYNCENGINE_DELTA_DELTA_H_
