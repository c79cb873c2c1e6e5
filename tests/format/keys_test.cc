#include "syncengine/format/keys.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "syncengine/base/limits.h"
#include "tests/format/format_fixture.h"

namespace syncengine {
namespace {

using testing::CountingBytes;
using testing::CountingId;
using testing::FixedKeys;
using testing::IsDamage;
using testing::WithU32;

std::string Bundle(const NamespaceKeys& keys) { return std::string(keys.EncodeBundle().bytes()); }

TEST(KeysTest, BundleRoundTrips) {
  const auto keys = *FixedKeys()->Rotate(CountingBytes(32, 0x80));
  auto decoded = NamespaceKeys::DecodeBundle(keys->EncodeBundle());
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ((*decoded)->id(), keys->id());
  EXPECT_EQ((*decoded)->generation(), 2u);
  EXPECT_EQ((*decoded)->IdOf("x"), keys->IdOf("x"));
  EXPECT_EQ((*decoded)->chunker_key(), keys->chunker_key());
  EXPECT_EQ(Bundle(**decoded), Bundle(*keys));
}

TEST(KeysTest, RotationKeepsIdsAndOldContentKeys) {
  const auto keys = FixedKeys();
  const auto rotated = *keys->Rotate(CountingBytes(32, 0x80));
  EXPECT_EQ(rotated->IdOf("x"), keys->IdOf("x"));
  EXPECT_EQ(rotated->IdOfManifest("x"), keys->IdOfManifest("x"));
  EXPECT_EQ(rotated->name_mac_key(), keys->name_mac_key());
  const auto old_key = *keys->DeriveObjectKey(KeyPurpose::kFrame, 1, "salt");
  EXPECT_EQ(rotated->DeriveObjectKey(KeyPurpose::kFrame, 1, "salt")->commitment,
            old_key.commitment);
  EXPECT_NE(rotated->DeriveObjectKey(KeyPurpose::kFrame, 2, "salt")->commitment,
            old_key.commitment);
  EXPECT_TRUE(
      absl::IsFailedPrecondition(keys->DeriveObjectKey(KeyPurpose::kFrame, 2, "salt").status()));
}

TEST(KeysTest, EveryUseHasAKeyOfItsOwn) {
  const auto keys = FixedKeys();
  std::set<std::string> seen = {std::string(keys->chunker_key()), std::string(keys->name_mac_key()),
                                std::string(keys->name_cipher_key()),
                                std::string(keys->IdOf("x").bytes()),
                                std::string(keys->IdOfManifest("x").bytes())};
  for (const KeyPurpose purpose :
       {KeyPurpose::kFrame, KeyPurpose::kManifest, KeyPurpose::kAttributes}) {
    for (const absl::string_view salt : {"salt", "other"}) {
      const auto key = *keys->DeriveObjectKey(purpose, 1, salt);
      EXPECT_EQ(key.key.bytes().size(), 32u);
      EXPECT_EQ(key.commitment.size(), 32u);
      seen.insert(std::string(key.key.bytes()));
      seen.insert(key.commitment);
    }
  }
  EXPECT_EQ(seen.size(), 5u + 12u);
}

TEST(KeysTest, NamespacesShareNothingEvenWithEqualSecrets) {
  const auto keys = FixedKeys();
  const auto other = *NamespaceKeys::Create(CountingId<NamespaceId>(0x41), CountingBytes(64, 0));
  EXPECT_NE(keys->IdOf("x"), other->IdOf("x"));
  EXPECT_NE(keys->chunker_key(), other->chunker_key());
  EXPECT_NE(keys->DeriveObjectKey(KeyPurpose::kFrame, 1, "s")->commitment,
            other->DeriveObjectKey(KeyPurpose::kFrame, 1, "s")->commitment);
}

TEST(KeysTest, WrongAmountsOfRandomnessAreRefused) {
  EXPECT_TRUE(
      absl::IsInvalidArgument(NamespaceKeys::Create(NamespaceId(), CountingBytes(63, 0)).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(FixedKeys()->Rotate(CountingBytes(33, 0)).status()));
}

TEST(KeysTest, DamagedBundlesAreRefused) {
  const std::string bundle = Bundle(**FixedKeys()->Rotate(CountingBytes(32, 0x80)));
  for (size_t size = 0; size < bundle.size(); ++size) {
    EXPECT_TRUE(IsDamage(NamespaceKeys::DecodeBundle(Secret(bundle.substr(0, size))).status()))
        << size;
  }
  EXPECT_TRUE(IsDamage(NamespaceKeys::DecodeBundle(Secret(bundle + "x")).status()));
  constexpr size_t kCountOffset = 1 + 16 + 32;
  for (const uint32_t count : {0u, 1u, 3u, limits::kKeyGenerationsMax + 1, 0xffffffffu}) {
    EXPECT_TRUE(IsDamage(
        NamespaceKeys::DecodeBundle(Secret(WithU32(bundle, kCountOffset, count))).status()));
  }
  // Generations that do not ascend.
  for (const uint32_t generation : {0u, 2u, 3u}) {
    EXPECT_TRUE(
        IsDamage(NamespaceKeys::DecodeBundle(Secret(WithU32(bundle, kCountOffset + 4, generation)))
                     .status()));
  }
  std::string newer = bundle;
  newer[0] = 2;
  EXPECT_EQ(GetReason(NamespaceKeys::DecodeBundle(Secret(newer)).status()), Reason::kVersion);
}

TEST(KeysTest, ManyThreadsShareOneObject) {
  const auto keys = FixedKeys();
  const std::string frame = testing::SealData(*keys, {"hello", std::string(5000, 'z')}, 3);
  const BlockId expected = keys->IdOf("hello");
  std::vector<int> good(4, 0);
  std::vector<std::thread> threads;
  for (int& count : good) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        const bool same_id = keys->IdOf("hello") == expected;
        const bool same_frame =
            testing::SealData(*keys, {"hello", std::string(5000, 'z')}, 3) == frame;
        count += same_id && same_frame && OpenFrame(*keys, frame).ok() ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, std::vector<int>(4, 200));
}

TEST(KeysTest, RotationEndsAtTheLimit) {
  auto keys = FixedKeys();
  for (uint32_t i = 1; i < limits::kKeyGenerationsMax; ++i) {
    keys = *keys->Rotate(CountingBytes(32, static_cast<uint8_t>(i)));
  }
  EXPECT_EQ(keys->generation(), limits::kKeyGenerationsMax);
  EXPECT_TRUE(NamespaceKeys::DecodeBundle(keys->EncodeBundle()).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(keys->Rotate(CountingBytes(32, 1)).status()));
}

}  // namespace
}  // namespace syncengine
