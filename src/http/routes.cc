#include "src/http/routes.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "src/http/errors.h"
#include "src/http/frames_body.h"
#include "src/http/json.h"
#include "src/http/live_routes.h"
#include "src/http/wire_values.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/http/handler.h"

namespace syncengine::http {
namespace {

using Answer = absl::StatusOr<VerbAnswer>;

// --- Responses ---

Answer JsonAnswer(const Json& body, int status = 200) {
  return HttpResponse{
      .status = status, .headers = {{"content-type", "application/json"}}, .body = JsonText(body)};
}

template <typename T>
Answer ValueAnswer(const absl::StatusOr<T>& value) {
  if (!value.ok()) return value.status();
  return JsonAnswer(ToJson(*value));
}

Answer EmptyAnswer(const absl::Status& status) {
  if (!status.ok()) return status;
  return HttpResponse{.status = 204};
}

// --- Parameters and bodies ---

absl::StatusOr<uint64_t> NumberParameter(const Target& target, const std::string& name,
                                         uint64_t fallback, uint64_t max) {
  const auto it = target.query.find(name);
  if (it == target.query.end()) return fallback;
  uint64_t value = 0;
  if (!absl::SimpleAtoi(it->second, &value) || value > max) {
    return absl::InvalidArgumentError(absl::StrCat("parameter '", name,
                                                   "': expected a whole number of at most ", max,
                                                   ", found '", it->second, "'"));
  }
  return value;
}

template <typename IdType>
absl::StatusOr<IdType> IdParameter(const Target& target, const std::string& name) {
  const auto it = target.query.find(name);
  if (it == target.query.end()) return IdType();
  absl::StatusOr<IdType> id = IdType::FromHex(it->second);
  return id.ok() ? id : Annotate(id.status(), absl::StrCat("parameter '", name, "'"));
}

std::string TextParameter(const Target& target, const std::string& name) {
  const auto it = target.query.find(name);
  return it == target.query.end() ? std::string() : it->second;
}

template <typename T>
absl::StatusOr<T> BodyValue(const RoutedRequest& call) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Json body, ParseJson(call.request.body));
  return FromJson<T>(body);
}

absl::StatusOr<std::vector<BlockId>> BodyIds(const RoutedRequest& call, size_t max) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Json body, ParseJson(call.request.body));
  Fields fields(body, "request");
  std::vector<BlockId> ids = fields.Ids<BlockId>("ids", max);
  if (!fields.status().ok()) return fields.status();
  return ids;
}

// --- Namespaces ---

Answer CreateNamespace(const RoutedRequest& call) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Json body, ParseJson(call.request.body));
  Fields fields(body, "request");
  const NamespaceRecord record = fields.Object<NamespaceRecord>("record");
  const Secret bundle(fields.Binary("bundle"));
  SYNCENGINE_RETURN_IF_ERROR(fields.status());
  return ValueAnswer(call.service.CreateNamespace(record, bundle));
}

Answer ListNamespaces(const RoutedRequest& call) {
  SYNCENGINE_ASSIGN_OR_RETURN(const std::vector<NamespaceRecord> records,
                              call.service.ListNamespaces());
  Json array = Json::array();
  for (const NamespaceRecord& record : records) array.push_back(ToJson(record));
  return JsonAnswer({{"namespaces", std::move(array)}});
}

Answer FetchKeys(const RoutedRequest& call) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Secret bundle, call.service.FetchKeys(call.path.id));
  Json body = Json::object();
  PutBinary(body, "bundle", bundle.bytes());
  return JsonAnswer(body);
}

// --- Look-up ---

Answer Stat(const RoutedRequest& call) {
  NodeTarget target{.path = TextParameter(call.target, "path"), .node = std::nullopt};
  if (call.target.query.contains("node")) {
    SYNCENGINE_ASSIGN_OR_RETURN(target.node, IdParameter<NodeId>(call.target, "node"));
  }
  return ValueAnswer(call.service.Stat(call.path.id, target));
}

Answer List(const RoutedRequest& call) {
  ListRequest request;
  SYNCENGINE_ASSIGN_OR_RETURN(request.directory, IdParameter<NodeId>(call.target, "directory"));
  SYNCENGINE_ASSIGN_OR_RETURN(
      const uint64_t limit,
      NumberParameter(call.target, "limit", request.limit, limits::kListPageMax));
  SYNCENGINE_ASSIGN_OR_RETURN(const uint64_t recursive,
                              NumberParameter(call.target, "recursive", 0, 1));
  request.after = TextParameter(call.target, "after");
  request.limit = static_cast<int>(limit);
  request.recursive = recursive == 1;
  return ValueAnswer(call.service.List(call.path.id, request));
}

Answer Revisions(const RoutedRequest& call) {
  RevisionsRequest request;
  SYNCENGINE_ASSIGN_OR_RETURN(request.node, IdParameter<NodeId>(call.target, "node"));
  SYNCENGINE_ASSIGN_OR_RETURN(request.before_sequence,
                              NumberParameter(call.target, "before", 0, ~uint64_t{0}));
  SYNCENGINE_ASSIGN_OR_RETURN(
      const uint64_t limit,
      NumberParameter(call.target, "limit", request.limit, limits::kListPageMax));
  request.limit = static_cast<int>(limit);
  return ValueAnswer(call.service.Revisions(call.path.id, request));
}

// --- Upload ---

Answer BeginUpload(const RoutedRequest& call) {
  SYNCENGINE_ASSIGN_OR_RETURN(const UploadRequest request, BodyValue<UploadRequest>(call));
  SYNCENGINE_ASSIGN_OR_RETURN(const UploadId upload,
                              call.service.BeginUpload(call.path.id, request));
  return JsonAnswer({{"upload", upload.ToHex()}});
}

Answer MissingBlocks(const RoutedRequest& call) {
  SYNCENGINE_ASSIGN_OR_RETURN(const std::vector<BlockId> ids,
                              BodyIds(call, limits::kMissingBlocksMax));
  SYNCENGINE_ASSIGN_OR_RETURN(const std::vector<BlockId> missing,
                              call.service.MissingBlocks(call.path.id, call.path.upload, ids));
  return JsonAnswer({{"missing", IdsToJson<BlockId>(missing)}});
}

Answer PutSegment(const RoutedRequest& call) {
  return ValueAnswer(call.service.PutSegment(call.path.id, call.path.upload, call.request.body));
}

Answer Commit(const RoutedRequest& call) {
  SYNCENGINE_ASSIGN_OR_RETURN(const CommitRequest request, BodyValue<CommitRequest>(call));
  return ValueAnswer(call.service.Commit(call.path.id, request));
}

Answer AbortUpload(const RoutedRequest& call) {
  return EmptyAnswer(call.service.AbortUpload(call.path.id, call.path.upload));
}

// --- Download ---

Answer GetFrames(const RoutedRequest& call) {
  SYNCENGINE_ASSIGN_OR_RETURN(const std::vector<BlockId> ids, BodyIds(call, limits::kFrameIdsMax));
  SYNCENGINE_ASSIGN_OR_RETURN(const FramesReply reply, call.service.GetFrames(call.path.id, ids));
  return HttpResponse{.status = 200,
                      .headers = {{"content-type", "application/octet-stream"}},
                      .body = EncodeFrames(reply)};
}

// --- Changes ---

Answer Changes(const RoutedRequest& call) {
  ChangesRequest request;
  if (call.target.query.contains("cursor")) {
    SYNCENGINE_ASSIGN_OR_RETURN(request.after, ParseCursor(call.target.query.at("cursor")));
  }
  SYNCENGINE_ASSIGN_OR_RETURN(
      const uint64_t limit,
      NumberParameter(call.target, "limit", request.limit, limits::kChangesPageMax));
  SYNCENGINE_ASSIGN_OR_RETURN(
      const uint64_t wait_ms,
      NumberParameter(call.target, "wait_ms", 0, uint64_t{limits::kWaitSecondsMax} * 1000));
  request.limit = static_cast<int>(limit);
  const absl::StatusOr<ChangesPage> page = call.service.Changes(call.path.id, request);
  if (wait_ms > 0 && page.ok() && page->entries.empty()) {
    return NothingYet{.request = request, .wait = absl::Milliseconds(wait_ms)};
  }
  return ValueAnswer(page);
}

Answer AcknowledgeChanges(const RoutedRequest& call) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Json body, ParseJson(call.request.body));
  Fields fields(body, "request");
  const std::string text = fields.Text("cursor");
  SYNCENGINE_RETURN_IF_ERROR(fields.status());
  SYNCENGINE_ASSIGN_OR_RETURN(const Cursor cursor, ParseCursor(text));
  return EmptyAnswer(call.service.AcknowledgeChanges(call.path.id, cursor));
}

// --- Conflicts ---

Answer ListConflicts(const RoutedRequest& call) {
  ConflictsRequest request;
  if (call.target.query.contains("node")) {
    SYNCENGINE_ASSIGN_OR_RETURN(request.node, IdParameter<NodeId>(call.target, "node"));
  }
  SYNCENGINE_ASSIGN_OR_RETURN(const uint64_t decided,
                              NumberParameter(call.target, "decided", 0, 1));
  SYNCENGINE_ASSIGN_OR_RETURN(request.after, IdParameter<RevisionId>(call.target, "after"));
  SYNCENGINE_ASSIGN_OR_RETURN(
      const uint64_t limit,
      NumberParameter(call.target, "limit", request.limit, limits::kConflictsPageMax));
  request.decided_too = decided == 1;
  request.limit = static_cast<int>(limit);
  return ValueAnswer(call.service.ListConflicts(call.path.id, request));
}

Answer Resolve(const RoutedRequest& call) {
  SYNCENGINE_ASSIGN_OR_RETURN(const ResolveRequest request, BodyValue<ResolveRequest>(call));
  return ValueAnswer(call.service.Resolve(call.path.id, request));
}

// --- Upkeep ---

Answer GetUsage(const RoutedRequest& call) {
  return ValueAnswer(call.service.GetUsage(call.path.id));
}

Answer AddDevice(const RoutedRequest& call) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Json body, ParseJson(call.request.body));
  Fields fields(body, "request");
  const std::string name = fields.Text("name");
  const OpId nonce = fields.RequiredId<OpId>("nonce");
  SYNCENGINE_RETURN_IF_ERROR(fields.status());
  return ValueAnswer(call.service.AddDevice(name, nonce));
}

Answer ListDevices(const RoutedRequest& call) {
  SYNCENGINE_ASSIGN_OR_RETURN(const std::vector<DeviceRecord> devices, call.service.ListDevices());
  Json array = Json::array();
  for (const DeviceRecord& device : devices) array.push_back(ToJson(device));
  return JsonAnswer({{"devices", std::move(array)}});
}

Answer RevokeDevice(const RoutedRequest& call) {
  return EmptyAnswer(call.service.RevokeDevice(TextParameter(call.target, "name")));
}

constexpr Route kRoutes[] = {
    {"POST", "v1/namespaces", kJsonBodyMax, CreateNamespace},
    {"GET", "v1/namespaces", 0, ListNamespaces},
    {"GET", "v1/namespaces/{ns}/keys", 0, FetchKeys},
    {"GET", "v1/namespaces/{ns}/stat", 0, Stat},
    {"GET", "v1/namespaces/{ns}/list", 0, List},
    {"GET", "v1/namespaces/{ns}/revisions", 0, Revisions},
    {"POST", "v1/namespaces/{ns}/uploads", kJsonBodyMax, BeginUpload},
    {"DELETE", "v1/namespaces/{ns}/uploads/{upload}", 0, AbortUpload},
    {"POST", "v1/namespaces/{ns}/uploads/{upload}/missing", kJsonBodyMax, MissingBlocks},
    {"POST", "v1/namespaces/{ns}/uploads/{upload}/segments", kSegmentBodyMax, PutSegment},
    {"POST", "v1/namespaces/{ns}/commits", kJsonBodyMax, Commit},
    {"POST", "v1/namespaces/{ns}/frames", kJsonBodyMax, GetFrames},
    {"GET", "v1/namespaces/{ns}/changes", 0, Changes},
    {"PUT", "v1/namespaces/{ns}/acknowledged", kJsonBodyMax, AcknowledgeChanges},
    {"GET", "v1/namespaces/{ns}/conflicts", 0, ListConflicts},
    {"POST", "v1/namespaces/{ns}/resolutions", kJsonBodyMax, Resolve},
    {"GET", "v1/namespaces/{ns}/usage", 0, GetUsage},
    {"POST", "v1/namespaces/{ns}/live", limits::kLivePacketBytesMax, ExchangeLive},
    {"GET", "v1/namespaces/{ns}/live", 0, WaitLive},
    {"POST", "v1/devices", kJsonBodyMax, AddDevice},
    {"GET", "v1/devices", 0, ListDevices},
    {"DELETE", "v1/devices", 0, RevokeDevice},
};

bool IsVariable(absl::string_view part) { return part.front() == '{'; }

template <typename IdType>
absl::Status ReadId(absl::string_view what, const std::string& text, IdType& id) {
  absl::StatusOr<IdType> read = IdType::FromHex(text);
  if (!read.ok()) return Annotate(read.status(), absl::StrCat(what, " id in the path"));
  id = *read;
  return absl::OkStatus();
}

}  // namespace

absl::Span<const Route> Routes() { return kRoutes; }

bool PathMatches(const Route& route, const Target& target) {
  size_t i = 0;
  for (absl::string_view part : absl::StrSplit(route.path, '/')) {
    if (i == target.segments.size()) return false;
    if (!IsVariable(part) && part != target.segments[i]) return false;
    ++i;
  }
  return i == target.segments.size();
}

absl::StatusOr<PathArguments> ReadPath(const Route& route, const Target& target) {
  PathArguments arguments;
  size_t i = 0;
  for (absl::string_view part : absl::StrSplit(route.path, '/')) {
    const std::string& text = target.segments[i++];
    if (part == "{ns}") SYNCENGINE_RETURN_IF_ERROR(ReadId("namespace", text, arguments.id));
    if (part == "{upload}") SYNCENGINE_RETURN_IF_ERROR(ReadId("upload", text, arguments.upload));
  }
  return arguments;
}

}  // namespace syncengine::http
