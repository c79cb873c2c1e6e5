// Which names a folder does not sync: a subset of gitignore.
#ifndef SYNCENGINE_FOLDER_IGNORE_RULES_H_
#define SYNCENGINE_FOLDER_IGNORE_RULES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace syncengine {

// One rule a line; later rules win. Blank lines and lines that begin with '#' are skipped, trailing
// spaces too.
//   *.o        '*' and '?' match within one name, [a-z] and [!a-z] one byte, '\' takes the next
//              byte as it is; a rule without a slash matches names at every depth
//   /build     a rule with a slash (but at its end) is relative to the folder
//   a/**/b     "**" matches any number of directories
//   cache/     a slash at the end: directories only, with all below
//   !keep.o    takes a match back; not below a directory that is ignored itself
// Immutable, Thread-safe. Matching is O(path * rule) for each rule whatever the rule says, so a
// hostile rule cannot stall a scan.
class IgnoreRules {
 public:
  IgnoreRules() = default;
  // Never fails: every line means something. Lines over 4096 bytes and rules over 10,000 are left
  // out.
  static IgnoreRules Parse(absl::string_view text);

  // Whether `path` ("a/b", without a slash at either end) itself is ignored. Names below an ignored
  // directory are not asked about: see MatchesAny.
  bool Matches(absl::string_view path, bool is_directory) const;
  // Whether `path` or a directory above it is ignored.
  bool MatchesAny(absl::string_view path, bool is_directory) const;
  bool empty() const { return rules_.empty(); }

 private:
  struct Rule {
    std::vector<std::string> parts;  // Patterns of names; "**" stands for any number of them.
    bool negated = false;
    bool directories_only = false;
  };

  static bool MatchesRule(const Rule& rule, const std::vector<absl::string_view>& names);

  std::vector<Rule> rules_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_FOLDER_IGNORE_RULES_H_
