// The scan kernels of the chunker: find the first position of a buffer whose keyed value is small.
//
// A position i stands between two bytes; its value depends on the `window` bytes before it and on
// the key only, so vector lanes compute many positions at once and nothing rolls. Two suites define
// the value:
//   kFast  8-byte window: low * K1 + high * K2 mod 2^32, where low and high are the two
//   little-endian
//          32-bit words of the window and K1, K2 secret odd constants. Fast, but a cut is a linear
//          inequality in the key: it does not hide lengths from whoever stores the blocks.
//   kPrf   16-byte window: the first four bytes (little-endian) of AES-128_K(window). A
//   pseudorandom
//          function of the window (Truong et al., IACR eprint 2025/558: cut on the output of a
//          PRF).
// Values are compared as signed 32-bit integers, because AVX2 has no other comparison. A position
// whose window repeats one byte is never a hit: long runs then end in cuts at the maximum length,
// and kernels jump over them.
//
// The scalar kernels are the specification; every other kernel gives the same hits, bit by bit.
#ifndef SYNCENGINE_KERNELS_SCAN_H_
#define SYNCENGINE_KERNELS_SCAN_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "src/kernels/scan_aes.h"

namespace syncengine::kernels {

enum class ScanSuite { kFast, kPrf };

inline constexpr size_t kScanKeyBytes = 32;

// The window length of `suite` in bytes: 8 or 16.
constexpr size_t ScanWindow(ScanSuite suite) { return suite == ScanSuite::kFast ? 8 : 16; }

// What both suites derive from one secret. Wiped when it goes. Thread-compatible.
struct ScanKey {
  // `secret` points to kScanKeyBytes of key material. Its first half makes the multipliers: the
  // first words of AES-128 of the blocks 000... and 100... under it, made odd. Its second half is
  // the key of kPrf.
  explicit ScanKey(const uint8_t* secret);
  ~ScanKey();
  ScanKey(const ScanKey&) = delete;
  ScanKey& operator=(const ScanKey&) = delete;

  uint32_t low_factor;
  uint32_t high_factor;
  AesSchedule aes;
};

struct ScanHit {
  size_t position;  // `end` when there is no hit.
  int32_t value;
};

// The first position in [begin, end) with a value below `below` and a window that is not constant.
// Reads data[0, end - 1) at most; begin is at least the suite's window.
using ScanFind = ScanHit (*)(const ScanKey& key, const uint8_t* data, size_t begin, size_t end,
                             int32_t below);
// The first position in [begin, end) whose `window` bytes (8 or 16) are not all equal; `end` when
// there is none. Same bounds as ScanFind.
using ScanSkip = size_t (*)(const uint8_t* data, size_t begin, size_t end, size_t window);

struct ScanKernel {
  ScanSuite suite;
  const char* name;     // The instruction set: "scalar", "avx2", "avx512", "aesni", "neon", ...
  bool (*supported)();  // Whether this processor runs it.
  ScanFind find;
  ScanSkip skip;
};

// Every kernel compiled in, the best of a suite last.
absl::Span<const ScanKernel> ScanKernels();

// The kernel of `suite` called `name`, or when the suite has none of that name (and always for the
// empty name) the best one this processor runs. kInvalidArgument for a name that no suite knows,
// kFailedPrecondition for one this processor cannot run.
absl::StatusOr<const ScanKernel*> ChooseScanKernel(ScanSuite suite, absl::string_view name);

// The name the environment variable SYNCENGINE_KERNEL forces, empty when unset. Read once: results
// never depend on it, only speed does.
absl::string_view ForcedScanKernel();

}  // namespace syncengine::kernels

#endif  // SYNCENGINE_KERNELS_SCAN_H_
