// The laws of edits and of the text store, on seeded random cases.
#include "src/diffsync/text_edit.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "src/diffsync/pending_edits.h"
#include "src/diffsync/rope.h"
#include "src/diffsync/utf8.h"
#include "syncengine/testing/status_matchers.h"
#include "tests/diffsync/generator.h"

namespace syncengine::diffsync {
namespace {

using diffsync_test::Boundary;
using diffsync_test::Generator;
using diffsync_test::RandomWord;

std::string RandomText(Generator& random, size_t words) {
  std::string text;
  for (size_t i = 0; i < words; ++i) text += RandomWord(random) + (random.Percent(15) ? "\n" : " ");
  return text;
}

LiveSplice RandomSplice(Generator& random, const std::string& text) {
  const size_t from = Boundary(text, random.Below(text.size() + 1));
  const size_t to = Boundary(text, std::min(text.size(), from + random.Below(12)));
  const bool deletes = to > from && random.Percent(50);
  return {from, deletes ? to - from : 0, random.Percent(70) ? RandomWord(random) : ""};
}

TextEdit RandomEdit(Generator& random, const std::string& text) {
  PendingEdits pending;
  Rope now(text);
  for (size_t left = random.Below(6); left > 0; --left) {
    const LiveSplice splice = RandomSplice(random, now.Text());
    now.Replace(splice.position, splice.deleted, splice.inserted);
    pending.Add(splice);
  }
  return pending.Take();
}

std::string After(const std::string& text, const TextEdit& edit) {
  Rope rope(text);
  EXPECT_TRUE(CheckFits(edit, rope).ok()) << CheckFits(edit, rope);
  Apply(edit, rope);
  return rope.Text();
}

TEST(TextEditTest, TransformedEditsMeetAndComposedOnesFollow) {
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE(seed);
    Generator random(seed);
    const std::string base = RandomText(random, random.Below(30));
    const TextEdit a = RandomEdit(random, base), b = RandomEdit(random, base);
    const Transformed moved = Transform(a, b);
    const std::string one = After(After(base, a), moved.second_after);
    ASSERT_EQ(one, After(After(base, b), moved.first_after));
    ASSERT_EQ(After(base, Compose(a, moved.second_after)), one);
    const TextEdit c = RandomEdit(random, one);
    ASSERT_EQ(After(base, ComposeAll({a, moved.second_after, c})), After(one, c));
  }
}

TEST(TextEditTest, AnInvertedEditLeadsBack) {
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE(seed);
    Generator random(seed);
    const std::string base = RandomText(random, random.Below(30));
    const TextEdit edit = RandomEdit(random, base);
    const TextEdit back = Invert(edit, DeletedBy(edit, Rope(base)));
    ASSERT_EQ(After(After(base, edit), back), base);
  }
}

TEST(TextEditTest, WhatReplacesTextStandsInItsPlace) {
  const TextEdit replaced = TextEdit::FromSplice({4, 4, "blue"});  // "one [red ]two"
  const TextEdit after = TextEdit::FromSplice({8, 0, "Z"});
  EXPECT_EQ(After(After("one red two", replaced), Transform(after, replaced).first_after),
            "one blueZtwo");
  const TextEdit before = TextEdit::FromSplice({4, 0, "Z"});
  EXPECT_EQ(After(After("one red two", replaced), Transform(before, replaced).first_after),
            "one Zbluetwo");
}

TEST(TextEditTest, EditsThatDoNotFitAreRefused) {
  const Rope text("añb");
  EXPECT_TRUE(absl::IsInvalidArgument(CheckFits(TextEdit::FromSplice({2, 0, "x"}), text)));
  EXPECT_TRUE(absl::IsInvalidArgument(CheckFits(TextEdit::FromSplice({1, 1, ""}), text)));
  EXPECT_TRUE(absl::IsInvalidArgument(CheckFits(TextEdit::FromSplice({5, 0, "x"}), text)));
  EXPECT_TRUE(absl::IsInvalidArgument(CheckFits(TextEdit::FromSplice({0, 9, ""}), text)));
  EXPECT_TRUE(absl::IsInvalidArgument(CheckFits(TextEdit::FromSplice({0, 0, "\xC3"}), text)));
  EXPECT_TRUE(
      absl::IsInvalidArgument(CheckFits(TextEdit::FromSplice({0, 0, "\xED\xA0\x80"}), text)));
  EXPECT_TRUE(CheckFits(TextEdit::FromSplice({1, 2, "🙂"}), text).ok());
}

TEST(RopeTest, IsTheStringThatTheSameEditsMake) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Generator random(seed);
    std::string text = RandomText(random, 40 * random.Below(60));
    Rope rope(text);
    std::vector<std::pair<Rope, std::string>> copies;
    for (int step = 0; step < 400; ++step) {
      const size_t from = random.Below(text.size() + 1);
      const size_t deleted =
          std::min(text.size() - from, random.Below(random.Percent(5) ? 9000 : 9));
      const std::string inserted = RandomText(random, random.Below(random.Percent(3) ? 900 : 3));
      rope.Replace(from, deleted, inserted);
      text.replace(from, deleted, inserted);
      ASSERT_EQ(rope.size(), text.size());
      if (random.Percent(5)) copies.emplace_back(rope, text);
      if (random.Percent(10)) {
        ASSERT_EQ(rope.Text(), text);
        ASSERT_EQ(rope.Checksum(), Rope(text).Checksum()) << "the cut into leaves shows";
      }
    }
    for (const auto& [copy, expected] : copies) ASSERT_EQ(copy.Text(), expected);
  }
}

TEST(RopeTest, CountsCodePoints) {
  Generator random(7);
  const std::string text = RandomText(random, 2000);
  const Rope rope(text);
  size_t index = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    if (IsContinuation(text[at])) {
      EXPECT_FALSE(rope.IsBoundary(at));
      continue;
    }
    ASSERT_TRUE(rope.IsBoundary(at));
    ASSERT_EQ(rope.OffsetOfCodePoint(index), at);
    ASSERT_EQ(rope.CodePointAtOffset(at), index);
    ++index;
  }
  EXPECT_EQ(rope.OffsetOfCodePoint(index), text.size());
  EXPECT_EQ(rope.CodePointAtOffset(text.size()), index);
}

// Any writer of packets must compute the same: sum of (byte + 1) * base^(bytes after it).
TEST(RopeTest, ChecksumIsTheDocumentedPolynomial) {
  EXPECT_EQ(Rope("").Checksum(), 0u);
  EXPECT_EQ(Rope("a").Checksum(), 98u);
  // 98 * 0x0B5E7A3C91D4F268 + 99 modulo 2^61 - 1.
  EXPECT_EQ(Rope("ab").Checksum(), 1885542800280570965u);
}

TEST(LiveSpliceTest, CursorsMoveWithTheText) {
  const std::vector<LiveSplice> insertion = {{5, 0, "abc"}};
  EXPECT_EQ(MapPosition(4, insertion), 4u);
  EXPECT_EQ(MapPosition(5, insertion), 5u);
  EXPECT_EQ(MapPosition(6, insertion), 9u);
  const std::vector<LiveSplice> replacement = {{5, 4, "x"}};
  EXPECT_EQ(MapPosition(7, replacement), 5u);
  EXPECT_EQ(MapPosition(9, replacement), 6u);
}

TEST(Utf8Test, AcceptsWhatTheStandardDoes) {
  EXPECT_TRUE(IsUtf8("plain ascii text, é, 漢字, \xF4\x8F\xBF\xBF"));
  for (const char* bad : {"\x80", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                          "\xF5\x80\x80\x80", "abcdefgh\xE6\xBC", "\xFF"}) {
    EXPECT_FALSE(IsUtf8(bad)) << bad;
  }
}

}  // namespace
}  // namespace syncengine::diffsync
