#include "src/http/chunked_body.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"

namespace syncengine::http {
namespace {

constexpr absl::string_view kLineEnd = "\r\n";
constexpr size_t kSizeDigitsMax = 8;

}  // namespace

ChunkedBody::State ChunkedBody::Size(absl::string_view& rest) {
  const size_t end = rest.find_first_not_of("0123456789abcdefABCDEF");
  const size_t digits = end == absl::string_view::npos ? rest.size() : end;
  if (digits > kSizeDigitsMax || (digits == 0 && !rest.empty())) return State::kRefused;
  const absl::string_view found = rest.substr(digits, kLineEnd.size());
  if (!absl::StartsWith(kLineEnd, found)) return State::kRefused;
  if (found.size() < kLineEnd.size()) return State::kIncomplete;
  uint32_t size = 0;
  if (!absl::SimpleHexAtoi(rest.substr(0, digits), &size)) return State::kRefused;
  if (size > body_max_ - body_.size()) return State::kTooLarge;
  chunk_left_ = size;
  part_ = size == 0 ? Part::kEnd : Part::kContent;
  rest.remove_prefix(digits + kLineEnd.size());
  return State::kIncomplete;
}

ChunkedBody::State ChunkedBody::Content(absl::string_view& rest) {
  const size_t size = std::min<uint64_t>(chunk_left_, rest.size());
  body_.append(rest.data(), size);
  rest.remove_prefix(size);
  chunk_left_ -= size;
  if (chunk_left_ == 0) part_ = Part::kContentEnd;
  return State::kIncomplete;
}

ChunkedBody::State ChunkedBody::LineEnd(absl::string_view& rest) {
  const absl::string_view found = rest.substr(0, kLineEnd.size());
  if (!absl::StartsWith(kLineEnd, found)) return State::kRefused;
  if (found.size() < kLineEnd.size()) return State::kIncomplete;
  rest.remove_prefix(kLineEnd.size());
  if (part_ == Part::kEnd) return State::kDone;
  part_ = Part::kSize;
  return State::kIncomplete;
}

ChunkedBody::State ChunkedBody::Step(absl::string_view& rest) {
  if (part_ == Part::kSize) return Size(rest);
  return part_ == Part::kContent ? Content(rest) : LineEnd(rest);
}

ChunkedBody::State ChunkedBody::Read(std::string& buffer) {
  absl::string_view rest = buffer;
  State state = State::kIncomplete;
  size_t before = 0;
  do {
    before = rest.size();
    state = Step(rest);
  } while (state == State::kIncomplete && rest.size() != before);
  buffer.erase(0, buffer.size() - rest.size());
  return state;
}

}  // namespace syncengine::http
