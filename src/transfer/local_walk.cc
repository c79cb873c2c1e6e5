#include "src/transfer/local_walk.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "syncengine/base/coding.h"

namespace syncengine {
namespace {

constexpr size_t kBatchEntries = 32u << 10;  // Of one task, about.
constexpr size_t kKeptEntries = 256u << 10;  // About 60 MB; above, listing again is better.

std::string Below(const std::string& directory, const std::string& name) {
  return directory.empty() ? name : absl::StrCat(directory, "/", name);
}

bool IsDirectory(const StatEntry& entry) {
  return entry.stat.ok() && entry.stat->kind == FileKind::kDirectory;
}

void WriteEntry(const StatEntry& entry, ByteWriter& writer) {
  const FileStat& stat = *entry.stat;
  writer.U32(static_cast<uint32_t>(entry.name.size()));
  writer.Raw(entry.name);
  writer.U8(static_cast<uint8_t>(stat.kind));
  writer.U32(stat.mode);
  if (stat.kind == FileKind::kDirectory) return;
  writer.U64(stat.size);
  writer.I64(stat.mtime_ns);
  writer.I64(stat.ctime_ns);
  writer.U64(stat.device);
  writer.U64(stat.inode);
}

}  // namespace

LocalWalk::LocalWalk(FileSystem& files, Executor& executor, std::string root)
    : files_(files), root_(std::move(root)), crew_(executor) {
  Begin();
}

void LocalWalk::Begin() {
  ready_.clear();
  ready_entries_ = 0;
  print_ = WalkPrint();
  stack_ = {root_};
  StartBatch();
}

std::optional<LocalListing> LocalWalk::Next() {
  while (ready_.empty() && running_) crew_.Wait();
  if (ready_.empty()) return std::nullopt;
  LocalListing listing = std::move(ready_.front());
  ready_.pop_front();
  ready_entries_ -= listing.entries.ok() ? listing.entries->size() : 0;
  if (ready_entries_ < kBatchEntries / 2) StartBatch();
  crew_.Poll();
  return listing;
}

WalkPrint LocalWalk::Finish() {
  bool dropped = false;
  while (running_ || !stack_.empty()) {
    StartBatch();
    crew_.Wait();
    if (ready_entries_ <= kKeptEntries) continue;
    dropped = true;
    ready_.clear();
    ready_entries_ = 0;
  }
  const WalkPrint seen = print_;
  if (dropped) Begin();
  return seen;
}

void LocalWalk::StartBatch() {
  if (running_ || stack_.empty()) return;
  running_ = true;
  crew_.Run(
      [&files = files_, stack = std::exchange(stack_, {})]() mutable {
        Batch batch{.stack = std::move(stack), .listings = {}};
        ListSome(files, batch);
        return batch;
      },
      [this](Batch batch) { Take(std::move(batch)); });
}

void LocalWalk::ListSome(FileSystem& files, Batch& batch) {
  while (!batch.stack.empty() && batch.entries < kBatchEntries) {
    const std::string path = std::move(batch.stack.back());
    batch.stack.pop_back();
    LocalListing listing{path, files.ListWithStats(path)};
    if (listing.entries.ok()) {
      std::vector<StatEntry>& entries = *listing.entries;
      std::sort(entries.begin(), entries.end(),
                [](const StatEntry& a, const StatEntry& b) { return a.name < b.name; });
      for (const StatEntry& entry : entries) {
        if (IsDirectory(entry)) batch.stack.push_back(Below(path, entry.name));
      }
      batch.entries += entries.size() + 1;
    }
    batch.listings.push_back(std::move(listing));
  }
}

void LocalWalk::Take(Batch batch) {
  running_ = false;
  stack_ = std::move(batch.stack);
  for (LocalListing& listing : batch.listings) {
    Print(listing);
    ready_entries_ += listing.entries.ok() ? listing.entries->size() : 0;
    ready_.push_back(std::move(listing));
  }
}

// A chain: the digest so far and what this directory adds.
void LocalWalk::Print(const LocalListing& listing) {
  if (!listing.entries.ok()) {
    print_.complete = false;
    return;
  }
  ByteWriter writer;
  writer.Raw(kernels::AsBytes(print_.digest));
  writer.Raw(listing.path);
  writer.U8(0);  // No path has this byte.
  for (const StatEntry& entry : *listing.entries) {
    if (!entry.stat.ok() || entry.stat->kind == FileKind::kOther) {
      print_.complete = false;
      return;
    }
    WriteEntry(entry, writer);
    if (entry.stat->kind == FileKind::kFile) ++print_.files;
    if (entry.stat->kind == FileKind::kDirectory) continue;
    print_.newest_ctime_ns = std::max(print_.newest_ctime_ns, entry.stat->ctime_ns);
  }
  print_.digest = kernels::Sha256(std::move(writer).Take());
}

}  // namespace syncengine
