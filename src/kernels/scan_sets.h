// The kernels of each instruction set, for the dispatcher in scan.cc only.
#ifndef SYNCENGINE_KERNELS_SCAN_SETS_H_
#define SYNCENGINE_KERNELS_SCAN_SETS_H_

#include "src/kernels/scan.h"

namespace syncengine::kernels {

// Far enough ahead that memory answers in time, near enough that the line is still cached when
// used.
inline constexpr size_t kScanPrefetchBytes = 1024;

size_t ScanSkipScalar(const uint8_t* data, size_t begin, size_t end, size_t window);
ScanHit ScanFastScalar(const ScanKey& key, const uint8_t* data, size_t begin, size_t end,
                       int32_t below);
ScanHit ScanPrfScalar(const ScanKey& key, const uint8_t* data, size_t begin, size_t end,
                      int32_t below);

// The value of one position of kFast.
int32_t ScanFastValue(const ScanKey& key, const uint8_t* data, size_t position);
// Whether the `window` bytes before `position` are all equal.
bool ScanIsConstant(const uint8_t* data, size_t position, size_t window);

#if defined(__x86_64__)
size_t ScanSkipAvx2(const uint8_t* data, size_t begin, size_t end, size_t window);
ScanHit ScanFastAvx2(const ScanKey& key, const uint8_t* data, size_t begin, size_t end,
                     int32_t below);
ScanHit ScanPrfAesni(const ScanKey& key, const uint8_t* data, size_t begin, size_t end,
                     int32_t below);
ScanHit ScanPrfVaes(const ScanKey& key, const uint8_t* data, size_t begin, size_t end,
                    int32_t below);
ScanHit ScanFastAvx512(const ScanKey& key, const uint8_t* data, size_t begin, size_t end,
                       int32_t below);
ScanHit ScanPrfVaes512(const ScanKey& key, const uint8_t* data, size_t begin, size_t end,
                       int32_t below);
// The value of one position of kPrf.
int32_t ScanPrfValueAesni(const ScanKey& key, const uint8_t* data, size_t position);
#endif

#if defined(__aarch64__)
size_t ScanSkipNeon(const uint8_t* data, size_t begin, size_t end, size_t window);
ScanHit ScanFastNeon(const ScanKey& key, const uint8_t* data, size_t begin, size_t end,
                     int32_t below);
ScanHit ScanPrfArmAes(const ScanKey& key, const uint8_t* data, size_t begin, size_t end,
                      int32_t below);
#endif

}  // namespace syncengine::kernels

#endif  // SYNCENGINE_KERNELS_SCAN_SETS_H_
