// Whether bytes are whole: nothing that nobody wrote. Torn, cut off or mixed contents are seen so,
// also where every token in them is there.
#ifndef SYNCENGINE_TESTS_SIM_WHOLENESS_H_
#define SYNCENGINE_TESTS_SIM_WHOLENESS_H_

#include <set>
#include <string>

#include "absl/strings/string_view.h"

namespace syncengine::sim {

class Wholeness {
 public:
  // A user wrote a file of these bytes.
  void Add(absl::string_view bytes);
  // Texts may be merged, so of them every line is one that was written; of others everything.
  bool IsWhole(absl::string_view bytes) const;

 private:
  std::set<std::string, std::less<>> lines_;
  std::set<std::string, std::less<>> contents_;
};

}  // namespace syncengine::sim

#endif  // SYNCENGINE_TESTS_SIM_WHOLENESS_H_
