#include "syncengine/merge/three_way.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/merge/texts.h"

namespace syncengine {
namespace {

using merge_test::Change;
using merge_test::Generator;
using merge_test::RandomText;

// The merge, or "conflict" / "not mergeable".
std::string Merged(absl::string_view base, absl::string_view ours, absl::string_view theirs,
                   const MergeOptions& options = {}) {
  const MergeResult result = Merge3({base, ours, theirs}, options);
  if (result.verdict == Verdict::kConflict) return "conflict";
  return result.clean() ? result.text : "not mergeable";
}

TEST(Merge3Test, LawsHoldOnRandomTexts) {
  int clean = 0, conflicts = 0;
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Generator random(seed);
    const std::string base = RandomText(random, 10 + random.Below(60));
    const std::string ours = Change(random, base, 1 + random.Below(3));
    const std::string theirs = Change(random, base, 1 + random.Below(3));
    ASSERT_EQ(Merged(base, ours, ours), ours);
    ASSERT_EQ(Merged(base, base, theirs), theirs);
    ASSERT_EQ(Merged(base, ours, base), ours);
    for (const Granularity finest :
         {Granularity::kLines, Granularity::kWords, Granularity::kCharacters}) {
      const MergeOptions options{.finest = finest};
      const MergeResult one = Merge3({base, ours, theirs}, options);
      const MergeResult two = Merge3({base, theirs, ours}, options);
      ASSERT_EQ(one.verdict, two.verdict);
      ASSERT_EQ(one.text, two.text);
      ASSERT_EQ(one.conflicts.size(), two.conflicts.size());
      (one.clean() ? clean : conflicts) += 1;
    }
  }
  EXPECT_GT(clean, 500);
  EXPECT_GT(conflicts, 500);
}

TEST(Merge3Test, ChangesFarApartAreBothTakenWhole) {
  for (uint64_t seed = 1; seed <= 1000; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Generator random(seed);
    const std::string head = RandomText(random, 30), tail = RandomText(random, 30);
    const std::string middle = "\n-- this line is nowhere else 1\n-- nor is this one 2\n";
    const std::string new_head = Change(random, head, 3), new_tail = Change(random, tail, 3);
    ASSERT_EQ(Merged(head + middle + tail, new_head + middle + tail, head + middle + new_tail),
              new_head + middle + new_tail);
  }
}

TEST(Merge3Test, TakesChangesOfDifferentLines) {
  EXPECT_EQ(Merged("a\nb\nc\nd\n", "A\nb\nc\nd\n", "a\nb\nc\nD\n"), "A\nb\nc\nD\n");
  EXPECT_EQ(Merged("a\nb\nc\nd\n", "b\nc\nd\n", "a\nb\nc\nd\ne\n"), "b\nc\nd\ne\n");
}

TEST(Merge3Test, TakesChangesOfDifferentWordsOfALine) {
  EXPECT_EQ(Merged("the quick brown fox\n", "the slow brown fox\n", "the quick brown dog\n"),
            "the slow brown dog\n");
}

TEST(Merge3Test, NeighbouringLinesCombineWhenTheirWordsAreApart) {
  EXPECT_EQ(Merged("one 1\ntwo 2\n", "uno 1\ntwo 2\n", "one 1\ndos 2\n"), "uno 1\ndos 2\n");
}

TEST(Merge3Test, TheSameChangeIsTakenOnce) {
  EXPECT_EQ(Merged("a\n", "a\nnew\n", "a\nnew\n"), "a\nnew\n");
  EXPECT_EQ(Merged("a\nb\nc\n", "x\nb\nc\n", "x\nb\nC\n"), "x\nb\nC\n");
}

TEST(Merge3Test, ALargerChangeContainsTheSmaller) {
  EXPECT_EQ(Merged("head\n", "head\none\n", "head\none\ntwo\n"), "head\none\ntwo\n");
}

TEST(Merge3Test, ADeletedLineDoesNotComeBackWithALargerChange) {
  // Theirs is ours with lines added, but one of them is the one that ours deleted.
  EXPECT_EQ(Merged("gone\n", "", "gone\nmore\n"), "conflict");
}

TEST(Merge3Test, DifferentChangesOfOneWordConflict) {
  EXPECT_EQ(Merged("port = 80\n", "port = 81\n", "port = 8080\n"), "conflict");
  EXPECT_EQ(Merged("a\nb\nc\n", "a\nx\nc\n", "a\ny\nc\n"), "conflict");
}

TEST(Merge3Test, HalvesOfNumbersDoNotCombine) {
  EXPECT_EQ(Merged("id 1234\n", "id 9234\n", "id 1239\n"), "conflict");
  EXPECT_EQ(Merged("v 1.0\n", "v 1.0.1\n", "v 2.0\n"), "conflict");
}

TEST(Merge3Test, TypingBehindAReplacedCharacterKeepsItsPlace) {
  EXPECT_EQ(Merged("in the nineties.\n", "in the nineties. \n", "in the nineties, huh\n"),
            "in the nineties, huh \n");
}

TEST(Merge3Test, AShorterTitleComesBeforeALongerOne) {
  const std::string base = "* [A](x)\n* [B](x)\n* [C](x)\n";
  EXPECT_EQ(Merged(base, base + "* [Go for Fun](x)\n", base + "* [Go](x)\n"),
            base + "* [Go](x)\n* [Go for Fun](x)\n");
}

TEST(Merge3Test, EditAgainstDeletionConflicts) {
  EXPECT_EQ(Merged("a\nb\nc\n", "a\nc\n", "a\nB!\nc\n"), "conflict");
}

TEST(Merge3Test, TwoInsertionsAtOnePlaceConflict) {
  EXPECT_EQ(Merged("a\nz\n", "a\nours\nz\n", "a\ntheirs\nz\n"), "conflict");
}

TEST(Merge3Test, InsertionsIntoASortedListAreOrdered) {
  const std::string base = "* Apple\n* Banana\n* Mango\n* Peach\n";
  EXPECT_EQ(Merged(base, "* Apple\n* Banana\n* Cherry\n* Lemon\n* Mango\n* Peach\n",
                   "* Apple\n* Banana\n* Fig\n* Mango\n* Peach\n"),
            "* Apple\n* Banana\n* Cherry\n* Fig\n* Lemon\n* Mango\n* Peach\n");
}

TEST(Merge3Test, InsertionsIntoAnUnsortedListConflict) {
  const std::string base = "* Peach\n* Banana\n* Mango\n* Apple\n";
  EXPECT_EQ(Merged(base, "* Peach\n* Banana\n* Cherry\n* Mango\n* Apple\n",
                   "* Peach\n* Banana\n* Fig\n* Mango\n* Apple\n"),
            "conflict");
  EXPECT_EQ(Merged("* A\n* B\n* D\n* E\n", "* A\n* B\n* C ours\n* D\n* E\n",
                   "* A\n* B\n* C theirs\n* D\n* E\n", {.sorted_lists = false}),
            "conflict");
}

TEST(Merge3Test, LinesOnlyIsDiff3) {
  EXPECT_EQ(Merged("the fox\n", "a fox\n", "the dog\n", {.finest = Granularity::kLines}),
            "conflict");
}

TEST(Merge3Test, BytesOutsideTheChangesStay) {
  const std::string base = "\xEF\xBB\xBFone\r\ntwo\nthree\r\nfour";
  EXPECT_EQ(Merged(base, "\xEF\xBB\xBFONE\r\ntwo\nthree\r\nfour",
                   "\xEF\xBB\xBFone\r\ntwo\nthree\r\nFOUR"),
            "\xEF\xBB\xBFONE\r\ntwo\nthree\r\nFOUR");
  EXPECT_EQ(Merged("a\nb\nc", "A\nb\nc", "a\nb\nc\n"), "A\nb\nc\n");
  EXPECT_EQ(Merged("a b\n\xFF\xFE\n", "A b\n\xFF\xFE\n", "a B\n\xFF\xFE\n"), "A B\n\xFF\xFE\n");
}

TEST(Merge3Test, NewLineEndsAndAWordChangeBothSurvive) {
  EXPECT_EQ(Merged("one x\ntwo\n", "one x\r\ntwo\r\n", "uno x\ntwo\n"), "uno x\r\ntwo\r\n");
}

TEST(Merge3Test, BinaryAndLongTextsAreNotMergeable) {
  const std::string zero("a\0b\n", 4);
  const MergeResult binary = Merge3({zero, zero + "x", "y" + zero});
  EXPECT_EQ(binary.verdict, Verdict::kNotMergeable);
  EXPECT_TRUE(absl::StrContains(binary.reason, "zero byte"));
  EXPECT_EQ(Merged("aaaa\n", "aaaab\n", "caaaa\n", {.bytes_max = 5}), "not mergeable");
  EXPECT_EQ(Merged(zero, zero, zero + "x"), zero + "x") << "one side changed: nothing to merge";
}

TEST(Merge3Test, PoliciesKeepBothSides) {
  const std::string base = "a\nz\n", ours = "a\nsame\nours\nz\n", theirs = "a\nsame\ntheirs\nz\n";
  EXPECT_EQ(Merged(base, ours, theirs), "conflict");
  EXPECT_EQ(Merged(base, ours, theirs, {.on_conflict = OnConflict::kUnion}),
            "a\nsame\nours\ntheirs\nz\n");
  EXPECT_EQ(Merged(base, ours, theirs, {.on_conflict = OnConflict::kKeepBoth}),
            "a\nsame\nours\nsame\ntheirs\nz\n");
  EXPECT_EQ(Merged("", "ours", "theirs", {.on_conflict = OnConflict::kUnion}), "ours\ntheirs");
}

TEST(Merge3Test, ConflictsNameTheRangesOfTheThreeTexts) {
  const std::string base = "a\nb\nc\nd\n", ours = "A\nb\nour\nd\n", theirs = "a\nb\ntheir\nd\n";
  const MergeResult result = Merge3({base, ours, theirs});
  ASSERT_EQ(result.conflicts.size(), 1u);
  const Conflict& conflict = result.conflicts[0];
  EXPECT_EQ(Slice(base, conflict.base), "c\n");
  EXPECT_EQ(Slice(ours, conflict.ours), "our\n");
  EXPECT_EQ(Slice(theirs, conflict.theirs), "their\n");
  EXPECT_EQ(result.text, "A\nb\nd\n");
  EXPECT_EQ(conflict.at, 4u);
}

TEST(MarkConflictsTest, WritesWhatGitWrites) {
  const MergeInput input{"a\nb\nc\n", "a\nsame\nour\nc\n", "a\nsame\ntheir\nc\n"};
  const MergeResult result = Merge3(input);
  EXPECT_EQ(MarkConflicts(input, result),
            "a\nsame\n<<<<<<< ours\nour\n=======\ntheir\n>>>>>>> theirs\nc\n");
  EXPECT_EQ(MarkConflicts(input, result, {.ours = "x", .theirs = "y", .show_base = true}),
            "a\n<<<<<<< x\nsame\nour\n||||||| base\nb\n=======\nsame\ntheir\n>>>>>>> y\nc\n");
}

TEST(MarkConflictsTest, MarkersStandOnLinesOfTheirOwn) {
  const MergeInput input{"a\r\nb", "a\r\nour", "a\r\ntheir"};
  EXPECT_EQ(MarkConflicts(input, Merge3(input)),
            "a\r\n<<<<<<< ours\r\nour\r\n=======\r\ntheir\r\n>>>>>>> theirs\r\n");
}

TEST(MarkConflictsTest, ACleanMergeIsItsText) {
  const MergeInput input{"a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n"};
  EXPECT_EQ(MarkConflicts(input, Merge3(input)), "A\nb\nC\n");
}

}  // namespace
}  // namespace syncengine
