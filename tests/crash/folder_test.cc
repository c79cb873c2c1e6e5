// The folder client after power was cut behind every call it makes to its disk, its own state and
// its server: what is at a user's path is whole, nothing is lost, and the folder meets the server
// again.
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/crash/folder_crash.h"

namespace syncengine::testing {
namespace {

std::string Large(char seed, size_t size) {
  std::string bytes(size, '\0');
  uint32_t state = static_cast<uint32_t>(seed);
  for (char& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(1 + (state >> 24) % 255);
  }
  return bytes;
}

void SomeFiles(User& user) {
  user.MakeDirectory("d");
  user.MakeDirectory("e");
  for (const char* path : {"one", "two", "three", "d/four", "d/five", "e/six"}) {
    user.Write(path, absl::StrCat("base of ", path));
  }
}

TEST(FolderCrashTest, ANewFileFromThere) {
  FolderCrash({.there = [](User& there) { there.Write("new", "new content"); }});
}

TEST(FolderCrashTest, ALargeFileFromThere) {
  FolderCrash({.there = [](User& there) { there.Write("new", Large('x', 40'000)); }});
}

// Holes are found within a block.
TEST(FolderCrashTest, AFileWithHolesFromThere) {
  const std::string holes = Large('a', 5000) + std::string(20'000, '\0') + Large('b', 100);
  const std::string ends_in_hole = Large('a', 4096) + std::string(8192, '\0');
  FolderCrash({.there =
                   [&](User& there) {
                     there.Write("holes", holes);
                     there.Write("ends in a hole", ends_in_hole);
                     there.Write("all hole", std::string(12'288, '\0'));
                   },
               .average_block_bytes = 16'384});
}

TEST(FolderCrashTest, AnEmptyFileFromThere) {
  FolderCrash({.there = [](User& there) { there.Write("empty", ""); }});
}

TEST(FolderCrashTest, ManyNewFilesFromThere) {
  FolderCrash({.there = [](User& there) {
    for (int i = 0; i < 8; ++i) there.Write(absl::StrCat("n", i), absl::StrCat("content ", i));
  }});
}

TEST(FolderCrashTest, NewDirectoriesFromThere) {
  FolderCrash({.base = SomeFiles, .there = [](User& there) {
                 there.MakeDirectory("d/sub");
                 there.MakeDirectory("d/sub/sub");
                 there.Write("d/sub/sub/file", "deep");
                 there.MakeDirectory("empty");
               }});
}

TEST(FolderCrashTest, AnEditFromThere) {
  FolderCrash({.base = SomeFiles, .there = [](User& there) { there.Write("one", "edited"); }});
}

TEST(FolderCrashTest, AnEditFromThereWithoutExchange) {
  FolderCrash({.base = SomeFiles,
               .there = [](User& there) { there.Write("one", "edited"); },
               .disk = {.exchange = false}});
}

TEST(FolderCrashTest, EditsInSeveralDirectories) {
  FolderCrash({.base = SomeFiles, .there = [](User& there) {
                 for (const char* path : {"one", "d/four", "e/six"})
                   there.Write(path, "edited " + std::string(path));
               }});
}

TEST(FolderCrashTest, ALargeEdit) {
  FolderCrash({.base = [](User& base) { base.Write("large", Large('p', 20'000)); },
               .there = [](User& there) { there.Write("large", Large('q', 24'000)); }});
}

TEST(FolderCrashTest, DeletionsFromThere) {
  FolderCrash({.base = SomeFiles, .there = [](User& there) {
                 there.Remove("one");
                 there.Remove("d/four");
               }});
}

TEST(FolderCrashTest, ADirectoryDeletedThere) {
  FolderCrash({.base = SomeFiles, .there = [](User& there) { there.RemoveTree("d"); }});
}

TEST(FolderCrashTest, ARenameFromThere) {
  FolderCrash({.base = SomeFiles, .there = [](User& there) { there.Rename("one", "uno"); }});
}

TEST(FolderCrashTest, MovesBetweenDirectories) {
  FolderCrash({.base = SomeFiles, .there = [](User& there) {
                 there.Rename("d/four", "e/four");
                 there.Rename("e/six", "d/six");
                 there.Rename("one", "d/one");
               }});
}

TEST(FolderCrashTest, AMovedAndEditedFile) {
  FolderCrash({.base = SomeFiles, .there = [](User& there) {
                 there.Rename("d/four", "e/four");
                 there.Write("e/four", "moved and edited");
               }});
}

TEST(FolderCrashTest, ARenamedDirectory) {
  FolderCrash({.base = SomeFiles, .there = [](User& there) { there.Rename("d", "f"); }});
}

TEST(FolderCrashTest, ADirectoryMovedIntoANewOne) {
  FolderCrash({.base = SomeFiles, .there = [](User& there) {
                 there.MakeDirectory("new");
                 there.Rename("d", "new/d");
                 there.Write("new/d/more", "more");
               }});
}

TEST(FolderCrashTest, TwoNamesSwapped) {
  FolderCrash({.base = SomeFiles, .there = [](User& there) {
                 there.Rename("one", "t");
                 there.Rename("two", "one");
                 there.Rename("t", "two");
               }});
}

TEST(FolderCrashTest, TwoPairsOfNamesSwapped) {
  FolderCrash({.base = SomeFiles, .there = [](User& there) {
                 there.Rename("one", "t");
                 there.Rename("two", "one");
                 there.Rename("t", "two");
                 there.Rename("d/four", "d/t");
                 there.Rename("d/five", "d/four");
                 there.Rename("d/t", "d/five");
               }});
}

TEST(FolderCrashTest, TwoPairsOfNamesSwappedThereAndEditedHere) {
  FolderCrash({.base = SomeFiles,
               .there =
                   [](User& there) {
                     there.Rename("one", "t");
                     there.Rename("two", "one");
                     there.Rename("t", "two");
                     there.Rename("d/four", "d/t");
                     there.Rename("d/five", "d/four");
                     there.Rename("d/t", "d/five");
                   },
               .here =
                   [](User& here) {
                     for (const char* path : {"one", "two", "d/four", "d/five"}) {
                       here.Write(path, absl::StrCat("edited here: ", path));
                     }
                   }});
}

TEST(FolderCrashTest, DirectoriesSwapped) {
  FolderCrash({.base = SomeFiles, .there = [](User& there) {
                 there.Rename("d", "t");
                 there.Rename("e", "d");
                 there.Rename("t", "e");
               }});
}

TEST(FolderCrashTest, AFileInPlaceOfAMovedOne) {
  FolderCrash({.base = SomeFiles, .there = [](User& there) {
                 there.Rename("one", "d/old one");
                 there.Write("one", "another one");
               }});
}

TEST(FolderCrashTest, AFileInPlaceOfADeletedDirectory) {
  FolderCrash({.base = SomeFiles, .there = [](User& there) {
                 there.RemoveTree("e");
                 there.Write("e", "a file now");
               }});
}

TEST(FolderCrashTest, ModesFromThere) {
  FolderCrash({.base = SomeFiles, .there = [](User& there) {
                 there.SetMode("one", 0755);
                 there.Write("program", "#!", 0755);
               }});
}

TEST(FolderCrashTest, AModeFromHereForWhatChangedThere) {
  FolderCrash({.base = SomeFiles,
               .there =
                   [](User& there) {
                     there.Write("one", "edited there");
                     there.Rename("two", "d/two");
                   },
               .here =
                   [](User& here) {
                     here.SetMode("one", 0755);
                     here.SetMode("two", 0755);
                   }});
}

TEST(FolderCrashTest, AModeFromHereForWhatChangedThereWithoutExchange) {
  FolderCrash({.base = SomeFiles,
               .there = [](User& there) { there.Write("one", "edited there"); },
               .here = [](User& here) { here.SetMode("one", 0755); },
               .disk = {.exchange = false}});
}

TEST(FolderCrashTest, ADirectoryMovedIntoOneThatWasInIt) {
  FolderCrash({.base =
                   [](User& base) {
                     base.MakeDirectory("d");
                     base.MakeDirectory("d/inner");
                     base.MakeDirectory("e");
                     base.Write("d/one", "base of one");
                     base.Write("d/inner/two", "base of two");
                   },
               .there =
                   [](User& there) {
                     there.Rename("d/inner", "e/outer");
                     there.Rename("d", "e/outer/d");
                   },
               .here = [](User& here) { here.Write("d/one", "edited here"); }});
}

TEST(FolderCrashTest, SymlinksFromThere) {
  FolderCrash({.base = [](User& base) { base.MakeSymlink("old link", "a"); },
               .there =
                   [](User& there) {
                     there.MakeSymlink("link", "target");
                     there.Remove("old link");
                     there.MakeSymlink("old link", "b");
                   }});
}

TEST(FolderCrashTest, NewFilesFromHere) {
  FolderCrash({.base = SomeFiles, .here = [](User& here) {
                 here.Write("mine", "mine");
                 here.MakeDirectory("my directory");
                 here.Write("my directory/large", Large('m', 20'000));
               }});
}

TEST(FolderCrashTest, EditsRenamesAndDeletionsFromHere) {
  FolderCrash({.base = SomeFiles, .here = [](User& here) {
                 here.Write("one", "edited here");
                 here.Rename("two", "d/two");
                 here.Remove("three");
                 here.RemoveTree("e");
                 here.SetMode("d/four", 0755);
                 here.MakeSymlink("my link", "one");
               }});
}

TEST(FolderCrashTest, AConflict) {
  FolderCrash({.base = SomeFiles,
               .there = [](User& there) { there.Write("one", "edited there"); },
               .here = [](User& here) { here.Write("one", "edited here"); }});
}

TEST(FolderCrashTest, AConflictOfNewFiles) {
  FolderCrash({.there = [](User& there) { there.Write("new", "new there"); },
               .here = [](User& here) { here.Write("new", "new here"); }});
}

TEST(FolderCrashTest, SeveralConflicts) {
  FolderCrash({.base = SomeFiles,
               .there =
                   [](User& there) {
                     there.Write("one", "one there");
                     there.Write("d/four", "four there");
                     there.Write("new", "new there");
                   },
               .here =
                   [](User& here) {
                     here.Write("one", "one here");
                     here.Write("d/four", "four here");
                     here.Write("new", "new here");
                   }});
}

TEST(FolderCrashTest, EqualChangesOnBothSides) {
  FolderCrash({.base = SomeFiles,
               .there =
                   [](User& there) {
                     there.Write("one", "the same");
                     there.Write("n", "n");
                   },
               .here =
                   [](User& here) {
                     here.Write("one", "the same");
                     here.Write("n", "n");
                   }});
}

TEST(FolderCrashTest, DeletedThereEditedHere) {
  FolderCrash({.base = SomeFiles,
               .there =
                   [](User& there) {
                     there.Remove("one");
                     there.RemoveTree("d");
                   },
               .here =
                   [](User& here) {
                     here.Write("one", "edited here");
                     here.Write("d/four", "edited here, too");
                   }});
}

TEST(FolderCrashTest, EditedThereDeletedHere) {
  FolderCrash({.base = SomeFiles,
               .there = [](User& there) { there.Write("one", "edited there"); },
               .here = [](User& here) { here.Remove("one"); }});
}

TEST(FolderCrashTest, SwappedThereDeletedHere) {
  FolderCrash({.base = SomeFiles,
               .there =
                   [](User& there) {
                     there.Rename("one", "t");
                     there.Rename("two", "one");
                     there.Rename("t", "two");
                   },
               .here =
                   [](User& here) {
                     here.Remove("one");
                     here.Remove("two");
                   }});
}

TEST(FolderCrashTest, MovedOnBothSides) {
  FolderCrash({.base = SomeFiles,
               .there = [](User& there) { there.Rename("one", "d/one"); },
               .here = [](User& here) { here.Rename("one", "e/one"); }});
}

TEST(FolderCrashTest, MovedThereEditedHere) {
  FolderCrash({.base = SomeFiles,
               .there =
                   [](User& there) {
                     there.Rename("one", "d/one");
                     there.Rename("e", "d/e");
                   },
               .here =
                   [](User& here) {
                     here.Write("one", "edited here");
                     here.Write("e/six", "edited here, too");
                   }});
}

TEST(FolderCrashTest, NewHereInADirectoryDeletedThere) {
  FolderCrash({.base = SomeFiles,
               .there = [](User& there) { there.RemoveTree("d"); },
               .here = [](User& here) { here.Write("d/mine", "mine"); }});
}

TEST(FolderCrashTest, LetterCaseChangedOnADiskThatIgnoresIt) {
  FolderCrash({.base = SomeFiles,
               .there =
                   [](User& there) {
                     there.Rename("one", "ONE");
                     there.Write("two", "2");
                   },
               .disk = {.case_sensitive = false}});
}

TEST(FolderCrashTest, CoarseTimes) {
  FolderCrash({.base = SomeFiles,
               .there = [](User& there) { there.Write("one", "edited there"); },
               .here = [](User& here) { here.Write("two", "edited here"); },
               .disk = {.mtime_granularity_ns = 2'000'000'000}});
}

TEST(FolderCrashTest, EverythingAtOnce) {
  FolderCrash({.base = SomeFiles,
               .there =
                   [](User& there) {
                     there.Write("one", "one there");
                     there.Write("new", Large('n', 9000));
                     there.Rename("two", "t");
                     there.Rename("three", "two");
                     there.Rename("t", "three");
                     there.Remove("d/four");
                     there.Rename("d/five", "e/five");
                     there.MakeDirectory("f");
                     there.Write("f/g", "g");
                   },
               .here =
                   [](User& here) {
                     here.Write("one", "one here");
                     here.Write("mine", Large('m', 9000));
                     here.Rename("e/six", "e/seven");
                   }});
}

TEST(FolderCrashTest, AFirstSyncOfTwoFullFolders) {
  FolderCrash({.there = SomeFiles, .here = [](User& here) {
                 here.MakeDirectory("d");
                 here.Write("one", "base of one");
                 here.Write("two", "another two");
                 here.Write("d/mine", "mine");
               }});
}

TEST(FolderCrashTest, SwapsAndDeletionsRightAfterTheFirstSync) {
  FolderCrash({.there = SomeFiles, .then = [](User& there) {
                 there.Rename("one", "t");
                 there.Rename("two", "one");
                 there.Rename("t", "two");
                 there.Remove("three");
                 there.Write("d/four", "edited");
               }});
}

TEST(FolderCrashTest, ADirectoryMadeAndFilledTwice) {
  FolderCrash({.base = SomeFiles,
               .there =
                   [](User& there) {
                     there.MakeDirectory("a");
                     there.MakeDirectory("a/b");
                     there.Rename("one", "a/b/one");
                   },
               .then =
                   [](User& there) {
                     there.Rename("a", "z");
                     there.MakeDirectory("a");
                     there.Rename("d", "a/d");
                     there.Rename("z/b/one", "a/d/one");
                   }});
}

// Somebody who does anything, each content being written only once.
class AnyUser {
 public:
  AnyUser(uint64_t seed, std::string name) : random_(seed), name_(std::move(name)) {}

  void Act(User& user, int times) {
    for (int i = 0; i < times; ++i) Act(user);
  }

 private:
  void Act(User& user) {
    std::vector<std::string> files;
    std::vector<std::string> directories = {""};
    for (const auto& [path, content] : TreeOf(user.disk())) {
      (content == "directory" ? directories : files).push_back(path);
    }
    const std::string at = Any(directories);
    const std::string name = absl::StrCat(name_, ++last_);
    const std::string fresh = at.empty() ? name : absl::StrCat(at, "/", name);
    const uint64_t dice = random_() % 12;
    if (dice < 3) return user.Write(fresh, Content());
    if (dice == 3) return user.MakeDirectory(fresh);
    if (dice == 4) return user.MakeSymlink(fresh, name);
    if (dice == 5 && directories.size() > 1) {
      const std::string from = directories[1 + random_() % (directories.size() - 1)];
      if (!absl::StartsWith(absl::StrCat(at, "/"), absl::StrCat(from, "/"))) {
        return user.Rename(from, fresh);
      }
    }
    if (files.empty()) return;
    const std::string file = Any(files);
    if (dice < 8) return user.Write(file, Content());
    if (dice == 8) return user.Remove(file);
    if (dice == 9) return user.Rename(file, fresh);
    if (dice == 10) return Swap(user, file, Any(files), fresh);
    if (absl::StartsWith(TreeOf(user.disk())[file], "file")) user.SetMode(file, 0755);
  }

  void Swap(User& user, const std::string& a, const std::string& b, const std::string& aside) {
    if (a == b) return;
    user.Rename(a, aside);
    user.Rename(b, a);
    user.Rename(aside, b);
  }
  std::string Content() {
    const size_t sizes[] = {1, 100, 4096, 6000, 10'000, 20'000};
    return absl::StrCat(name_, ++last_, Large(name_[0], sizes[random_() % 6]));
  }
  const std::string& Any(const std::vector<std::string>& paths) {
    return paths[random_() % paths.size()];
  }

  std::mt19937_64 random_;
  const std::string name_;
  int last_ = 0;
};

TEST(FolderCrashTest, AnyChangesOnBothSides) {
  for (uint64_t seed = 1; seed <= Tally::Get().seeds(); ++seed) {
    if (!Tally::Get().IsMine(seed)) continue;
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    AnyUser base(seed * 4, "base");
    AnyUser there(seed * 4 + 1, "there");
    AnyUser here(seed * 4 + 2, "here");
    const int amount = 1 + static_cast<int>(seed % 5);
    FolderCrash({.base = [&](User& user) { base.Act(user, 4 + 2 * amount); },
                 .there = [&](User& user) { there.Act(user, amount); },
                 .here = [&](User& user) { here.Act(user, amount); },
                 .then = [&](User& user) { there.Act(user, amount); },
                 .disk = {.exchange = seed % 3 != 0}});
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace syncengine::testing
