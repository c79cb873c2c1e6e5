// A new file is stored as the difference from the one it was probably made from.
#include "src/transfer/similar_files.h"

#include <gtest/gtest.h>

#include "syncengine/stores/memory_file_system.h"
#include "syncengine/transfer/get_tree.h"
#include "syncengine/transfer/put_tree.h"
#include "tests/transfer/transfer_fixture.h"

namespace syncengine::testing {
namespace {

RemoteNode File(uint64_t size) { return {.node = {}, .revision = {}, .size = size}; }
RemoteNode Directory() {
  RemoteNode node;
  node.kind = NodeKind::kDirectory;
  return node;
}

TEST(SimilarFilesTest, DistanceCountsEditsUpToTheBound) {
  EXPECT_EQ(EditDistance("tsc.js", "tsc.js", 3), 0u);
  EXPECT_EQ(EditDistance("_tsc.js", "tsc.js", 3), 1u);
  EXPECT_EQ(EditDistance("kitten", "sitting", 3), 3u);
  EXPECT_EQ(EditDistance("kitten", "sitting", 2), 3u);
  EXPECT_EQ(EditDistance("", "four", 9), 4u);
}

TEST(SimilarFilesTest, TakesTheNearestNameOfTheDirectory) {
  RemoteTree tree = {{"lib", Directory()},           {"lib/sub", Directory()},
                     {"lib/sub/tsc.js", File(6000)}, {"lib/tsc.js", File(6000)},
                     {"lib/tsb.js", File(20'000)},   {"lib/tsc.ts", File(6000)},
                     {"lib/xtsc1.js", File(6000)},   {"other", Directory()}};
  SimilarFiles files(tree);
  EXPECT_EQ(files.Find("lib/_tsc.js", 6100), &tree["lib/tsc.js"]);
  EXPECT_EQ(files.Find("lib/_tsb.js", 15'000), &tree["lib/tsb.js"]) << "of the sizes that fit";
  EXPECT_EQ(files.Find("lib/_tsc.js", 100), nullptr) << "too small to look";
  EXPECT_EQ(files.Find("lib/_tsc.js", 600'000), nullptr);
  EXPECT_EQ(files.Find("lib/quite_another.js", 6000), nullptr);
}

TEST(SimilarFilesTest, TakesTheOnlyNamesakeElsewhere) {
  RemoteTree tree = {{"a", Directory()},
                     {"a/driver.c", File(9000)},
                     {"a/Makefile", File(9000)},
                     {"b", Directory()},
                     {"b/Makefile", File(9000)}};
  SimilarFiles files(tree);
  EXPECT_EQ(files.Find("c/driver.c", 9100), &tree["a/driver.c"]);
  EXPECT_EQ(files.Find("driver.c", 9100), &tree["a/driver.c"]);
  EXPECT_EQ(files.Find("c/driver.c", 90'000), nullptr);
  EXPECT_EQ(files.Find("c/Makefile", 9000), nullptr) << "which one of them?";
}

class SimilarPutTest : public TransferTest {
 protected:
  SimilarPutTest() : disk_(clock_) {}

  void Write(const std::string& path, const std::string& bytes) {
    SE_ASSERT_OK_AND_ASSIGN(const auto file, disk_.Create(path, 0644));
    SE_ASSERT_OK(file->WriteAt(0, bytes));
  }
  uint64_t PutAndCountStored() {
    const PutTreePorts ports{disk_, opened_, *executor_, entropy_, clock_, nullptr};
    const auto report = PutTree(ports, {.local = "", .remote = "/t", .mirror = true});
    EXPECT_TRUE(report.ok()) << report.status();
    EXPECT_TRUE(report->issues.empty());
    return report->upload.stored_bytes;
  }

  MemoryFileSystem disk_;
};
INSTANTIATE_TEST_SUITE_P(Executors, SimilarPutTest,
                         ::testing::Values(ExecutorKind::kThreads, ExecutorKind::kManual),
                         ExecutorName);

TEST_P(SimilarPutTest, ARenamedAndEditedFileIsStoredAsADifference) {
  Create();
  std::string bytes = MakeBytes(1, 1'000'000);
  Write("program.js", bytes);
  EXPECT_GT(PutAndCountStored(), bytes.size());
  for (size_t i = 500; i < bytes.size(); i += 5000) bytes[i] = static_cast<char>(bytes[i] ^ 1);
  SE_ASSERT_OK(disk_.RemoveFile("program.js"));
  Write("program.js", "require('./_program.js')");
  Write("_program.js", bytes);
  EXPECT_LT(PutAndCountStored(), bytes.size() / 4);

  SE_ASSERT_OK_AND_ASSIGN(const Revision root,
                          opened_.service->Stat(opened_.record.id, {.path = "/t", .node = {}}));
  SE_ASSERT_OK_AND_ASSIGN(std::vector<GetEntry> entries, ListTree(opened_, root));
  MemoryFileSystem copy(clock_);
  SE_ASSERT_OK(GetTree({copy, opened_, *executor_, entropy_}, std::move(entries), "back"));
  SE_ASSERT_OK_AND_ASSIGN(const auto file, copy.OpenToRead("back/_program.js"));
  std::string back(bytes.size() + 1, '\0');
  SE_ASSERT_OK_AND_ASSIGN(const size_t size, file->ReadAt(0, back.data(), back.size()));
  EXPECT_TRUE(back.substr(0, size) == bytes);
}

}  // namespace
}  // namespace syncengine::testing
