// A directory on disk that lasts as long as a test.
#ifndef SYNCENGINE_TESTING_TEMPORARY_DIRECTORY_H_
#define SYNCENGINE_TESTING_TEMPORARY_DIRECTORY_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "absl/strings/string_view.h"

namespace syncengine::testing {

// Created empty, removed with all it holds. Thread-compatible.
class TemporaryDirectory {
 public:
  // In `parent`; empty: where temporary files belong.
  explicit TemporaryDirectory(const std::string& parent = "")
      : path_((parent.empty() ? ::testing::TempDir() : parent) + "/syncengine-XXXXXX") {
    EXPECT_NE(mkdtemp(path_.data()), nullptr) << path_;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string Child(absl::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTING_TEMPORARY_DIRECTORY_H_
