// What was uploaded comes back, only new bytes are sent, and in the right order.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "syncengine/base/limits.h"
#include "tests/transfer/transfer_fixture.h"

namespace syncengine::testing {
namespace {

class RoundTripTest : public TransferTest {};
INSTANTIATE_TEST_SUITE_P(Executors, RoundTripTest,
                         ::testing::Values(ExecutorKind::kThreads, ExecutorKind::kManual),
                         ExecutorName);

TEST_P(RoundTripTest, EveryShapeOfFileComesBack) {
  Create();
  std::map<std::string, std::string> files = {
      {"empty", ""},
      {"one", "x"},
      {"inline-limit", MakeBytes(1, 64)},
      {"average", MakeBytes(2, 4096)},
      {"maximum", MakeBytes(3, 4096 * 1577 / 1000)},
      {"frame", MakeBytes(4, limits::kFrameBytesTarget)},
      {"frame+1", MakeBytes(5, limits::kFrameBytesTarget + 1)},
      {"arena", MakeBytes(6, 1u << 20)},
      {"arena-1", MakeBytes(7, (1u << 20) - 1)},
      {"segment", MakeBytes(8, limits::kSegmentBytesTarget + 12345)},
      {"zeros", std::string(3'000'000, '\0')},
      {"words", MakeBytes(9, 2'000'000, true)},
  };
  std::string repeats = MakeBytes(10, 5'000'000);
  repeats += repeats + repeats;
  files["repeats"] = repeats;
  ListPlan plan;
  for (const auto& [name, bytes] : files) plan.AddFile(name, bytes, NewNode(), 70'001);
  auto stats = Upload(plan);
  SE_ASSERT_OK(stats);
  EXPECT_EQ(stats->files, files.size());
  EXPECT_EQ(plan.results.size(), files.size());
  EXPECT_EQ(probe_->violations(), std::vector<std::string>());
  MemoryTarget target;
  auto downloaded = Download(plan, target);
  SE_ASSERT_OK(downloaded);
  EXPECT_EQ(downloaded->failed, 0u);
  for (const auto& [name, bytes] : files) {
    EXPECT_TRUE(target.contents[name] == bytes) << name;
    SE_EXPECT_OK(target.statuses[name]);
  }
}

TEST_P(RoundTripTest, ThousandsOfTinyFilesTakeFewRequests) {
  Create();
  ListPlan plan;
  const int count = 5000;
  for (int i = 0; i < count; ++i) {
    plan.AddFile(absl::StrCat("f", i), MakeBytes(i, i % 300), NewNode());
  }
  auto stats = Upload(plan);
  SE_ASSERT_OK(stats);
  EXPECT_EQ(stats->files, static_cast<uint64_t>(count));
  EXPECT_LT(probe_->calls(), 40u);
  EXPECT_EQ(probe_->violations(), std::vector<std::string>());
  MemoryTarget target;
  SE_ASSERT_OK(Download(plan, target));
  for (int i = 0; i < count; ++i) {
    ASSERT_EQ(target.contents[absl::StrCat("f", i)], MakeBytes(i, i % 300)) << i;
  }
  EXPECT_LT(probe_->calls(), 60u);
}

TEST_P(RoundTripTest, DirectoriesOnlyTakeOneRequest) {
  Create();
  ListPlan plan;
  NodeId parent = kRootNode;
  for (int i = 0; i < 100; ++i) {
    const NodeId node = NewNode();
    plan.Add(absl::StrCat("d", i), NodeKind::kDirectory, parent, node);
    parent = node;
  }
  SE_ASSERT_OK(Upload(plan));
  EXPECT_EQ(plan.results.size(), 100u);
  EXPECT_TRUE(plan.IsCommitted("d99"));
  EXPECT_EQ(probe_->calls(), 1u);
}

TEST_P(RoundTripTest, SecondUploadOfTheSameContentSendsNothing) {
  Create();
  const std::string bytes = MakeBytes(1, 9'000'000);
  ListPlan first;
  first.AddFile("a", bytes, NewNode());
  SE_ASSERT_OK(Upload(first));
  ResetProbe();
  ListPlan second;
  second.AddFile("b", bytes, NewNode());
  second.AddFile("c", bytes, NewNode());
  auto stats = Upload(second);
  SE_ASSERT_OK(stats);
  EXPECT_EQ(probe_->puts(), 0u);
  EXPECT_EQ(stats->blocks_new, 0u);
  EXPECT_TRUE(second.IsCommitted("b"));
  EXPECT_TRUE(second.IsCommitted("c"));
}

TEST_P(RoundTripTest, OneInsertedByteSendsFewKilobytes) {
  Create();
  std::string bytes = MakeBytes(1, 20'000'000);
  ListPlan first;
  first.AddFile("a", bytes, NewNode());
  SE_ASSERT_OK(Upload(first));
  ResetProbe();
  bytes.insert(1000, 1, 'x');
  ListPlan second;
  second.AddFile("b", bytes, NewNode());
  SE_ASSERT_OK(Upload(second));
  // Two data blocks at most, and one node of each height.
  EXPECT_LT(probe_->put_bytes(), 40'000u);
  EXPECT_EQ(probe_->violations(), std::vector<std::string>());
  MemoryTarget target;
  SE_ASSERT_OK(Download(second, target));
  EXPECT_TRUE(target.contents["b"] == bytes);
}

TEST_P(RoundTripTest, ManifestsAreSentBehindTheirChildrenEvenWithTheSmallestBlocks) {
  Create(KeyHolder::kServer, 64);
  const std::string bytes = MakeBytes(1, 4'000'000);
  ListPlan plan;
  plan.AddFile("a", bytes, NewNode());
  SE_ASSERT_OK(Upload(plan));
  EXPECT_EQ(probe_->violations(), std::vector<std::string>());
  MemoryTarget target;
  SE_ASSERT_OK(Download(plan, target, {.buffer_bytes = 100'000, .cache_bytes = 0}));
  EXPECT_TRUE(target.contents["a"] == bytes);
}

TEST_P(RoundTripTest, SmallBuffersOnlySlowDown) {
  Create();
  ListPlan plan;
  std::map<std::string, std::string> files;
  for (int i = 0; i < 20; ++i) {
    const std::string name = absl::StrCat("f", i);
    files[name] = MakeBytes(i, 700'000 + i);
    plan.AddFile(name, files[name], NewNode());
  }
  SE_ASSERT_OK(Upload(plan, {.buffer_bytes = 1}));
  MemoryTarget target;
  SE_ASSERT_OK(Download(plan, target, {.buffer_bytes = 1, .cache_bytes = 1}));
  for (const auto& [name, bytes] : files) EXPECT_TRUE(target.contents[name] == bytes) << name;
}

TEST_P(RoundTripTest, RangesAreWhatTheWholeContentHasThere) {
  Create(KeyHolder::kServer, 64);
  const std::string bytes = MakeBytes(1, 300'000);
  ListPlan plan;
  plan.AddFile("a", bytes, NewNode());
  SE_ASSERT_OK(Upload(plan));
  class Collect final : public ContentSink {
   public:
    absl::Status Write(absl::string_view more) override {
      bytes.append(more.data(), more.size());
      return absl::OkStatus();
    }
    absl::Status Finish() override {
      ++finished;
      return absl::OkStatus();
    }
    std::string bytes;
    int finished = 0;
  };
  Downloader downloader(opened_, *executor_);
  const ContentRef& content = plan.results["a"].content;
  for (const auto& [offset, length] :
       std::vector<std::pair<uint64_t, uint64_t>>{{0, 1},
                                                  {0, 300'000},
                                                  {299'999, 1},
                                                  {299'999, 100},
                                                  {300'000, 5},
                                                  {63, 2},
                                                  {64, 0},
                                                  {100'000, 100'000},
                                                  {5, ~uint64_t{0}}}) {
    Collect sink;
    SE_EXPECT_OK(downloader.ReadRange(content, offset, length, sink));
    EXPECT_TRUE(sink.bytes == bytes.substr(offset, length)) << offset << "+" << length;
    EXPECT_EQ(sink.finished, 1);
  }
  Collect sink;
  EXPECT_TRUE(absl::IsOutOfRange(downloader.ReadRange(content, 300'001, 1, sink)));
}

TEST_P(RoundTripTest, ProgressGrowsAndEndsAtItsTotalOnce) {
  Create();
  ListPlan plan;
  plan.Add("d", NodeKind::kDirectory, kRootNode, NewNode());
  for (int i = 0; i < 30; ++i) {
    // The hint is wrong in both directions.
    plan.AddFile(absl::StrCat("f", i), MakeBytes(i, 300'000), NewNode()).size_hint = 20'000 * i;
  }
  std::vector<Progress> shown;
  SE_ASSERT_OK(Upload(plan, {.commit_changes = 4},
                      [&](const Progress& progress) { shown.push_back(progress); }));
  const auto check = [&shown] {
    ASSERT_FALSE(shown.empty());
    for (size_t i = 1; i < shown.size(); ++i) {
      EXPECT_GE(shown[i].files_done, shown[i - 1].files_done);
      EXPECT_GE(shown[i].bytes_done, shown[i - 1].bytes_done);
      EXPECT_GE(shown[i].bytes_total, shown[i - 1].bytes_total);
      EXPECT_LE(shown[i].bytes_done, shown[i].bytes_total);
    }
    size_t complete = 0;
    for (const Progress& progress : shown) {
      complete += progress.total_known && progress.files_done == progress.files_total &&
                          progress.bytes_done == progress.bytes_total
                      ? 1
                      : 0;
    }
    EXPECT_EQ(complete, 1u);
    EXPECT_EQ(shown.back().files_done, shown.back().files_total);
  };
  check();
  EXPECT_EQ(shown.back().files_total, 31u);
  shown.clear();
  MemoryTarget target;
  for (const auto& [label, result] : plan.results) target.Add(label, result.content);
  Downloader downloader(opened_, *executor_);
  SE_ASSERT_OK(
      downloader.Download(target, [&](const Progress& progress) { shown.push_back(progress); }));
  check();
}

TEST_P(RoundTripTest, BigFilesAreAnnouncedOnceAndBecomeUploaded) {
  Create();
  ListPlan plan;
  plan.AddFile("small", MakeBytes(1, 1000), NewNode());
  plan.AddFile("big", MakeBytes(2, 2'000'000), NewNode());
  plan.AddFile("bigger", MakeBytes(3, 3'000'000), NewNode());
  SE_ASSERT_OK(Upload(plan));
  std::map<JournalKind, int> kinds;
  for (const JournalEntry& entry : service_.journal()) ++kinds[entry.kind];
  EXPECT_EQ(kinds[JournalKind::kUploading], 2);
  EXPECT_EQ(kinds[JournalKind::kCommitted], 3);
  EXPECT_EQ(kinds[JournalKind::kAborted], 0);
}

}  // namespace
}  // namespace syncengine::testing
