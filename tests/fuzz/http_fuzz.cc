// What a server reads from strangers: request heads and chunked bodies, where no split of the bytes
// makes a difference, and targets.
#include <string>

#include "src/http/chunked_body.h"
#include "src/http/request_head.h"
#include "src/http/url.h"
#include "tests/fuzz/fuzz.h"

namespace syncengine::fuzz {
namespace {

using http::ChunkedBody;
using http::RequestHeadReader;

RequestHeadReader::State ReadWhole(RequestHeadReader& reader, absl::string_view bytes) {
  return reader.Read(bytes);
}

RequestHeadReader::State ReadInSteps(RequestHeadReader& reader, absl::string_view bytes,
                                     size_t step) {
  auto state = RequestHeadReader::State::kIncomplete;
  for (size_t end = 0; state == RequestHeadReader::State::kIncomplete;) {
    end = std::min(end + step, bytes.size());
    state = reader.Read(bytes.substr(0, end));
    if (end == bytes.size()) break;
  }
  return state;
}

void CheckHead(absl::string_view bytes, size_t step) {
  RequestHeadReader whole, steps;
  const auto state = ReadWhole(whole, bytes);
  Require(ReadInSteps(steps, bytes, step) == state, "a split makes no difference");
  if (state == RequestHeadReader::State::kRefused) {
    Require(whole.refusal_status() == steps.refusal_status(), "the refusal is the same");
    Require(whole.refusal_status() >= 400, "a refusal is an error");
  }
  if (state != RequestHeadReader::State::kDone) return;
  const http::RequestHead& a = whole.head();
  const http::RequestHead& b = steps.head();
  Require(whole.size() == steps.size() && whole.size() <= bytes.size(), "the size is the same");
  Require(a.method == b.method && a.target == b.target && a.headers == b.headers &&
              a.content_length == b.content_length && a.chunked == b.chunked &&
              a.keep_alive == b.keep_alive && a.expects_continue == b.expects_continue,
          "the head is the same");
  Require(!a.chunked || a.content_length == 0, "one way to say the length");
  RequestHeadReader exact;
  Require(exact.Read(bytes.substr(0, whole.size())) == RequestHeadReader::State::kDone,
          "the head ends where it says");
}

void CheckChunks(absl::string_view bytes, size_t step) {
  constexpr uint64_t kBodyMax = 10'000;
  ChunkedBody whole(kBodyMax), steps(kBodyMax);
  std::string buffer(bytes), growing;
  const auto state = whole.Read(buffer);
  auto stepped = ChunkedBody::State::kIncomplete;
  size_t end = 0;
  do {
    const size_t next = std::min(end + step, bytes.size());
    growing.append(bytes.data() + end, next - end);
    end = next;
    stepped = steps.Read(growing);
  } while (stepped == ChunkedBody::State::kIncomplete && end < bytes.size());
  Require(state == stepped, "a split makes no difference");
  Require(whole.body().size() <= kBodyMax, "a body keeps to its bound");
  if (state != ChunkedBody::State::kDone) return;
  Require(whole.body() == steps.body(), "the body is the same");
  growing.append(bytes.data() + end, bytes.size() - end);
  Require(buffer == growing, "what follows is the same");
}

void CheckTarget(absl::string_view bytes) {
  const auto target = http::ParseTarget(bytes);
  if (target.ok()) {
    std::string again;
    for (const std::string& segment : target->segments) {
      again += "/" + http::PercentEncode(segment);
    }
    const auto parsed = http::ParseTarget(again.empty() ? "/" : again);
    Require(parsed.ok() && parsed->segments == target->segments, "segments read back");
  }
  const auto query = http::ParseTarget("/x?name=" + http::PercentEncode(bytes));
  Require(query.ok() && query->query.at("name") == bytes, "any bytes pass through a query");
}

}  // namespace
}  // namespace syncengine::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace syncengine::fuzz;
  Input input(data, size);
  const size_t mode = input.Below(3);
  const size_t step = 1 + input.Byte();
  if (mode == 0) CheckHead(input.Rest(), step);
  if (mode == 1) CheckChunks(input.Rest(), step);
  if (mode == 2) CheckTarget(input.Rest());
  return 0;
}
