// Repositories and sealed content that the engine tests share.
#ifndef SYNCENGINE_TESTS_ENGINE_ENGINE_FIXTURE_H_
#define SYNCENGINE_TESTS_ENGINE_ENGINE_FIXTURE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "syncengine/engine/engine.h"
#include "syncengine/format/frame.h"
#include "syncengine/format/keys.h"
#include "syncengine/format/manifest.h"
#include "syncengine/format/segment.h"
#include "syncengine/ports/file_system.h"
#include "syncengine/stores/in_process_notifier.h"
#include "syncengine/stores/lmdb_metadata_store.h"
#include "syncengine/stores/local_object_store.h"
#include "syncengine/stores/memory_metadata_store.h"
#include "syncengine/stores/memory_object_store.h"
#include "syncengine/stores/posix_file_system.h"
#include "syncengine/stores/thread_pool.h"
#include "syncengine/testing/manual_clock.h"
#include "syncengine/testing/seeded_entropy.h"
#include "syncengine/testing/status_matchers.h"
#include "syncengine/testing/temporary_directory.h"

namespace syncengine::testing {

// A slot is the bundle behind a mark.
class OpenKeyProvider final : public KeyProvider {
 public:
  absl::StatusOr<std::string> Wrap(const NamespaceId&, const Secret& bundle) override {
    return absl::StrCat("slot:", bundle.bytes());
  }
  absl::StatusOr<Secret> Unwrap(const NamespaceId&, absl::string_view slot) override {
    return Secret(slot.substr(5));
  }
};

struct MemoryStores {
  ObjectStore& objects() { return memory_objects; }
  MetadataStore& metadata() { return memory_metadata; }
  void Reopen() {}

  MemoryObjectStore memory_objects;
  MemoryMetadataStore memory_metadata;
};

struct LocalStores {
  LocalStores() { Reopen(); }
  ObjectStore& objects() { return *local_objects; }
  MetadataStore& metadata() { return *lmdb; }
  void Reopen() {
    lmdb.reset();
    local_objects.reset();
    files = PosixFileSystem::Open(directory.path()).value();
    local_objects = LocalObjectStore::Open(*files, entropy).value();
    lmdb = LmdbMetadataStore::Open(directory.Child("metadata")).value();
  }

  TemporaryDirectory directory;
  SeededEntropy entropy{77};
  std::unique_ptr<FileSystem> files;
  std::unique_ptr<ObjectStore> local_objects;
  std::unique_ptr<MetadataStore> lmdb;
};

// Blocks as a client would seal them.
struct SealedFile {
  ContentRef content;
  std::vector<BlockId> blocks;  // Data blocks, in order of the content.
  std::string segment;          // Everything the namespace needs to have first.
};

// One namespace as its clients see it: keys and a way to make content.
class Client {
 public:
  Client(Entropy& entropy, absl::string_view name)
      : entropy_(entropy), keys_(MakeKeys(entropy)), name_(name) {}

  const NamespaceId& id() const { return keys_->id(); }
  const NamespaceKeys& keys() const { return *keys_; }
  NamespaceRecord Record() const { return {.id = id(), .name = name_}; }

  std::string Segment(FrameKind kind, const std::vector<std::string>& plaintexts) {
    return Segment({{kind, plaintexts}});
  }
  // One frame for each group.
  std::string Segment(const std::vector<std::pair<FrameKind, std::vector<std::string>>>& groups) {
    auto sealer = FrameSealer::Create(*keys_, entropy_.NewId<FrameSalt>(), {}).value();
    SegmentBuilder builder(id(), entropy_.NewId<SegmentId>());
    for (const auto& [kind, plaintexts] : groups) {
      std::vector<PlainBlock> blocks;
      for (const std::string& plaintext : plaintexts) {
        blocks.push_back({.id = IdOf(kind, plaintext), .bytes = plaintext});
      }
      EXPECT_TRUE(builder.Add(sealer->Seal(kind, blocks).value()).ok());
    }
    return std::move(builder).Finish();
  }
  BlockId IdOf(FrameKind kind, absl::string_view plaintext) const {
    return kind == FrameKind::kManifest ? keys_->IdOfManifest(plaintext) : keys_->IdOf(plaintext);
  }

  // A file whose content is `blocks` one after another, listed in its root.
  SealedFile File(const std::vector<std::string>& blocks) {
    SealedFile file;
    Manifest root;
    for (const std::string& block : blocks) {
      file.blocks.push_back(keys_->IdOf(block));
      root.entries.push_back({.id = file.blocks.back(), .length = block.size()});
    }
    file.content = MakeContentRef(*keys_, root, entropy_.NewId<EnvelopeSalt>()).value();
    file.segment = Segment(FrameKind::kData, Distinct(blocks));
    return file;
  }
  // The same, with one manifest node between the root and the blocks, all in one segment.
  SealedFile TallFile(const std::vector<std::string>& blocks) {
    SealedFile file = File(blocks);
    Manifest node;
    uint64_t length = 0;
    for (const std::string& block : blocks) {
      node.entries.push_back({.id = keys_->IdOf(block), .length = block.size()});
      length += block.size();
    }
    node_plaintext_ = EncodeManifestNode(node).value();
    const Manifest root{.height = 1, .entries = {{keys_->IdOfManifest(node_plaintext_), length}}};
    file.content = MakeContentRef(*keys_, root, entropy_.NewId<EnvelopeSalt>()).value();
    file.segment =
        Segment({{FrameKind::kData, Distinct(blocks)}, {FrameKind::kManifest, {node_plaintext_}}});
    return file;
  }
  // The manifest node of the last TallFile.
  const std::string& node_plaintext() const { return node_plaintext_; }

 private:
  static std::unique_ptr<NamespaceKeys> MakeKeys(Entropy& entropy) {
    std::string random(NamespaceKeys::kRandomBytes, '\0');
    entropy.Fill(absl::MakeSpan(reinterpret_cast<uint8_t*>(random.data()), random.size()));
    return NamespaceKeys::Create(entropy.NewId<NamespaceId>(), random).value();
  }
  static std::vector<std::string> Distinct(std::vector<std::string> blocks) {
    std::sort(blocks.begin(), blocks.end());
    blocks.erase(std::unique(blocks.begin(), blocks.end()), blocks.end());
    return blocks;
  }

  Entropy& entropy_;
  const std::unique_ptr<NamespaceKeys> keys_;
  const std::string name_;
  std::string node_plaintext_;
};

// Requests of a client against one session, with ids drawn from its own entropy.
class Caller {
 public:
  Caller(Service& service, Client& client, Entropy& entropy)
      : service_(service), client_(client), entropy_(entropy) {}

  const NamespaceId& ns() const { return client_.id(); }
  NodeId NewNode() { return entropy_.NewId<NodeId>(); }
  OpId NewOp() { return entropy_.NewId<OpId>(); }

  static Change Directory(const NodeId& node, const NodeId& parent, absl::string_view name) {
    return {.node = node,
            .state = {.kind = NodeKind::kDirectory, .parent = parent, .name = std::string(name)}};
  }
  static Change EmptyFile(const NodeId& node, const NodeId& parent, absl::string_view name) {
    return {.node = node, .state = {.parent = parent, .name = std::string(name)}};
  }
  static Change Edit(const Revision& head) {
    return {.node = head.node, .base = head.id, .state = head.state};
  }
  static Change Move(const Revision& head, const NodeId& parent, absl::string_view name) {
    Change change = Edit(head);
    change.state.parent = parent;
    change.state.name = std::string(name);
    return change;
  }
  static Change Deletion(const Revision& head) {
    Change change = Edit(head);
    change.state.deleted = true;
    change.state.content = ContentRef();
    return change;
  }

  absl::StatusOr<CommitResult> TryCommit(std::vector<Change> changes, UploadId upload = {}) {
    return service_.Commit(ns(), {.op = NewOp(), .upload = upload, .changes = std::move(changes)});
  }
  CommitResult Commit(std::vector<Change> changes, UploadId upload = {}) {
    auto result = TryCommit(std::move(changes), upload);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *result : CommitResult();
  }
  // The verdict on the last change that was tried.
  ChangeVerdict Verdict(std::vector<Change> changes) {
    const CommitResult result = Commit(std::move(changes));
    for (const ChangeOutcome& outcome : result.outcomes) {
      if (outcome.verdict != ChangeVerdict::kNotTried &&
          outcome.verdict != ChangeVerdict::kCommitted) {
        return outcome.verdict;
      }
    }
    return result.committed ? ChangeVerdict::kCommitted : ChangeVerdict::kNotTried;
  }
  // Commits a new node and gives its head.
  Revision Create(const Change& change) {
    const CommitResult result = Commit({change});
    EXPECT_TRUE(result.committed);
    return Head(change.node);
  }
  Revision Head(const NodeId& node) {
    auto head = service_.Stat(ns(), {.node = node});
    EXPECT_TRUE(head.ok()) << head.status();
    return head.ok() ? *head : Revision();
  }
  Change NewFile(absl::string_view name, const SealedFile& file) {
    Change change = EmptyFile(NewNode(), kRootNode, name);
    change.state.content = file.content;
    return change;
  }
  PutSegmentResult Put(absl::string_view segment) {
    auto result = service_.PutSegment(ns(), {}, segment);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *result : PutSegmentResult();
  }
  std::vector<ChangesEntry> Journal() {
    std::vector<ChangesEntry> entries;
    ChangesRequest request;
    for (;;) {
      auto page = service_.Changes(ns(), request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) return entries;
      entries.insert(entries.end(), page->entries.begin(), page->entries.end());
      if (page->next.sequence == page->head) return entries;
      request.after = page->next;
    }
  }

 private:
  Service& service_;
  Client& client_;
  Entropy& entropy_;
};

// A repository with one namespace "main" in stores of the given kind.
template <typename Stores>
class EngineFixture : public ::testing::Test {
 protected:
  EngineFixture() {
    engine_ = Engine::Initialise(ports()).value();
    session_ = engine_->OwnerSession();
    EXPECT_TRUE(session_->CreateNamespace(client_.Record(), client_.keys().EncodeBundle()).ok());
  }

  EnginePorts ports() {
    return {.objects = stores_.objects(),
            .metadata = stores_.metadata(),
            .notifier = notifier_,
            .clock = clock_,
            .entropy = entropy_,
            .executor = executor_,
            .keys = &keys_};
  }
  // As after a restart.
  void Reopen() {
    session_.reset();
    engine_.reset();
    stores_.Reopen();
    engine_ = Engine::Open(ports()).value();
    session_ = engine_->OwnerSession();
  }
  Caller caller() { return Caller(*session_, client_, entropy_); }
  const NamespaceId& ns() const { return client_.id(); }

  ManualClock clock_;
  SeededEntropy entropy_{1};
  OpenKeyProvider keys_;
  InProcessNotifier notifier_;
  ThreadPool executor_{2};
  Stores stores_;
  Client client_{entropy_, "main"};
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Service> session_;
};

using AllStores = ::testing::Types<MemoryStores, LocalStores>;

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTS_ENGINE_ENGINE_FIXTURE_H_
