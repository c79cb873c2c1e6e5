#include "src/folder/content_check.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "src/folder/stat_print.h"
#include "src/transfer/manifest_tree.h"
#include "syncengine/base/error.h"
#include "syncengine/format/manifest.h"

namespace syncengine::folder {
namespace {

constexpr size_t kReadBytes = 1u << 20;

absl::Status Changed(const std::string& path) {
  return absl::AbortedError(absl::StrCat(path, ": changed while it was read"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ContentCheck>> ContentCheck::Create(FileSystem& files,
                                                                   const OpenedNamespace& opened) {
  const ChunkerOptions options{.suite = static_cast<ChunkerSuite>(opened.record.chunker_suite),
                               .average_bytes = opened.record.average_block_bytes};
  SYNCENGINE_ASSIGN_OR_RETURN(std::unique_ptr<const Chunker> chunker,
                              Chunker::Create(options, opened.keys->chunker_key()));
  return std::unique_ptr<ContentCheck>(new ContentCheck(files, opened, std::move(chunker)));
}

absl::StatusOr<Manifest> ContentCheck::Cut(ReadableFile& file) const {
  ManifestTree tree(*opened_.keys);
  ChunkStream stream(*chunker_);
  std::vector<ManifestNode> nodes;  // Only the root matters: it names them.
  std::string buffer(kReadBytes, '\0');
  for (uint64_t offset = 0;;) {
    SYNCENGINE_ASSIGN_OR_RETURN(const size_t read,
                                file.ReadAt(offset, buffer.data(), buffer.size()));
    offset += read;
    if (read == 0) stream.Finish();
    if (read > 0) stream.Append(absl::string_view(buffer.data(), read));
    while (auto block = stream.Next()) {
      SYNCENGINE_RETURN_IF_ERROR(tree.Add({opened_.keys->IdOf(*block), block->size()}, nodes));
      nodes.clear();
    }
    if (read == 0) return tree.Finish(nodes);
  }
}

absl::StatusOr<bool> ContentCheck::HasContent(const std::string& path, const Fingerprint& print,
                                              const ContentRef& content) const {
  if (print.size != content.size) return false;
  SYNCENGINE_ASSIGN_OR_RETURN(std::unique_ptr<ReadableFile> file, files_.OpenToRead(path));
  SYNCENGINE_ASSIGN_OR_RETURN(const FileStat before, file->Stat());
  if (!(PrintOf(before) == print)) return Changed(path);
  if (content.size == 0) return true;
  SYNCENGINE_ASSIGN_OR_RETURN(const Manifest wanted, OpenContentRef(*opened_.keys, content));
  SYNCENGINE_ASSIGN_OR_RETURN(const Manifest found, Cut(*file));
  SYNCENGINE_ASSIGN_OR_RETURN(const FileStat after, file->Stat());
  if (!(PrintOf(after) == print)) return Changed(path);
  return found == wanted;
}

absl::StatusOr<bool> ContentCheck::IsBlank(const std::string& path) const {
  SYNCENGINE_ASSIGN_OR_RETURN(std::unique_ptr<ReadableFile> file, files_.OpenToRead(path));
  std::string buffer(kReadBytes, '\0');
  for (uint64_t offset = 0;;) {
    SYNCENGINE_ASSIGN_OR_RETURN(const size_t read,
                                file->ReadAt(offset, buffer.data(), buffer.size()));
    if (read == 0) return true;
    if (std::any_of(buffer.begin(), buffer.begin() + read, [](char c) { return c != 0; })) {
      return false;
    }
    offset += read;
  }
}

}  // namespace syncengine::folder
