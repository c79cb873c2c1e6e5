// The check finds every fault that is put into a repository, and none in a sound one.
#include "syncengine/engine/check.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "src/engine/keys.h"
#include "tests/engine/engine_fixture.h"

namespace syncengine::testing {
namespace {

// A repository with some of everything.
class CheckTest : public EngineFixture<MemoryStores> {
 protected:
  CheckTest() {
    Caller caller = this->caller();
    const SealedFile flat = client_.File({"flat one", "flat two"});
    const SealedFile tall = client_.TallFile({"left", "right"});
    caller.Put(flat.segment);
    caller.Put(tall.segment);
    const Revision directory = caller.Create(Caller::Directory(caller.NewNode(), kRootNode, "d"));
    Change inside = caller.NewFile("f", flat);
    inside.state.parent = directory.node;
    caller.Create(inside);
    caller.Create(caller.NewFile("g", tall));
    const Revision gone = caller.Create(Caller::EmptyFile(caller.NewNode(), kRootNode, "gone"));
    EXPECT_TRUE(caller.Commit({Caller::Deletion(gone)}).committed);
    EXPECT_TRUE(
        session_
            ->BeginUpload(ns(), {.op = caller.NewOp(),
                                 .announcements = {{.node = caller.NewNode(), .name = "soon"}}})
            .ok());
    EXPECT_TRUE(session_->AddDevice("laptop", caller.NewOp()).ok());
  }

  CheckReport Check(bool read_data = true) {
    auto report = CheckRepository(stores_.metadata(), stores_.objects(), {.read_data = read_data});
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : CheckReport{.problems_total = 1};
  }
  std::vector<KeyValue> Rows(absl::string_view partition) {
    std::vector<KeyValue> rows;
    EXPECT_TRUE(stores_.metadata()
                    .View(partition,
                          [&](MetadataReader& reader) -> absl::Status {
                            rows = reader.Scan({.limit = 100'000}).value();
                            return absl::OkStatus();
                          })
                    .ok());
    return rows;
  }
  void PutRow(absl::string_view partition, absl::string_view key, absl::string_view value) {
    EXPECT_TRUE(stores_.metadata()
                    .Update(partition, [&](MetadataWriter& rows) { return rows.Put(key, value); })
                    .ok());
  }
  void DeleteRow(absl::string_view partition, absl::string_view key) {
    EXPECT_TRUE(stores_.metadata()
                    .Update(partition, [&](MetadataWriter& rows) { return rows.Delete(key); })
                    .ok());
  }
  // Whether the check finds something while `value` stands at `key`.
  bool FindsRow(absl::string_view partition, const KeyValue& row, absl::string_view value) {
    PutRow(partition, row.first, value);
    const bool found = !Check().clean();
    PutRow(partition, row.first, row.second);
    return found;
  }
  std::string Partition() { return engine::NamespacePartition(ns()); }
};

TEST_F(CheckTest, ASoundRepositoryIsCleanAndCounted) {
  for (const bool read_data : {false, true}) {
    const CheckReport report = Check(read_data);
    EXPECT_TRUE(report.clean()) << report.problems[0].place << ": " << report.problems[0].what;
    EXPECT_EQ(report.namespaces, 1u);
    EXPECT_EQ(report.nodes, 4u);
    EXPECT_EQ(report.revisions, 5u);
    EXPECT_EQ(report.journal_entries, 6u);
    EXPECT_EQ(report.blocks, 5u);
    EXPECT_EQ(report.segments, 2u);
    EXPECT_EQ(report.bytes_read > 0, read_data);
  }
}

TEST_F(CheckTest, EveryLostRowIsFound) {
  for (const std::string& partition : {Partition(), std::string(engine::kRepositoryPartition)}) {
    for (const KeyValue& row : Rows(partition)) {
      if (row.first[0] == 'U') continue;  // A lease that ended early: nothing is wrong.
      if (row.first == engine::FormatKey()) continue;
      DeleteRow(partition, row.first);
      if (row.first[0] == 'm') {  // A device without its name can only not be revoked by it.
        PutRow(partition, row.first, row.second);
        continue;
      }
      EXPECT_FALSE(Check().clean()) << absl::CHexEscape(row.first);
      PutRow(partition, row.first, row.second);
    }
  }
  EXPECT_TRUE(Check().clean());
}

TEST_F(CheckTest, EveryCutOrExtendedRowIsFound) {
  for (const std::string& partition : {Partition(), std::string(engine::kRepositoryPartition)}) {
    for (const KeyValue& row : Rows(partition)) {
      if (row.first == engine::FormatKey()) continue;
      EXPECT_TRUE(FindsRow(partition, row, row.second.substr(0, row.second.size() - 1)))
          << absl::CHexEscape(row.first);
      EXPECT_TRUE(FindsRow(partition, row, row.second + "x")) << absl::CHexEscape(row.first);
    }
  }
}

// Fields that no other row repeats: only a store's own checksums can tell that they changed.
bool IsFree(const KeyValue& row, size_t offset) {
  const size_t behind = row.second.size() - offset;
  switch (row.first[0]) {
    case 'B':
      return behind <= 8;  // Touch epoch.
    case 'S':
      // Upload and what was answered, before checksum, live blocks and epoch.
      return behind <= 48 + 16 + 8 && behind > 48;
    case 'h':
      return offset <= 16 || behind <= 16;  // History, operations, epoch.
    case 'J':
      return static_cast<JournalKind>(row.second[41]) != JournalKind::kCommitted;
    case 'O':
    case 'U':
      return true;
    default:
      return false;
  }
}

// Of a replaced revision nothing repeats its parents and, but for the blocks, its state.
bool IsFreeOfReplaced(size_t offset) {
  constexpr size_t kParents = 1 + 16 + 16;
  constexpr size_t kSequence = kParents + 16 + 16;
  constexpr size_t kState = kSequence + 8 + 16 + 8;
  return (offset >= kParents && offset < kSequence) || offset >= kState;
}

TEST_F(CheckTest, EveryFlippedBitOfARowIsFound) {
  for (const KeyValue& row : Rows(Partition())) {
    if (absl::string_view("BCKNShu").find(row.first[0]) == absl::string_view::npos) continue;
    const auto revision = DecodeRevision(row.second);
    const bool replaced = revision.ok() && caller().Head(revision->node).id != revision->id;
    for (size_t offset = 0; offset < row.second.size(); ++offset) {
      if (IsFree(row, offset) || (replaced && IsFreeOfReplaced(offset))) continue;
      std::string flipped = row.second;
      flipped[offset] = static_cast<char>(flipped[offset] ^ (1 << (offset % 8)));
      EXPECT_TRUE(FindsRow(Partition(), row, flipped))
          << absl::CHexEscape(row.first) << " at " << offset << " of " << row.second.size();
    }
  }
}

TEST_F(CheckTest, EveryLostOrResizedObjectIsFoundWithoutReadingData) {
  const ObjectPage page = stores_.objects().List("", "", 100).value();
  ASSERT_EQ(page.entries.size(), 2u);
  for (const ObjectEntry& entry : page.entries) {
    const std::string bytes = stores_.objects().Get(entry.name, 0, kWholeObject).value();
    for (const std::string& damaged : {bytes.substr(0, bytes.size() - 1), bytes + "x"}) {
      SE_ASSERT_OK(stores_.objects().Delete(entry.name));
      EXPECT_FALSE(Check(false).clean());
      SE_ASSERT_OK(stores_.objects().Put(entry.name, damaged));
      EXPECT_FALSE(Check(false).clean());
      SE_ASSERT_OK(stores_.objects().Delete(entry.name));
      SE_ASSERT_OK(stores_.objects().Put(entry.name, bytes));
    }
  }
  EXPECT_TRUE(Check(false).clean());
}

TEST_F(CheckTest, EveryFlippedBitOfAnObjectIsFoundByReadingIt) {
  const ObjectPage page = stores_.objects().List("", "", 100).value();
  for (const ObjectEntry& entry : page.entries) {
    const std::string bytes = stores_.objects().Get(entry.name, 0, kWholeObject).value();
    for (size_t offset = 0; offset < bytes.size(); ++offset) {
      std::string flipped = bytes;
      flipped[offset] = static_cast<char>(flipped[offset] ^ (1 << (offset % 8)));
      SE_ASSERT_OK(stores_.objects().Delete(entry.name));
      SE_ASSERT_OK(stores_.objects().Put(entry.name, flipped));
      EXPECT_FALSE(Check().clean()) << entry.name << " at " << offset;
    }
    SE_ASSERT_OK(stores_.objects().Delete(entry.name));
    SE_ASSERT_OK(stores_.objects().Put(entry.name, bytes));
  }
}

TEST_F(CheckTest, DamagedFramesAreNeverServed) {
  const SealedFile file = client_.File({"served"});
  caller().Put(file.segment);
  const std::string name = engine::SegmentObject(ns(), ParseSegment(file.segment)->segment_id);
  const uint64_t begin = ParseSegment(file.segment)->frames[0].offset;
  const uint64_t end = begin + ParseSegment(file.segment)->frames[0].length;
  for (uint64_t offset = begin; offset < end; ++offset) {
    std::string flipped = file.segment;
    flipped[offset] ^= 4;
    SE_ASSERT_OK(stores_.objects().Delete(name));
    SE_ASSERT_OK(stores_.objects().Put(name, flipped));
    EXPECT_FALSE(session_->GetFrames(ns(), file.blocks).ok()) << offset;
  }
  SE_ASSERT_OK(stores_.objects().Delete(name));
  SE_EXPECT_REASON(session_->GetFrames(ns(), file.blocks), Reason::kIntegrity);
}

TEST_F(CheckTest, ObjectsOfInterruptedUploadsAreCountedAndNoProblem) {
  SE_ASSERT_OK(stores_.objects().Put(engine::SegmentObject(ns(), entropy_.NewId<SegmentId>()),
                                     "left behind"));
  const CheckReport report = Check();
  EXPECT_TRUE(report.clean());
  EXPECT_EQ(report.objects_unreferenced, 1u);
}

TEST_F(CheckTest, AStopEndsTheCheck) {
  std::stop_source stop;
  stop.request_stop();
  SE_EXPECT_CODE(CheckRepository(stores_.metadata(), stores_.objects(), {.stop = stop.get_token()}),
                 kCancelled);
}

}  // namespace
}  // namespace syncengine::testing
