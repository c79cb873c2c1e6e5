#include "src/kernels/digest.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/escaping.h"

namespace syncengine::kernels {
namespace {

std::string Hex(absl::string_view bytes) { return absl::BytesToHexString(bytes); }
std::string Hex(const Digest& digest) { return Hex(AsBytes(digest)); }
std::string FromHex(absl::string_view hex) { return absl::HexStringToBytes(hex); }

TEST(DigestTest, Sha256MatchesFips180) {
  EXPECT_EQ(Hex(Sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Hex(Sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256({"a", "", "bc"}), Sha256("abc"));
}

TEST(DigestTest, HmacMatchesRfc4231) {
  // Test cases 1, 2 and 6 (a key longer than a block).
  EXPECT_EQ(Hex(HmacSha256(std::string(20, '\x0b')).Of("Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(Hex(HmacSha256("Jefe").Of({"what do ya want ", "for nothing?"})),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(Hex(HmacSha256(std::string(131, '\xaa'))
                    .Of("Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(DigestTest, OneHmacObjectServesManyMessages) {
  const HmacSha256 hmac("key");
  const Digest first = hmac.Of("message");
  EXPECT_NE(hmac.Of("massage"), first);
  EXPECT_EQ(hmac.Of("message"), first);
}

TEST(DigestTest, HkdfMatchesRfc5869) {
  // Test cases 1, 2 (longer than one digest) and 3 (no salt, no info).
  const std::string key(22, '\x0b');
  EXPECT_EQ(Hex(HkdfSha256({.key = key,
                            .salt = FromHex("000102030405060708090a0b0c"),
                            .info = FromHex("f0f1f2f3f4f5f6f7f8f9")},
                           42)
                    .bytes()),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  EXPECT_EQ(
      Hex(HkdfSha256({.key = bytes.substr(0, 0x50),
                      .salt = bytes.substr(0x60, 0x50),
                      .info = bytes.substr(0xb0, 0x50)},
                     82)
              .bytes()),
      "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e5"
      "90e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87");
  EXPECT_EQ(Hex(HkdfSha256({.key = key}, 42).bytes()),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(DigestTest, ScryptMatchesRfc7914) {
  auto key = Scrypt("pleaseletmein", "SodiumChloride", {.log2_n = 14, .r = 8, .p = 1}, 64);
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(
      Hex(key->bytes()),
      "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242"
      "a9af9e61e85dc0d651e40dfcf017b45575887");
}

TEST(DigestTest, ScryptRefusesUndefinedOrBoundlessCosts) {
  for (const ScryptCost cost : {ScryptCost{.log2_n = 0}, ScryptCost{.log2_n = 31},
                                ScryptCost{.log2_n = -1}, ScryptCost{.log2_n = 30, .r = 8},
                                ScryptCost{.r = 0}, ScryptCost{.p = 0}, ScryptCost{.r = 65}}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Scrypt("p", "s", cost, 32).status())) << cost.log2_n;
  }
}

}  // namespace
}  // namespace syncengine::kernels
