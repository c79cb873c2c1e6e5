#include "syncengine/base/ids.h"

#include <gtest/gtest.h>

#include <set>
#include <type_traits>

namespace syncengine {
namespace {

constexpr char kHex[] = "000102030405060708090a0b0c0d0e0f";

static_assert(!std::is_convertible_v<NodeId, RevisionId>);
static_assert(!std::is_constructible_v<BlockId, SegmentId>);

TEST(IdTest, HexAndBytesRoundTrip) {
  const NodeId id = NodeId::FromHex(kHex).value();
  EXPECT_EQ(id.ToHex(), kHex);
  EXPECT_EQ(NodeId::FromBytes(id.bytes()).value(), id);
  EXPECT_EQ(NodeId::FromHex("000102030405060708090A0B0C0D0E0F").value(), id);
}

TEST(IdTest, AnythingElseIsRefused) {
  for (const std::string hex :
       {"", "00", "000102030405060708090a0b0c0d0e0", "zz", "000102030405060708090a0b0c0d0e0f00",
        "000102030405060708090a0b0c0d0e0g", " 00102030405060708090a0b0c0d0e0f"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(NodeId::FromHex(hex).status())) << hex;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(NodeId::FromBytes("short").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(NodeId::FromBytes(std::string(17, 'x')).status()));
}

TEST(IdTest, OrderIsBytewiseAndUnsigned) {
  std::set<NodeId> ids = {NodeId::FromBytes("\xff" + std::string(15, '\0')).value(),
                          NodeId::FromBytes("\x7f" + std::string(15, '\xff')).value(), NodeId()};
  EXPECT_TRUE(ids.begin()->IsZero());
  EXPECT_EQ(static_cast<uint8_t>(ids.rbegin()->bytes()[0]), 0xff);
}

}  // namespace
}  // namespace syncengine
