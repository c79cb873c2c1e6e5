// librsync's own program reads what is written here and the other way round. Skipped where rdiff is
// not installed (Debian: apt install rdiff).
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "syncengine/testing/status_matchers.h"
#include "syncengine/testing/temporary_directory.h"
#include "tests/delta/content.h"

namespace syncengine::delta_test {
namespace {

using delta::DeltaFormat;
using delta::SignatureFormat;

struct Variant {
  SignatureFormat format;
  const char* options;  // rdiff's, for the same.
};
constexpr Variant kVariants[] = {
    {SignatureFormat::kLibrsyncRollsumMd4, "-H md4 -R rollsum"},
    {SignatureFormat::kLibrsyncRollsumBlake2, "-H blake2 -R rollsum"},
    {SignatureFormat::kLibrsyncRabinMd4, "-H md4 -R rabinkarp"},
    {SignatureFormat::kLibrsyncRabinBlake2, "-H blake2 -R rabinkarp"},
};

class RdiffTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::system("rdiff --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "no rdiff";
  }

  std::string Path(absl::string_view name) const { return place_.Child(name); }
  void Write(absl::string_view name, absl::string_view bytes) const {
    std::ofstream(Path(name), std::ios::binary).write(bytes.data(), bytes.size());
  }
  std::string Read(absl::string_view name) const {
    std::ifstream file(Path(name), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  // Runs rdiff; names of files are its operands.
  void Run(absl::string_view options, absl::string_view verb,
           std::initializer_list<absl::string_view> names) const {
    std::string command = absl::StrCat("rdiff -f ", options, " ", verb);
    for (const absl::string_view name : names) absl::StrAppend(&command, " '", Path(name), "'");
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }

 private:
  testing::TemporaryDirectory place_;
};

class RdiffFormatTest : public RdiffTest, public ::testing::WithParamInterface<Variant> {};

TEST_P(RdiffFormatTest, EachReadsWhatTheOtherWrites) {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    Random random(seed);
    const std::string base =
        Content(kShapes[seed % std::size(kShapes)], random, 1 + random() % 90'000);
    std::string result = base;
    for (uint64_t edits = random() % 5; edits > 0; --edits) Edit(random, result);
    Write("base", base);
    Write("result", result);

    // Signatures are equal byte for byte.
    Run(absl::StrCat(GetParam().options, " -b 512 -S 16"), "signature", {"base", "signature"});
    SE_ASSERT_OK_AND_ASSIGN(
        const std::string signature,
        Sign(base, {.format = GetParam().format, .block_bytes = 512, .strong_bytes = 16}));
    EXPECT_TRUE(signature == Read("signature"));

    // rdiff applies our delta of its signature; we apply its delta of ours.
    SE_ASSERT_OK_AND_ASSIGN(const std::string ours,
                            Delta(Read("signature"), result, {.format = DeltaFormat::kLibrsync}));
    Write("ours", ours);
    Run("", "patch", {"base", "ours", "patched"});
    EXPECT_TRUE(Read("patched") == result);
    Write("signature", signature);
    Run("", "delta", {"signature", "result", "theirs"});
    SE_ASSERT_OK_AND_ASSIGN(const std::string patched, Patch(base, Read("theirs")));
    EXPECT_TRUE(patched == result);
    EXPECT_LE(ours.size(), Read("theirs").size() + 16);
  }
}

TEST_P(RdiffFormatTest, AutomaticSizesAreRead) {
  Random random(7);
  const std::string base = Noise(random, 200'000);
  Write("base", base);
  for (const char* sizes : {"", "-S -1", "-b 1000"}) {
    Run(absl::StrCat(GetParam().options, " ", sizes), "signature", {"base", "signature"});
    SE_ASSERT_OK_AND_ASSIGN(const std::string bytes, Delta(Read("signature"), base));
    EXPECT_LT(bytes.size(), 100u) << sizes;
    SE_ASSERT_OK_AND_ASSIGN(const std::string patched, Patch(base, bytes));
    EXPECT_TRUE(patched == base);
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, RdiffFormatTest, ::testing::ValuesIn(kVariants));

// With rdiff's defaults for its side and ours for ours, on content where every block boundary and
// every edit lies elsewhere: a delta is never larger, but for the digest it carries.
TEST_F(RdiffTest, OwnDeltasAreNotLarger) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    Random random(seed);
    const std::string base =
        Content(kShapes[seed % std::size(kShapes)], random, 1 + random() % 500'000);
    std::string result = base;
    for (uint64_t edits = random() % 8; edits > 0; --edits) Edit(random, result);
    Write("base", base);
    Write("result", result);
    Run("", "signature", {"base", "signature"});
    Run("", "delta", {"signature", "result", "theirs"});
    SE_ASSERT_OK_AND_ASSIGN(const std::string signature, Sign(base));
    SE_ASSERT_OK_AND_ASSIGN(const std::string ours, Delta(signature, result));
    EXPECT_LE(ours.size(), Read("theirs").size() + 64);
    EXPECT_LE(signature.size(), Read("signature").size() + 64);
  }
}

}  // namespace
}  // namespace syncengine::delta_test
