// A file's content as one string, in and out of a Service.
#ifndef SYNCENGINE_SRC_LIVE_CONTENT_TEXT_H_
#define SYNCENGINE_SRC_LIVE_CONTENT_TEXT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/live/live_server.h"
#include "syncengine/merge/merger.h"
#include "syncengine/transfer/opened_namespace.h"

namespace syncengine::live {

absl::StatusOr<OpenedNamespace> OpenById(const LiveServerPorts& ports, const NamespaceId& id);

// The content of `revision`. kFailedPrecondition when it is no file or longer than
// limits::kLiveTextBytesMax.
absl::StatusOr<std::string> ReadText(const LiveServerPorts& ports, const OpenedNamespace& opened,
                                     const Revision& revision);

struct CommittedText {
  ChangeOutcome outcome;
  ContentRef content;
};

// Commits `text` as the successor of `base`, under its name.
absl::StatusOr<CommittedText> CommitText(const LiveServerPorts& ports,
                                         const OpenedNamespace& opened, const Revision& base,
                                         absl::string_view text);

struct Fork {
  const Revision& base;
  const Revision& head;  // Somebody else's.
};

// Commits `text`, which grew from `base`, as a device does that was offline: merged with the head,
// or noted as a conflict.
absl::Status MergeText(const LiveServerPorts& ports, const OpenedNamespace& opened,
                       const Fork& fork, const MergerRegistry& mergers, absl::string_view text);

}  // namespace syncengine::live

#endif  // SYNCENGINE_SRC_LIVE_CONTENT_TEXT_H_
