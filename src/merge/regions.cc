#include "src/merge/regions.h"

#include <algorithm>
#include <cstddef>

namespace syncengine::merge {
namespace {

// The edits of one side, walked along the base.
class Side {
 public:
  explicit Side(absl::Span<const Edit> edits) : edits_(edits) {}

  bool done() const { return next_ == edits_.size(); }
  const Edit& next() const { return edits_[next_]; }
  bool Touches(size_t base_end) const { return !done() && next().before.begin <= base_end; }
  void Step() { ++next_; }

  // The place on this side of a base position that no passed edit reaches beyond and no coming edit
  // begins before.
  size_t Map(size_t base_at) const {
    if (next_ == 0) return base_at;
    const Edit& last = edits_[next_ - 1];
    return base_at - last.before.end + last.after.end;
  }

 private:
  absl::Span<const Edit> edits_;
  size_t next_ = 0;
};

size_t FirstBegin(const Side& ours, const Side& theirs) {
  if (ours.done()) return theirs.next().before.begin;
  if (theirs.done()) return ours.next().before.begin;
  return std::min(ours.next().before.begin, theirs.next().before.begin);
}

// Takes all edits of `side` that touch the region; true if there was one.
bool Absorb(Side& side, Region& region) {
  bool any = false;
  for (; side.Touches(region.base.end); side.Step()) {
    region.base.end = std::max(region.base.end, side.next().before.end);
    any = true;
  }
  return any;
}

}  // namespace

std::vector<Region> GroupEdits(absl::Span<const Edit> ours, absl::Span<const Edit> theirs) {
  Side our_side(ours), their_side(theirs);
  std::vector<Region> regions;
  while (!our_side.done() || !their_side.done()) {
    Region region;
    region.base.begin = region.base.end = FirstBegin(our_side, their_side);
    region.ours.begin = our_side.Map(region.base.begin);
    region.theirs.begin = their_side.Map(region.base.begin);
    for (bool grown = true; grown;) {
      const bool by_ours = Absorb(our_side, region);
      const bool by_theirs = Absorb(their_side, region);
      region.ours_changed |= by_ours;
      region.theirs_changed |= by_theirs;
      grown = by_ours || by_theirs;
    }
    region.ours.end = our_side.Map(region.base.end);
    region.theirs.end = their_side.Map(region.base.end);
    regions.push_back(region);
  }
  return regions;
}

}  // namespace syncengine::merge
