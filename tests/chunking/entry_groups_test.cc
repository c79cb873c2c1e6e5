// The laws of entry groups: within bounds, by content, the same for whatever list stands before.
#include "syncengine/chunking/entry_groups.h"

#include <algorithm>
#include <set>
#include <vector>

#include "gtest/gtest.h"
#include "tests/chunking/content.h"

namespace syncengine {
namespace {

using chunking_test::Content;
using chunking_test::Kind;

std::vector<BlockId> SomeIds(size_t count, uint64_t seed) {
  const std::string bytes = Content(Kind::kRandom, count * BlockId::kSize, seed);
  std::vector<BlockId> ids;
  for (size_t i = 0; i < count; ++i) {
    ids.push_back(*BlockId::FromBytes(absl::string_view(bytes).substr(i * 32, 32)));
  }
  return ids;
}

std::vector<size_t> GroupSizes(absl::Span<const BlockId> ids) {
  std::vector<size_t> sizes;
  while (!ids.empty()) {
    sizes.push_back(CutEntries(ids, /*is_last=*/true));
    ids.remove_prefix(sizes.back());
  }
  return sizes;
}

TEST(EntryGroupsTest, AsksForMoreEntriesUntilTheMaximumUnlessLast) {
  const std::vector<BlockId> ids = SomeIds(1000, 1);
  const absl::Span<const BlockId> span = ids;
  EXPECT_EQ(CutEntries(span.first(kEntryGroupMax - 1), false), 0u);
  EXPECT_EQ(CutEntries(span.first(kEntryGroupMax), false), CutEntries(span, true));
  EXPECT_EQ(CutEntries({}, true), 0u);
  EXPECT_EQ(CutEntries(span.first(1), true), 1u);
  EXPECT_EQ(CutEntries(span.first(kEntryGroupMin), true), kEntryGroupMin);
}

TEST(EntryGroupsTest, SizesStayWithinBoundsAndTheirMeanIsTheAverage) {
  const std::vector<BlockId> ids = SomeIds(200'000, 2);
  std::vector<size_t> sizes = GroupSizes(ids);
  EXPECT_NEAR(static_cast<double>(ids.size()) / static_cast<double>(sizes.size()),
              double{kEntryGroupAverage}, 0.05 * kEntryGroupAverage);
  sizes.pop_back();
  EXPECT_GE(*std::min_element(sizes.begin(), sizes.end()), kEntryGroupMin);
  EXPECT_LE(*std::max_element(sizes.begin(), sizes.end()), kEntryGroupMax);
}

TEST(EntryGroupsTest, CutIsTheFirstAcceptedOrTheEarliestLeastEntry) {
  std::vector<BlockId> ids = SomeIds(400, 3);
  for (BlockId& id : ids) id.mutable_data()[0] |= 0x80;
  ids[11].mutable_data()[0] = 0x40;
  ids[14].mutable_data()[0] = 0x41;
  EXPECT_EQ(CutEntries(ids, true), 12u);
  // Just below 2^32 / 11 = 0x1745d174.5, and before the minimum, where nothing is a candidate.
  std::fill_n(ids[5].mutable_data(), 4, uint8_t{0});
  std::copy_n("\x17\x45\xd1\x73", 4, ids[25].mutable_data());
  std::fill_n(ids[28].mutable_data(), 4, uint8_t{0});
  EXPECT_EQ(CutEntries(ids, true), 26u);
  std::copy_n("\x17\x45\xd1\x74", 4, ids[25].mutable_data());
  EXPECT_EQ(CutEntries(ids, true), 29u);
}

TEST(EntryGroupsTest, RunOfOneIdGivesMaximalGroups) {
  for (uint64_t seed = 1; seed < 200; ++seed) {
    const std::vector<BlockId> ids(1024, SomeIds(1, seed)[0]);
    EXPECT_EQ(GroupSizes(ids), std::vector<size_t>(32, kEntryGroupMax));
  }
}

TEST(EntryGroupsTest, OneInsertedEntryChangesFewGroups) {
  const std::vector<BlockId> ids = SomeIds(20'000, 4);
  const auto groups_of = [](const std::vector<BlockId>& list) {
    std::set<std::vector<BlockId>> groups;
    auto begin = list.begin();
    for (const size_t size : GroupSizes(list)) {
      groups.insert(std::vector<BlockId>(begin, begin + static_cast<ptrdiff_t>(size)));
      begin += static_cast<ptrdiff_t>(size);
    }
    return groups;
  };
  const auto known = groups_of(ids);
  for (size_t place = 0; place < ids.size(); place += 977) {
    std::vector<BlockId> edited = ids;
    edited.insert(edited.begin() + static_cast<ptrdiff_t>(place), SomeIds(1, 1000 + place)[0]);
    size_t fresh = 0;
    for (const auto& group : groups_of(edited)) fresh += known.contains(group) ? 0 : 1;
    EXPECT_GE(fresh, 1u) << place;
    EXPECT_LE(fresh, 8u) << place;
  }
}

}  // namespace
}  // namespace syncengine
