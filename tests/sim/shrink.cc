#include "tests/sim/shrink.h"

#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/sim/world.h"

namespace syncengine::sim {
namespace {

constexpr int kTriesMax = 300;

// Places of events in the whole plan.
struct Part {
  std::vector<size_t> ops;
  std::vector<size_t> faults;
};

// "lost" of "lost: ...": a smaller run that breaks another law would lead elsewhere.
absl::string_view Law(absl::string_view failure) { return failure.substr(0, failure.find(':')); }

class Shrinker {
 public:
  Shrinker(const SimPlan& whole, absl::string_view law) : whole_(whole), law_(law) {
    part_.ops.resize(whole.ops.size());
    part_.faults.resize(whole.faults.size());
    std::iota(part_.ops.begin(), part_.ops.end(), size_t{0});
    std::iota(part_.faults.begin(), part_.faults.end(), size_t{0});
  }

  Part Run() {
    bool smaller = true;
    while (smaller && tries_ < kTriesMax) {
      smaller = Reduce(part_.faults);
      smaller = Reduce(part_.ops) || smaller;
    }
    return part_;
  }

  SimPlan Of(const Part& part) const {
    SimPlan plan = whole_;
    plan.ops.clear();
    plan.faults.clear();
    for (const size_t place : part.ops) plan.ops.push_back(whole_.ops[place]);
    for (const size_t place : part.faults) plan.faults.push_back(whole_.faults[place]);
    return plan;
  }

 private:
  bool StillFails() {
    ++tries_;
    for (const std::string& failure : RunPlan(Of(part_)).failures) {
      if (Law(failure) == law_) return true;
    }
    return false;
  }

  // Leaves out halves, quarters, ... single events of `places`, which is a member of part_.
  bool Reduce(std::vector<size_t>& places) {
    bool any = false;
    for (size_t length = (places.size() + 1) / 2; length > 0; length /= 2) {
      for (size_t begin = 0; begin < places.size() && tries_ < kTriesMax;) {
        const std::vector<size_t> before = places;
        const size_t end = std::min(begin + length, places.size());
        places.erase(places.begin() + static_cast<std::ptrdiff_t>(begin),
                     places.begin() + static_cast<std::ptrdiff_t>(end));
        if (StillFails()) {
          any = true;
        } else {
          places = before;
          begin += length;
        }
      }
    }
    return any;
  }

  const SimPlan& whole_;
  const std::string law_;
  Part part_;
  int tries_ = 0;
};

}  // namespace

std::string Shrink(const SimPlan& plan, absl::string_view failure) {
  Shrinker shrinker(plan, Law(failure));
  const Part part = shrinker.Run();
  std::string text = absl::StrCat("  again with, and for tests/sim/seeds.txt: --seed ", plan.seed,
                                  " --ops ", absl::StrJoin(part.ops, ","), " --faults ",
                                  absl::StrJoin(part.faults, ","), "\n");
  for (const size_t place : part.ops)
    absl::StrAppend(&text, "    ", Describe(plan.ops[place]), "\n");
  for (const size_t place : part.faults) {
    absl::StrAppend(&text, "    ", Describe(plan.faults[place]), "\n");
  }
  for (const std::string& broken : RunPlan(shrinker.Of(part)).failures) {
    absl::StrAppend(&text, "    -> ", broken, "\n");
  }
  return text;
}

}  // namespace syncengine::sim
