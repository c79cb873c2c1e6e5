#include "src/transfer/similar_files.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace syncengine {
namespace {

// Less than this is not worth a look at another content.
constexpr uint64_t kSizeMin = 1024;
// Entries of a directory that are compared by name.
constexpr int kBesideMax = 1024;

absl::string_view NameOf(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == absl::string_view::npos ? path : path.substr(slash + 1);
}

absl::string_view Extension(absl::string_view name) {
  const size_t dot = name.rfind('.');
  return dot == absl::string_view::npos ? absl::string_view() : name.substr(dot);
}

bool SizesAreNear(uint64_t a, uint64_t b) {
  return std::min(a, b) >= kSizeMin && std::max(a, b) / 2 <= std::min(a, b);
}

bool CanBeBase(const RemoteNode& node, uint64_t size) {
  return node.kind == NodeKind::kFile && SizesAreNear(node.size, size);
}

// The first path behind `path` and all that is below it.
std::string Behind(const std::string& path) { return path + static_cast<char>('/' + 1); }

}  // namespace

size_t EditDistance(absl::string_view a, absl::string_view b, size_t bound) {
  const size_t apart = std::max(a.size(), b.size()) - std::min(a.size(), b.size());
  if (apart > bound) return bound + 1;
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return std::min(row.back(), bound + 1);
}

const RemoteNode* SimilarFiles::Find(const std::string& path, uint64_t size) {
  if (tree_.empty() || size < kSizeMin) return nullptr;
  const RemoteNode* beside = FindBeside(path, size);
  return beside != nullptr ? beside : FindNamesake(NameOf(path), size);
}

const RemoteNode* SimilarFiles::FindBeside(const std::string& path, uint64_t size) const {
  const absl::string_view name = NameOf(path);
  const std::string prefix = path.substr(0, path.size() - name.size());
  size_t least = name.size() / 3 + 1;
  const RemoteNode* best = nullptr;
  auto it = tree_.lower_bound(prefix);
  for (int seen = 0; seen < kBesideMax && it != tree_.end(); ++seen) {
    if (!it->first.starts_with(prefix)) break;
    if (it->second.kind == NodeKind::kDirectory) {
      it = tree_.lower_bound(Behind(it->first));
      continue;
    }
    const absl::string_view other = absl::string_view(it->first).substr(prefix.size());
    if (CanBeBase(it->second, size) && Extension(other) == Extension(name) && least > 0) {
      const size_t distance = EditDistance(name, other, least - 1);
      if (distance < least) {
        least = distance;
        best = &it->second;
      }
    }
    ++it;
  }
  return best;
}

const RemoteNode* SimilarFiles::FindNamesake(absl::string_view name, uint64_t size) {
  if (!indexed_) {
    indexed_ = true;
    for (const auto& [path, node] : tree_) {
      if (node.kind != NodeKind::kFile) continue;
      const auto [found, inserted] = by_name_.try_emplace(NameOf(path), &node);
      if (!inserted) found->second = nullptr;
    }
  }
  const auto found = by_name_.find(name);
  if (found == by_name_.end() || found->second == nullptr) return nullptr;
  return CanBeBase(*found->second, size) ? found->second : nullptr;
}

}  // namespace syncengine
