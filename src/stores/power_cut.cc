#include "src/stores/power_cut.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace syncengine::stores {
namespace {

// Every state of a file's size and pages since the last Sync, in the order they were written.
class UnsyncedPages {
 public:
  UnsyncedPages(const MemoryNode& file, uint64_t page_bytes)
      : page_bytes_(page_bytes),
        durable_(file.durable_bytes),
        content_(durable_),
        sizes_{durable_.size()} {
    for (const UnsyncedWrite& write : file.unsynced) Add(write);
  }

  std::string Choose(MemoryFileSystem::PowerCutChoice choose) {
    const uint64_t size = sizes_.size() == 1 ? sizes_[0] : sizes_[choose(sizes_.size())];
    // Everything that no write touched is as it was; then page by page.
    std::string bytes = durable_;
    bytes.resize(size);
    for (const auto& [page, versions] : versions_) {
      if (versions.size() == 1) continue;
      const std::string& chosen = versions[choose(versions.size())];
      const uint64_t begin = page * page_bytes_;
      if (begin >= size) continue;
      bytes.replace(begin, std::min(page_bytes_, size - begin), chosen, 0,
                    std::min(page_bytes_, size - begin));
    }
    return bytes;
  }

 private:
  void Add(const UnsyncedWrite& write) {
    const uint64_t old_size = content_.size();
    uint64_t begin = write.offset;
    uint64_t end = write.offset + write.bytes.size();
    if (write.size_after != old_size) {
      begin = std::min({begin, old_size, write.size_after});
      end = std::max({end, old_size, write.size_after});
    }
    const uint64_t last = end == 0 ? 0 : (end - 1) / page_bytes_;
    for (uint64_t page = begin / page_bytes_; page <= last; ++page) Remember(page);
    Replay(write, content_);
    for (uint64_t page = begin / page_bytes_; page <= last; ++page) Remember(page);
    if (content_.size() != sizes_.back()) sizes_.push_back(content_.size());
  }

  // The page as it is now. First comes how it was, then zeros, last the newest.
  void Remember(uint64_t page) {
    std::vector<std::string>& versions = versions_[page];
    std::string now = PageOf(page);
    if (versions.empty()) {
      std::string zeros(page_bytes_, '\0');
      versions.push_back(std::move(now));
      if (versions[0] != zeros) versions.push_back(std::move(zeros));
      return;
    }
    if (versions.back() == now) return;
    versions.erase(std::remove(versions.begin() + 1, versions.end(), now), versions.end());
    versions.push_back(std::move(now));
  }

  std::string PageOf(uint64_t page) const {
    std::string bytes;
    if (page * page_bytes_ < content_.size()) {
      bytes = content_.substr(page * page_bytes_, page_bytes_);
    }
    bytes.resize(page_bytes_);
    return bytes;
  }

  const uint64_t page_bytes_;
  const std::string durable_;
  std::string content_;  // So far.
  std::vector<uint64_t> sizes_;
  std::map<uint64_t, std::vector<std::string>> versions_;
};

bool SameAttributes(const FileStat& a, const FileStat& b) {
  return a.mtime_ns == b.mtime_ns && a.mode == b.mode;
}

}  // namespace

void Replay(const UnsyncedWrite& write, std::string& bytes) {
  bytes.resize(write.size_after);
  if (!write.bytes.empty()) bytes.replace(write.offset, write.bytes.size(), write.bytes);
}

NodePtr PowerCutTree::Build(const MemoryNode& root, const std::vector<NameChange>& unsynced) {
  FindParents(root);
  for (const NameChange& change : unsynced) {
    if (choose_(2) == 1 && IsPossible(change)) Apply(change);
  }
  return Copy(root);
}

void PowerCutTree::FindParents(const MemoryNode& directory) {
  for (const auto& [name, child] : directory.durable_children) {
    if (child->kind != FileKind::kDirectory) continue;
    parents_[child.get()] = &directory;
    FindParents(*child);
  }
}

// Changes of one name keep their order: without the earlier one, which this one builds on, it did
// not happen. And no directory may end up inside itself.
bool PowerCutTree::IsPossible(const NameChange& change) {
  return std::all_of(change.begin(), change.end(), [this](const NameEdit& edit) {
    const Children& children = ChildrenOf(*edit.directory);
    const auto child = children.find(edit.name);
    const bool is_directory = edit.after != nullptr && edit.after->kind == FileKind::kDirectory;
    return (child == children.end() ? nullptr : child->second) == edit.before &&
           !(is_directory && IsAtOrBelow(edit.directory.get(), edit.after.get()));
  });
}

void PowerCutTree::Apply(const NameChange& change) {
  for (const NameEdit& edit : change) {
    Children& children = ChangedChildrenOf(*edit.directory);
    children.erase(edit.name);
    if (edit.after == nullptr) continue;
    children.emplace(edit.name, edit.after);
    if (edit.after->kind == FileKind::kDirectory) {
      parents_[edit.after.get()] = edit.directory.get();
    }
  }
}

const Children& PowerCutTree::ChildrenOf(const MemoryNode& directory) const {
  const auto changed = changed_.find(&directory);
  return changed == changed_.end() ? directory.durable_children : changed->second;
}

Children& PowerCutTree::ChangedChildrenOf(const MemoryNode& directory) {
  return changed_.try_emplace(&directory, directory.durable_children).first->second;
}

bool PowerCutTree::IsAtOrBelow(const MemoryNode* directory, const MemoryNode* ancestor) const {
  while (directory != ancestor) {
    const auto parent = parents_.find(directory);
    if (parent == parents_.end()) return false;
    directory = parent->second;
  }
  return true;
}

NodePtr PowerCutTree::Copy(const MemoryNode& node) {
  auto copy = std::make_shared<MemoryNode>(node.kind, node.children.key_comp());
  copy->used_bytes = used_bytes_;
  copy->stat = node.stat;
  copy->bytes = node.bytes;
  if (node.kind == FileKind::kFile) {
    copy->bytes = Content(node);
    if (!SameAttributes(node.stat, node.durable_stat) && choose_(2) == 0) {
      copy->stat = node.durable_stat;
    }
  }
  copy->stat.links = 1;
  copy->durable_stat = copy->stat;
  copy->durable_bytes = copy->bytes;
  used_bytes_->fetch_add(copy->bytes.size());
  for (const auto& [name, child] : ChildrenOf(node)) {
    NodePtr child_copy = Copy(*child);
    child_copy->parent = copy.get();
    copy->children.emplace(name, child_copy);
    copy->durable_children.emplace(name, std::move(child_copy));
  }
  return copy;
}

std::string PowerCutTree::Content(const MemoryNode& file) {
  if (file.unsynced.empty()) return file.durable_bytes;
  return UnsyncedPages(file, page_bytes_).Choose(choose_);
}

}  // namespace syncengine::stores
