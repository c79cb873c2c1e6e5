// The laws of the chunker: cuts follow the written rule, within bounds, whatever the kernel and
// read sizes.
#include "syncengine/chunking/chunker.h"

#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/chunking/content.h"

namespace syncengine {
namespace {

using chunking_test::Content;
using chunking_test::Generator;
using chunking_test::Kind;
using chunking_test::kKinds;
using chunking_test::MakeChunker;
using chunking_test::SomeKey;

std::vector<size_t> CutAll(const Chunker& chunker, absl::string_view content) {
  std::vector<size_t> sizes;
  while (!content.empty()) {
    sizes.push_back(chunker.Cut(content, /*is_last=*/true));
    content.remove_prefix(sizes.back());
  }
  return sizes;
}

TEST(ChunkerOptionsTest, AverageMustBeAPowerOfTwoInRange) {
  for (const uint32_t average : {64u, 16384u, 1u << 20}) {
    EXPECT_TRUE((ChunkerOptions{.average_bytes = average}).Validate().ok()) << average;
  }
  for (const uint32_t average : {0u, 1u, 32u, 63u, 65u, 16385u, 1u << 21, 0xFFFFFFFFu}) {
    EXPECT_EQ((ChunkerOptions{.average_bytes = average}).Validate().code(),
              absl::StatusCode::kInvalidArgument)
        << average;
  }
}

TEST(ChunkerTest, CreateRefusesWrongKeyUnknownSuiteAndUnknownKernel) {
  const auto code = [](const ChunkerOptions& options, absl::string_view key) {
    return Chunker::Create(options, key).status().code();
  };
  EXPECT_EQ(code({}, std::string(31, 'k')), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({}, std::string(33, 'k')), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({.suite = static_cast<ChunkerSuite>(3)}, SomeKey(1)),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({.kernel = "avx3"}, SomeKey(1)), absl::StatusCode::kInvalidArgument);
}

TEST(ChunkerTest, BoundsAreTheWrittenFractionsOfTheAverage) {
  const auto chunker = MakeChunker({.average_bytes = 16384}, SomeKey(1));
  EXPECT_EQ(chunker->min_bytes(), 9830u);
  EXPECT_EQ(chunker->max_bytes(), 25837u);
  const auto greatest = MakeChunker({.average_bytes = 1 << 20}, SomeKey(1));
  EXPECT_EQ(greatest->max_bytes(), 1653604u);
}

TEST(ChunkerTest, AsksForMoreBytesUntilTheMaximumUnlessLast) {
  const auto chunker = MakeChunker({.average_bytes = 1024}, SomeKey(1));
  const std::string content = Content(Kind::kRandom, 4096, 1);
  const absl::string_view view = content;
  EXPECT_EQ(chunker->Cut(view.substr(0, chunker->max_bytes() - 1), false), 0u);
  EXPECT_EQ(chunker->Cut(view.substr(0, chunker->max_bytes()), false), chunker->Cut(view, true));
  EXPECT_EQ(chunker->Cut("", true), 0u);
  EXPECT_EQ(chunker->Cut("a", true), 1u);
  EXPECT_EQ(chunker->Cut(view.substr(0, chunker->min_bytes()), true), chunker->min_bytes());
}

class ChunkerSuiteTest : public testing::TestWithParam<ChunkerSuite> {};

TEST_P(ChunkerSuiteTest, BlocksStayWithinBoundsForEveryAverageAndKind) {
  for (const uint32_t average : {64u, 256u, 4096u, 65536u}) {
    const auto chunker = MakeChunker({.suite = GetParam(), .average_bytes = average}, SomeKey(5));
    for (const Kind kind : kKinds) {
      std::vector<size_t> sizes = CutAll(*chunker, Content(kind, 300'001, 5));
      sizes.pop_back();
      for (const size_t size : sizes) {
        ASSERT_GE(size, chunker->min_bytes());
        ASSERT_LE(size, chunker->max_bytes());
      }
    }
  }
}

TEST_P(ChunkerSuiteTest, MeanOfRandomContentIsTheAverage) {
  const uint32_t average = 1024;
  const auto chunker = MakeChunker({.suite = GetParam(), .average_bytes = average}, SomeKey(9));
  const std::string content = Content(Kind::kRandom, 4 << 20, 9);
  const size_t blocks = CutAll(*chunker, content).size();
  const double mean = static_cast<double>(content.size()) / static_cast<double>(blocks);
  EXPECT_NEAR(mean / average, 1.0, 0.05);
}

TEST_P(ChunkerSuiteTest, RunOfOneByteGivesMaximalBlocks) {
  const auto chunker = MakeChunker({.suite = GetParam(), .average_bytes = 1024}, SomeKey(2));
  for (const char byte : {'\0', '\xFF', 'a'}) {
    const std::string content(20 * chunker->max_bytes(), byte);
    EXPECT_EQ(CutAll(*chunker, content), std::vector<size_t>(20, chunker->max_bytes()));
  }
}

TEST_P(ChunkerSuiteTest, BlocksDoNotDependOnReadSizes) {
  const auto chunker = MakeChunker({.suite = GetParam(), .average_bytes = 1024}, SomeKey(4));
  for (const Kind kind : kKinds) {
    const std::string content = Content(kind, 60'000, 4);
    const std::vector<size_t> expected = CutAll(*chunker, content);
    const uint64_t seed = 77;
    Generator generator(seed);
    for (const size_t largest : {size_t{1}, size_t{100}, size_t{5000}, size_t{100'000}}) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << " largest piece " << largest);
      ChunkStream stream(*chunker);
      std::vector<size_t> sizes;
      std::string joined;
      const auto drain = [&] {
        while (const auto block = stream.Next()) {
          sizes.push_back(block->size());
          joined.append(block->data(), block->size());
        }
      };
      for (absl::string_view rest = content; !rest.empty();) {
        const size_t piece = std::min<size_t>(rest.size(), 1 + generator.Next() % largest);
        stream.Append(rest.substr(0, piece));
        rest.remove_prefix(piece);
        if (generator.Next() % 2 == 0) drain();
      }
      stream.Finish();
      drain();
      EXPECT_EQ(sizes, expected);
      EXPECT_EQ(joined, content);
    }
  }
}

TEST_P(ChunkerSuiteTest, OneInsertedByteChangesFewBlocks) {
  const auto chunker = MakeChunker({.suite = GetParam(), .average_bytes = 1024}, SomeKey(6));
  const uint64_t seed = 606;
  Generator generator(seed);
  const std::string content = Content(Kind::kRandom, 300'000, 6);
  const auto blocks_of = [&](absl::string_view bytes) {
    std::vector<std::string> blocks;
    size_t begin = 0;
    for (const size_t size : CutAll(*chunker, bytes)) {
      blocks.emplace_back(bytes.substr(begin, size));
      begin += size;
    }
    return blocks;
  };
  const auto before = blocks_of(content);
  const std::set<std::string> known(before.begin(), before.end());
  size_t fresh = 0;
  for (int round = 0; round < 50; ++round) {
    std::string edited = content;
    edited.insert(generator.Next() % content.size(), 1, static_cast<char>(generator.Next()));
    for (const std::string& block : blocks_of(edited)) fresh += known.contains(block) ? 0 : 1;
  }
  // One block changes always, a second or third one now and then.
  EXPECT_GE(fresh, 50u) << "seed " << seed;
  EXPECT_LE(fresh, 150u) << "seed " << seed;
}

TEST_P(ChunkerSuiteTest, AnotherKeyCutsElsewhere) {
  const std::string content = Content(Kind::kRandom, 50'000, 8);
  const auto one = MakeChunker({.suite = GetParam(), .average_bytes = 1024}, SomeKey(1));
  const auto other = MakeChunker({.suite = GetParam(), .average_bytes = 1024}, SomeKey(2));
  EXPECT_NE(CutAll(*one, content), CutAll(*other, content));
}

INSTANTIATE_TEST_SUITE_P(All, ChunkerSuiteTest,
                         testing::Values(ChunkerSuite::kFast, ChunkerSuite::kPrf),
                         [](const testing::TestParamInfo<ChunkerSuite>& test) {
                           return test.param == ChunkerSuite::kFast ? "fast" : "prf";
                         });

}  // namespace
}  // namespace syncengine
