#include "syncengine/base/coding.h"

#include <gtest/gtest.h>

#include "syncengine/base/error.h"
#include "syncengine/base/ids.h"

namespace syncengine {
namespace {

TEST(CodingTest, WhatIsWrittenIsRead) {
  ByteWriter writer;
  writer.U8(0xfe);
  writer.U16(0xfedc);
  writer.U32(0xfedcba98);
  writer.U64(0xfedcba9876543210);
  writer.I64(-2);
  writer.BigU64(0x0102030405060708);
  writer.Short("short");
  writer.Long("long");
  writer.Raw("raw");
  ByteReader reader(writer.bytes(), "test");
  EXPECT_EQ(reader.U8(), 0xfe);
  EXPECT_EQ(reader.U16(), 0xfedc);
  EXPECT_EQ(reader.U32(), 0xfedcba98u);
  EXPECT_EQ(reader.U64(), 0xfedcba9876543210u);
  EXPECT_EQ(reader.I64(), -2);
  EXPECT_EQ(reader.BigU64(), 0x0102030405060708u);
  EXPECT_EQ(reader.Short(), "short");
  EXPECT_EQ(reader.Long(), "long");
  EXPECT_EQ(reader.Raw(3), "raw");
  EXPECT_TRUE(reader.Finish().ok());
}

TEST(CodingTest, IntegersAreLittleEndianExceptOrderedKeys) {
  ByteWriter writer;
  writer.U32(0x01020304);
  writer.BigU64(0x01020304);
  EXPECT_EQ(writer.bytes(), std::string("\x04\x03\x02\x01\0\0\0\0\x01\x02\x03\x04", 12));
}

TEST(CodingTest, ReadingPastTheEndGivesZerosAndFailsForGood) {
  ByteReader reader(absl::string_view("\x01\x02\x03", 3), "test");
  EXPECT_EQ(reader.U32(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.U8(), 0);
  EXPECT_EQ(reader.Raw(1), "");
  EXPECT_EQ(reader.ReadId<NodeId>(), NodeId());
  EXPECT_EQ(GetReason(reader.Finish()), Reason::kIntegrity);
}

TEST(CodingTest, ALengthBeyondTheEndIsRefused) {
  ByteReader reader(absl::string_view("\xff\xff\xff\xffx", 5), "test");
  EXPECT_EQ(reader.Long(), "");
  EXPECT_FALSE(reader.Finish().ok());
}

TEST(CodingTest, BytesLeftOverAreAnError) {
  ByteReader reader("ab", "test");
  reader.U8();
  EXPECT_EQ(reader.remaining(), 1u);
  EXPECT_EQ(reader.Finish().message(), "test: 1 bytes too many at the end");
}

}  // namespace
}  // namespace syncengine
