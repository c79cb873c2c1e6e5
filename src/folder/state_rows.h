// The bytes of the client's state.
#ifndef SYNCENGINE_SRC_FOLDER_STATE_ROWS_H_
#define SYNCENGINE_SRC_FOLDER_STATE_ROWS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "src/folder/state.h"
#include "syncengine/reconcile/observation.h"

namespace syncengine::folder {

// Every value begins with a version. Decode: Reason::kIntegrity on bytes no encoder writes,
// Reason::kVersion on a newer version.
std::string EncodeSynced(const NodeId& node, const SyncedNode& row);
absl::StatusOr<SyncedNode> DecodeSynced(absl::string_view bytes);
std::string EncodeIntent(const Intent& intent);
absl::StatusOr<Intent> DecodeIntent(absl::string_view bytes);
std::string EncodeUnmerged(const Unmerged& unmerged);
absl::StatusOr<Unmerged> DecodeUnmerged(absl::string_view bytes);
std::string EncodeIdentity(const Identity& identity);
absl::StatusOr<Identity> DecodeIdentity(absl::string_view bytes);
std::string EncodeIssues(const std::vector<Issue>& issues);
absl::StatusOr<std::vector<Issue>> DecodeIssues(absl::string_view bytes);

// Changes of one node that may be answered for at one time.
inline constexpr size_t kSentChangesMax = 4;

std::string EncodeSent(const NodeId& node, const std::vector<SentChange>& sent);
absl::StatusOr<std::vector<SentChange>> DecodeSent(absl::string_view bytes);

}  // namespace syncengine::folder

#endif  // SYNCENGINE_SRC_FOLDER_STATE_ROWS_H_
