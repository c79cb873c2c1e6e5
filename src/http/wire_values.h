// The JSON of every value that crosses Service; docs/PROTOCOL.md lists the fields. Absent fields
// have their default (zero, false, empty), and such fields are left out when writing.
#ifndef SYNCENGINE_HTTP_WIRE_VALUES_H_
#define SYNCENGINE_HTTP_WIRE_VALUES_H_

#include <vector>

#include "absl/status/statusor.h"
#include "src/http/json.h"
#include "syncengine/ports/service_values.h"

namespace syncengine::http {

// Parts.
Json ToJson(const ContentRef& value);
Json ToJson(const Attributes& value);
Json ToJson(const NodeState& value);
Json ToJson(const Change& value);
Json ToJson(const ChangeOutcome& value);
Json ToJson(const Announcement& value);
Json ToJson(const ListEntry& value);
Json ToJson(const JournalEntry& value);
Json ToJson(const ChangesEntry& value);
Json ToJson(const DeviceRecord::Place& value);
Json ToJson(const ConflictHunk& value);
Json ToJson(const ConflictNote& value);
Json ToJson(const ConflictRecord& value);
// Requests and answers.
Json ToJson(const NamespaceRecord& record);
Json ToJson(const Revision& revision);
Json ToJson(const ListPage& page);
Json ToJson(const RevisionPage& page);
Json ToJson(const UploadRequest& request);
Json ToJson(const PutSegmentResult& result);
Json ToJson(const CommitRequest& request);
Json ToJson(const CommitResult& result);
Json ToJson(const ChangesPage& page);
Json ToJson(const ConflictPage& page);
Json ToJson(const ResolveRequest& request);
Json ToJson(const ResolveResult& result);
Json ToJson(const Usage& usage);
Json ToJson(const NewDevice& device);
Json ToJson(const DeviceRecord& device);

// kInvalidArgument that names the field, what was expected and what was found.
template <>
absl::StatusOr<ContentRef> FromJson(const Json& value);
template <>
absl::StatusOr<Attributes> FromJson(const Json& value);
template <>
absl::StatusOr<NodeState> FromJson(const Json& value);
template <>
absl::StatusOr<Change> FromJson(const Json& value);
template <>
absl::StatusOr<ChangeOutcome> FromJson(const Json& value);
template <>
absl::StatusOr<Announcement> FromJson(const Json& value);
template <>
absl::StatusOr<ConflictHunk> FromJson(const Json& value);
template <>
absl::StatusOr<ConflictNote> FromJson(const Json& value);
template <>
absl::StatusOr<ConflictRecord> FromJson(const Json& value);
template <>
absl::StatusOr<ConflictPage> FromJson(const Json& value);
template <>
absl::StatusOr<ResolveRequest> FromJson(const Json& value);
template <>
absl::StatusOr<ResolveResult> FromJson(const Json& value);
template <>
absl::StatusOr<ListEntry> FromJson(const Json& value);
template <>
absl::StatusOr<JournalEntry> FromJson(const Json& value);
template <>
absl::StatusOr<ChangesEntry> FromJson(const Json& value);
template <>
absl::StatusOr<DeviceRecord::Place> FromJson(const Json& value);
template <>
absl::StatusOr<NamespaceRecord> FromJson(const Json& value);
template <>
absl::StatusOr<Revision> FromJson(const Json& value);
template <>
absl::StatusOr<ListPage> FromJson(const Json& value);
template <>
absl::StatusOr<RevisionPage> FromJson(const Json& value);
template <>
absl::StatusOr<UploadRequest> FromJson(const Json& value);
template <>
absl::StatusOr<PutSegmentResult> FromJson(const Json& value);
template <>
absl::StatusOr<CommitRequest> FromJson(const Json& value);
template <>
absl::StatusOr<CommitResult> FromJson(const Json& value);
template <>
absl::StatusOr<ChangesPage> FromJson(const Json& value);
template <>
absl::StatusOr<Usage> FromJson(const Json& value);
template <>
absl::StatusOr<NewDevice> FromJson(const Json& value);
template <>
absl::StatusOr<DeviceRecord> FromJson(const Json& value);

template <typename T>
Json ArrayOf(const std::vector<T>& values) {
  Json array = Json::array();
  for (const T& value : values) array.push_back(ToJson(value));
  return array;
}

}  // namespace syncengine::http

#endif  // SYNCENGINE_HTTP_WIRE_VALUES_H_
