// FastCDC as published in 2020 (Xia, Zou, Zhou, Jiang, Liu, Feng: "The Design of Fast
// Content-Defined Chunking for Data Deduplication Based Storage Systems", IEEE TPDS 31(9)): the
// baseline of the chunker's benchmarks. Normalisation level 2, minimum A/4, maximum 4A, two bytes a
// step.
#ifndef SYNCENGINE_BENCHMARKS_FASTCDC_H_
#define SYNCENGINE_BENCHMARKS_FASTCDC_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace syncengine::benchmarks {

class FastCdc {
 public:
  // `average_bytes` is a power of two of at least 256.
  explicit FastCdc(uint32_t average_bytes);

  // The length of the first chunk of `bytes`, the content's end being theirs.
  size_t Cut(absl::string_view bytes) const;

 private:
  // The first cut in [begin, end) under `mask`, or `end`; `hash` goes on over it. begin and end are
  // even.
  size_t Scan(const uint8_t* data, size_t begin, size_t end, uint64_t mask, uint64_t& hash) const;

  size_t average_;
  size_t min_;
  size_t max_;
  uint64_t strict_mask_;  // Before the average.
  uint64_t loose_mask_;   // After it.
  std::array<uint64_t, 256> gear_;
  std::array<uint64_t, 256> gear_shifted_;  // gear_ << 1, for the first byte of a step.
};

}  // namespace syncengine::benchmarks

#endif  // SYNCENGINE_BENCHMARKS_FASTCDC_H_
