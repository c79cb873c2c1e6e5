// Port: the documents of a server that are being written in right now.
#ifndef SYNCENGINE_PORTS_LIVE_DOCUMENTS_H_
#define SYNCENGINE_PORTS_LIVE_DOCUMENTS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/base/ids.h"

namespace syncengine {

// Thread-safe. The caller has checked that whoever sends the packet may write in the namespace.
class LiveDocuments {
 public:
  virtual ~LiveDocuments() = default;

  // Answers one packet of a LiveText (diffsync/live_text.h) for the file `node`, opening the
  // document when it is not open yet. May be repeated: the same packet gets the same reply.
  // kInvalidArgument for bytes that are no packet, kFailedPrecondition when the file is no UTF-8
  // text, is too long, or its keys are not here; kNotFound when it is gone.
  virtual absl::StatusOr<std::string> Exchange(const NamespaceId& id, const NodeId& node,
                                               absl::string_view packet) = 0;
  // The number of the newest change; 0 for a document that is not open.
  virtual uint64_t Sequence(const NamespaceId& id, const NodeId& node) = 0;
};

}  // namespace syncengine

#endif  // SYNCENGINE_PORTS_LIVE_DOCUMENTS_H_
