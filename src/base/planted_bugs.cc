#include "src/base/planted_bugs.h"

#ifdef SYNCENGINE_PLANTED_BUGS

#include <cstdio>
#include <cstdlib>
#include <optional>

#include "absl/strings/string_view.h"

namespace syncengine {
namespace {

// The environment is read once: a run has one bug from its beginning to its end.
std::optional<Bug> ChosenBug() {
  const char* chosen = std::getenv("SYNCENGINE_PLANTED_BUG");
  if (chosen == nullptr) return std::nullopt;
#define SYNCENGINE_PLANTED_BUG_NAMED(bug, what) \
  if (absl::string_view(#bug).substr(1) == chosen) return Bug::bug;
  SYNCENGINE_PLANTED_BUG_LIST(SYNCENGINE_PLANTED_BUG_NAMED)
#undef SYNCENGINE_PLANTED_BUG_NAMED
  std::fprintf(
      stderr,
      "SYNCENGINE_PLANTED_BUG: there is no bug '%s'; src/base/planted_bugs.h has the list\n",
      chosen);
  std::exit(2);
}

}  // namespace

bool PlantedBug(Bug bug) {
  static const std::optional<Bug> chosen = ChosenBug();
  return chosen == bug;
}

}  // namespace syncengine

#endif  // SYNCENGINE_PLANTED_BUGS
