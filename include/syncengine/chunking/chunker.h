// Content-defined chunking: where a byte stream is cut into blocks.
//
// The rule ("bounded local minimum with early accept"). With average A, minimum 3A/5 and maximum
// 1577A/1000 bytes (rounded down), every position has a keyed signed 32-bit value that depends on
// the few bytes before it. Among the candidate positions minimum..maximum (or to the end of the
// content, if that is nearer) the first one is taken whose value lies below the probability 1.5/A;
// when there is none, the earliest one of the least value. Positions inside a run of one repeated
// byte are no candidates; when no candidate is left the cut is at the maximum. So a cut is a
// property of the content even at the limit, and equal regions are cut alike whatever stands before
// them. The argmin over a window is from MinCDC (Peters); the early accept halves the bytes looked
// at and makes the mean of random content A.
//
// Cuts depend on the suite, the average and the key, and on nothing else: not on read sizes, not on
// the processor. They are part of the format and frozen by golden vectors.
#ifndef SYNCENGINE_CHUNKING_CHUNKER_H_
#define SYNCENGINE_CHUNKING_CHUNKER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace syncengine {

enum class ChunkerSuite : uint8_t {
  // Two secret multipliers over 8 bytes: the fastest. The lengths of blocks tell an observer who
  // knows or
  // chooses content about the key, so it is for storage that may know the lengths.
  kFast = 1,
  // AES-128 over 16 bytes, a pseudorandom function: for end-to-end encrypted namespaces. What
  // lengths still
  // tell is that equal content was stored twice, long runs of one byte, and the total size.
  kPrf = 2,
};

inline constexpr size_t kChunkerKeyBytes = 32;
inline constexpr uint32_t kChunkerAverageMin = 64;
inline constexpr uint32_t kChunkerAverageMax = 1u << 20;

struct ChunkerOptions {
  ChunkerSuite suite = ChunkerSuite::kFast;
  // A power of two in [kChunkerAverageMin, kChunkerAverageMax].
  uint32_t average_bytes = 16u << 10;
  // Forces a kernel by name ("scalar", "avx2", "avx512", "neon", "aesni", "vaes", ...) for tests and measurements; a suite
  // without a kernel of that name uses its best one. Empty: what the environment variable
  // SYNCENGINE_KERNEL names, else the best one this processor runs. The cuts are the same with
  // every kernel.
  std::string kernel;

  // kInvalidArgument with what was expected.
  absl::Status Validate() const;
};

// Cuts content. Immutable and Thread-safe; wipes its keys when it goes.
class Chunker {
 public:
  // `key` is kChunkerKeyBytes of secret key material, one per namespace and never shared between
  // suites. kInvalidArgument for bad options, a key of another length or an unknown kernel name;
  // kFailedPrecondition for a kernel this processor cannot run.
  static absl::StatusOr<std::unique_ptr<const Chunker>> Create(const ChunkerOptions& options,
                                                               absl::string_view key);
  ~Chunker();
  Chunker(const Chunker&) = delete;
  Chunker& operator=(const Chunker&) = delete;

  // The length of the first block of content that goes on at `bytes`; `is_last` says that the
  // content ends where `bytes` ends. 0 means that more bytes are needed (fewer than max_bytes() and
  // not the last) or that there are none. Looks at no byte past max_bytes(). About 40 to 60 % of
  // the block is read.
  size_t Cut(absl::string_view bytes, bool is_last) const;

  // Every block but the last of a content has at least min_bytes(); none has more than max_bytes().
  uint32_t min_bytes() const { return min_bytes_; }
  uint32_t max_bytes() const { return max_bytes_; }
  uint32_t average_bytes() const { return average_bytes_; }
  // The kernel in use, e.g. "avx2".
  absl::string_view kernel() const;

 private:
  struct Kernel;

  Chunker(uint32_t average_bytes, std::unique_ptr<const Kernel> kernel);
  size_t Pick(absl::string_view bytes) const;

  const uint32_t average_bytes_;
  const uint32_t min_bytes_;
  const uint32_t max_bytes_;
  const std::unique_ptr<const Kernel> kernel_;
};

// Cuts content that arrives in pieces of any size; the blocks do not depend on them. Buffers what
// is not yet cut, at most a maximum block and one piece when Next() is called until it gives
// nothing. Single-threaded.
//
//   stream.Append(piece);
//   while (auto block = stream.Next()) Use(*block);
//   ... at the end: stream.Finish(), and the same loop once more.
class ChunkStream {
 public:
  // `chunker` outlives the stream.
  explicit ChunkStream(const Chunker& chunker) : chunker_(chunker) {}

  void Append(absl::string_view piece);
  // No more pieces follow: Next() gives the rest.
  void Finish() { finished_ = true; }
  // The next block, valid until the next Append(); none when more bytes are needed or all were
  // given.
  std::optional<absl::string_view> Next();

 private:
  const Chunker& chunker_;
  std::string buffer_;
  size_t begin_ = 0;  // What lies before was given out.
  bool finished_ = false;
};

}  // namespace syncengine

#endif  // SYNCENGINE_CHUNKING_CHUNKER_H_
