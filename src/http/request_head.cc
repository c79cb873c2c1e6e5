#include "src/http/request_head.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace syncengine::http {
namespace {

bool IsTokenCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         absl::string_view("!#$%&'*+-.^_`|~").find(c) != absl::string_view::npos;
}

bool IsToken(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenCharacter);
}

bool IsVisibleAscii(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool IsControl(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

bool IsHost(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           absl::string_view(".-_:[]").find(c) != absl::string_view::npos;
  });
}

absl::string_view TrimBlanks(absl::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

RequestHeadReader::State RequestHeadReader::Refuse(int status, absl::string_view why) {
  refusal_status_ = status;
  refusal_ = std::string(why);
  return State::kRefused;
}

RequestHeadReader::State RequestHeadReader::Read(absl::string_view buffer) {
  while (scanned_ < buffer.size()) {
    const char c = buffer[scanned_];
    if (fields_start_ == 0 && scanned_ >= kRequestLineMax) {
      return Refuse(414, absl::StrCat("the request line is longer than ", kRequestLineMax));
    }
    if (fields_start_ != 0 && scanned_ - fields_start_ >= kHeaderBytesMax) {
      return Refuse(431, absl::StrCat("the header is longer than ", kHeaderBytesMax, " bytes"));
    }
    const bool after_cr = scanned_ > line_start_ && buffer[scanned_ - 1] == '\r';
    if (after_cr != (c == '\n')) return Refuse(400, "a line must end in CR LF, and only there");
    if (IsControl(c) && c != '\r' && c != '\n') return Refuse(400, "a control character");
    ++scanned_;
    if (c != '\n') continue;
    const absl::string_view line =
        buffer.substr(line_start_, scanned_ - line_start_ - sizeof("\r\n") + 1);
    line_start_ = scanned_;
    const State state = Line(line);
    if (state != State::kIncomplete) return state;
  }
  return State::kIncomplete;
}

RequestHeadReader::State RequestHeadReader::Line(absl::string_view line) {
  if (fields_start_ == 0) return RequestLine(line);
  return line.empty() ? Finish() : Field(line);
}

RequestHeadReader::State RequestHeadReader::RequestLine(absl::string_view line) {
  fields_start_ = scanned_;
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == absl::string_view::npos || first == last) {
    return Refuse(400, "expected 'METHOD TARGET HTTP/1.1'");
  }
  const absl::string_view version = line.substr(last + 1);
  head_.method = std::string(line.substr(0, first));
  head_.target = std::string(line.substr(first + 1, last - first - 1));
  if (!IsToken(head_.method)) return Refuse(400, "the method is not a token");
  if (!absl::StartsWith(head_.target, "/") || !IsVisibleAscii(head_.target)) {
    return Refuse(400, "the target must begin with '/' and be percent-encoded");
  }
  if (version == "HTTP/1.1") return State::kIncomplete;
  const bool other_version = absl::StartsWith(version, "HTTP/");
  return Refuse(other_version ? 505 : 400, "expected HTTP/1.1");
}

RequestHeadReader::State RequestHeadReader::Field(absl::string_view line) {
  const size_t colon = line.find(':');
  if (colon == absl::string_view::npos || !IsToken(line.substr(0, colon))) {
    return Refuse(400, "a header field must be 'Name: value', without a blank before the colon");
  }
  if (head_.headers.size() == kHeaderFieldsMax) {
    return Refuse(431, absl::StrCat("more than ", kHeaderFieldsMax, " header fields"));
  }
  std::string name = absl::AsciiStrToLower(line.substr(0, colon));
  std::string value(TrimBlanks(line.substr(colon + 1)));
  const State state = Known(name, value);
  if (state == State::kRefused) return state;
  head_.headers.emplace_back(std::move(name), std::move(value));
  return State::kIncomplete;
}

RequestHeadReader::State RequestHeadReader::Known(absl::string_view name, absl::string_view value) {
  if (name == "content-length") return Length(value);
  if (name == "transfer-encoding") {
    if (head_.chunked) return Refuse(400, "Transfer-Encoding comes twice");
    if (!absl::EqualsIgnoreCase(value, "chunked")) {
      return Refuse(501, "the only Transfer-Encoding is chunked");
    }
    head_.chunked = true;
  } else if (name == "host") {
    if (has_host_ || !IsHost(value)) return Refuse(400, "expected one Host with a host name");
    has_host_ = true;
  } else if (name == "authorization") {
    if (has_authorization_) return Refuse(400, "Authorization comes twice");
    has_authorization_ = true;
  } else if (name == "connection") {
    if (absl::EqualsIgnoreCase(value, "close")) head_.keep_alive = false;
  } else if (name == "expect") {
    if (!absl::EqualsIgnoreCase(value, "100-continue")) {
      return Refuse(417, "the only Expect is 100-continue");
    }
    head_.expects_continue = true;
  } else if (name == "content-encoding" && !absl::EqualsIgnoreCase(value, "identity")) {
    return Refuse(415, "the only Content-Encoding is identity");
  }
  return State::kIncomplete;
}

RequestHeadReader::State RequestHeadReader::Length(absl::string_view value) {
  constexpr size_t kDigitsMax = 18;  // Fits 64 bits.
  const bool digits = !value.empty() && value.size() <= kDigitsMax &&
                      std::all_of(value.begin(), value.end(), absl::ascii_isdigit);
  if (has_length_ || !digits || !absl::SimpleAtoi(value, &head_.content_length)) {
    return Refuse(400, "expected at most one Content-Length, in digits");
  }
  has_length_ = true;
  return State::kIncomplete;
}

RequestHeadReader::State RequestHeadReader::Finish() {
  if (!has_host_) return Refuse(400, "a Host header is required");
  if (has_length_ && head_.chunked) {
    return Refuse(400, "Content-Length and Transfer-Encoding exclude each other");
  }
  return State::kDone;
}

}  // namespace syncengine::http
