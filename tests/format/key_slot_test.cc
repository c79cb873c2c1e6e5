#include "syncengine/format/key_slot.h"

#include <gtest/gtest.h>

#include "src/kernels/digest.h"
#include "src/kernels/seal.h"
#include "tests/format/format_fixture.h"

namespace syncengine {
namespace {

using testing::CountingBytes;
using testing::CountingId;
using testing::WithBitFlipped;
using testing::WithU32;

// Fast; far too cheap for real slots.
constexpr SlotOptions kCheap = {.scrypt_log2_n = 4, .scrypt_log2_n_min = 4};
constexpr SlotKey kPassphrase = {.type = SlotType::kPassphrase, .secret = "correct horse"};
constexpr size_t kTypeOffset = 5;
constexpr size_t kCostOffset = 7;
constexpr size_t kBundleBytesOffset = 10;
constexpr size_t kHeaderBytes = 106;

const NamespaceId kNamespace = CountingId<NamespaceId>(0x40);
const SlotSalt kSalt = CountingId<SlotSalt>(0x10);

std::string Slot(const SlotKey& key = kPassphrase, const SlotOptions& options = kCheap) {
  auto slot = WrapSlot(key, kNamespace, Secret("the bundle"), kSalt, options);
  EXPECT_TRUE(slot.ok()) << slot.status();
  return *slot;
}

absl::Status Open(absl::string_view slot, const SlotOptions& options = kCheap,
                  const SlotKey& key = kPassphrase) {
  return UnwrapSlot(key, kNamespace, slot, options).status();
}

TEST(KeySlotTest, OpensWithTheKeyThatWrappedIt) {
  auto bundle = UnwrapSlot(kPassphrase, kNamespace, Slot(), kCheap);
  ASSERT_TRUE(bundle.ok()) << bundle.status();
  EXPECT_EQ(bundle->bytes(), "the bundle");
  const std::string root = CountingBytes(32, 0);
  const SlotKey root_key = {.type = SlotType::kRootKey, .secret = root};
  EXPECT_EQ(UnwrapSlot(root_key, kNamespace, Slot(root_key, {}))->bytes(), "the bundle");
}

TEST(KeySlotTest, WrongKeyAndDamageAreOneError) {
  const std::string slot = Slot();
  const absl::Status wrong =
      Open(slot, kCheap, {.type = SlotType::kPassphrase, .secret = "battery staple"});
  EXPECT_EQ(GetReason(wrong), Reason::kPassphrase);
  EXPECT_EQ(Open(WithBitFlipped(slot, 8 * slot.size() - 1)), wrong);
  EXPECT_EQ(Open(WithBitFlipped(slot, 8 * 40)), wrong);
  EXPECT_EQ(Open(slot.substr(0, 20)), wrong);
  EXPECT_EQ(Open(""), wrong);
  EXPECT_EQ(UnwrapSlot(kPassphrase, CountingId<NamespaceId>(0x41), slot, kCheap).status(), wrong);
}

TEST(KeySlotTest, EveryBitFlipAndTruncationIsRefused) {
  const std::string root = CountingBytes(32, 0);
  const SlotKey root_key = {.type = SlotType::kRootKey, .secret = root};
  const std::string root_slot = Slot(root_key, {});
  for (size_t bit = 0; bit < root_slot.size() * 8; ++bit) {
    EXPECT_FALSE(Open(WithBitFlipped(root_slot, bit), {}, root_key).ok()) << bit;
  }
  for (size_t size = 0; size < root_slot.size(); ++size) {
    EXPECT_EQ(GetReason(Open(root_slot.substr(0, size), {}, root_key)), Reason::kPassphrase);
  }
  EXPECT_EQ(GetReason(Open(root_slot + "x", {}, root_key)), Reason::kPassphrase);
  const std::string slot = Slot();
  for (size_t bit = 0; bit < slot.size() * 8; ++bit) {
    // A dearer cost is legal to ask for and costs time: checked apart.
    if (bit / 8 == kCostOffset) continue;
    EXPECT_FALSE(Open(WithBitFlipped(slot, bit)).ok()) << bit;
  }
}

TEST(KeySlotTest, AForeignCommitmentIsRefusedEvenUnderAValidTag) {
  const std::string root = CountingBytes(32, 0);
  const SlotKey root_key = {.type = SlotType::kRootKey, .secret = root};
  const std::string slot = Slot(root_key, {});
  const std::string info = "syncengine/v1/slot" + std::string(kNamespace.bytes());
  const Secret key =
      kernels::HkdfSha256({.key = root, .salt = kSalt.bytes().substr(0, 32), .info = info}, 32);
  const auto resealed = [&](const std::string& header) {
    std::string forged = header + "the bundle" + std::string(kernels::kGcmTagBytes, '\0');
    EXPECT_TRUE(kernels::GcmSeal(
                    {.key = key.bytes(), .nonce = kSalt.bytes().substr(32), .associated = header},
                    absl::MakeSpan(forged).subspan(header.size()))
                    .ok());
    return forged;
  };
  std::string header = slot.substr(0, kHeaderBytes);
  EXPECT_EQ(resealed(header), slot);
  header[kHeaderBytes - 1] ^= 1;
  EXPECT_EQ(GetReason(Open(resealed(header), {}, root_key)), Reason::kPassphrase);
}

TEST(KeySlotTest, CostsOutOfBoundsAreRefusedBeforeAnyWork) {
  std::string slot = Slot();
  for (const int log2_n : {0, 1, 14, 21, 31, 63, 255}) {
    slot[kCostOffset] = static_cast<char>(log2_n);
    EXPECT_EQ(GetReason(Open(slot, {})), Reason::kPassphrase) << log2_n;
  }
  slot = Slot();
  slot[kCostOffset + 1] = '\x40';
  EXPECT_EQ(GetReason(Open(slot)), Reason::kPassphrase);
  // The floor is the default: a cheap slot does not open without asking for it.
  EXPECT_EQ(GetReason(Open(Slot(), {})), Reason::kPassphrase);
  EXPECT_TRUE(absl::IsInvalidArgument(
      WrapSlot(kPassphrase, kNamespace, Secret("b"), kSalt, {.scrypt_log2_n = 14}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      WrapSlot(kPassphrase, kNamespace, Secret("b"), kSalt, {.scrypt_log2_n = 21}).status()));
}

TEST(KeySlotTest, HostileBundleLengthsAreRefused) {
  for (const uint32_t size : {0u, 9u, 11u, 0x7fffffffu, 0xffffffffu}) {
    EXPECT_EQ(GetReason(Open(WithU32(Slot(), kBundleBytesOffset, size))), Reason::kPassphrase);
  }
}

TEST(KeySlotTest, AnotherTypeOrVersionIsNamedAsSuch) {
  const std::string root = CountingBytes(32, 0);
  EXPECT_TRUE(
      absl::IsInvalidArgument(Open(Slot(), kCheap, {.type = SlotType::kRootKey, .secret = root})));
  std::string newer = Slot();
  newer[4] = 2;
  EXPECT_EQ(GetReason(Open(newer)), Reason::kVersion);
  std::string unknown = Slot();
  unknown[kTypeOffset] = 2;
  EXPECT_TRUE(absl::IsInvalidArgument(Open(unknown)));
}

TEST(KeySlotTest, UnfitKeysAreTheCallersMistake) {
  for (const SlotKey key : {SlotKey{.type = SlotType::kPassphrase, .secret = ""},
                            SlotKey{.type = SlotType::kRootKey, .secret = "short"}}) {
    EXPECT_TRUE(
        absl::IsInvalidArgument(WrapSlot(key, kNamespace, Secret("b"), kSalt, kCheap).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(Open(Slot(), kCheap, key)));
  }
  EXPECT_TRUE(
      absl::IsInvalidArgument(WrapSlot(kPassphrase, kNamespace, Secret(), kSalt, kCheap).status()));
}

TEST(KeySlotTest, TheDefaultCostWorks) {
  const std::string slot = Slot(kPassphrase, {});
  EXPECT_EQ(slot[kCostOffset], 17);
  EXPECT_TRUE(Open(slot, {}).ok());
}

}  // namespace
}  // namespace syncengine
