#include "src/http/url.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "syncengine/base/error.h"

namespace syncengine::http {
namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

absl::StatusOr<std::string> PercentDecode(absl::string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      bytes.push_back(text[i]);
      continue;
    }
    const int high = i + 2 < text.size() ? HexValue(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? HexValue(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return absl::InvalidArgumentError("request target: '%' must be followed by two hex digits");
    }
    bytes.push_back(static_cast<char>(high << 4 | low));
    i += 2;
  }
  return bytes;
}

absl::StatusOr<std::string> DecodeSegment(absl::string_view text) {
  SYNCENGINE_ASSIGN_OR_RETURN(std::string segment, PercentDecode(text));
  const bool hidden =
      segment.find('/') != std::string::npos || segment.find('\0') != std::string::npos;
  if (segment.empty() || segment == "." || segment == ".." || hidden) {
    return absl::InvalidArgumentError(
        "request target: a path segment must not be empty, '.' or '..', or hide '/' or NUL");
  }
  return segment;
}

absl::Status AddParameter(absl::string_view text, Target& target) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits('=', 1));
  SYNCENGINE_ASSIGN_OR_RETURN(std::string name, PercentDecode(parts.first));
  SYNCENGINE_ASSIGN_OR_RETURN(std::string value, PercentDecode(parts.second));
  if (!target.query.emplace(name, std::move(value)).second) {
    return absl::InvalidArgumentError(
        absl::StrCat("request target: parameter '", name, "' comes twice"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Target> ParseTarget(absl::string_view target) {
  if (target.empty() || target.front() != '/') {
    return absl::InvalidArgumentError("request target: must begin with '/'");
  }
  Target parsed;
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(target.substr(1), absl::MaxSplits('?', 1));
  for (absl::string_view segment : absl::StrSplit(parts.first, '/')) {
    SYNCENGINE_ASSIGN_OR_RETURN(std::string decoded, DecodeSegment(segment));
    parsed.segments.push_back(std::move(decoded));
  }
  for (absl::string_view parameter : absl::StrSplit(parts.second, '&', absl::SkipEmpty())) {
    SYNCENGINE_RETURN_IF_ERROR(AddParameter(parameter, parsed));
  }
  return parsed;
}

std::string PercentEncode(absl::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_' ||
        c == '~') {
      text.push_back(c);
    } else {
      absl::StrAppend(&text, "%", absl::Hex(static_cast<uint8_t>(c), absl::kZeroPad2));
    }
  }
  return text;
}

}  // namespace syncengine::http
