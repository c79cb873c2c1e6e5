#include "src/kernels/compress.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <random>

#include "syncengine/base/error.h"

namespace syncengine::kernels {
namespace {

std::string Text(size_t size) {
  std::string text;
  while (text.size() < size) text += "line " + std::to_string(text.size()) + " of a log file\n";
  text.resize(size);
  return text;
}

std::string Noise(uint64_t seed, size_t size) {
  std::mt19937_64 random(seed);
  std::string noise(size, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  return noise;
}

bool IsRefused(absl::string_view frame, size_t size) {
  return GetReason(DecompressExactly(frame, size).status()) == Reason::kIntegrity;
}

TEST(CompressTest, RoundTripsAtEveryLevel) {
  const std::string text = Text(50'000);
  for (int level = kCompressLevelMin; level <= kCompressLevelMax; ++level) {
    auto frame = Compress(text, level);
    ASSERT_TRUE(frame.ok() && frame->has_value()) << level;
    EXPECT_LT((*frame)->size(), text.size() / 3);
    EXPECT_EQ(DecompressExactly(**frame, text.size()).value(), text);
  }
  EXPECT_TRUE(absl::IsInvalidArgument(Compress(text, kCompressLevelMin - 1).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Compress(text, kCompressLevelMax + 1).status()));
}

TEST(CompressTest, WhatDoesNotShrinkGivesNothing) {
  for (const size_t size : {0, 1, 2, 10, 1000, 300'000}) {
    auto frame = Compress(Noise(size, size), 3);
    ASSERT_TRUE(frame.ok());
    EXPECT_FALSE(frame->has_value()) << size;
  }
}

TEST(CompressTest, OnlyTheDeclaredSizeIsAccepted) {
  const std::string text = Text(5000);
  const std::string frame = **Compress(text, 3);
  EXPECT_TRUE(IsRefused(frame, 4999));
  EXPECT_TRUE(IsRefused(frame, 5001));
  EXPECT_TRUE(IsRefused(frame, 0));
}

TEST(CompressTest, ExactlyOneWholeFrameIsAccepted) {
  const std::string text = Text(5000);
  const std::string frame = **Compress(text, 3);
  EXPECT_TRUE(IsRefused(frame + "x", 5000));
  EXPECT_TRUE(IsRefused(frame + frame, 5000));
  EXPECT_TRUE(IsRefused(frame + frame, 10'000));
  for (size_t size = 0; size < frame.size(); ++size) {
    EXPECT_TRUE(IsRefused(frame.substr(0, size), 5000)) << size;
  }
  const std::string skippable("\x50\x2a\x4d\x18\x04\x00\x00\x00skip", 12);
  EXPECT_TRUE(IsRefused(skippable, 0));
  EXPECT_TRUE(IsRefused(skippable + frame, 5000));
  EXPECT_TRUE(IsRefused(frame + skippable, 5000));
}

TEST(CompressTest, AFrameWithoutItsContentSizeIsRefused) {
  const std::string text = Text(5000);
  std::string frame(10'000, '\0');
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  frame.resize(ZSTD_compress2(context, frame.data(), frame.size(), text.data(), text.size()));
  ZSTD_freeCCtx(context);
  EXPECT_TRUE(IsRefused(frame, 5000));
}

TEST(CompressTest, ABombStaysAsSmallAsItsDeclaredSize) {
  const std::string bomb = **Compress(std::string(64 << 20, '\0'), 3);
  ASSERT_LT(bomb.size(), 16'000u);
  EXPECT_TRUE(IsRefused(bomb, 1000));
}

TEST(CompressTest, DamageNeverGivesMoreThanTheDeclaredSize) {
  const std::string text = Text(600);
  const std::string frame = **Compress(text, 3);
  for (size_t bit = 0; bit < frame.size() * 8; ++bit) {
    std::string flipped = frame;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    auto plain = DecompressExactly(flipped, text.size());
    EXPECT_TRUE(!plain.ok() || plain->size() == text.size());
  }
}

TEST(CompressTest, ProbeTellsNoiseFromText) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    EXPECT_TRUE(LooksIncompressible(Noise(seed, 4096 + seed * 100)));
  }
  EXPECT_FALSE(LooksIncompressible(Text(65'536)));
  EXPECT_FALSE(LooksIncompressible(std::string(65'536, '\0')));
  EXPECT_FALSE(LooksIncompressible(Noise(1, 4095)));
  EXPECT_FALSE(LooksIncompressible(""));
  // A third of the sample is enough to be worth a try.
  EXPECT_FALSE(LooksIncompressible(Text(40'000) + Noise(2, 20'000)));
}

}  // namespace
}  // namespace syncengine::kernels
