// The promises of ports/key_provider.h as a test suite, for any implementation:
//
//   struct MyHarness {                             // Made anew for each test.
//     KeyProvider& keys() { return mine; }
//     KeyProvider& other_keys() { return other; }  // Of the same kind with another key.
//     ...
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(Mine, KeyProviderConformance, MyHarness);
//
// inside namespace syncengine::testing.
#ifndef SYNCENGINE_TESTING_KEY_PROVIDER_CONFORMANCE_H_
#define SYNCENGINE_TESTING_KEY_PROVIDER_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"
#include "syncengine/ports/key_provider.h"
#include "syncengine/testing/status_matchers.h"

namespace syncengine::testing {

template <typename Harness>
class KeyProviderConformance : public ::testing::Test {
 protected:
  static NamespaceId Namespace(uint8_t first) {
    NamespaceId id;
    id.mutable_data()[0] = first;
    return id;
  }

  const Secret bundle_{"a bundle of keys, sixty-eight bytes or so, whatever the caller has: ok"};
  Harness harness_;
};

TYPED_TEST_SUITE_P(KeyProviderConformance);

TYPED_TEST_P(KeyProviderConformance, UnwrapGivesBackWhatWrapTook) {
  const NamespaceId id = this->Namespace(1);
  SE_ASSERT_OK_AND_ASSIGN(const std::string slot, this->harness_.keys().Wrap(id, this->bundle_));
  SE_ASSERT_OK_AND_ASSIGN(const Secret bundle, this->harness_.keys().Unwrap(id, slot));
  EXPECT_EQ(bundle.bytes(), this->bundle_.bytes());
}

TYPED_TEST_P(KeyProviderConformance, SlotHidesTheBundleAndNeverRepeats) {
  const NamespaceId id = this->Namespace(1);
  SE_ASSERT_OK_AND_ASSIGN(const std::string one, this->harness_.keys().Wrap(id, this->bundle_));
  SE_ASSERT_OK_AND_ASSIGN(const std::string two, this->harness_.keys().Wrap(id, this->bundle_));
  EXPECT_FALSE(absl::StrContains(one, this->bundle_.bytes().substr(0, 16)));
  EXPECT_NE(one, two);
}

TYPED_TEST_P(KeyProviderConformance, AnotherKeyOrNamespaceDoesNotOpenIt) {
  const NamespaceId id = this->Namespace(1);
  SE_ASSERT_OK_AND_ASSIGN(const std::string slot, this->harness_.keys().Wrap(id, this->bundle_));
  SE_EXPECT_REASON(this->harness_.other_keys().Unwrap(id, slot), Reason::kPassphrase);
  SE_EXPECT_REASON(this->harness_.keys().Unwrap(this->Namespace(2), slot), Reason::kPassphrase);
}

TYPED_TEST_P(KeyProviderConformance, DamagedSlotIsNeverOpened) {
  const NamespaceId id = this->Namespace(1);
  SE_ASSERT_OK_AND_ASSIGN(const std::string slot, this->harness_.keys().Wrap(id, this->bundle_));
  for (size_t i = 0; i < slot.size(); i += 1 + slot.size() / 16) {
    std::string damaged = slot;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x20);
    EXPECT_FALSE(this->harness_.keys().Unwrap(id, damaged).ok()) << "byte " << i;
  }
  std::string tail = slot;
  tail.back() = static_cast<char>(tail.back() ^ 1);
  SE_EXPECT_REASON(this->harness_.keys().Unwrap(id, tail), Reason::kPassphrase);
  EXPECT_FALSE(this->harness_.keys().Unwrap(id, slot.substr(0, slot.size() - 1)).ok());
  EXPECT_FALSE(this->harness_.keys().Unwrap(id, slot + "x").ok());
  EXPECT_FALSE(this->harness_.keys().Unwrap(id, "").ok());
}

REGISTER_TYPED_TEST_SUITE_P(KeyProviderConformance, UnwrapGivesBackWhatWrapTook,
                            SlotHidesTheBundleAndNeverRepeats, AnotherKeyOrNamespaceDoesNotOpenIt,
                            DamagedSlotIsNeverOpened);

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTING_KEY_PROVIDER_CONFORMANCE_H_
