// A namespace in memory, content to put into it and places for what comes back.
#ifndef SYNCENGINE_TESTS_TRANSFER_TRANSFER_FIXTURE_H_
#define SYNCENGINE_TESTS_TRANSFER_TRANSFER_FIXTURE_H_

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "syncengine/stores/thread_pool.h"
#include "syncengine/testing/manual_clock.h"
#include "syncengine/testing/manual_executor.h"
#include "syncengine/testing/seeded_entropy.h"
#include "syncengine/testing/status_matchers.h"
#include "syncengine/transfer/downloader.h"
#include "syncengine/transfer/opened_namespace.h"
#include "syncengine/transfer/uploader.h"
#include "tests/transfer/memory_service.h"
#include "tests/transfer/probe_service.h"

namespace syncengine::testing {

// Repeatable bytes: random ones, or words when `compressible`.
inline std::string MakeBytes(uint64_t seed, size_t size, bool compressible = false) {
  SeededEntropy entropy(seed);
  std::string bytes(size, '\0');
  entropy.Fill(absl::MakeSpan(reinterpret_cast<uint8_t*>(bytes.data()), size));
  if (compressible) {
    for (char& c : bytes) c = static_cast<char>("the quick brown fox jumps"[(c & 0xff) % 25]);
  }
  return bytes;
}

// Wraps keys by writing them down: quick, and wrong for anything but tests.
class PlainKeyProvider final : public KeyProvider {
 public:
  explicit PlainKeyProvider(std::string passphrase) : passphrase_(std::move(passphrase)) {}
  absl::StatusOr<std::string> Wrap(const NamespaceId&, const Secret& bundle) override {
    return passphrase_ + "\n" + std::string(bundle.bytes());
  }
  absl::StatusOr<Secret> Unwrap(const NamespaceId&, absl::string_view slot) override {
    if (slot.substr(0, passphrase_.size() + 1) != passphrase_ + "\n") {
      return MakeError(Reason::kPassphrase, "the passphrase does not open this slot");
    }
    return Secret(slot.substr(passphrase_.size() + 1));
  }

 private:
  const std::string passphrase_;
};

// Reads from a string, at most `piece` bytes at a time.
class StringSource final : public ContentSource {
 public:
  StringSource(std::string bytes, size_t piece, absl::Status end)
      : bytes_(std::move(bytes)), piece_(piece), end_(std::move(end)) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    const size_t count = std::min({size, piece_, bytes_.size() - offset_});
    bytes_.copy(buffer, count, offset_);
    offset_ += count;
    return count;
  }
  absl::Status Finish() override { return end_; }

 private:
  const std::string bytes_;
  const size_t piece_;
  const absl::Status end_;
  size_t offset_ = 0;
};

// A plan from a list, that keeps what became of each item.
class ListPlan final : public UploadPlan {
 public:
  std::optional<UploadItem> Next() override {
    if (items.empty()) return std::nullopt;
    UploadItem item = std::move(items.front());
    items.pop_front();
    return item;
  }
  void Finished(const UploadItem& item, const UploadResult& result) override {
    order.push_back(item.label);
    results[item.label] = result;
  }

  UploadItem& Add(const std::string& name, NodeKind kind, const NodeId& parent, NodeId node) {
    UploadItem item;
    item.label = name;
    item.change.node = node;
    item.change.state.kind = kind;
    item.change.state.parent = parent;
    item.change.state.name = name;
    items.push_back(std::move(item));
    return items.back();
  }
  UploadItem& AddFile(const std::string& name, const std::string& bytes, NodeId node,
                      size_t piece = 1u << 30, absl::Status end = absl::OkStatus()) {
    UploadItem& item = Add(name, NodeKind::kFile, kRootNode, node);
    item.size_hint = bytes.size();
    item.open = [bytes, piece, end]() -> absl::StatusOr<std::unique_ptr<ContentSource>> {
      return std::make_unique<StringSource>(bytes, piece, end);
    };
    return item;
  }
  bool IsCommitted(const std::string& label) const {
    const auto found = results.find(label);
    return found != results.end() && found->second.status.ok() &&
           found->second.outcome.verdict == ChangeVerdict::kCommitted;
  }

  std::deque<UploadItem> items;
  std::vector<std::string> order;
  std::map<std::string, UploadResult> results;
};

// Gathers what is written under labels.
class MemoryTarget final : public DownloadPlan {
 public:
  std::optional<DownloadItem> Next() override {
    if (items.empty()) return std::nullopt;
    DownloadItem item = std::move(items.front());
    items.pop_front();
    return item;
  }
  void Add(const std::string& label, const ContentRef& content) {
    DownloadItem item;
    item.content = content;
    item.label = label;
    item.open = [this, label]() -> absl::StatusOr<std::unique_ptr<ContentSink>> {
      return std::make_unique<Sink>(*this, label);
    };
    item.finished = [this, label](const absl::Status& status) {
      absl::MutexLock lock(&mutex);
      EXPECT_FALSE(statuses.contains(label)) << "finished twice: " << label;
      statuses[label] = status;
    };
    items.push_back(std::move(item));
  }

  std::deque<DownloadItem> items;
  absl::Mutex mutex;
  std::map<std::string, std::string> contents;  // Of those that were finished well.
  std::map<std::string, absl::Status> statuses;

 private:
  class Sink final : public ContentSink {
   public:
    Sink(MemoryTarget& target, std::string label) : target_(target), label_(std::move(label)) {}
    absl::Status Write(absl::string_view bytes) override {
      bytes_.append(bytes.data(), bytes.size());
      return absl::OkStatus();
    }
    absl::Status Finish() override {
      absl::MutexLock lock(&target_.mutex);
      target_.contents[label_] = std::move(bytes_);
      return absl::OkStatus();
    }

   private:
    MemoryTarget& target_;
    const std::string label_;
    std::string bytes_;
  };
};

enum class ExecutorKind { kThreads, kManual };

// One server and one client.
class TransferTest : public ::testing::TestWithParam<ExecutorKind> {
 protected:
  explicit TransferTest(uint64_t seed = 1) : entropy_(seed), service_(entropy_) {
    if (GetParam() == ExecutorKind::kThreads) {
      executor_ = std::make_unique<ThreadPool>(3);
    } else {
      executor_ = std::make_unique<ManualExecutor>(&clock_);
    }
    ResetProbe();
  }

  // A fresh probe, with nothing counted.
  void ResetProbe() {
    opened_ = OpenedNamespace();
    probe_ = std::make_unique<ProbeService>(service_);
    if (is_created_) Open();
  }
  void Create(KeyHolder key_holder = KeyHolder::kServer, uint32_t average = 4096) {
    SE_ASSERT_OK(CreateNamespace(
        service_, {.name = "main", .key_holder = key_holder, .average_block_bytes = average},
        &provider_, entropy_));
    is_created_ = true;
    Open();
  }
  void Open() {
    auto opened = OpenNamespace(*probe_, "main", &provider_, entropy_);
    SE_ASSERT_OK(opened);
    opened_ = *std::move(opened);
  }
  absl::StatusOr<UploadStats> Upload(ListPlan& plan, UploaderOptions options = {},
                                     const ProgressCallback& progress = {},
                                     std::stop_token stop = {}) {
    Uploader uploader(opened_, *executor_, entropy_, clock_, options);
    return uploader.Upload(plan, progress, std::move(stop));
  }
  NodeId NewNode() { return entropy_.NewId<NodeId>(); }
  // The content of every committed item, by label.
  absl::StatusOr<DownloadStats> Download(const ListPlan& plan, MemoryTarget& target,
                                         DownloaderOptions options = {}) {
    for (const auto& [label, result] : plan.results) {
      if (plan.IsCommitted(label)) target.Add(label, result.content);
    }
    Downloader downloader(opened_, *executor_, options);
    return downloader.Download(target);
  }

  ManualClock clock_;
  SeededEntropy entropy_;
  PlainKeyProvider provider_{"correct horse"};
  MemoryService service_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<ProbeService> probe_;
  bool is_created_ = false;
  OpenedNamespace opened_;
};

inline std::string ExecutorName(const ::testing::TestParamInfo<ExecutorKind>& kind) {
  return kind.param == ExecutorKind::kThreads ? "Threads" : "Manual";
}

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTS_TRANSFER_TRANSFER_FIXTURE_H_
