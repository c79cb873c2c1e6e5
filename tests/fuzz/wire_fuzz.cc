// The JSON of every value that crosses the wire, bodies of frames, and errors: what is read can be
// written, and reads back the same.
#include <string>

#include "src/http/errors.h"
#include "src/http/frames_body.h"
#include "src/http/json.h"
#include "src/http/wire_values.h"
#include "tests/fuzz/fuzz.h"

namespace syncengine::http {
namespace {

template <typename T>
void CheckValue(const Json& json) {
  const absl::StatusOr<T> value = FromJson<T>(json);
  if (!value.ok()) return;
  const std::string text = JsonText(ToJson(*value));
  const absl::StatusOr<Json> parsed = ParseJson(text);
  fuzz::Require(parsed.ok(), "what is written parses");
  const absl::StatusOr<T> again = FromJson<T>(*parsed);
  fuzz::Require(again.ok(), "what is written is accepted");
  fuzz::Require(JsonText(ToJson(*again)) == text, "a value has one form");
}

void CheckRequestOrAnswer(size_t kind, const Json& json) {
  if (kind == 0) CheckValue<CommitRequest>(json);
  if (kind == 1) CheckValue<UploadRequest>(json);
  if (kind == 2) CheckValue<NewDevice>(json);
  if (kind == 3) CheckValue<NamespaceRecord>(json);
  if (kind == 4) CheckValue<Revision>(json);
  if (kind == 5) CheckValue<ListPage>(json);
  if (kind == 6) CheckValue<RevisionPage>(json);
  if (kind == 7) CheckValue<ChangesPage>(json);
  if (kind == 8) CheckValue<CommitResult>(json);
  if (kind == 9) CheckValue<PutSegmentResult>(json);
  if (kind == 10) CheckValue<Usage>(json);
  if (kind == 11) CheckValue<DeviceRecord>(json);
  if (kind == 12) CheckValue<ConflictNote>(json);
  if (kind == 13) CheckValue<ConflictPage>(json);
  if (kind == 14) CheckValue<ResolveRequest>(json);
  if (kind == 15) CheckValue<ResolveResult>(json);
}

void CheckFrames(absl::string_view bytes) {
  const auto reply = DecodeFrames(bytes);
  if (reply.ok()) fuzz::Require(EncodeFrames(*reply) == bytes, "a reply has one form");
}

// Any answer of a server or a proxy becomes an error with something to say.
void CheckError(int http_status, absl::string_view body) {
  const HttpResponse response{.status = http_status,
                              .headers = {{"Retry-After", std::string(body)}},
                              .body = std::string(body)};
  const absl::Status status = ErrorFromResponse(response);
  fuzz::Require(!status.ok(), "an error is an error");
  const HttpResponse again = ErrorResponse(status);
  const absl::Status back = ErrorFromResponse(again);
  fuzz::Require(back.code() == status.code() && back.message() == status.message(),
                "an error crosses the wire");
  fuzz::Require(GetReason(back) == GetReason(status), "with its reason");
  (void)RetryAfter(response);
}

}  // namespace
}  // namespace syncengine::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace syncengine;
  fuzz::Input input(data, size);
  const size_t kind = input.Below(18);
  if (kind == 16) {
    http::CheckFrames(input.Rest());
  } else if (kind == 17) {
    const int status = 300 + input.Byte();
    http::CheckError(status, input.Rest());
  } else if (const auto json = http::ParseJson(input.Rest()); json.ok()) {
    http::CheckRequestOrAnswer(kind, *json);
  }
  return 0;
}
