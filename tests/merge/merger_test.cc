#include "syncengine/merge/merger.h"

#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/merge/texts.h"

namespace syncengine {
namespace {

using merge_test::Generator;

std::string Merged(absl::string_view name, absl::string_view base, absl::string_view ours,
                   absl::string_view theirs) {
  const MergeResult result = MergerRegistry().Merge(name, {base, ours, theirs});
  if (result.verdict == Verdict::kConflict) return "conflict";
  return result.clean() ? result.text : "not mergeable";
}

std::string MergedJson(absl::string_view base, absl::string_view ours, absl::string_view theirs) {
  return Merged("file.json", base, ours, theirs);
}

TEST(JsonMergerTest, MembersAddedAtOnePlaceAreBothKept) {
  EXPECT_EQ(MergedJson("{\n  \"a\": 1\n}\n", "{\n  \"a\": 1,\n  \"b\": 2\n}\n",
                       "{\n  \"a\": 1,\n  \"c\": 3\n}\n"),
            "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}\n");
}

TEST(JsonMergerTest, MembersGoWhereNamesInOrderPutThem) {
  EXPECT_EQ(
      MergedJson("{\n  \"a\": 1,\n  \"z\": 1\n}\n", "{\n  \"a\": 1,\n  \"m\": 2,\n  \"z\": 1\n}\n",
                 "{\n  \"a\": 1,\n  \"c\": 3,\n  \"z\": 1\n}\n"),
      "{\n  \"a\": 1,\n  \"c\": 3,\n  \"m\": 2,\n  \"z\": 1\n}\n");
}

TEST(JsonMergerTest, ChangesOfOneLineCombine) {
  EXPECT_EQ(MergedJson(R"({"a": 1, "b": 2, "c": [1]})", R"({"a": 9, "b": 2, "c": [1]})",
                       R"({"a": 1, "c": [1, 2]})"),
            R"({"a": 9, "c": [1, 2]})");
}

TEST(JsonMergerTest, DifferentValuesOfOneMemberConflict) {
  EXPECT_EQ(MergedJson(R"({"a": 1})", R"({"a": 2})", R"({"a": 3})"), "conflict");
  EXPECT_EQ(MergedJson(R"({})", R"({"a": 2})", R"({"a": 3})"), "conflict");
}

TEST(JsonMergerTest, ManyAdditionsOnBothSidesStayInTheirOrder) {
  std::string ours = "{\n \"m\": 0", theirs = ours, both = ours;
  for (int i = 10'000; i < 30'000; ++i) {
    const std::string member = absl::StrCat(",\n \"n", i, "\": ", i);
    (i % 2 == 0 ? ours : theirs) += member;
    both += member;
  }
  EXPECT_TRUE(MergedJson("{\n \"m\": 0\n}", ours + "\n}", theirs + "\n}") == both + "\n}");
}

TEST(JsonMergerTest, OneMemberAddedTwiceInASortedObjectConflicts) {
  EXPECT_EQ(MergedJson("{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3,\n  \"x\": 4\n}\n",
                       "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3,\n  \"n\": 5,\n  \"x\": 4\n}\n",
                       "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3,\n  \"n\": 6,\n  \"x\": 4\n}\n"),
            "conflict");
}

TEST(JsonMergerTest, DeletionAgainstChangeConflicts) {
  EXPECT_EQ(MergedJson(R"({"a": {"x": 1}, "b": 1})", R"({"b": 1})", R"({"a": {"x": 2}, "b": 1})"),
            "conflict");
}

TEST(JsonMergerTest, ObjectsAddedOnBothSidesJoin) {
  EXPECT_EQ(MergedJson(R"({"k": 0})", R"({"k": 0, "s": {"a": 1, "both": 1}})",
                       R"({"k": 0, "s": {"both": 1, "z": 2}})"),
            R"({"k": 0, "s": {"a": 1, "both": 1, "z": 2}})");
}

TEST(JsonMergerTest, ElementsAreFoundByTheirIdentity) {
  EXPECT_EQ(MergedJson(R"([{"name": "x", "v": 1}, {"name": "y", "v": 1}])",
                       R"([{"name": "x", "v": 2}, {"name": "y", "v": 1}])",
                       R"([{"name": "n", "v": 0}, {"name": "x", "v": 1}, {"name": "y", "v": 3}])"),
            R"([{"name": "n", "v": 0}, {"name": "x", "v": 2}, {"name": "y", "v": 3}])");
}

TEST(JsonMergerTest, SetsOfStringsTakeBothInsertions) {
  EXPECT_EQ(MergedJson(R"(["a", "k"])", R"(["a", "d", "k"])", R"(["a", "c", "k"])"),
            R"(["a", "c", "d", "k"])");
  EXPECT_EQ(MergedJson(R"([1, 2])", R"([1, 3, 2])", R"([1, 4, 2])"), "conflict");
}

TEST(JsonMergerTest, LayoutOfOneSideAndValueOfTheOtherBothStay) {
  EXPECT_EQ(MergedJson("{\n  \"list\": [\n    1,\n    2\n  ], \"v\": 1\n}\n",
                       "{\n  \"list\": [\n    1,\n    2\n  ], \"v\": 2\n}\n",
                       "{\n  \"list\": [1, 2], \"v\": 1\n}\n"),
            "{\n  \"list\": [1, 2], \"v\": 2\n}\n");
}

TEST(JsonMergerTest, ALineMergeThatBreaksTheJsonIsNotTaken) {
  // By lines both additions are clean, three lines apart, and give the member "n" twice.
  const std::string base = "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3,\n  \"d\": 4\n}\n";
  EXPECT_EQ(
      MergedJson(base, "{\n  \"n\": 0,\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3,\n  \"d\": 4\n}\n",
                 "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3,\n  \"n\": 0,\n  \"d\": 4\n}\n"),
      "{\n  \"n\": 0,\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3,\n  \"d\": 4\n}\n");
}

TEST(JsonMergerTest, KeepsByteOrderMarkLineEndsAndMissingFinalLineEnd) {
  EXPECT_EQ(MergedJson("\xEF\xBB\xBF{\r\n\t\"a\": 1\r\n}",
                       "\xEF\xBB\xBF{\r\n\t\"a\": 1,\r\n\t\"b\": 2\r\n}",
                       "\xEF\xBB\xBF{\r\n\t\"a\": 1,\r\n\t\"c\": 3\r\n}"),
            "\xEF\xBB\xBF{\r\n\t\"a\": 1,\r\n\t\"b\": 2,\r\n\t\"c\": 3\r\n}");
}

TEST(JsonMergerTest, WhatIsNoJsonIsMergedAsText) {
  EXPECT_EQ(MergedJson("{ // comment\n  a: one two\n}\n", "{ // comment\n  a: uno two\n}\n",
                       "{ // comment\n  a: one dos\n}\n"),
            "{ // comment\n  a: uno dos\n}\n");
  for (const absl::string_view broken :
       {"{\"a\": 01}", "[1,]", "{\"a\" 1}", "\"\n\"", "[1] 2", "nul"})
    EXPECT_EQ(MergedJson(broken, absl::StrCat("x", broken), absl::StrCat("y", broken)), "conflict");
}

TEST(JsonMergerTest, DeepNestingIsText) {
  const std::string deep(100'000, '[');
  EXPECT_EQ(MergedJson(deep, deep + "a", deep + "b"), "conflict");
}

// A random object of up to three levels.
std::string RandomJson(Generator& random, int depth) {
  if (depth == 0 || random.Below(3) == 0) return absl::StrCat(random.Below(3));
  const bool object = random.Below(2) == 0;
  std::string text = object ? "{" : "[";
  const size_t count = random.Below(4);
  for (size_t i = 0; i < count; ++i) {
    absl::StrAppend(&text, i > 0 ? "," : "", random.Below(2) > 0 ? "\n" : " ");
    if (object)
      absl::StrAppend(&text, "\"", std::string(1, static_cast<char>('a' + 2 * i + random.Below(2))),
                      "\": ");
    text += RandomJson(random, depth - 1);
  }
  return text + (object ? "}" : "]");
}

TEST(JsonMergerTest, LawsHoldOnRandomValues) {
  const MergerRegistry mergers;
  int clean = 0;
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Generator random(seed);
    const std::string base = RandomJson(random, 3), ours = RandomJson(random, 3),
                      theirs = RandomJson(random, 3);
    ASSERT_EQ(MergedJson(base, ours, ours), ours);
    ASSERT_EQ(MergedJson(base, base, theirs), theirs);
    ASSERT_EQ(MergedJson(base, ours, base), ours);
    const MergeResult one = mergers.Merge("x.json", {base, ours, theirs});
    const MergeResult two = mergers.Merge("x.json", {base, theirs, ours});
    ASSERT_EQ(one.verdict, two.verdict) << base << "\n--\n" << ours << "\n--\n" << theirs;
    ASSERT_TRUE(one.clean() || !one.conflicts.empty());
    clean += one.clean();
  }
  EXPECT_GT(clean, 100);
}

class LastLineWins final : public Merger {
 public:
  bool Accepts(absl::string_view name, absl::string_view) const override {
    return absl::EndsWith(name, ".counter");
  }
  MergeResult Merge(const MergeInput& input, const MergeOptions&) const override {
    if (input.base == "pass") return {.verdict = Verdict::kNotMergeable, .reason = "passed on"};
    return {.verdict = Verdict::kClean, .text = std::string(std::max(input.ours, input.theirs))};
  }
};

TEST(MergerRegistryTest, AUsersMergerIsAskedFirstAndMayPass) {
  MergerRegistry mergers;
  mergers.Add(std::make_unique<LastLineWins>());
  EXPECT_EQ(mergers.Merge("hits.counter", {"1", "5", "7"}).text, "7");
  EXPECT_EQ(mergers.Merge("hits.counter", {"pass", "pass a", "b pass"}).text, "b pass a");
  EXPECT_EQ(mergers.Merge("hits.txt", {"1", "5", "7"}).verdict, Verdict::kConflict);
}

TEST(MergerRegistryTest, BinaryContentSaysWhy) {
  const std::string zero("\0", 1);
  const MergeResult result = MergerRegistry().Merge("a.json", {zero, zero + "a", zero + "b"});
  EXPECT_EQ(result.verdict, Verdict::kNotMergeable);
  EXPECT_FALSE(result.reason.empty());
}

}  // namespace
}  // namespace syncengine
