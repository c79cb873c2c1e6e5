// The rolling kernels of each instruction set, for the dispatcher in roll.cc
// only.
#ifndef SYNCENGINE_KERNELS_ROLL_SETS_H_
#define SYNCENGINE_KERNELS_ROLL_SETS_H_

#include "src/kernels/roll.h"

namespace syncengine::kernels {

// Goes on from `hash`, which is 1 for a new window.
uint32_t RollExtend(const RollFactors& factors, const uint8_t* data, size_t size, uint32_t hash);
RollHit RollFindScalar(const RollFactors& factors, const RollFilter& filter, const uint8_t* data,
                       size_t begin, size_t end, uint32_t hash);

#if defined(__x86_64__)
uint32_t RollHashAvx2(const RollFactors& factors, const uint8_t* data, size_t size);
RollHit RollFindAvx2(const RollFactors& factors, const RollFilter& filter, const uint8_t* data,
                     size_t begin, size_t end, uint32_t hash);
#endif

}  // namespace syncengine::kernels

#endif  // SYNCENGINE_KERNELS_ROLL_SETS_H_
