#include "syncengine/format/name.h"

#include <gtest/gtest.h>

#include "syncengine/base/limits.h"
#include "syncengine/format/sealed_name.h"
#include "tests/format/format_fixture.h"

namespace syncengine {
namespace {

using testing::CountingId;
using testing::FixedKeys;
using testing::IsDamage;
using testing::RandomBytes;
using testing::WithBitFlipped;

const EnvelopeSalt kSalt = CountingId<EnvelopeSalt>(0x20);

TEST(NameTest, AcceptsWhatFileSystemsAccept) {
  for (const std::string& name :
       {std::string("a"), std::string("..."), std::string(".a"), std::string("\xff\xfe"),
        std::string(" "), std::string("a\\b"), std::string(limits::kSealedNameBytesMax, 'x')}) {
    EXPECT_TRUE(ValidateName(name).ok()) << name;
  }
}

TEST(NameTest, RefusesWhatIsNoName) {
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("/"), std::string("a/b"),
        std::string("a\0b", 3), std::string(limits::kSealedNameBytesMax + 1, 'x')}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ValidateName(name))) << name;
  }
}

TEST(PathTest, SplitsAndJoins) {
  const std::vector<std::string> names = {"a", "b c", "d"};
  EXPECT_EQ(SplitPath("/a/b c/d").value(), names);
  EXPECT_EQ(SplitPath("a//b c/d/").value(), names);
  EXPECT_TRUE(SplitPath("/")->empty());
  EXPECT_TRUE(SplitPath("")->empty());
  EXPECT_EQ(JoinPath(names), "/a/b c/d");
  EXPECT_EQ(JoinPath({}), "/");
}

TEST(PathTest, RefusesBadNamesAndBounds) {
  for (const std::string& path : {std::string("/a/../b"), std::string("./a"), std::string("a\0", 2),
                                  std::string(limits::kPathBytesMax + 1, '/'),
                                  "/" + std::string(limits::kSealedNameBytesMax + 1, 'x')}) {
    EXPECT_TRUE(absl::IsInvalidArgument(SplitPath(path).status()));
  }
  std::string deep;
  for (size_t i = 0; i < limits::kPathDepthMax; ++i) deep += "/a";
  EXPECT_TRUE(SplitPath(deep).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(SplitPath(deep + "/a").status()));
}

TEST(SealedNameTest, TokensAreValidNamesThatOpen) {
  const uint64_t seed = 99;
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const auto keys = FixedKeys();
  for (size_t size = 1; size <= limits::kNameBytesMax; ++size) {
    std::string name = RandomBytes(random, size);
    for (char& byte : name) byte = byte == '/' || byte == '\0' ? 'x' : byte;
    auto token = SealName(*keys, name);
    ASSERT_TRUE(token.ok()) << token.status();
    EXPECT_TRUE(ValidateName(*token).ok());
    EXPECT_EQ(OpenName(*keys, *token).value(), name);
  }
  EXPECT_TRUE(absl::IsInvalidArgument(SealName(*keys, "").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(SealName(*keys, "..").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      SealName(*keys, std::string(limits::kNameBytesMax + 1, 'x')).status()));
}

TEST(SealedNameTest, EqualNamesHaveEqualTokensAcrossRotations) {
  const auto keys = FixedKeys();
  const auto rotated = *keys->Rotate(testing::CountingBytes(32, 0x80));
  EXPECT_EQ(SealName(*keys, "name").value(), SealName(*rotated, "name").value());
  EXPECT_NE(SealName(*keys, "name").value(), SealName(*keys, "nama").value());
  EXPECT_NE(SealName(*keys, "name").value(), SealName(*FixedKeys(1), "name").value());
}

TEST(SealedNameTest, AnyOtherTokenIsRefused) {
  const auto keys = FixedKeys();
  for (const std::string name : {"a", "ab", "abc", "abcd"}) {
    const std::string token = *SealName(*keys, name);
    for (size_t bit = 0; bit < token.size() * 8; ++bit) {
      EXPECT_FALSE(OpenName(*keys, WithBitFlipped(token, bit)).ok()) << name << " " << bit;
    }
    for (size_t size = 0; size < token.size(); ++size) {
      EXPECT_TRUE(IsDamage(OpenName(*keys, token.substr(0, size)).status()));
    }
    for (const char* tail : {"=", "A", "\n", " ", "AA"}) {
      EXPECT_TRUE(IsDamage(OpenName(*keys, token + tail).status()));
    }
  }
  EXPECT_TRUE(IsDamage(OpenName(*FixedKeys(1), *SealName(*keys, "name")).status()));
  EXPECT_TRUE(IsDamage(OpenName(*keys, std::string(5000, 'A')).status()));
}

TEST(SealedAttributesTest, RoundTrip) {
  const auto keys = FixedKeys();
  for (const Attributes& plain :
       {Attributes{}, Attributes{.mtime_ns = -1, .mode = 07777},
        Attributes{.symlink_target = std::string(limits::kSymlinkTargetMax, 't')}}) {
    auto sealed = SealAttributes(*keys, plain, kSalt);
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    EXPECT_EQ(sealed->mtime_ns, 0);
    EXPECT_EQ(sealed->mode, 0u);
    EXPECT_EQ(sealed->symlink_target, "");
    EXPECT_LE(sealed->sealed.size(), limits::kSealedAttributesMax);
    EXPECT_EQ(OpenAttributes(*keys, *sealed).value(), plain);
    EXPECT_TRUE(absl::IsInvalidArgument(SealAttributes(*keys, *sealed, kSalt).status()));
  }
}

TEST(SealedAttributesTest, EveryBitFlipAndTruncationIsRefused) {
  const auto keys = FixedKeys();
  const Attributes sealed = *SealAttributes(*keys, {.mtime_ns = 5, .mode = 0644}, kSalt);
  for (size_t bit = 0; bit < sealed.sealed.size() * 8; ++bit) {
    EXPECT_FALSE(OpenAttributes(*keys, {.sealed = WithBitFlipped(sealed.sealed, bit)}).ok());
  }
  for (size_t size = 0; size < sealed.sealed.size(); ++size) {
    EXPECT_TRUE(
        IsDamage(OpenAttributes(*keys, {.sealed = sealed.sealed.substr(0, size)}).status()));
  }
}

}  // namespace
}  // namespace syncengine
