// A temporary file that a download is written to.
#ifndef SYNCENGINE_SRC_FOLDER_ARRIVING_FILE_H_
#define SYNCENGINE_SRC_FOLDER_ARRIVING_FILE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/format/node.h"
#include "syncengine/ports/file_system.h"
#include "syncengine/reconcile/observation.h"
#include "syncengine/transfer/downloader.h"

namespace syncengine::folder {

// Writes content, leaving runs of zero bytes as holes; then sets mode and time, makes the content
// durable and reports the fingerprint of the file. Thread-compatible.
class ArrivingFile : public ContentSink {
 public:
  static absl::StatusOr<std::unique_ptr<ContentSink>> Create(
      FileSystem& files, const std::string& path, const Attributes& attributes,
      std::function<void(const Fingerprint&)> arrived);

  absl::Status Write(absl::string_view bytes) override;
  absl::Status Finish() override;

 private:
  ArrivingFile(std::unique_ptr<WritableFile> file, const Attributes& attributes,
               std::function<void(const Fingerprint&)> arrived)
      : file_(std::move(file)), attributes_(attributes), arrived_(std::move(arrived)) {}

  const std::unique_ptr<WritableFile> file_;
  const Attributes attributes_;
  const std::function<void(const Fingerprint&)> arrived_;
  uint64_t offset_ = 0;
  bool ends_in_hole_ = false;
};

}  // namespace syncengine::folder

#endif  // SYNCENGINE_SRC_FOLDER_ARRIVING_FILE_H_
