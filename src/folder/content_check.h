// Answers whether a local file has a certain content, by cutting and hashing it as an upload would:
// nothing is fetched.
#ifndef SYNCENGINE_SRC_FOLDER_CONTENT_CHECK_H_
#define SYNCENGINE_SRC_FOLDER_CONTENT_CHECK_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "syncengine/chunking/chunker.h"
#include "syncengine/format/content.h"
#include "syncengine/ports/file_system.h"
#include "syncengine/reconcile/observation.h"
#include "syncengine/transfer/opened_namespace.h"

namespace syncengine::folder {

// Thread-safe.
class ContentCheck {
 public:
  // The references outlive the object.
  static absl::StatusOr<std::unique_ptr<ContentCheck>> Create(FileSystem& files,
                                                              const OpenedNamespace& opened);

  // Reads `path` once. kAborted when the file is not the one of `print`, or changes while it is
  // read.
  absl::StatusOr<bool> HasContent(const std::string& path, const Fingerprint& print,
                                  const ContentRef& content) const;
  // Whether the file is empty or holds zero bytes only. Reads up to the first other byte.
  absl::StatusOr<bool> IsBlank(const std::string& path) const;

 private:
  ContentCheck(FileSystem& files, const OpenedNamespace& opened,
               std::unique_ptr<const Chunker> chunker)
      : files_(files), opened_(opened), chunker_(std::move(chunker)) {}

  absl::StatusOr<Manifest> Cut(ReadableFile& file) const;

  FileSystem& files_;
  const OpenedNamespace& opened_;
  const std::unique_ptr<const Chunker> chunker_;
};

}  // namespace syncengine::folder

#endif  // SYNCENGINE_SRC_FOLDER_CONTENT_CHECK_H_
