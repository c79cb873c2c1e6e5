// Sends content whose commit is somebody else's business.
#ifndef SYNCENGINE_SRC_TRANSFER_STORE_CONTENT_H_
#define SYNCENGINE_SRC_TRANSFER_STORE_CONTENT_H_

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/format/content.h"
#include "syncengine/transfer/downloader.h"
#include "syncengine/transfer/uploader.h"

namespace syncengine {

using ContentOpener = std::function<absl::StatusOr<std::unique_ptr<ContentSource>>()>;

// A source that reads from memory; the bytes outlive it.
std::unique_ptr<ContentSource> MakeTextSource(absl::string_view bytes);

struct StoredContent {
  ContentRef content;
  uint64_t sent_bytes = 0;
};

// All blocks of the content are in the namespace and durable on OK, but nothing refers to them yet:
// commit soon. Errors of the source are returned as they are.
absl::StatusOr<StoredContent> StoreContent(Uploader& uploader, const std::string& label,
                                           ContentOpener open, std::stop_token stop);

// The options of an uploader for StoreContent: what will not be committed as it is need not be
// announced.
UploaderOptions StoringOptions();

// All bytes of a content. The caller has checked its size.
absl::StatusOr<std::string> ReadContent(Downloader& downloader, const ContentRef& content,
                                        std::stop_token stop);

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_STORE_CONTENT_H_
