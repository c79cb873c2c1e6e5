#include "benchmarks/merge_eval/verdict.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace syncengine::merge_eval {
namespace {

using Json = nlohmann::ordered_json;
using Lines = std::set<std::string>;

Lines LinesOf(const std::string& text) {
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  return Lines(lines.begin(), lines.end());
}

struct Versions {
  Lines base, ours, theirs, merged;
};

bool IsLost(const Versions& in, const std::string& line) {
  const bool was = in.base.count(line) > 0, ours = in.ours.count(line) > 0,
             theirs = in.theirs.count(line) > 0;
  if (in.merged.count(line) == 0) return false;
  return was ? ours && theirs : ours || theirs;
}

bool IsInvented(const Versions& in, const std::string& line) {
  return in.merged.count(line) == 0 && in.ours.count(line) == 0 && in.theirs.count(line) == 0;
}

bool IsReturned(const Versions& in, const std::string& line) {
  const bool deleted = in.ours.count(line) == 0 || in.theirs.count(line) == 0;
  return in.base.count(line) > 0 && deleted && in.merged.count(line) == 0;
}

bool IsWrong(const Versions& in, const Lines& text) {
  for (const Lines* lines : {&in.base, &in.ours, &in.theirs}) {
    for (const std::string& line : *lines) {
      if (text.count(line) == 0 && IsLost(in, line)) return true;
    }
  }
  return std::any_of(text.begin(), text.end(), [&](const std::string& line) {
    return IsInvented(in, line) || IsReturned(in, line);
  });
}

using Leaves = std::multiset<std::string>;

void Collect(const Json& value, const std::string& path, Leaves& leaves) {
  if (value.is_object()) {
    for (const auto& [key, member] : value.items())
      Collect(member, absl::StrCat(path, "/", key), leaves);
  } else if (value.is_array()) {
    for (const Json& element : value) Collect(element, absl::StrCat(path, "/[]"), leaves);
  } else {
    leaves.insert(absl::StrCat(path, "=", value.dump()));
  }
}

std::optional<Leaves> LeavesOf(const std::string& text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return std::nullopt;
  Leaves leaves;
  Collect(json, "", leaves);
  return leaves;
}

}  // namespace

Outcome Judge(const Case& one, const std::optional<std::string>& text) {
  if (!text) return Outcome::kConflict;
  if (*text == one.merged) return Outcome::kEqual;
  if (IsJson(one) && LeavesOf(one.base) && LeavesOf(one.ours) && LeavesOf(one.theirs))
    return KeepsLeaves(one, *text) ? Outcome::kOther : Outcome::kWrong;
  const Versions in{LinesOf(one.base), LinesOf(one.ours), LinesOf(one.theirs), LinesOf(one.merged)};
  return IsWrong(in, LinesOf(*text)) ? Outcome::kWrong : Outcome::kOther;
}

bool KeepsLeaves(const Case& one, const std::string& text) {
  const auto base = LeavesOf(one.base), ours = LeavesOf(one.ours), theirs = LeavesOf(one.theirs),
             result = LeavesOf(text);
  if (!base || !ours || !theirs || !result) return false;
  Leaves all;
  for (const Leaves* leaves : {&*base, &*ours, &*theirs, &*result})
    all.insert(leaves->begin(), leaves->end());
  for (auto leaf = all.begin(); leaf != all.end(); leaf = all.upper_bound(*leaf)) {
    const auto was = base->count(*leaf), o = ours->count(*leaf), t = theirs->count(*leaf);
    // Each side's change of the count, once if both made the same.
    const auto sum = o + t >= was ? o + t - was : 0;
    const auto least = std::min({o, t, sum}), most = std::max({o, t, sum});
    const auto got = result->count(*leaf);
    const bool changed_once = o == was || t == was;
    if (changed_once ? got != sum : got < least || got > most) return false;
  }
  return true;
}

bool IsJson(const Case& one) { return absl::EndsWith(one.path, ".json"); }

}  // namespace syncengine::merge_eval
