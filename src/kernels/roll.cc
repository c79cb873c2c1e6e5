#include "src/kernels/roll.h"

#include "src/kernels/roll_sets.h"

namespace syncengine::kernels {
namespace {

uint32_t Power(uint32_t base, size_t exponent) {
  uint32_t power = 1;
  for (; exponent > 0; exponent >>= 1, base *= base) {
    if ((exponent & 1) != 0) power *= base;
  }
  return power;
}

bool Always() { return true; }

uint32_t RollHashScalar(const RollFactors& factors, const uint8_t* data, size_t size) {
  return RollExtend(factors, data, size, 1);
}

#if defined(__x86_64__)
// Also says that the operating system saves the wide registers.
bool HasAvx2() { return __builtin_cpu_supports("avx2"); }
#endif

constexpr RollKernel kKernels[] = {
    {"scalar", Always, RollHashScalar, RollFindScalar},
#if defined(__x86_64__)
    {"avx2", HasAvx2, RollHashAvx2, RollFindAvx2},
#endif
};

}  // namespace

RollFactors::RollFactors(uint32_t a_factor, size_t a_window)
    : factor(a_factor),
      window(a_window),
      leading(Power(factor, window)),
      correction(leading * (factor - 1)) {
  // An odd factor's order divides 2^30, so this power of it is its inverse.
  const uint32_t inverse = Power(factor, (size_t{1} << 30) - 1);
  for (size_t k = 0; k < kRollLanes; ++k) {
    powers[k] = Power(factor, k + 1);
    in_weights[k] = Power(inverse, k + 1);
    out_weights[k] = leading * in_weights[k];
    corrections[k] = correction * in_weights[k];
  }
  for (size_t k = 0; k < kRollStride; ++k) stride_weights[k] = Power(factor, kRollStride - 1 - k);
  stride_power = Power(factor, kRollStride);
}

uint32_t RollExtend(const RollFactors& factors, const uint8_t* data, size_t size, uint32_t hash) {
  for (size_t i = 0; i < size; ++i) hash = hash * factors.factor + data[i];
  return hash;
}

RollHit RollFindScalar(const RollFactors& factors, const RollFilter& filter, const uint8_t* data,
                       size_t begin, size_t end, uint32_t hash) {
  for (size_t i = begin; i < end; ++i) {
    if (filter.MayHold(hash)) return {i, hash};
    // The window after the last position may not exist.
    if (i + 1 < end) hash = factors.Roll(hash, data[i], data[i + factors.window]);
  }
  return {end, 0};
}

absl::Span<const RollKernel> RollKernels() { return kKernels; }

const RollKernel& ChooseRollKernel(absl::string_view name) {
  const RollKernel* best = nullptr;
  for (const RollKernel& kernel : kKernels) {
    if (!kernel.supported()) continue;
    if (name == kernel.name) return kernel;
    best = &kernel;
  }
  return *best;  // The scalar kernel always runs.
}

}  // namespace syncengine::kernels
