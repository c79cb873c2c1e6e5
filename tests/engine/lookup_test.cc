// Listing directories and whole trees in pages.
#include <gtest/gtest.h>

#include <random>

#include "tests/engine/engine_fixture.h"

namespace syncengine::testing {
namespace {

template <typename Stores>
class LookupTest : public EngineFixture<Stores> {
 protected:
  // Random directories and files; gives the paths in the order of a depth-first listing.
  std::vector<std::string> Grow(uint64_t seed, int count) {
    std::mt19937_64 random(seed);
    Caller caller = this->caller();
    std::vector<std::pair<NodeId, std::vector<std::string>>> directories = {{kRootNode, {}}};
    std::vector<std::vector<std::string>> paths;
    std::vector<Change> changes;
    for (int i = 0; i < count; ++i) {
      const auto [parent, above] = directories[random() % directories.size()];
      // '!' sorts before '/', and "a" before "a!": the order of names is not that of paths.
      const std::string name = absl::StrCat(random() % 2 ? "a" : "a!", i);
      const NodeId node = caller.NewNode();
      const bool directory = random() % 3 == 0;
      changes.push_back(directory ? Caller::Directory(node, parent, name)
                                  : Caller::EmptyFile(node, parent, name));
      std::vector<std::string> path = above;
      path.push_back(name);
      if (directory) directories.emplace_back(node, path);
      paths.push_back(std::move(path));
    }
    EXPECT_TRUE(caller.Commit(changes).committed);
    std::sort(paths.begin(), paths.end());
    std::vector<std::string> joined;
    for (const auto& path : paths) joined.push_back(JoinPath(path).substr(1));
    return joined;
  }
  static std::string JoinPath(const std::vector<std::string>& names) {
    std::string path;
    for (const std::string& name : names) absl::StrAppend(&path, "/", name);
    return path;
  }
  std::vector<std::string> ListAll(ListRequest request) {
    std::vector<std::string> paths;
    for (bool more = true; more;) {
      auto page = this->session_->List(this->ns(), request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) return paths;
      EXPECT_LE(page->entries.size(), static_cast<size_t>(request.limit));
      for (const ListEntry& entry : page->entries) paths.push_back(entry.path);
      more = page->more && !page->entries.empty();
      if (more) request.after = paths.back();
    }
    return paths;
  }
};
TYPED_TEST_SUITE(LookupTest, AllStores);

TYPED_TEST(LookupTest, RecursivePagesOfAnySizeGiveTheWholeTreeDepthFirst) {
  const uint64_t seed = 20;
  const auto expected = this->Grow(seed, 200);
  for (const int limit : {1, 2, 3, 7, 64, 199, 200, 201, 4096}) {
    EXPECT_EQ(this->ListAll({.limit = limit, .recursive = true}), expected)
        << "limit " << limit << ", seed " << seed;
  }
}

TYPED_TEST(LookupTest, ARecursiveListingGoesOnBehindAPathThatIsGone) {
  const auto paths = this->Grow(21, 60);
  for (size_t i = 0; i < paths.size(); ++i) {
    SE_ASSERT_OK_AND_ASSIGN(
        const ListPage page,
        this->session_->List(this->ns(),
                             {.after = paths[i] + "\x01", .limit = 1, .recursive = true}));
    // Behind a name that is not there comes what follows the whole subtree of the name before it.
    size_t next = i + 1;
    while (next < paths.size() && paths[next].starts_with(paths[i] + "/")) ++next;
    ASSERT_EQ(page.entries.empty(), next == paths.size());
    if (next < paths.size()) {
      EXPECT_EQ(page.entries[0].path, paths[next]);
    }
  }
}

TYPED_TEST(LookupTest, ADirectoryListsItsOwnChildrenInPages) {
  Caller caller = this->caller();
  const Revision directory = caller.Create(Caller::Directory(caller.NewNode(), kRootNode, "d"));
  for (const char* name : {"c", "a", "b"}) {
    caller.Create(Caller::EmptyFile(caller.NewNode(), directory.node, name));
  }
  const std::vector<std::string> expected = {"a", "b", "c"};
  EXPECT_EQ(this->ListAll({.directory = directory.node, .limit = 2}), expected);
  EXPECT_EQ(this->ListAll({.limit = 2}), std::vector<std::string>{"d"});
}

TYPED_TEST(LookupTest, OnlyLiveDirectoriesAreListed) {
  Caller caller = this->caller();
  const Revision file = caller.Create(Caller::EmptyFile(caller.NewNode(), kRootNode, "f"));
  const Revision directory = caller.Create(Caller::Directory(caller.NewNode(), kRootNode, "d"));
  ASSERT_TRUE(caller.Commit({Caller::Deletion(directory)}).committed);
  const auto list = [&](const NodeId& node) {
    return this->session_->List(this->ns(), {.directory = node}).status();
  };
  SE_EXPECT_CODE(list(file.node), kFailedPrecondition);
  SE_EXPECT_CODE(list(directory.node), kNotFound);
  SE_EXPECT_CODE(list(caller.NewNode()), kNotFound);
  SE_EXPECT_CODE(this->session_->List(this->ns(), {.limit = 0}), kInvalidArgument);
  SE_EXPECT_CODE(this->session_->List(this->ns(), {.limit = 5000}), kInvalidArgument);
}

TYPED_TEST(LookupTest, TheRootIsADirectoryWithTheZeroRevision) {
  for (const NodeTarget& target :
       {NodeTarget{"/"}, NodeTarget{""}, NodeTarget{.node = kRootNode}}) {
    SE_ASSERT_OK_AND_ASSIGN(const Revision root, this->session_->Stat(this->ns(), target));
    EXPECT_TRUE(root.id.IsZero());
    EXPECT_EQ(root.state.kind, NodeKind::kDirectory);
  }
}

}  // namespace
}  // namespace syncengine::testing
