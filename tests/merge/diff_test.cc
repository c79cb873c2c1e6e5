#include "syncengine/merge/diff.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/merge/texts.h"

namespace syncengine {
namespace {

using merge_test::Change;
using merge_test::Generator;
using merge_test::RandomText;

constexpr Granularity kAll[] = {Granularity::kLines, Granularity::kWords, Granularity::kCharacters};

std::string Apply(absl::string_view before, absl::string_view after,
                  const std::vector<Edit>& edits) {
  auto applied = ApplyEdits(before, after, edits);
  return applied.ok() ? *applied : std::string(applied.status().message());
}

// A continuation byte at the place means that a code point was cut, unless it stands alone.
bool CutsCodePoint(absl::string_view text, size_t at) {
  if (at == 0 || at >= text.size() || (text[at] & 0xC0) != 0x80) return false;
  size_t start = at;
  while (start > 0 && at - start < 3 && (text[start] & 0xC0) == 0x80) --start;
  const unsigned char lead = static_cast<unsigned char>(text[start]);
  const size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 1;
  return start + size > at;
}

TEST(DiffTest, EditsTurnOneTextIntoTheOther) {
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Generator random(seed);
    const std::string before = RandomText(random, random.Below(60));
    const std::string after = random.Below(4) == 0 ? RandomText(random, random.Below(60))
                                                   : Change(random, before, 1 + random.Below(6));
    for (const Granularity granularity : kAll) {
      const auto edits = Diff(before, after, {.granularity = granularity});
      ASSERT_EQ(Apply(before, after, edits), after);
      for (size_t i = 0; i < edits.size(); ++i) {
        ASSERT_FALSE(edits[i].before.empty() && edits[i].after.empty());
        if (i > 0) {
          ASSERT_GT(edits[i].before.begin, edits[i - 1].before.end);
        }
        for (const size_t at : {edits[i].before.begin, edits[i].before.end})
          ASSERT_FALSE(CutsCodePoint(before, at));
        for (const size_t at : {edits[i].after.begin, edits[i].after.end})
          ASSERT_FALSE(CutsCodePoint(after, at));
      }
    }
  }
}

TEST(DiffTest, EqualTextsHaveNoEdits) {
  EXPECT_TRUE(Diff("", "").empty());
  EXPECT_TRUE(Diff("one\ntwo", "one\ntwo").empty());
}

TEST(DiffTest, FindsTheChangedLineWordAndCharacter) {
  const std::string before = "first\nthe quick fox\nlast\n", after = "first\nthe quack fox\nlast\n";
  const auto lines = Diff(before, after, {.granularity = Granularity::kLines});
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(Slice(before, lines[0].before), "the quick fox\n");
  const auto words = Diff(before, after, {.granularity = Granularity::kWords});
  ASSERT_EQ(words.size(), 1u);
  EXPECT_EQ(Slice(after, words[0].after), "quack");
  const auto characters = Diff(before, after);
  ASSERT_EQ(characters.size(), 1u);
  EXPECT_EQ(Slice(before, characters[0].before), "i");
  EXPECT_EQ(Slice(after, characters[0].after), "a");
}

TEST(DiffTest, NeverCutsACharacterThatSharesItsFirstBytes) {
  const auto edits = Diff("caf\xC3\xA9", "caf\xC3\xA8");  // e acute, e grave: one byte apart
  ASSERT_EQ(edits.size(), 1u);
  EXPECT_EQ(edits[0], (Edit{{3, 5}, {3, 5}}));
}

TEST(DiffTest, AnInsertedBlockEndsAsLateAsItCan) {
  const std::string before = "{\n}\n{\n}\n", after = "{\n}\n{\n}\n{\n}\n";
  const auto edits = Diff(before, after, {.granularity = Granularity::kLines});
  ASSERT_EQ(edits.size(), 1u);
  EXPECT_EQ(edits[0], (Edit{{8, 8}, {8, 12}}));
}

TEST(DiffTest, MissingFinalLineEndIsAChange) {
  const auto edits = Diff("a\nb", "a\nb\n", {.granularity = Granularity::kWords});
  ASSERT_EQ(edits.size(), 1u);
  EXPECT_EQ(edits[0], (Edit{{3, 3}, {3, 4}}));
}

TEST(DiffTest, MovedAroundUniqueLinesKeepTheLongestRun) {
  std::string before, after = "new\n";
  for (int i = 0; i < 200; ++i) absl::StrAppend(&before, "line ", i, "\n");
  absl::StrAppend(&after, "line 150\n", before);
  const auto edits = Diff(before, after, {.granularity = Granularity::kLines});
  ASSERT_EQ(edits.size(), 1u);
  EXPECT_EQ(Slice(after, edits[0].after), "new\nline 150\n");
}

TEST(DiffTest, ShortTextsGetAShortestScript) {
  // Myers' own example: five edits (three deletions, two insertions).
  size_t changed = 0;
  for (const Edit& edit : Diff("ABCABBA", "CBABAC"))
    changed += edit.before.size() + edit.after.size();
  EXPECT_EQ(changed, 5u);
}

TEST(DiffTest, TheBudgetBoundsUnrelatedTexts) {
  // Two letters only, so that everything matches somewhere: the search must give up, and be right.
  Generator random(7);
  std::string before, after;
  for (int i = 0; i < 60'000; ++i) {
    before += random.Below(2) > 0 ? "a\n" : "b\n";
    after += random.Below(2) > 0 ? "a\n" : "b\n";
  }
  const auto edits = Diff(before, after, {.granularity = Granularity::kLines, .effort = 1});
  EXPECT_EQ(Apply(before, after, edits), after);
  EXPECT_LT(edits.size(), 10'000u);  // A full search would find more than twenty thousand.
}

TEST(DiffTest, ForeignEditsAreRefused) {
  const std::vector<Edit> outside = {{{0, 9}, {0, 0}}};
  EXPECT_EQ(ApplyEdits("abc", "", outside).status().code(), absl::StatusCode::kInvalidArgument);
  const std::vector<Edit> unordered = {{{2, 3}, {0, 0}}, {{0, 1}, {0, 0}}};
  EXPECT_EQ(ApplyEdits("abc", "", unordered).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace syncengine
