// A repository in a directory, from outside.
#include "syncengine/repository/local_repository.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "syncengine/format/keys.h"
#include "syncengine/testing/status_matchers.h"
#include "syncengine/testing/temporary_directory.h"

namespace syncengine::testing {
namespace {

TEST(LocalRepositoryTest, WhatOneInstanceCreatesAnotherFinds) {
  TemporaryDirectory directory;
  const std::string path = directory.Child("deep/repository");
  SE_ASSERT_OK(LocalRepository::Initialise(path));
  NamespaceRecord record{.name = "main"};
  {
    SE_ASSERT_OK_AND_ASSIGN(const auto repository, LocalRepository::Open(path));
    record.id = repository->entropy().NewId<NamespaceId>();
    const auto keys = NamespaceKeys::Create(record.id, std::string(64, 'k')).value();
    const auto session = repository->OwnerSession();
    SE_ASSERT_OK(session->CreateNamespace(record, keys->EncodeBundle()));
  }
  SE_ASSERT_OK_AND_ASSIGN(const auto first, LocalRepository::Open(path));
  SE_ASSERT_OK_AND_ASSIGN(const auto second, LocalRepository::Open(path));
  EXPECT_EQ(first->engine().id(), second->engine().id());
  SE_ASSERT_OK_AND_ASSIGN(const auto namespaces, second->OwnerSession()->ListNamespaces());
  ASSERT_EQ(namespaces.size(), 1u);
  EXPECT_EQ(namespaces[0].id, record.id);
  SE_ASSERT_OK_AND_ASSIGN(const Secret bundle, second->OwnerSession()->FetchKeys(record.id));
  EXPECT_TRUE(NamespaceKeys::DecodeBundle(bundle).ok());
}

TEST(LocalRepositoryTest, OpeningNothingSaysThatNothingIsThereAndCreatesNothing) {
  TemporaryDirectory directory;
  SE_EXPECT_REASON(LocalRepository::Open(directory.path()), Reason::kNotInitialised);
  SE_EXPECT_REASON(LocalRepository::Open(directory.Child("missing")), Reason::kNotInitialised);
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(LocalRepositoryTest, AnExistingRepositoryOrAForeignDirectoryIsNotInitialised) {
  TemporaryDirectory directory;
  SE_ASSERT_OK(LocalRepository::Initialise(directory.Child("r")));
  SE_EXPECT_CODE(LocalRepository::Initialise(directory.Child("r")), kAlreadyExists);
  std::ofstream(directory.Child("letter.txt")) << "dear";
  SE_EXPECT_CODE(LocalRepository::Initialise(directory.path()), kFailedPrecondition);
}

TEST(LocalRepositoryTest, ALostRootKeyIsNotReplaced) {
  TemporaryDirectory directory;
  SE_ASSERT_OK(LocalRepository::Initialise(directory.Child("r")));
  std::filesystem::remove(directory.Child("r/root.key"));
  SE_EXPECT_CODE(LocalRepository::Initialise(directory.Child("r")), kFailedPrecondition);
  EXPECT_FALSE(std::filesystem::exists(directory.Child("r/root.key")));
}

}  // namespace
}  // namespace syncengine::testing
