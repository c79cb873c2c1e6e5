// Whatever the base, the new content, the formats and the block size: patching gives the new
// content.
#include <gtest/gtest.h>

#include "syncengine/testing/status_matchers.h"
#include "tests/delta/content.h"

namespace syncengine::delta_test {
namespace {

using delta::DeltaFormat;
using delta::SignatureFormat;

constexpr SignatureFormat kFormats[] = {SignatureFormat::kOwn, SignatureFormat::kLibrsyncRollsumMd4,
                                        SignatureFormat::kLibrsyncRollsumBlake2,
                                        SignatureFormat::kLibrsyncRabinMd4,
                                        SignatureFormat::kLibrsyncRabinBlake2};

void ExpectRoundTrip(absl::string_view base, absl::string_view result,
                     const delta::SignatureOptions& signing, const delta::DeltaOptions& options) {
  SE_ASSERT_OK_AND_ASSIGN(const std::string signature, Sign(base, signing));
  SE_ASSERT_OK_AND_ASSIGN(const std::string bytes, Delta(signature, result, options));
  SE_ASSERT_OK_AND_ASSIGN(const std::string patched, Patch(base, bytes));
  EXPECT_TRUE(patched == result);
}

class RoundTripTest : public ::testing::TestWithParam<SignatureFormat> {};

TEST_P(RoundTripTest, EveryShapeSurvivesRandomEdits) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    Random random(seed);
    const Shape shape = kShapes[seed % std::size(kShapes)];
    const std::string base = Content(shape, random, random() % 50'000);
    std::string result = base;
    for (uint64_t edits = random() % 6; edits > 0; --edits) Edit(random, result);
    const uint32_t block_bytes = seed % 3 == 0 ? 0 : 64u << random() % 6;
    for (const DeltaFormat format : {DeltaFormat::kOwn, DeltaFormat::kLibrsync}) {
      ExpectRoundTrip(base, result, {.format = GetParam(), .block_bytes = block_bytes},
                      {.format = format, .level = static_cast<int>(seed % 5)});
    }
  }
}

TEST_P(RoundTripTest, SmallAndEmptyContent) {
  Random random(1);
  const std::string content = Noise(random, 300);
  for (const size_t base : {0, 1, 63, 64, 65, 255, 256, 257}) {
    for (const size_t result : {0, 1, 63, 64, 65, 128, 255, 256, 257, 300}) {
      SCOPED_TRACE(::testing::Message() << base << " to " << result);
      ExpectRoundTrip(content.substr(0, base), content.substr(0, result),
                      {.format = GetParam(), .block_bytes = 64}, {});
      ExpectRoundTrip(content.substr(0, base), content.substr(300 - result), {.format = GetParam()},
                      {.format = DeltaFormat::kLibrsync});
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, RoundTripTest, ::testing::ValuesIn(kFormats));

}  // namespace
}  // namespace syncengine::delta_test
