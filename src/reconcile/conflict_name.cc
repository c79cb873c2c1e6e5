#include "syncengine/reconcile/conflict_name.h"

#include <cstddef>
#include <optional>

#include "absl/strings/str_cat.h"
#include "syncengine/base/limits.h"

namespace syncengine {
namespace {

constexpr size_t kExtensionMax = 32;  // A longer one is part of the stem.
constexpr size_t kDeviceMax = 40;

// The longest prefix of at most `size` bytes that does not cut a UTF-8 sequence.
absl::string_view Shorten(absl::string_view text, size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return text.substr(0, size);
}

std::string CleanDevice(absl::string_view device) {
  std::string clean;
  for (char c : Shorten(device, kDeviceMax)) {
    if (c != '/' && c != '\0' && c != '(' && c != ')') clean.push_back(c);
  }
  return clean;
}

struct Mark {
  size_t begin = 0;
  size_t end = 0;
};

// The last one; only an extension may follow it.
std::optional<Mark> FindMark(absl::string_view name) {
  const size_t begin = name.rfind(" (conflict ");
  if (begin == absl::string_view::npos) return std::nullopt;
  const size_t close = name.find(')', begin);
  if (close == absl::string_view::npos) return std::nullopt;
  const size_t end = close + 1;
  if (end < name.size() && name[end] != '.') return std::nullopt;
  return Mark{begin, end};
}

}  // namespace

std::string ConflictName(absl::string_view name, absl::string_view stamp, absl::string_view device,
                         int attempt) {
  const size_t dot = name.rfind('.');
  const bool has_extension = dot != absl::string_view::npos && dot > 0 &&
                             name.size() - dot <= kExtensionMax && dot + 1 < name.size();
  const absl::string_view extension = has_extension ? name.substr(dot) : absl::string_view();
  const absl::string_view stem = name.substr(0, name.size() - extension.size());
  std::string mark = absl::StrCat(" (conflict ", stamp, " ", CleanDevice(device));
  if (attempt > 0) absl::StrAppend(&mark, " ", attempt + 1);
  absl::StrAppend(&mark, ")", extension);
  const size_t room = limits::kNameBytesMax > mark.size() ? limits::kNameBytesMax - mark.size() : 0;
  return absl::StrCat(Shorten(stem, room), mark);
}

bool IsConflictName(absl::string_view name) { return FindMark(name).has_value(); }

std::string OriginalName(absl::string_view name) {
  const auto mark = FindMark(name);
  if (!mark.has_value()) return std::string(name);
  return absl::StrCat(name.substr(0, mark->begin), name.substr(mark->end));
}

}  // namespace syncengine
