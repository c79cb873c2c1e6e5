// Every scan kernel gives exactly the hits of the scalar specification, and that one is AES where
// it says so.
#include "src/kernels/scan.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/kernels/scan_sets.h"

namespace syncengine::kernels {
namespace {

constexpr int32_t kGreatest = std::numeric_limits<int32_t>::max();

// SplitMix64: small, and the same everywhere.
class Generator {
 public:
  explicit Generator(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    state_ += 0x9E3779B97F4A7C15u;
    uint64_t z = state_;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  }

 private:
  uint64_t state_;
};

std::vector<uint8_t> SomeKey(uint64_t seed) {
  Generator generator(seed);
  std::vector<uint8_t> key(kScanKeyBytes);
  for (uint8_t& byte : key) byte = static_cast<uint8_t>(generator.Next());
  return key;
}

// Content of four kinds: random, zeros, zeros and ones, and random with runs.
std::vector<uint8_t> Content(int kind, size_t size, uint64_t seed) {
  Generator generator(seed);
  std::vector<uint8_t> content(size);
  for (size_t i = 0; i < size; ++i) {
    const uint64_t random = generator.Next();
    if (kind == 0) content[i] = static_cast<uint8_t>(random);
    if (kind == 2) content[i] = static_cast<uint8_t>(random & 1);
    if (kind == 3)
      content[i] =
          random % 23 == 0 ? static_cast<uint8_t>(random >> 8) : (i == 0 ? 0 : content[i - 1]);
  }
  return content;
}

// A 16-byte block encrypted by OpenSSL.
std::vector<uint8_t> OpensslAes(const uint8_t* key, const uint8_t* block) {
  std::vector<uint8_t> out(2 * kAesBlockBytes);
  int size = 0;
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  EXPECT_EQ(EVP_EncryptInit_ex(context, EVP_aes_128_ecb(), nullptr, key, nullptr), 1);
  EXPECT_EQ(EVP_EncryptUpdate(context, out.data(), &size, block, kAesBlockBytes), 1);
  EVP_CIPHER_CTX_free(context);
  return out;
}

uint32_t FirstWord(const std::vector<uint8_t>& bytes) {
  return bytes[0] | uint32_t{bytes[1]} << 8 | uint32_t{bytes[2]} << 16 | uint32_t{bytes[3]} << 24;
}

TEST(ScanAesTest, ScheduleIsTheOneOfFips197) {
  const uint8_t key[] = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
                         0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
  const AesSchedule schedule = ExpandAesKey(key);
  const std::vector<uint8_t> last(schedule.bytes.end() - 4, schedule.bytes.end());
  EXPECT_THAT(last, testing::ElementsAre(0xb6, 0x63, 0x0c, 0xa6));
}

TEST(ScanAesTest, FourBlocksAreEncryptedLikeByOpenssl) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    const std::vector<uint8_t> key = SomeKey(seed);
    const std::vector<uint8_t> blocks = Content(0, 4 * kAesBlockBytes, seed);
    const uint8_t* at = blocks.data();
    const auto words = AesFirstWords(ExpandAesKey(key.data()), {at, at + 16, at + 32, at + 48});
    for (size_t b = 0; b < 4; ++b) {
      EXPECT_EQ(words[b], FirstWord(OpensslAes(key.data(), at + 16 * b)));
    }
  }
}

TEST(ScanKeyTest, MultipliersComeFromAesUnderTheFirstHalf) {
  const std::vector<uint8_t> secret = SomeKey(7);
  const ScanKey key(secret.data());
  std::vector<uint8_t> block(kAesBlockBytes);
  EXPECT_EQ(key.low_factor, FirstWord(OpensslAes(secret.data(), block.data())) | 1);
  block[0] = 1;
  EXPECT_EQ(key.high_factor, FirstWord(OpensslAes(secret.data(), block.data())) | 1);
}

TEST(ScanScalarTest, PrfValueIsTheFirstWordOfAesOfTheWindow) {
  const std::vector<uint8_t> secret = SomeKey(11);
  const ScanKey key(secret.data());
  const std::vector<uint8_t> content = Content(0, 200, 11);
  for (size_t i = 16; i <= content.size(); ++i) {
    const ScanHit hit = ScanPrfScalar(key, content.data(), i, i + 1, kGreatest);
    ASSERT_EQ(hit.position, i);
    EXPECT_EQ(static_cast<uint32_t>(hit.value),
              FirstWord(OpensslAes(secret.data() + 16, content.data() + i - 16)));
  }
}

TEST(ScanScalarTest, FastValueIsTheSumOfTwoProducts) {
  const std::vector<uint8_t> secret = SomeKey(13);
  const ScanKey key(secret.data());
  const uint8_t window[] = {1, 0, 0, 0, 2, 0, 0, 1};
  const ScanHit hit = ScanFastScalar(key, window, 8, 9, kGreatest);
  ASSERT_EQ(hit.position, 8u);
  EXPECT_EQ(static_cast<uint32_t>(hit.value), key.low_factor + key.high_factor * 0x01000002u);
}

class ScanKernelTest : public testing::TestWithParam<size_t> {
 protected:
  void SetUp() override {
    if (!kernel().supported()) GTEST_SKIP() << "not on this processor";
  }
  const ScanKernel& kernel() const { return ScanKernels()[GetParam()]; }
  const ScanKernel& specification() const {
    return ScanKernels()[kernel().suite == ScanSuite::kFast ? 0 : 1];
  }

  // Walks down all hits of [begin, end) from `below` on, like the chunker does, with both kernels.
  void ExpectSameHits(const ScanKey& key, const uint8_t* data, size_t begin, size_t end,
                      int32_t below) {
    while (true) {
      const ScanHit expected = specification().find(key, data, begin, end, below);
      const ScanHit found = kernel().find(key, data, begin, end, below);
      ASSERT_EQ(found.position, expected.position) << begin << " " << end << " " << below;
      if (expected.position == end) return;
      ASSERT_EQ(found.value, expected.value);
      ASSERT_LT(found.value, below);
      // From the hit itself: a value equal to the bound is no hit.
      begin = expected.position;
      below = expected.value;
    }
  }
};

TEST_P(ScanKernelTest, EqualsTheSpecificationAtAllAlignmentsAndSmallLengths) {
  const size_t window = ScanWindow(kernel().suite);
  const ScanKey key(SomeKey(3).data());
  for (int kind = 0; kind < 4; ++kind) {
    for (size_t offset = 0; offset < 33; offset += kind == 0 ? 1 : 8) {
      for (size_t length = 0; length <= 150; ++length) {
        SCOPED_TRACE(testing::Message()
                     << "kind " << kind << " offset " << offset << " length " << length);
        // An exact allocation: a sanitizer sees every read past the end.
        const std::vector<uint8_t> content =
            Content(kind, offset + window + length, 17 * length + offset);
        const uint8_t* data = content.data() + offset;
        ExpectSameHits(key, data, window, window + length + 1, kGreatest);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(ScanKernelTest, EqualsTheSpecificationOnLongContentFromManyPlaces) {
  const uint64_t seed = 20240;
  RecordProperty("seed", static_cast<int>(seed));
  Generator generator(seed);
  for (int round = 0; round < 200; ++round) {
    const int kind = round % 4;
    SCOPED_TRACE(testing::Message() << "seed " << seed << " round " << round << " kind " << kind);
    const ScanKey key(SomeKey(generator.Next()).data());
    const std::vector<uint8_t> content = Content(kind, 3000, generator.Next());
    const size_t begin = ScanWindow(kernel().suite) + generator.Next() % 200;
    const size_t end = begin + generator.Next() % 2700;
    ExpectSameHits(key, content.data(), begin, end, kGreatest);
    ExpectSameHits(key, content.data(), begin, end, static_cast<int32_t>(generator.Next()));
    if (HasFatalFailure()) return;
  }
}

TEST_P(ScanKernelTest, ConstantWindowsAreNeverHits) {
  const size_t window = ScanWindow(kernel().suite);
  for (int byte = 0; byte < 256; ++byte) {
    const ScanKey key(SomeKey(static_cast<uint64_t>(byte)).data());
    std::vector<uint8_t> content(1000, static_cast<uint8_t>(byte));
    EXPECT_EQ(kernel().find(key, content.data(), window, 1001, kGreatest).position, 1001u);
    content[700] ^= 1;  // The window of 701 is the first one that holds the odd byte.
    EXPECT_EQ(kernel().find(key, content.data(), window, 1001, kGreatest).position, 701u);
  }
}

TEST_P(ScanKernelTest, SkipEndsAtTheFirstWindowThatIsNotConstant) {
  const size_t window = ScanWindow(kernel().suite);
  for (size_t run = 0; run < 400; ++run) {
    std::vector<uint8_t> content(window + run, 0x55);
    const size_t end = content.size() + 1;
    EXPECT_EQ(kernel().skip(content.data(), window, end, window), end) << run;
    content.push_back(0x56);
    content.resize(content.size() + run % 200, 0x55);
    EXPECT_EQ(kernel().skip(content.data(), window, content.size() + 1, window), window + run + 1)
        << run;
    content[window - 1] = 0;
    EXPECT_EQ(kernel().skip(content.data(), window, content.size() + 1, window), window) << run;
  }
  EXPECT_EQ(kernel().skip(nullptr, window, window, window), window);
}

INSTANTIATE_TEST_SUITE_P(All, ScanKernelTest, testing::Range<size_t>(0, ScanKernels().size()),
                         [](const testing::TestParamInfo<size_t>& test) {
                           const ScanKernel& kernel = ScanKernels()[test.param];
                           return std::string(kernel.suite == ScanSuite::kFast ? "fast_" : "prf_") +
                                  kernel.name;
                         });

TEST(ScanDispatchTest, UnknownNameIsAnErrorThatListsTheKnownOnes) {
  const auto chosen = ChooseScanKernel(ScanSuite::kFast, "neon9");
  EXPECT_EQ(chosen.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(chosen.status().message()), testing::HasSubstr("scalar"));
  EXPECT_THAT(std::string(chosen.status().message()), testing::HasSubstr("neon9"));
}

TEST(ScanDispatchTest, EveryKernelIsFoundByItsNameOrRefused) {
  for (const ScanKernel& kernel : ScanKernels()) {
    const auto chosen = ChooseScanKernel(kernel.suite, kernel.name);
    if (kernel.supported()) {
      ASSERT_TRUE(chosen.ok()) << chosen.status();
      EXPECT_EQ(*chosen, &kernel);
    } else {
      EXPECT_EQ(chosen.status().code(), absl::StatusCode::kFailedPrecondition);
    }
  }
}

TEST(ScanDispatchTest, NameOfTheOtherSuiteLeavesTheBestKernel) {
  const auto best = ChooseScanKernel(ScanSuite::kFast, "");
  ASSERT_TRUE(best.ok());
  bool known = false;
  for (const ScanKernel& kernel : ScanKernels()) known |= std::string(kernel.name) == "vaes";
  if (!known) GTEST_SKIP() << "no such kernel in this build";
  const auto chosen = ChooseScanKernel(ScanSuite::kFast, "vaes");
  ASSERT_TRUE(chosen.ok());
  EXPECT_EQ(*chosen, *best);
}

}  // namespace
}  // namespace syncengine::kernels
