// Ignore rules: any text is rules, and a path below an ignored directory is ignored.
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "syncengine/folder/ignore_rules.h"
#include "syncengine/format/name.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace syncengine;
  fuzz::Input input(data, size);
  const auto names = SplitPath(input.Piece());
  const IgnoreRules rules = IgnoreRules::Parse(input.Rest());
  if (!names.ok() || names->empty()) return 0;
  const std::string path = absl::StrJoin(*names, "/");
  const bool any = rules.MatchesAny(path, false);
  bool expected = rules.Matches(path, false);
  for (size_t depth = 1; depth < names->size(); ++depth) {
    const std::string above = absl::StrJoin(names->begin(), names->begin() + depth, "/");
    expected = expected || rules.Matches(above, true);
  }
  fuzz::Require(any == expected, "a path is ignored with its directories");
  if (rules.empty()) fuzz::Require(!any, "no rules ignore nothing");
  return 0;
}
