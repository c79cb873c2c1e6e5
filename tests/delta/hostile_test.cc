// Deltas and signatures that are damaged, cut off or made to harm.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "absl/strings/str_cat.h"
#include "src/delta/varint.h"
#include "syncengine/base/coding.h"
#include "syncengine/base/limits.h"
#include "syncengine/testing/status_matchers.h"
#include "tests/delta/content.h"

namespace syncengine::delta_test {
namespace {

using delta::DeltaFormat;
using delta::SignatureFormat;

struct Example {
  std::string base;
  std::string result;
  std::string signature;
  std::string delta;
};

// Small, with copies, literals and both kinds of frame content.
Example MakeExample(SignatureFormat signing, DeltaFormat format) {
  Random random(11);
  Example example{.base = Text(random, 1500)};
  example.result = absl::StrCat(example.base.substr(512, 640), Text(random, 300),
                                example.base.substr(0, 700), Noise(random, 40));
  example.signature = Sign(example.base, {.format = signing, .block_bytes = 64}).value();
  example.delta = Delta(example.signature, example.result, {.format = format}).value();
  return example;
}

TEST(HostileDeltaTest, EveryTruncationIsRefused) {
  for (const DeltaFormat format : {DeltaFormat::kOwn, DeltaFormat::kLibrsync}) {
    const Example example = MakeExample(SignatureFormat::kOwn, format);
    ASSERT_EQ(Patch(example.base, example.delta).value(), example.result);
    for (size_t size = 0; size < example.delta.size(); ++size) {
      SE_EXPECT_REASON(Patch(example.base, absl::string_view(example.delta).substr(0, size)),
                       Reason::kIntegrity)
          << size;
    }
    SE_EXPECT_REASON(Patch(example.base, example.delta + '\0'), Reason::kIntegrity);
  }
}

TEST(HostileDeltaTest, NoFlippedBitGivesAWrongResult) {
  const Example example = MakeExample(SignatureFormat::kOwn, DeltaFormat::kOwn);
  size_t refused = 0;
  for (size_t bit = 0; bit < 8 * example.delta.size(); ++bit) {
    std::string damaged = example.delta;
    damaged[bit / 8] ^= static_cast<char>(1 << bit % 8);
    const auto patched = Patch(example.base, damaged);
    EXPECT_TRUE(!patched.ok() || *patched == example.result) << bit;
    refused += patched.ok() ? 0 : 1;
  }
  // zstd leaves a few bits without meaning.
  EXPECT_GT(refused, 8 * example.delta.size() - 64);
}

TEST(HostileDeltaTest, NoFlippedBitOfALibrsyncDeltaReachesOutside) {
  const Example example =
      MakeExample(SignatureFormat::kLibrsyncRabinBlake2, DeltaFormat::kLibrsync);
  for (size_t bit = 0; bit < 8 * example.delta.size(); ++bit) {
    std::string damaged = example.delta;
    damaged[bit / 8] ^= static_cast<char>(1 << bit % 8);
    // The format has no digest, so a flip may succeed; it may not crash or grow without bound.
    const auto patched = Patch(example.base, damaged);
    EXPECT_TRUE(!patched.ok() || patched->size() < 1u << 20) << bit;
  }
}

TEST(HostileDeltaTest, AnotherBaseIsRefused) {
  Example example = MakeExample(SignatureFormat::kOwn, DeltaFormat::kOwn);
  SE_EXPECT_REASON(Patch(example.base + "x", example.delta), Reason::kIntegrity);
  example.base[600] ^= 1;
  SE_EXPECT_REASON(Patch(example.base, example.delta), Reason::kIntegrity);
}

TEST(HostileDeltaTest, TheSinkHearsOfSuccessOnlyAfterTheDigest) {
  Example example = MakeExample(SignatureFormat::kOwn, DeltaFormat::kOwn);
  example.base[600] ^= 1;
  delta::StringBase base(example.base);
  delta::StringSource source(example.delta);
  delta::StringSink sink;
  EXPECT_FALSE(delta::ApplyDelta(base, source, {}, sink).ok());
  EXPECT_EQ(sink.bytes().size(), example.result.size());
  EXPECT_FALSE(sink.finished());
}

TEST(HostileDeltaTest, NewerVersionsAndOtherBytesAreTold) {
  Example example = MakeExample(SignatureFormat::kOwn, DeltaFormat::kOwn);
  ++example.delta[3];
  ++example.signature[3];
  SE_EXPECT_REASON(Patch(example.base, example.delta), Reason::kVersion);
  SE_EXPECT_REASON(delta::DecodeSignature(example.signature), Reason::kVersion);
  SE_EXPECT_CODE(Patch(example.base, "no delta at all"), kInvalidArgument);
  SE_EXPECT_CODE(delta::DecodeSignature("no signature"), kInvalidArgument);
  SE_EXPECT_CODE(delta::DecodeSignature(""), kInvalidArgument);
}

// ---------------------------------------------------------------------------- deltas made by hand

// One stored frame of these numbers and then `literals`, behind a header for any base.
std::string OwnDelta(std::initializer_list<uint64_t> numbers, absl::string_view literals) {
  std::string frame;
  for (const uint64_t number : numbers) delta::AppendVarint(number, frame);
  absl::StrAppend(&frame, literals);
  std::string bytes = absl::StrCat("SED1", std::string(8, '\xff'), "\x01");
  delta::AppendVarint(frame.size(), bytes);
  return absl::StrCat(bytes, frame, std::string(1, '\0'), std::string(33, '\0'));
}

std::string MessageOf(const std::string& bytes) {
  return std::string(Patch("a base of 20 bytes..", bytes).status().message());
}

TEST(HostileDeltaTest, StepsOutOfBoundsAreRefused) {
  constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
  EXPECT_THAT(MessageOf(OwnDelta({1, 2 * 1}, "xy")), ::testing::HasSubstr("bytes that no step"));
  EXPECT_THAT(MessageOf(OwnDelta({1, 2 * 3}, "ab")), ::testing::HasSubstr("a literal is cut off"));
  EXPECT_THAT(MessageOf(OwnDelta({1, 0}, "")), ::testing::HasSubstr("no bytes"));
  EXPECT_THAT(MessageOf(OwnDelta({1, 1, 0}, "")), ::testing::HasSubstr("no bytes"));
  EXPECT_THAT(MessageOf(OwnDelta({0}, "")), ::testing::HasSubstr("number of steps"));
  EXPECT_THAT(MessageOf(OwnDelta({1, 2 * 5 + 1}, "")), ::testing::HasSubstr("cut off"));
  EXPECT_THAT(MessageOf(OwnDelta({kMost, 2}, "x")), ::testing::HasSubstr("number of steps"));
  // A copy that ends one byte past the base, begins before it, or wraps around.
  EXPECT_THAT(MessageOf(OwnDelta({1, 2 * 20 + 1, 2 * 1}, "")),
              ::testing::HasSubstr("past the end"));
  EXPECT_THAT(MessageOf(OwnDelta({1, 2 * 1 + 1, 1}, "")), ::testing::HasSubstr("past the end"));
  EXPECT_THAT(MessageOf(OwnDelta({1, 2 * 2 + 1, kMost}, "")), ::testing::HasSubstr("past the end"));
  // A good one stops at the digest only.
  EXPECT_THAT(MessageOf(OwnDelta({1, 2 * 20 + 1, 0}, "")),
              ::testing::HasSubstr("declares 0 bytes"));
}

TEST(HostileDeltaTest, FramesOverTheLimitAreRefusedBeforeTheyAreRead) {
  std::string bytes = absl::StrCat("SED1", std::string(8, '\xff'), "\x01");
  delta::AppendVarint(limits::kDeltaFrameBytesMax + 1, bytes);
  EXPECT_THAT(MessageOf(bytes), ::testing::HasSubstr("larger than allowed"));
}

TEST(HostileDeltaTest, ABombIsRefused) {
  // Each step repeats the base: a thousand-fold growth, and then a little more.
  const std::string base(1u << 20, 'x');
  std::string bytes = absl::StrCat("rs\x02\x36");
  for (int i = 0; i < 1200; ++i) absl::StrAppend(&bytes, "\x47", std::string("\0\0\x10\0\0", 5));
  delta::StringBase old(base);
  delta::StringSource source(bytes);
  struct Nowhere : delta::Sink {
    absl::Status Append(absl::string_view) override { return absl::OkStatus(); }
    absl::Status Finish() override { return absl::InternalError("finished"); }
  } nowhere;
  SE_EXPECT_CODE(delta::ApplyDelta(old, source, {}, nowhere), kResourceExhausted);
  delta::StringSource again(bytes);
  SE_EXPECT_CODE(delta::ApplyDelta(old, again, {.result_bytes_max = (5u << 20) - 1}, nowhere),
                 kResourceExhausted);
}

// ------------------------------------------------------------------------------------- signatures

TEST(HostileSignatureTest, EveryTruncationAndFlippedBitIsRefused) {
  const Example example = MakeExample(SignatureFormat::kOwn, DeltaFormat::kOwn);
  for (size_t size = 4; size < example.signature.size(); ++size) {
    SE_EXPECT_REASON(delta::DecodeSignature(absl::string_view(example.signature).substr(0, size)),
                     Reason::kIntegrity)
        << size;
  }
  for (size_t bit = 0; bit < 8 * example.signature.size(); ++bit) {
    std::string damaged = example.signature;
    damaged[bit / 8] ^= static_cast<char>(1 << bit % 8);
    EXPECT_FALSE(delta::DecodeSignature(damaged).ok()) << bit;
  }
}

TEST(HostileSignatureTest, NoDamageOfALibrsyncSignatureCrashes) {
  const Example example = MakeExample(SignatureFormat::kLibrsyncRollsumMd4, DeltaFormat::kOwn);
  for (size_t bit = 0; bit < 8 * example.signature.size(); bit += bit < 96 ? 1 : 61) {
    std::string damaged = example.signature;
    damaged[bit / 8] ^= static_cast<char>(1 << bit % 8);
    const auto bytes = Delta(damaged, example.result);
    // What is found is then wrong at worst, and the digest says so.
    if (bytes.ok()) {
      const auto patched = Patch(example.base, *bytes);
      EXPECT_TRUE(!patched.ok() || *patched == example.result) << bit;
    }
  }
}

TEST(HostileSignatureTest, BlocksOfOneWeakHashDoNotSlowTheSearch) {
  // Every entry has the weak hash of a block of zeros, none its strong hash: without a bound each
  // position of a content of zeros would compare with all of them and hash a block in vain.
  delta::Layout layout{.format = SignatureFormat::kOwn, .block_bytes = 4096, .strong_bytes = 12};
  const std::string zeros(8u << 20, '\0');
  const auto hashes = delta::HashSlice(layout, absl::string_view(zeros).substr(0, 4096)).value();
  delta::Signature signature(layout);
  signature.set_base_bytes(uint64_t{100'000} * layout.block_bytes);
  for (uint32_t i = 0; i < 100'000; ++i) {
    delta::BlockHash hash{.weak = hashes[0].weak};
    for (size_t k = 0; k < 4; ++k) hash.strong[k] = static_cast<uint8_t>(i >> (8 * k));
    signature.Add(hash);
  }
  SE_ASSERT_OK_AND_ASSIGN(const auto index, delta::BlockIndex::Create(std::move(signature)));
  delta::StringSource source(zeros);
  delta::StringSink sink;
  SE_ASSERT_OK_AND_ASSIGN(const auto stats, delta::WriteDelta(*index, source, {}, sink));
  EXPECT_EQ(stats.literal_bytes, zeros.size());
}

TEST(SignatureOptionsTest, OutOfBoundsIsRefused) {
  SE_EXPECT_CODE(Sign("x", {.block_bytes = 100}), kInvalidArgument);
  SE_EXPECT_CODE(Sign("x", {.block_bytes = 32}), kInvalidArgument);
  SE_EXPECT_CODE(Sign("x", {.block_bytes = 1u << 31}), kInvalidArgument);
  SE_EXPECT_CODE(Sign("x", {.strong_bytes = 11}), kInvalidArgument);
  SE_EXPECT_CODE(Sign("x", {.strong_bytes = 17}), kInvalidArgument);
  SE_EXPECT_CODE(delta::ChooseLayout({.block_bytes = 64}, uint64_t{1} << 40), kInvalidArgument);
  const std::string signature = Sign("x").value();
  SE_EXPECT_CODE(Delta(signature, "x", {.level = 20}), kInvalidArgument);
  SE_EXPECT_CODE(Delta(signature, "x", {.level = -1}), kInvalidArgument);
}

TEST(SignatureOptionsTest, ABaseOfAnotherSizeIsTold) {
  for (const uint64_t said : {9, 11}) {
    delta::StringSource source("ten bytes.");
    delta::StringSink sink;
    SE_EXPECT_CODE(delta::WriteSignature(source, said, {}, sink), kFailedPrecondition);
    EXPECT_FALSE(sink.finished());
  }
}

}  // namespace
}  // namespace syncengine::delta_test
