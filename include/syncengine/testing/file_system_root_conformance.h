// The promise of ports/file_system.h that no call leaves the root or follows a symlink;
// file_system_conformance.h says how to run it.
#ifndef SYNCENGINE_TESTING_FILE_SYSTEM_ROOT_CONFORMANCE_H_
#define SYNCENGINE_TESTING_FILE_SYSTEM_ROOT_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "syncengine/ports/file_system.h"
#include "syncengine/testing/file_system_fixture.h"
#include "syncengine/testing/status_matchers.h"

namespace syncengine::testing {

template <typename Harness>
class FileSystemRootConformance : public FileSystemFixture<Harness> {
 protected:
  struct Call {
    std::string name;
    std::function<absl::Status(const std::string& path)> run;
  };

  // Every call that takes a path. Those that only look at the last component without following it
  // come first.
  std::vector<Call> Calls(bool follows_last) {
    FileSystem& files = this->files();
    if (follows_last) {
      return {{"OpenToRead", [&](const auto& p) { return files.OpenToRead(p).status(); }},
              {"List", [&](const auto& p) { return files.List(p).status(); }},
              {"SyncDirectory", [&](const auto& p) { return files.SyncDirectory(p); }},
              {"Lock", [&](const auto& p) { return files.Lock(p).status(); }}};
    }
    return {
        {"Stat", [&](const auto& p) { return files.Stat(p).status(); }},
        {"Create", [&](const auto& p) { return files.Create(p, 0600).status(); }},
        {"MakeDirectory", [&](const auto& p) { return files.MakeDirectory(p, 0700); }},
        {"MakeSymlink", [&](const auto& p) { return files.MakeSymlink(p, "x"); }},
        {"ReadSymlink", [&](const auto& p) { return files.ReadSymlink(p).status(); }},
        {"RemoveFile", [&](const auto& p) { return files.RemoveFile(p); }},
        {"RemoveDirectory", [&](const auto& p) { return files.RemoveDirectory(p); }},
        {"SetAttributes", [&](const auto& p) { return files.SetAttributes(p, 0, {}); }},
        {"RenameFrom", [&](const auto& p) { return files.Rename(p, "new", RenameMode::kReplace); }},
        {"RenameTo",
         [&](const auto& p) { return files.Rename("inside", p, RenameMode::kReplace); }}};
  }

  void ExpectAll(const std::string& path, absl::StatusCode code) {
    for (const bool follows_last : {false, true}) {
      for (const Call& call : Calls(follows_last)) {
        EXPECT_TRUE(HasCode(call.run(path), code)) << call.name << " of " << path;
      }
    }
  }
};

TYPED_TEST_SUITE_P(FileSystemRootConformance);

TYPED_TEST_P(FileSystemRootConformance, PathsOutOfTheRootAreRefused) {
  this->Write("inside", "1");
  SE_ASSERT_OK(this->files().MakeDirectory("d", 0700));
  for (const std::string path : {"..", "../x", "d/..", "d/../../x", "/", "/etc/passwd", "d/../x"}) {
    this->ExpectAll(path, absl::StatusCode::kPermissionDenied);
  }
}

TYPED_TEST_P(FileSystemRootConformance, MalformedPathsAreRefused) {
  this->Write("inside", "1");
  SE_ASSERT_OK(this->files().MakeDirectory("d", 0700));
  for (const std::string& path :
       {std::string("d//x"), std::string("d/"), std::string("."), std::string("./x"),
        std::string("d/."), std::string("a\0b", 3), std::string(300, 'n')}) {
    this->ExpectAll(path, absl::StatusCode::kInvalidArgument);
  }
}

TYPED_TEST_P(FileSystemRootConformance, SymlinksInsideAPathAreNeverFollowed) {
  this->Write("inside", "1");
  SE_ASSERT_OK(this->files().MakeDirectory("d", 0700));
  this->Write("d/x", "2");
  SE_ASSERT_OK(this->files().MakeSymlink("to_d", "d"));
  SE_ASSERT_OK(this->files().MakeSymlink("to_root", "."));
  SE_ASSERT_OK(this->files().MakeSymlink("d/up", ".."));
  SE_ASSERT_OK(this->files().MakeSymlink("out", "/"));
  for (const std::string path : {"to_d/x", "to_root/inside", "d/up/inside", "out/etc", "to_d/none",
                                 "to_root/d/x", "out/etc/passwd"}) {
    this->ExpectAll(path, absl::StatusCode::kPermissionDenied);
  }
  EXPECT_EQ(this->Read("inside"), "1");
  EXPECT_EQ(this->Read("d/x"), "2");
}

TYPED_TEST_P(FileSystemRootConformance, LastSymlinkIsNotFollowedEither) {
  this->Write("file", "1");
  SE_ASSERT_OK(this->files().MakeDirectory("d", 0700));
  SE_ASSERT_OK(this->files().MakeSymlink("to_file", "file"));
  SE_ASSERT_OK(this->files().MakeSymlink("to_d", "d"));
  SE_ASSERT_OK(this->files().MakeSymlink("dangling", "none"));
  for (const std::string path : {"to_file", "to_d", "dangling"}) {
    for (const auto& call : this->Calls(true)) {
      EXPECT_TRUE(HasCode(call.run(path), absl::StatusCode::kPermissionDenied))
          << call.name << " of " << path;
    }
    EXPECT_EQ(this->files().Stat(path)->kind, FileKind::kSymlink);
  }
  SE_EXPECT_CODE(this->files().Stat("none"), kNotFound);
  SE_EXPECT_OK(this->files().SetAttributes("to_file", 1'000'000'000, std::nullopt));
  EXPECT_NE(this->files().Stat("file")->mtime_ns, 1'000'000'000);
  SE_EXPECT_OK(this->files().RemoveFile("to_d"));
  EXPECT_EQ(this->files().Stat("d")->kind, FileKind::kDirectory);
}

REGISTER_TYPED_TEST_SUITE_P(FileSystemRootConformance, PathsOutOfTheRootAreRefused,
                            MalformedPathsAreRefused, SymlinksInsideAPathAreNeverFollowed,
                            LastSymlinkIsNotFollowedEither);

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTING_FILE_SYSTEM_ROOT_CONFORMANCE_H_
