#include "syncengine/http/client.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/http/errors.h"
#include "src/http/frames_body.h"
#include "src/http/json.h"
#include "src/http/url.h"
#include "src/http/wire_values.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/base/version.h"

namespace syncengine::http {
namespace {

constexpr size_t kNamespacesMax = 1'000'000;
constexpr size_t kDevicesMax = 1'000'000;
// Slower than this a transfer is given up and tried again in smaller hope.
constexpr uint64_t kBytesPerSecondMin = 16u << 10;

std::string NamespacePath(const NamespaceId& id, absl::string_view rest) {
  return absl::StrCat("/v1/namespaces/", id.ToHex(), "/", rest);
}

std::string UploadPath(const NamespaceId& id, const UploadId& upload, absl::string_view rest) {
  return NamespacePath(id, absl::StrCat("uploads/", upload.ToHex(), rest));
}

std::string ChangesPath(const NamespaceId& id, const ChangesRequest& request) {
  std::string rest = absl::StrCat("changes?limit=", request.limit);
  if (request.after.has_value()) {
    absl::StrAppend(&rest, "&cursor=", PercentEncode(FormatCursor(*request.after)));
  }
  return NamespacePath(id, rest);
}

// The server broke the protocol: nothing the caller did, and nothing that trying again cures.
absl::Status NotTheProtocol(const absl::Status& why) {
  return absl::InternalError(
      absl::StrCat("server: the answer is not as docs/PROTOCOL.md says: ", why.message()));
}

absl::StatusOr<Json> BodyObject(const absl::StatusOr<HttpResponse>& response) {
  if (!response.ok()) return response.status();
  absl::StatusOr<Json> body = ParseJson(response->body);
  if (!body.ok()) return NotTheProtocol(body.status());
  return body;
}

template <typename T>
absl::StatusOr<T> BodyValue(const absl::StatusOr<HttpResponse>& response) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Json body, BodyObject(response));
  absl::StatusOr<T> value = FromJson<T>(body);
  if (!value.ok()) return NotTheProtocol(value.status());
  return value;
}

// Reads the body with `read`, a function of Fields.
template <typename T, typename Read>
absl::StatusOr<T> BodyFields(const absl::StatusOr<HttpResponse>& response, Read read) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Json body, BodyObject(response));
  Fields fields(body, "answer");
  T value = read(fields);
  if (!fields.status().ok()) return NotTheProtocol(fields.status());
  return value;
}

// OK when the exchange brought a 2xx response.
absl::Status ExchangeStatus(const absl::StatusOr<HttpResponse>& response) {
  if (!response.ok()) return response.status();
  if (response->status >= 200 && response->status < 300) return absl::OkStatus();
  return ErrorFromResponse(*response);
}

absl::Status TooMany(absl::string_view what, size_t found, size_t max) {
  return absl::InvalidArgumentError(
      absl::StrCat(what, ": at most ", max, " in one request, found ", found));
}

}  // namespace

Client::Client(HttpTransport& transport, Secret token, ClientPorts ports, ClientOptions options)
    : transport_(transport),
      token_(std::move(token)),
      ports_(ports),
      options_(std::move(options)) {}

// --- Exchanges ---

HttpRequest Client::NewRequest(std::string method, std::string target) const {
  return HttpRequest{.method = std::move(method),
                     .target = std::move(target),
                     .headers = {{"authorization", absl::StrCat("Bearer ", token_.bytes())},
                                 {"user-agent", absl::StrCat("syncengine/", kVersion)}},
                     .body = {}};
}

absl::Duration Client::Delay(int attempt, const absl::StatusOr<HttpResponse>& response) {
  absl::Duration delay = options_.retry.first_delay;
  for (int i = 1; i < attempt && delay < options_.retry.delay_max; ++i) delay *= 2;
  delay = std::min(delay, options_.retry.delay_max);
  uint8_t chance = 0;
  ports_.entropy.Fill(absl::MakeSpan(&chance, 1));
  delay -= delay * chance / 510;  // By up to a half.
  const std::optional<absl::Duration> asked = response.ok() ? RetryAfter(*response) : std::nullopt;
  if (!asked.has_value()) return delay;
  return std::max(delay, std::min(*asked, options_.retry.retry_after_max));
}

Client::PauseEnd Client::Pause(absl::Duration delay, std::stop_token stop) {
  const std::shared_ptr<Signal> signal = ports_.executor.NewSignal();
  {
    absl::MutexLock lock(&mutex_);
    pauses_.insert(signal);
  }
  bool woken = false;
  {
    const std::stop_callback wake(stop, [&signal] { signal->Notify(); });
    woken = signal->Wait(delay);
  }
  absl::MutexLock lock(&mutex_);
  pauses_.erase(signal);
  if (stop.stop_requested()) return PauseEnd::kStopped;
  return woken ? PauseEnd::kWoken : PauseEnd::kElapsed;
}

void Client::RetryNow() {
  std::vector<std::shared_ptr<Signal>> pauses;
  {
    absl::MutexLock lock(&mutex_);
    pauses.assign(pauses_.begin(), pauses_.end());
  }
  for (const std::shared_ptr<Signal>& signal : pauses) signal->Notify();
}

absl::StatusOr<HttpResponse> Client::Retrying(std::stop_token stop, Exchange exchange) {
  for (int attempt = 1;; ++attempt) {
    absl::StatusOr<HttpResponse> response = exchange();
    const absl::Status status = ExchangeStatus(response);
    if (status.ok()) return response;
    if (!absl::IsUnavailable(status) || attempt >= options_.retry.attempts_max) return status;
    const absl::Duration delay = Delay(attempt, response);
    if (options_.on_retry) options_.on_retry({attempt, delay, status});
    const PauseEnd end = Pause(delay, stop);
    if (end == PauseEnd::kStopped) return absl::CancelledError("http: the call was stopped");
    if (end == PauseEnd::kWoken) attempt = 0;
  }
}

absl::StatusOr<HttpResponse> Client::Send(const HttpRequest& request) {
  constexpr uint64_t kResponseMax = 64u << 20;
  const uint64_t bytes = request.body.size() + limits::kFramesReplyBytesTarget;
  const HttpCallOptions call{
      .timeout = options_.timeout + absl::Seconds(bytes / kBytesPerSecondMin),
      .response_bytes_max = kResponseMax,
      .stop = {}};
  return Retrying({}, [&] { return transport_.Call(request, call); });
}

absl::StatusOr<HttpResponse> Client::SendJson(std::string method, std::string target,
                                              std::string body) {
  HttpRequest request = NewRequest(std::move(method), std::move(target));
  request.headers.emplace_back("content-type", "application/json");
  request.body = std::move(body);
  return Send(request);
}

template <typename T>
absl::StatusOr<T> Client::Get(const std::string& target) {
  return BodyValue<T>(Send(NewRequest("GET", target)));
}

absl::Status Client::CheckHealth() {
  return BodyFields<std::string>(Send(NewRequest("GET", "/v1/health")),
                                 [](Fields& fields) {
                                   if (!fields.Has("version"))
                                     fields.Fail("version", "is required");
                                   return fields.Text("version");
                                 })
      .status();
}

// --- Namespaces ---

absl::StatusOr<NamespaceRecord> Client::CreateNamespace(const NamespaceRecord& record,
                                                        const Secret& bundle) {
  Json body = {{"record", ToJson(record)}};
  PutBinary(body, "bundle", bundle.bytes());
  return BodyValue<NamespaceRecord>(SendJson("POST", "/v1/namespaces", JsonText(body)));
}

absl::StatusOr<std::vector<NamespaceRecord>> Client::ListNamespaces() {
  return BodyFields<std::vector<NamespaceRecord>>(
      Send(NewRequest("GET", "/v1/namespaces")),
      [](Fields& fields) { return fields.Objects<NamespaceRecord>("namespaces", kNamespacesMax); });
}

absl::StatusOr<Secret> Client::FetchKeys(const NamespaceId& id) {
  return BodyFields<Secret>(Send(NewRequest("GET", NamespacePath(id, "keys"))),
                            [](Fields& fields) { return Secret(fields.Binary("bundle")); });
}

// --- Look-up ---

absl::StatusOr<Revision> Client::Stat(const NamespaceId& id, const NodeTarget& target) {
  std::string rest = absl::StrCat("stat?path=", PercentEncode(target.path));
  if (target.node.has_value()) absl::StrAppend(&rest, "&node=", target.node->ToHex());
  return Get<Revision>(NamespacePath(id, rest));
}

absl::StatusOr<ListPage> Client::List(const NamespaceId& id, const ListRequest& request) {
  return Get<ListPage>(NamespacePath(
      id, absl::StrCat("list?directory=", request.directory.ToHex(), "&limit=", request.limit,
                       "&recursive=", request.recursive ? 1 : 0,
                       "&after=", PercentEncode(request.after))));
}

absl::StatusOr<RevisionPage> Client::Revisions(const NamespaceId& id,
                                               const RevisionsRequest& request) {
  return Get<RevisionPage>(NamespacePath(
      id, absl::StrCat("revisions?node=", request.node.ToHex(), "&limit=", request.limit,
                       "&before=", request.before_sequence)));
}

// --- Upload ---

absl::StatusOr<UploadId> Client::BeginUpload(const NamespaceId& id, const UploadRequest& request) {
  return BodyFields<UploadId>(
      SendJson("POST", NamespacePath(id, "uploads"), JsonText(ToJson(request))),
      [](Fields& fields) { return fields.RequiredId<UploadId>("upload"); });
}

absl::StatusOr<std::vector<BlockId>> Client::MissingBlocks(const NamespaceId& id,
                                                           const UploadId& upload,
                                                           absl::Span<const BlockId> ids) {
  if (ids.size() > limits::kMissingBlocksMax) {
    return TooMany("block ids", ids.size(), limits::kMissingBlocksMax);
  }
  return BodyFields<std::vector<BlockId>>(
      SendJson("POST", UploadPath(id, upload, "/missing"), JsonText({{"ids", IdsToJson(ids)}})),
      [](Fields& fields) { return fields.Ids<BlockId>("missing", limits::kMissingBlocksMax); });
}

absl::StatusOr<PutSegmentResult> Client::PutSegment(const NamespaceId& id, const UploadId& upload,
                                                    absl::string_view segment) {
  if (segment.size() > limits::kSegmentBytesMax) {
    return TooMany("segment bytes", segment.size(), limits::kSegmentBytesMax);
  }
  HttpRequest request = NewRequest("POST", UploadPath(id, upload, "/segments"));
  request.headers.emplace_back("content-type", "application/octet-stream");
  request.body = std::string(segment);
  return BodyValue<PutSegmentResult>(Send(request));
}

absl::StatusOr<CommitResult> Client::Commit(const NamespaceId& id, const CommitRequest& request) {
  if (request.changes.size() > limits::kCommitChangesMax) {
    return TooMany("changes", request.changes.size(), limits::kCommitChangesMax);
  }
  return BodyValue<CommitResult>(
      SendJson("POST", NamespacePath(id, "commits"), JsonText(ToJson(request))));
}

absl::Status Client::AbortUpload(const NamespaceId& id, const UploadId& upload) {
  return Send(NewRequest("DELETE", UploadPath(id, upload, ""))).status();
}

// --- Download ---

absl::StatusOr<FramesReply> Client::GetFrames(const NamespaceId& id,
                                              absl::Span<const BlockId> ids) {
  if (ids.size() > limits::kFrameIdsMax) {
    return TooMany("block ids", ids.size(), limits::kFrameIdsMax);
  }
  SYNCENGINE_ASSIGN_OR_RETURN(
      const HttpResponse response,
      SendJson("POST", NamespacePath(id, "frames"), JsonText({{"ids", IdsToJson(ids)}})));
  absl::StatusOr<FramesReply> reply = DecodeFrames(response.body);
  if (!reply.ok()) return NotTheProtocol(reply.status());
  if (reply->answered > ids.size() || (reply->answered == 0 && !ids.empty())) {
    return NotTheProtocol(absl::InternalError("frames reply: answers another number of ids"));
  }
  return reply;
}

// --- Changes ---

absl::StatusOr<ChangesPage> Client::Changes(const NamespaceId& id, const ChangesRequest& request) {
  return Get<ChangesPage>(ChangesPath(id, request));
}

absl::StatusOr<ChangesPage> Client::WaitChanges(const NamespaceId& id,
                                                const ChangesRequest& request,
                                                absl::Duration timeout, std::stop_token stop) {
  if (stop.stop_requested()) return absl::CancelledError("http: the call was stopped");
  timeout = std::clamp(timeout, absl::ZeroDuration(), absl::Seconds(limits::kWaitSecondsMax));
  const absl::Duration deadline = ports_.clock.Monotonic() + timeout;
  const std::string target = ChangesPath(id, request);
  // Each attempt waits for what is left, so that retries do not add up.
  return BodyValue<ChangesPage>(Retrying(stop, [&] {
    const absl::Duration left = std::max(deadline - ports_.clock.Monotonic(), absl::ZeroDuration());
    HttpCallOptions call;
    call.timeout = left + options_.poll_slack;
    call.stop = stop;
    return transport_.Call(
        NewRequest("GET", absl::StrCat(target, "&wait_ms=", absl::ToInt64Milliseconds(left))),
        call);
  }));
}

absl::Status Client::AcknowledgeChanges(const NamespaceId& id, const Cursor& cursor) {
  return SendJson("PUT", NamespacePath(id, "acknowledged"),
                  JsonText({{"cursor", FormatCursor(cursor)}}))
      .status();
}

// --- Conflicts ---

absl::StatusOr<ConflictPage> Client::ListConflicts(const NamespaceId& id,
                                                   const ConflictsRequest& request) {
  std::string rest =
      absl::StrCat("conflicts?limit=", request.limit, "&decided=", request.decided_too ? 1 : 0);
  if (request.node.has_value()) absl::StrAppend(&rest, "&node=", request.node->ToHex());
  if (!request.after.IsZero()) absl::StrAppend(&rest, "&after=", request.after.ToHex());
  return Get<ConflictPage>(NamespacePath(id, rest));
}

absl::StatusOr<ResolveResult> Client::Resolve(const NamespaceId& id,
                                              const ResolveRequest& request) {
  return BodyValue<ResolveResult>(
      SendJson("POST", NamespacePath(id, "resolutions"), JsonText(ToJson(request))));
}

// --- Upkeep ---

absl::StatusOr<Usage> Client::GetUsage(const NamespaceId& id) {
  return Get<Usage>(NamespacePath(id, "usage"));
}

absl::StatusOr<NewDevice> Client::AddDevice(absl::string_view name, const OpId& nonce) {
  Json body = {{"nonce", nonce.ToHex()}};
  PutText(body, "name", name);
  return BodyValue<NewDevice>(SendJson("POST", "/v1/devices", JsonText(body)));
}

absl::StatusOr<std::vector<DeviceRecord>> Client::ListDevices() {
  return BodyFields<std::vector<DeviceRecord>>(
      Send(NewRequest("GET", "/v1/devices")),
      [](Fields& fields) { return fields.Objects<DeviceRecord>("devices", kDevicesMax); });
}

absl::Status Client::RevokeDevice(absl::string_view name) {
  return Send(NewRequest("DELETE", absl::StrCat("/v1/devices?name=", PercentEncode(name))))
      .status();
}

}  // namespace syncengine::http
