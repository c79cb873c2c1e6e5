// The hashes of librsync's signatures, against the vectors of their specifications.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "absl/strings/escaping.h"
#include "src/kernels/blake2b.h"
#include "src/kernels/checksum.h"
#include "src/kernels/md4.h"

namespace syncengine::kernels {
namespace {

template <typename Bytes>
std::string Hex(const Bytes& bytes) {
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

TEST(Md4Test, GivesTheVectorsOfRfc1320) {
  EXPECT_EQ(Hex(Md4("")), "31d6cfe0d16ae931b73c59d7e0c089c0");
  EXPECT_EQ(Hex(Md4("a")), "bde52cb31de33e46245e05fbdbd6fb24");
  EXPECT_EQ(Hex(Md4("abc")), "a448017aaf21d8525fc10ae87aa6729d");
  EXPECT_EQ(Hex(Md4("message digest")), "d9130a8164549fe818874806e1c7014b");
  EXPECT_EQ(Hex(Md4("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")),
            "043f8582f241db351ce627e153e7f0e4");
  EXPECT_EQ(Hex(Md4("1234567890123456789012345678901234567890123456789012345678901234567890123456"
                    "7890")),
            "e33b4ddc9c38f2199c3e7b164fcc0536");
}

TEST(Blake2bTest, GivesKnownDigestsOf32Bytes) {
  EXPECT_EQ(Hex(Blake2b256("")),
            "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
  EXPECT_EQ(Hex(Blake2b256("abc")),
            "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
  // Around the end of a block, and over more than two.
  EXPECT_EQ(Hex(Blake2b256(std::string(127, 'a'))),
            "59e2f1aba240f20aa591016f5ef429990bc9c2131dcd0d30f0ffd75ed18f317d");
  EXPECT_EQ(Hex(Blake2b256(std::string(128, 'a'))),
            "ae2aa48507885c4c950fb809b2076f959cde9f8ea6da260d9a3587df33dac450");
  EXPECT_EQ(Hex(Blake2b256(std::string(129, 'a'))),
            "2f64744a6de0d2c0b56e64cf6e29a5aaa255010d415d51c75ccc82f73dccd865");
  EXPECT_EQ(Hex(Blake2b256(std::string(300, 'a'))),
            "3c1292de00a518e36823f9ff908ac2da46be38718c018713403461df077e15f6");
}

TEST(Xxh3StreamTest, PiecesGiveTheValueOfTheWhole) {
  std::mt19937_64 random(1);
  for (size_t size = 0; size < 3000; size += 1 + size / 7) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    Xxh3Stream stream;
    for (size_t i = 0; i < size;) {
      const size_t piece = 1 + random() % 500;
      stream.Append(absl::string_view(bytes).substr(i, piece));
      i += piece;
    }
    EXPECT_EQ(stream.Value(), Xxh3(bytes)) << size;
  }
}

TEST(Xxh3SecretTest, EveryByteOfTheSecretAndOfTheContentCounts) {
  std::string secret(kXxh3SecretBytes, '\0');
  for (size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<char>(i * 7 + 3);
  std::string bytes(2048, 'x');
  const auto value = Xxh3Secret128(bytes, secret);
  bytes[1000] ^= 1;
  EXPECT_NE(Xxh3Secret128(bytes, secret), value);
  bytes[1000] ^= 1;
  secret[kXxh3SecretBytes / 2] ^= 1;
  EXPECT_NE(Xxh3Secret128(bytes, secret), value);
}

}  // namespace
}  // namespace syncengine::kernels
