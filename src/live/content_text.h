// A file's content as one string, in and out of a Service.
#ifndef SYNCENGINE_SRC_LIVE_CONTENT_TEXT_H_
#define SYNCENGINE_SRC_LIVE_CONTENT_TEXT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/live/live_server.h"
#include "syncengine/transfer/opened_namespace.h"
#include "syncengine/transfer/uploader.h"

namespace syncengine::live {

absl::StatusOr<OpenedNamespace> OpenById(const LiveServerPorts& ports, const NamespaceId& id);

// The content of `revision`. kFailedPrecondition when it is no file or longer than
// limits::kLiveTextBytesMax.
absl::StatusOr<std::string> ReadText(const LiveServerPorts& ports, const OpenedNamespace& opened,
                                     const Revision& revision);

// Commits `text` as the successor of `base`, under its name.
absl::StatusOr<UploadResult> CommitText(const LiveServerPorts& ports, const OpenedNamespace& opened,
                                        const Revision& base, absl::string_view text);

}  // namespace syncengine::live

#endif  // SYNCENGINE_SRC_LIVE_CONTENT_TEXT_H_
