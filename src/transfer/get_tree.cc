#include "syncengine/transfer/get_tree.h"

#include <memory>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "syncengine/base/error.h"

namespace syncengine {
namespace {

constexpr uint32_t kPrivateMode = 0600;  // Until content and mode are complete.
constexpr uint32_t kOwnerAccess = 0700;  // So that a read-only directory can still be filled.

// A file that appears under its name when it is complete.
class FileSink : public ContentSink {
 public:
  FileSink(FileSystem& files, std::string path, std::string temporary, const Attributes& attributes,
           std::unique_ptr<WritableFile> file)
      : files_(files),
        path_(std::move(path)),
        temporary_(std::move(temporary)),
        mtime_ns_(attributes.mtime_ns),
        mode_(attributes.mode),
        file_(std::move(file)) {}

  ~FileSink() override {
    file_.reset();
    if (!published_) files_.RemoveFile(temporary_).IgnoreError();
  }

  absl::Status Write(absl::string_view bytes) override {
    SYNCENGINE_RETURN_IF_ERROR(file_->WriteAt(offset_, bytes));
    offset_ += bytes.size();
    return absl::OkStatus();
  }

  absl::Status Finish() override {
    SYNCENGINE_RETURN_IF_ERROR(file_->SetAttributes(mtime_ns_, mode_));
    SYNCENGINE_RETURN_IF_ERROR(Publish());
    published_ = true;
    file_.reset();
    return absl::OkStatus();
  }

 private:
  // A new name costs no sync: many files may come, and a power cut can take nothing but what can be
  // fetched again. What is replaced is there until its successor is durable.
  absl::Status Publish() {
    const absl::Status renamed = files_.Rename(temporary_, path_, RenameMode::kNoReplace);
    if (!absl::IsAlreadyExists(renamed)) return renamed;
    SYNCENGINE_RETURN_IF_ERROR(file_->Sync());
    return files_.Rename(temporary_, path_, RenameMode::kReplace);
  }

  FileSystem& files_;
  const std::string path_;
  const std::string temporary_;
  const int64_t mtime_ns_;
  const uint32_t mode_;
  std::unique_ptr<WritableFile> file_;
  uint64_t offset_ = 0;
  bool published_ = false;
};

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

// Makes directories and links as it comes upon them and hands the files to the downloader.
class GetPlan : public DownloadPlan {
 public:
  GetPlan(const GetTreePorts& ports, std::vector<GetEntry> entries, std::string local)
      : ports_(ports), entries_(std::move(entries)), local_(std::move(local)) {
    const auto id = ports_.entropy.NewId<OpId>();
    temporary_prefix_ = absl::StrCat(".syncengine-", id.ToHex().substr(0, 12), "-");
  }

  std::optional<DownloadItem> Next() override {
    while (next_ < entries_.size()) {
      const GetEntry& entry = entries_[next_++];
      const std::string path = PathOf(entry);
      if (entry.state.kind == NodeKind::kFile) return Fetch(entry, path);
      const absl::Status made =
          entry.state.kind == NodeKind::kDirectory ? MakeDirectory(path) : MakeLink(entry, path);
      if (!made.ok()) AddIssue(path, made);
    }
    return std::nullopt;
  }

  // Directories get their modes last: a read-only one could not have been filled.
  void SetDirectoryModes() {
    for (size_t i = entries_.size(); i-- > 0;) {
      const NodeState& state = entries_[i].state;
      if (state.kind != NodeKind::kDirectory || entries_[i].path.empty()) continue;
      const std::string path = PathOf(entries_[i]);
      const absl::Status set =
          ports_.files.SetAttributes(path, state.attributes.mtime_ns, state.attributes.mode);
      if (!set.ok()) AddIssue(path, set);
    }
  }

  std::vector<TransferIssue> TakeIssues() {
    absl::MutexLock lock(&mutex_);
    return std::move(issues_);
  }

 private:
  std::string PathOf(const GetEntry& entry) const {
    if (entry.path.empty()) return local_;
    return local_.empty() ? entry.path : absl::StrCat(local_, "/", entry.path);
  }

  DownloadItem Fetch(const GetEntry& entry, const std::string& path) {
    const size_t number = next_;
    return {.content = entry.state.content,
            .label = path,
            .open = [this, attributes = entry.state.attributes, path,
                     number]() -> absl::StatusOr<std::unique_ptr<ContentSink>> {
              std::string temporary = absl::StrCat(DirectoryOf(path), temporary_prefix_, number);
              SYNCENGINE_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file,
                                          ports_.files.Create(temporary, kPrivateMode));
              return std::make_unique<FileSink>(ports_.files, path, std::move(temporary),
                                                attributes, std::move(file));
            },
            .finished =
                [this, path](const absl::Status& status) {
                  if (!status.ok()) AddIssue(path, status);
                }};
  }

  absl::Status MakeDirectory(const std::string& path) {
    if (path.empty()) return absl::OkStatus();
    const absl::Status made = ports_.files.MakeDirectory(path, kOwnerAccess);
    if (!absl::IsAlreadyExists(made)) return made;
    SYNCENGINE_ASSIGN_OR_RETURN(const FileStat stat, ports_.files.Stat(path));
    if (stat.kind == FileKind::kDirectory) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": expected a directory, something else is there; move it away"));
  }

  absl::Status MakeLink(const GetEntry& entry, const std::string& path) {
    const std::string& target = entry.state.attributes.symlink_target;
    const absl::Status made = ports_.files.MakeSymlink(path, target);
    if (!absl::IsAlreadyExists(made)) return made;
    SYNCENGINE_RETURN_IF_ERROR(ports_.files.RemoveFile(path));
    return ports_.files.MakeSymlink(path, target);
  }

  void AddIssue(const std::string& path, const absl::Status& cause) {
    absl::MutexLock lock(&mutex_);
    issues_.push_back({path, cause});
  }

  const GetTreePorts& ports_;
  const std::vector<GetEntry> entries_;
  const std::string local_;
  std::string temporary_prefix_;
  size_t next_ = 0;
  absl::Mutex mutex_;
  std::vector<TransferIssue> issues_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::StatusOr<GetTreeReport> GetTree(const GetTreePorts& ports, std::vector<GetEntry> entries,
                                      const std::string& local, const DownloaderOptions& options,
                                      const ProgressCallback& progress, std::stop_token stop) {
  GetPlan plan(ports, std::move(entries), local);
  Downloader downloader(ports.opened, ports.executor, options);
  SYNCENGINE_ASSIGN_OR_RETURN(const DownloadStats stats, downloader.Download(plan, progress, stop));
  plan.SetDirectoryModes();
  return GetTreeReport{.files = stats.files,
                       .bytes = stats.bytes,
                       .received_bytes = stats.received_bytes,
                       .issues = plan.TakeIssues()};
}

}  // namespace syncengine
