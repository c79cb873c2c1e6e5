#include "src/kernels/scan.h"

#include <openssl/crypto.h>

#include <cstdlib>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "src/kernels/scan_sets.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace syncengine::kernels {
namespace {

bool Always() { return true; }

#if defined(__x86_64__)

// Also says that the operating system saves the wide registers.
bool HasAvx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"); }

bool HasAesni() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  return HasAvx2() && __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_AES) != 0;
}

bool HasVaes() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  return HasAesni() && __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (c & (1u << 9)) != 0;
}

bool HasAvx512() {
  return HasAvx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
}

bool HasVaes512() { return HasAvx512() && HasVaes(); }

#elif defined(__aarch64__)

bool HasArmAes() { return (getauxval(AT_HWCAP) & HWCAP_AES) != 0; }

#endif

constexpr ScanKernel kKernels[] = {
    {ScanSuite::kFast, "scalar", Always, ScanFastScalar, ScanSkipScalar},
    {ScanSuite::kPrf, "scalar", Always, ScanPrfScalar, ScanSkipScalar},
#if defined(__x86_64__)
    // The wide registers do not win on the processors measured (Zen 4), so they come before.
    {ScanSuite::kFast, "avx512", HasAvx512, ScanFastAvx512, ScanSkipAvx2},
    {ScanSuite::kFast, "avx2", HasAvx2, ScanFastAvx2, ScanSkipAvx2},
    {ScanSuite::kPrf, "aesni", HasAesni, ScanPrfAesni, ScanSkipAvx2},
    {ScanSuite::kPrf, "vaes512", HasVaes512, ScanPrfVaes512, ScanSkipAvx2},
    {ScanSuite::kPrf, "vaes", HasVaes, ScanPrfVaes, ScanSkipAvx2},
#elif defined(__aarch64__)
    {ScanSuite::kFast, "neon", Always, ScanFastNeon, ScanSkipNeon},
    {ScanSuite::kPrf, "armaes", HasArmAes, ScanPrfArmAes, ScanSkipNeon},
#endif
};

const ScanKernel& BestKernel(ScanSuite suite) {
  const ScanKernel* best = nullptr;
  for (const ScanKernel& kernel : kKernels) {
    if (kernel.suite == suite && kernel.supported()) best = &kernel;
  }
  return *best;  // The scalar kernel always runs.
}

absl::Status UnknownKernel(absl::string_view name) {
  std::string known;
  for (const ScanKernel& kernel : kKernels) {
    if (!absl::StrContains(known, kernel.name)) absl::StrAppend(&known, " ", kernel.name);
  }
  return absl::InvalidArgumentError(absl::StrCat("scan kernel: expected one of", known,
                                                 ", found \"", name,
                                                 "\"; correct or unset SYNCENGINE_KERNEL"));
}

}  // namespace

ScanKey::ScanKey(const uint8_t* secret) {
  const std::array<uint8_t, kAesBlockBytes> zero{};
  const std::array<uint8_t, kAesBlockBytes> one{1};
  aes = ExpandAesKey(secret);
  const std::array<uint32_t, 4> words =
      AesFirstWords(aes, {zero.data(), one.data(), zero.data(), one.data()});
  low_factor = words[0] | 1;
  high_factor = words[1] | 1;
  aes = ExpandAesKey(secret + kAesBlockBytes);
}

ScanKey::~ScanKey() {
  OPENSSL_cleanse(&low_factor, sizeof(low_factor));
  OPENSSL_cleanse(&high_factor, sizeof(high_factor));
  OPENSSL_cleanse(&aes, sizeof(aes));
}

absl::Span<const ScanKernel> ScanKernels() { return kKernels; }

absl::StatusOr<const ScanKernel*> ChooseScanKernel(ScanSuite suite, absl::string_view name) {
  if (name.empty()) return &BestKernel(suite);
  bool known = false;
  for (const ScanKernel& kernel : kKernels) {
    if (name != kernel.name) continue;
    known = true;
    if (kernel.suite != suite) continue;
    if (kernel.supported()) return &kernel;
    return absl::FailedPreconditionError(
        absl::StrCat("scan kernel \"", name,
                     "\": expected a processor with these instructions; unset "
                     "SYNCENGINE_KERNEL or choose \"scalar\""));
  }
  if (!known) return UnknownKernel(name);
  return &BestKernel(suite);
}

absl::string_view ForcedScanKernel() {
  static const char* const name = std::getenv("SYNCENGINE_KERNEL");
  return absl::NullSafeStringView(name);
}

}  // namespace syncengine::kernels
