#include "syncengine/reconcile/brake.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"

namespace syncengine {
namespace {

bool IsDeletion(const Action& action) {
  return action.kind == ActionKind::kDeleteHere || action.kind == ActionKind::kDeleteThere;
}

// FNV-1a (Fowler, Noll and Vo).
uint64_t Mix(uint64_t hash, absl::string_view bytes) {
  for (char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

}  // namespace

BrakeReading ReadBrake(const Plan& plan, size_t synced_nodes, const BrakeLimits& limits) {
  BrakeReading reading;
  for (const Action& action : plan.actions) {
    reading.deletions_here += action.kind == ActionKind::kDeleteHere;
    reading.deletions_there += action.kind == ActionKind::kDeleteThere;
  }
  const double share = static_cast<double>(synced_nodes) * limits.percent / 100;
  reading.allowed = std::max(limits.count, static_cast<size_t>(share));
  reading.stop = std::max(reading.deletions_here, reading.deletions_there) > reading.allowed;
  return reading;
}

std::string ConfirmationToken(const Plan& plan) {
  std::vector<std::string> lines;
  for (const Action& action : plan.actions) {
    if (IsDeletion(action)) {
      lines.push_back(
          absl::StrCat(ActionKindName(action.kind), "\n", action.node.ToHex(), "\n", action.path));
    }
  }
  std::sort(lines.begin(), lines.end());
  uint64_t hash = 0xcbf29ce484222325u;
  for (const std::string& line : lines) hash = Mix(hash, absl::StrCat(line.size(), ":", line));
  return absl::StrCat(lines.size(), "-", absl::Hex(hash, absl::kZeroPad16));
}

}  // namespace syncengine
