// Names of conflicted copies: what they are made of, and that every disk takes them.
#include "syncengine/reconcile/conflict_name.h"

#include <string>

#include "gtest/gtest.h"
#include "syncengine/base/limits.h"

namespace syncengine {
namespace {

constexpr char kStamp[] = "2024-06-07 080910";

TEST(ConflictNameTest, SaysWhenAndByWhomBeforeTheExtension) {
  EXPECT_EQ(ConflictName("notes.txt", kStamp, "laptop", 0),
            "notes (conflict 2024-06-07 080910 laptop).txt");
  EXPECT_EQ(ConflictName("notes", kStamp, "laptop", 1),
            "notes (conflict 2024-06-07 080910 laptop 2)");
  EXPECT_EQ(ConflictName(".profile", kStamp, "laptop", 0),
            ".profile (conflict 2024-06-07 080910 laptop)");
}

TEST(ConflictNameTest, FitsEveryDiskWithoutCuttingACharacter) {
  const std::string umlauts = [] {
    std::string name;
    while (name.size() + 6 < limits::kNameBytesMax) name += "\xc3\xa4";
    return name + ".txt";
  }();
  for (const std::string& name : {umlauts, std::string(255, 'x'), "." + std::string(254, 'y')}) {
    for (const std::string& device : {std::string("d"), std::string(64, 'D')}) {
      const std::string copy = ConflictName(name, kStamp, device, 999);
      EXPECT_LE(copy.size(), limits::kNameBytesMax) << copy;
      EXPECT_TRUE(IsConflictName(copy)) << copy;
      const size_t mark = copy.find(" (conflict");
      ASSERT_NE(mark, std::string::npos);
      EXPECT_TRUE(name != umlauts || mark % 2 == 0) << copy;
    }
  }
}

TEST(ConflictNameTest, ADeviceCannotBreakOutOfTheName) {
  const std::string copy = ConflictName("n.txt", kStamp, std::string("../a)b(\0c", 9), 0);
  EXPECT_EQ(copy.find('/'), std::string::npos);
  EXPECT_EQ(copy.find('\0'), std::string::npos);
  EXPECT_EQ(OriginalName(copy), "n.txt");
}

TEST(ConflictNameTest, TheOriginalNameComesBack) {
  for (const char* name : {"notes.txt", "notes", ".profile", "a (1).txt", "x.tar.gz"}) {
    EXPECT_EQ(OriginalName(ConflictName(name, kStamp, "laptop", 0)), name);
    EXPECT_EQ(OriginalName(ConflictName(name, kStamp, "laptop", 7)), name);
    EXPECT_EQ(OriginalName(name), name);
  }
  // No mark of ours: somebody's own words.
  for (const char* name : {"talk (conflict of interest) draft.txt", "a (conflict", "(conflict )"}) {
    EXPECT_EQ(OriginalName(name), name);
    EXPECT_FALSE(IsConflictName(name));
  }
}

}  // namespace
}  // namespace syncengine
