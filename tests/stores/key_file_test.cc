// Who may read a root key file.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "syncengine/stores/file_key_provider.h"
#include "syncengine/testing/seeded_entropy.h"
#include "syncengine/testing/status_matchers.h"
#include "syncengine/testing/temporary_directory.h"

namespace syncengine::testing {
namespace {

class KeyFileTest : public ::testing::Test {
 protected:
  absl::Status Open() { return FileKeyProvider::Open(path_, entropy_).status(); }

  TemporaryDirectory directory_;
  const std::string path_ = directory_.Child("root.key");
  SeededEntropy entropy_{7};
};

TEST_F(KeyFileTest, CreatedFileIsPrivateAndOpens) {
  SE_EXPECT_CODE(Open(), kNotFound);
  SE_ASSERT_OK(FileKeyProvider::Create(path_, entropy_));
  struct stat found {};
  ASSERT_EQ(stat(path_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, 0600u);
  EXPECT_EQ(found.st_size, 32);
  EXPECT_EQ(found.st_nlink, 1u) << "the temporary name was left behind";
  SE_EXPECT_OK(Open());
}

TEST_F(KeyFileTest, CreateNeverReplacesAKey) {
  SE_ASSERT_OK(FileKeyProvider::Create(path_, entropy_));
  SE_ASSERT_OK_AND_ASSIGN(const auto first, FileKeyProvider::Open(path_, entropy_));
  SE_ASSERT_OK_AND_ASSIGN(const std::string slot, first->Wrap(NamespaceId(), Secret("bundle")));
  SE_EXPECT_CODE(FileKeyProvider::Create(path_, entropy_), kAlreadyExists);
  SE_ASSERT_OK_AND_ASSIGN(const auto second, FileKeyProvider::Open(path_, entropy_));
  EXPECT_EQ(second->Unwrap(NamespaceId(), slot)->bytes(), "bundle");
}

TEST_F(KeyFileTest, OpenToOthersIsRefused) {
  SE_ASSERT_OK(FileKeyProvider::Create(path_, entropy_));
  for (const mode_t mode : {0640, 0604, 0620, 0666, 0601}) {
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
    SE_EXPECT_CODE(Open(), kPermissionDenied);
  }
  ASSERT_EQ(chmod(path_.c_str(), 0400), 0);
  SE_EXPECT_OK(Open());
}

TEST_F(KeyFileTest, ForeignOwnerIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  SE_ASSERT_OK(FileKeyProvider::Create(path_, entropy_));
  ASSERT_EQ(chown(path_.c_str(), 12345, 12345), 0);
  SE_EXPECT_CODE(Open(), kPermissionDenied);
}

TEST_F(KeyFileTest, OnlyARegularFileOf32BytesIsAKey) {
  const std::string other = directory_.Child("other");
  SE_ASSERT_OK(FileKeyProvider::Create(other, entropy_));
  ASSERT_EQ(symlink(other.c_str(), path_.c_str()), 0);
  SE_EXPECT_CODE(Open(), kPermissionDenied);
  ASSERT_EQ(unlink(path_.c_str()), 0);
  for (const size_t size : {0, 31, 33}) {
    std::ofstream(path_) << std::string(size, 'k');
    ASSERT_EQ(chmod(path_.c_str(), 0600), 0);
    SE_EXPECT_REASON(Open(), Reason::kIntegrity);
  }
}

}  // namespace
}  // namespace syncengine::testing
