// The pure range functions: parts worked on alone give what the whole gives.
#include <gtest/gtest.h>

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "syncengine/testing/status_matchers.h"
#include "tests/delta/content.h"

namespace syncengine::delta_test {
namespace {

constexpr absl::string_view kSignature =
    "534547310c40000000c8000000000000000000000000000000000000000000000000000000000000"
    "000000000000000000ebca0e00bb9b7702269ff7f819aa017c679253f5ad9ad996080d762a376ecc"
    "ea18973b86b8e74cf367585911d65fb25efe994a848361e96336b9811c5966acfb284ba5bf93934d"
    "87";
constexpr absl::string_view kDelta =
    "53454431c8000000000000000114030881028001126e6577206e652032350a6c6921008d0122e5c9"
    "c524d33fba2177eab3a9a73782b02a38e6bb002adb1b497d5e26045463";

// Reads a few bytes at a time.
class DripSource : public delta::Source {
 public:
  DripSource(absl::string_view bytes, uint64_t seed) : whole_(bytes), random_(seed) {}
  absl::StatusOr<size_t> Read(absl::Span<char> room) override {
    return whole_.Read(room.subspan(0, 1 + random_() % 5000));
  }

 private:
  delta::StringSource whole_;
  Random random_;
};

TEST(SlicesTest, ASignatureOfSlicesIsThatOfTheWhole) {
  Random random(3);
  const std::string base = Noise(random, 100'001);
  SE_ASSERT_OK_AND_ASSIGN(const delta::Layout layout, delta::ChooseLayout({}, base.size()));
  delta::Signature signature(layout);
  signature.set_base_bytes(base.size());
  const size_t part = 7 * layout.block_bytes;
  for (size_t begin = 0; begin < base.size(); begin += part) {
    SE_ASSERT_OK_AND_ASSIGN(const auto hashes,
                            delta::HashSlice(layout, absl::string_view(base).substr(begin, part)));
    for (const delta::BlockHash& hash : hashes) signature.Add(hash);
  }
  EXPECT_TRUE(delta::EncodeSignature(signature) == Sign(base).value());
}

TEST(SlicesTest, SlicesSearchedAloneJoinToARightDelta) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    Random random(seed);
    const std::string base = Content(kShapes[seed % std::size(kShapes)], random, 60'000);
    std::string result = base;
    for (int edits = 0; edits < 4; ++edits) Edit(random, result);
    SE_ASSERT_OK_AND_ASSIGN(auto signature, delta::DecodeSignature(Sign(base).value()));
    SE_ASSERT_OK_AND_ASSIGN(const auto index, delta::BlockIndex::Create(std::move(signature)));
    delta::StringSink sink;
    SE_ASSERT_OK_AND_ASSIGN(const auto writer, delta::DeltaWriter::Create({}, base.size(), sink));
    const size_t length = 1 + random() % result.size();
    size_t end = 0;  // Of what was written.
    for (size_t begin = 0; begin < result.size(); begin += length) {
      const absl::string_view bytes = absl::string_view(result).substr(begin);
      const bool is_last = bytes.size() <= length + 4096;
      auto found =
          delta::SearchSlice(*index, {.bytes = is_last ? bytes : bytes.substr(0, length + 4096),
                                      .length = is_last ? bytes.size() : length,
                                      .is_last = is_last});
      ASSERT_LE(begin, end);
      if (begin + found.end <= end) continue;
      delta::DropPrefix(found.steps, end - begin);
      SE_ASSERT_OK(
          writer->Add(found.steps, absl::string_view(result).substr(end, begin + found.end - end)));
      end = begin + found.end;
      if (is_last) break;
    }
    SE_ASSERT_OK(writer->Finish());
    EXPECT_TRUE(Patch(base, sink.bytes()).value() == result);
  }
}

TEST(SlicesTest, OutputDoesNotDependOnTheSizesOfReads) {
  Random random(5);
  const std::string base = Text(random, 2'000'000);
  std::string result = base;
  for (int edits = 0; edits < 4; ++edits) Edit(random, result);
  const std::string signature = Sign(base).value();
  DripSource drip(base, 1);
  delta::StringSink sink;
  SE_ASSERT_OK(delta::WriteSignature(drip, base.size(), {}, sink));
  EXPECT_TRUE(sink.bytes() == signature);

  const std::string expected = Delta(signature, result).value();
  auto index = delta::BlockIndex::Create(delta::DecodeSignature(signature).value());
  DripSource slow(result, 2);
  delta::StringSink delta_sink;
  SE_ASSERT_OK(delta::WriteDelta(**index, slow, {}, delta_sink));
  EXPECT_TRUE(delta_sink.bytes() == expected);

  delta::StringBase old(base);
  DripSource slow_delta(expected, 3);
  delta::StringSink patched;
  SE_ASSERT_OK(delta::ApplyDelta(old, slow_delta, {}, patched));
  EXPECT_TRUE(patched.bytes() == result);
}

TEST(SizeTest, AnEditCostsAboutABlock) {
  Random random(6);
  const std::string base = Noise(random, 1u << 20);
  std::string result = base;
  result.insert(500'000, "inserted");
  const std::string bytes = Delta(Sign(base).value(), result).value();
  EXPECT_LT(bytes.size(), 1024 + 100u);
  EXPECT_LT(Delta(Sign(base).value(), base).value().size(), 60u);
}

TEST(SizeTest, TheSaltChangesEveryHash) {
  Random random(7);
  const std::string base = Noise(random, 5000);
  const auto plain = delta::DecodeSignature(Sign(base).value()).value();
  delta::SignatureOptions options;
  options.salt[0] = 1;
  const auto salted = delta::DecodeSignature(Sign(base, options).value()).value();
  for (size_t i = 0; i < plain.blocks(); ++i) {
    EXPECT_NE(plain.weak(i), salted.weak(i));
    EXPECT_NE(plain.strong(i), salted.strong(i));
  }
  EXPECT_TRUE(Patch(base, Delta(Sign(base, options).value(), base).value()).value() == base);
}

// Frozen: written by this version, whatever the kernel.
TEST(GoldenTest, BytesOfTheFormats) {
  std::string base;
  for (int i = 0; base.size() < 200; ++i) base += absl::StrCat("line ", i, "\n");
  base.resize(200);
  const std::string result = "new " + base.substr(64, 128) + base.substr(192) + "!";
  const std::string signature = Sign(base, {.block_bytes = 64}).value();
  EXPECT_EQ(absl::BytesToHexString(signature), kSignature);
  EXPECT_EQ(absl::BytesToHexString(Delta(signature, result, {.level = 0}).value()), kDelta);
}

}  // namespace
}  // namespace syncengine::delta_test
