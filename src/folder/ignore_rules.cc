#include "syncengine/folder/ignore_rules.h"

#include <cstddef>
#include <utility>

#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace syncengine {
namespace {

constexpr size_t kLineMax = 4096;
constexpr size_t kRulesMax = 10'000;

// One element of a name pattern that matches one byte, and how long it is in the pattern; 0 when
// the byte does not match.
size_t MatchOne(absl::string_view pattern, unsigned char byte) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(pattern[i]); };
  if (at(0) == '?') return 1;
  if (at(0) == '\\' && pattern.size() > 1) return at(1) == byte ? 2 : 0;
  if (at(0) != '[') return at(0) == byte ? 1 : 0;
  size_t i = 1;
  const bool negated = i < pattern.size() && (at(i) == '!' || at(i) == '^');
  i += negated;
  bool found = false;
  for (bool first = true; i < pattern.size() && (at(i) != ']' || first); first = false) {
    const unsigned char low = at(i++);
    unsigned char high = low;
    if (i + 1 < pattern.size() && at(i) == '-' && at(i + 1) != ']') {
      high = at(i + 1);
      i += 2;
    }
    found = found || (low <= byte && byte <= high);
  }
  if (i >= pattern.size()) return byte == '[' ? 1 : 0;  // No closing bracket: a plain one.
  return found != negated ? i + 1 : 0;
}

// The classic two-pointer match: on a mismatch only the last star is tried again, so the cost is at
// most |pattern| * |name|.
bool MatchName(absl::string_view pattern, absl::string_view name) {
  size_t p = 0, n = 0;
  size_t star = absl::string_view::npos, resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
      continue;
    }
    const size_t step =
        p < pattern.size() ? MatchOne(pattern.substr(p), static_cast<unsigned char>(name[n])) : 0;
    if (step > 0) {
      p += step;
      ++n;
    } else if (star != absl::string_view::npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

IgnoreRules IgnoreRules::Parse(absl::string_view text) {
  IgnoreRules result;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    absl::ConsumeSuffix(&line, "\r");
    while (!line.empty() && line.back() == ' ') line.remove_suffix(1);
    if (line.empty() || line.size() > kLineMax || line[0] == '#') continue;
    if (result.rules_.size() == kRulesMax) break;
    Rule rule;
    rule.negated = absl::ConsumePrefix(&line, "!");
    rule.directories_only = absl::ConsumeSuffix(&line, "/");
    const bool anchored = line.find('/') != absl::string_view::npos;
    absl::ConsumePrefix(&line, "/");
    if (line.empty()) continue;
    if (!anchored) rule.parts.push_back("**");
    for (absl::string_view part : absl::StrSplit(line, '/', absl::SkipEmpty())) {
      rule.parts.emplace_back(part);
    }
    result.rules_.push_back(std::move(rule));
  }
  return result;
}

// The same two-pointer match one level up: names instead of bytes, "**" instead of '*'.
bool IgnoreRules::MatchesRule(const Rule& rule, const std::vector<absl::string_view>& names) {
  size_t p = 0, n = 0;
  size_t star = rule.parts.size(), resume = 0;
  while (n < names.size()) {
    if (p < rule.parts.size() && rule.parts[p] == "**") {
      star = p++;
      resume = n;
      if (p == rule.parts.size()) return true;
      continue;
    }
    if (p < rule.parts.size() && MatchName(rule.parts[p], names[n])) {
      ++p;
      ++n;
    } else if (star < rule.parts.size()) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  return p == rule.parts.size();
}

bool IgnoreRules::Matches(absl::string_view path, bool is_directory) const {
  if (rules_.empty()) return false;
  const std::vector<absl::string_view> names = absl::StrSplit(path, '/');
  bool ignored = false;
  for (const Rule& rule : rules_) {
    if (rule.negated != ignored || (rule.directories_only && !is_directory)) continue;
    if (MatchesRule(rule, names)) ignored = !rule.negated;
  }
  return ignored;
}

bool IgnoreRules::MatchesAny(absl::string_view path, bool is_directory) const {
  if (rules_.empty()) return false;
  for (size_t slash = path.find('/'); slash != absl::string_view::npos;
       slash = path.find('/', slash + 1)) {
    if (Matches(path.substr(0, slash), true)) return true;
  }
  return Matches(path, is_directory);
}

}  // namespace syncengine
