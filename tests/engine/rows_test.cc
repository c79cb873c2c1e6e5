// Rows of the engine's metadata: a decoder accepts what its encoder writes, and nothing else.
#include "src/engine/rows.h"

#include <gtest/gtest.h>

#include <string>

#include "syncengine/testing/status_matchers.h"

namespace syncengine::engine {
namespace {

// `bytes` with another value at `offset`, counted from the end when negative.
std::string With(std::string bytes, ptrdiff_t offset, uint8_t value) {
  bytes[offset < 0 ? bytes.size() + offset : offset] = static_cast<char>(value);
  return bytes;
}

template <typename Row>
void ExpectDamage(const std::string& bytes) {
  const absl::Status status = DecodeRow<Row>(bytes).status();
  EXPECT_EQ(GetReason(status), Reason::kIntegrity) << status;
}

TEST(RowsTest, FlagsAreZeroOrOne) {
  DeviceRow device;
  device.name = "laptop";
  device.nonce_hash = device.masked_token = std::string(32, 'h');
  for (const bool revoked : {false, true}) {
    device.revoked = revoked;
    const auto row = DecodeRow<DeviceRow>(EncodeRow(device));
    SE_ASSERT_OK(row);
    EXPECT_EQ(row->revoked, revoked);
  }
  ExpectDamage<DeviceRow>(With(EncodeRow(device), -65, 2));
  ExpectDamage<UploadRow>(With(EncodeRow(UploadRow()), -1, 0xff));
}

TEST(RowsTest, CountsOfABlockHaveOneForm) {
  BlockRow row;
  row.refs = 255;
  row.touch_epoch = 65'535;
  const std::string small = EncodeRow(row);
  SE_EXPECT_OK(DecodeRow<BlockRow>(small));
  row.refs = 256;
  const std::string large = EncodeRow(row);
  SE_EXPECT_OK(DecodeRow<BlockRow>(large));
  EXPECT_EQ(large.size(), small.size() + 13);
  // The long form of counts that fit the short one.
  ExpectDamage<BlockRow>(With(large, -15, 0));
}

}  // namespace
}  // namespace syncengine::engine
