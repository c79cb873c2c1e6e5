#include "src/kernels/seal.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/escaping.h"
#include "src/kernels/checksum.h"
#include "syncengine/base/error.h"

namespace syncengine::kernels {
namespace {

std::string FromHex(absl::string_view hex) { return absl::HexStringToBytes(hex); }

// Test case 16 of the GCM specification (McGrew and Viega).
struct GcmCase {
  std::string key = FromHex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
  std::string nonce = FromHex("cafebabefacedbaddecaf888");
  std::string associated = FromHex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  std::string plain = FromHex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6"
      "b525b16aedf5aa0de657ba637b39");
  GcmInput input() const { return {.key = key, .nonce = nonce, .associated = associated}; }
};

TEST(SealTest, GcmRoundTripsAndMatchesTheSpecificationsTag) {
  const GcmCase vector;
  std::string buffer = vector.plain + std::string(kGcmTagBytes, '\0');
  ASSERT_TRUE(GcmSeal(vector.input(), absl::MakeSpan(buffer)).ok());
  EXPECT_EQ(absl::BytesToHexString(buffer.substr(vector.plain.size())),
            "76fc6ece0f4e1768cddf8853bb2d551b");
  EXPECT_EQ(absl::BytesToHexString(buffer.substr(0, 16)), "522dc1f099567d07f47f37a32a84427d");
  auto opened = GcmOpen(vector.input(), buffer);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(*opened, vector.plain);
}

TEST(SealTest, GcmRefusesAnyFlippedBit) {
  const GcmCase vector;
  std::string sealed = vector.plain + std::string(kGcmTagBytes, '\0');
  ASSERT_TRUE(GcmSeal(vector.input(), absl::MakeSpan(sealed)).ok());
  for (size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string flipped = sealed;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(GetReason(GcmOpen(vector.input(), flipped).status()), Reason::kIntegrity) << bit;
  }
  GcmCase other;
  other.associated[3] ^= 1;
  EXPECT_FALSE(GcmOpen(other.input(), sealed).ok());
  other = GcmCase();
  other.nonce[3] ^= 1;
  EXPECT_FALSE(GcmOpen(other.input(), sealed).ok());
}

TEST(SealTest, GcmSealsAnEmptyMessage) {
  const GcmCase vector;
  GcmInput input = vector.input();
  input.associated = "";
  std::string buffer(kGcmTagBytes, '\0');
  ASSERT_TRUE(GcmSeal(input, absl::MakeSpan(buffer)).ok());
  EXPECT_EQ(GcmOpen(input, buffer).value(), "");
}

TEST(SealTest, WrongSizesAreTheCallersMistake) {
  const GcmCase vector;
  std::string buffer(20, '\0');
  GcmInput input = vector.input();
  input.key.remove_suffix(1);
  EXPECT_TRUE(absl::IsInvalidArgument(GcmSeal(input, absl::MakeSpan(buffer))));
  input = vector.input();
  input.nonce.remove_suffix(1);
  EXPECT_TRUE(absl::IsInvalidArgument(GcmOpen(input, buffer).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(GcmOpen(vector.input(), "short").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(AesCtr("short", vector.nonce, absl::MakeSpan(buffer))));
}

TEST(SealTest, CtrMatchesSp80038a) {
  // F.5.5, first two blocks.
  std::string buffer = FromHex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
  ASSERT_TRUE(AesCtr(FromHex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"),
                     FromHex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"), absl::MakeSpan(buffer))
                  .ok());
  EXPECT_EQ(absl::BytesToHexString(buffer),
            "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5");
}

TEST(SealTest, SecureEqualsComparesAllOfBoth) {
  EXPECT_TRUE(SecureEquals("", ""));
  EXPECT_TRUE(SecureEquals("same", "same"));
  EXPECT_FALSE(SecureEquals("same", "sama"));
  EXPECT_FALSE(SecureEquals("same", "sam"));
}

TEST(ChecksumTest, MatchesPublishedValues) {
  EXPECT_EQ(Xxh3(""), 0x2d06800538d394c2u);
  EXPECT_NE(Xxh3("a"), Xxh3("b"));
}

}  // namespace
}  // namespace syncengine::kernels
