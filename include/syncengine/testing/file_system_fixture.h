// What the file system suites share.
#ifndef SYNCENGINE_TESTING_FILE_SYSTEM_FIXTURE_H_
#define SYNCENGINE_TESTING_FILE_SYSTEM_FIXTURE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "syncengine/ports/file_system.h"
#include "syncengine/testing/status_matchers.h"

namespace syncengine::testing {

template <typename Harness>
class FileSystemFixture : public ::testing::Test {
 protected:
  FileSystem& files() { return harness_.files(); }

  void Write(absl::string_view path, absl::string_view bytes) {
    auto file = files().Create(path, 0600);
    SE_ASSERT_OK(file);
    SE_EXPECT_OK((*file)->WriteAt(0, bytes));
  }

  std::string Read(absl::string_view path) {
    auto file = files().OpenToRead(path);
    if (!file.ok()) return file.status().ToString();
    std::string bytes((*file)->Stat().value().size, '?');
    EXPECT_EQ((*file)->ReadAt(0, bytes.data(), bytes.size()).value(), bytes.size());
    return bytes;
  }

  // The sorted names in a directory.
  std::vector<std::string> Names(absl::string_view path) {
    std::vector<std::string> names;
    const auto entries = files().List(path);
    SE_EXPECT_OK(entries);
    if (!entries.ok()) return names;
    for (const DirectoryEntry& entry : *entries) names.push_back(entry.name);
    std::sort(names.begin(), names.end());
    return names;
  }

  Harness harness_;
};

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTING_FILE_SYSTEM_FIXTURE_H_
