// Ways to choose what a power cut leaves on a MemoryFileSystem.
#ifndef SYNCENGINE_TESTING_POWER_CUTS_H_
#define SYNCENGINE_TESTING_POWER_CUTS_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/numeric/int128.h"
#include "syncengine/stores/memory_file_system.h"

namespace syncengine {

// Nothing that was not synced is there any more.
inline uint64_t LoseUnsynced(uint64_t) { return 0; }
// Everything had reached the disk.
inline uint64_t KeepUnsynced(uint64_t possibilities) { return possibilities - 1; }

// Chooses by chance, in one of several manners: evenly, nearly all lost, nearly all kept, torn as
// much as can be. The same seed chooses the same for the same disk.
class SeededPowerCut {
 public:
  explicit SeededPowerCut(uint64_t seed) : state_(seed) { manner_ = Next() % 4; }

  uint64_t operator()(uint64_t possibilities) {
    const uint64_t dice = Next();
    const bool rare = dice % 8 == 0;
    const uint64_t even = (dice >> 8) % possibilities;
    if (manner_ == 0) return even;
    if (manner_ == 1) return rare ? even : 0;
    if (manner_ == 2) return rare ? even : possibilities - 1;
    return possibilities > 2 ? 1 + (dice >> 8) % (possibilities - 1) : even;
  }

 private:
  // Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014.
  uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15u;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  uint64_t state_;
  uint64_t manner_ = 0;
};

// Visits `count` disks that a power cut of `disk` may leave, drawn with `seed`.
template <typename Visit>
void ForSomePowerCuts(const MemoryFileSystem& disk, uint64_t count, uint64_t seed, Visit visit) {
  for (uint64_t i = 0; i < count; ++i) {
    SeededPowerCut chance(seed + i);
    visit(disk.AfterPowerCut([&chance](uint64_t possibilities) { return chance(possibilities); }));
  }
}

// Visits disks that a power cut of `disk` may leave: every one of them when there are about `limit`
// at most (some may look the same), otherwise the one that lost all, the one that kept all and
// `limit` - 2 that are drawn with `seed`. `visit` takes a std::unique_ptr<MemoryFileSystem>.
template <typename Visit>
void ForEachPowerCut(const MemoryFileSystem& disk, uint64_t limit, uint64_t seed, Visit visit) {
  absl::uint128 all = 1;
  std::unique_ptr<MemoryFileSystem> kept = disk.AfterPowerCut([&](uint64_t possibilities) {
    all = all > limit ? all : all * possibilities;
    return possibilities - 1;
  });
  if (all > limit) {
    visit(disk.AfterPowerCut(LoseUnsynced));
    visit(std::move(kept));
    return ForSomePowerCuts(disk, limit < 2 ? 0 : limit - 2, seed + 2, visit);
  }
  // Depth first through the tree of choices; which choices there are depends on those before, so
  // there may be many more than those of the disk that kept all.
  struct Choice {
    uint64_t chosen = 0;
    uint64_t possibilities = 0;
  };
  std::vector<Choice> path;
  uint64_t visited = 0;
  do {
    if (++visited > limit) return ForSomePowerCuts(disk, limit, seed + 2, visit);
    size_t next = 0;
    visit(disk.AfterPowerCut([&path, &next](uint64_t possibilities) {
      if (next == path.size()) path.push_back({0, possibilities});
      return path[next++].chosen;
    }));
    while (!path.empty() && path.back().chosen + 1 == path.back().possibilities) path.pop_back();
    if (!path.empty()) ++path.back().chosen;
  } while (!path.empty());
}

}  // namespace syncengine

#endif  // SYNCENGINE_TESTING_POWER_CUTS_H_
