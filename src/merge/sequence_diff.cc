#include "src/merge/sequence_diff.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>

namespace syncengine::merge {
namespace {

// A search that needs more than this many edits is cut where it got furthest: it bounds the two
// frontiers, and the work for one step forward.
constexpr int32_t kFrontierMax = 256;
// Small sequences are searched to the end.
constexpr uint64_t kBudgetMin = 1u << 16;
// Anchoring reads its whole box; a few rounds find what there is to find.
constexpr int kAnchorDepthMax = 4;

struct Box {
  int32_t a0 = 0, a1 = 0, b0 = 0, b1 = 0;
  int depth = 0;

  bool IsTrivial() const { return a0 == a1 || b0 == b1; }
};

struct Point {
  int32_t x = 0, y = 0;
};

// The points that a search reached furthest, by diagonal relative to its start. `sign` is +1 for
// the search from the box's start and -1 for the one from its end, which runs in mirrored
// coordinates, so that both are the same algorithm.
class Frontier {
 public:
  static constexpr int32_t kNowhere = std::numeric_limits<int32_t>::min() / 2;

  Frontier() : reach_(2 * (kFrontierMax + 2) + 1, kNowhere) {}

  // Prepares the diagonals that a step of this cost reads; costs come in order from 0.
  void Open(int32_t cost) {
    At(-cost - 1) = kNowhere;
    At(cost + 1) = cost == 0 ? 0 : kNowhere;
    cost_ = cost;
  }
  int32_t& At(int32_t k) { return reach_[static_cast<size_t>(k + kFrontierMax + 2)]; }
  bool Covers(int32_t k) const { return k >= -cost_ && k <= cost_; }
  int32_t cost() const { return cost_; }

 private:
  std::vector<int32_t> reach_;
  int32_t cost_ = 0;
};

class Search {
 public:
  explicit Search(uint64_t budget) : budget_(budget) {}

  // The sequences that boxes speak of from now on.
  void Target(absl::Span<const uint32_t> a, absl::Span<const uint32_t> b) {
    a_ = a;
    b_ = b;
  }

  bool exhausted() const { return spent_ > budget_; }

  // A point inside `box` (not a corner where nothing is gained) on a shortest path, or on a long
  // equal stretch when that is far; nothing when the budget is spent.
  std::optional<Point> Split(const Box& box) {
    for (int32_t cost = 0; cost <= kFrontierMax; ++cost) {
      if (auto met = Advance(box, cost, /*mirrored=*/false)) return met;
      if (auto met = Advance(box, cost, /*mirrored=*/true)) return met;
      if (exhausted()) return std::nullopt;
    }
    return Furthest(box);
  }

 private:
  // One more edit for one of the two searches; the meeting point if they met. In the coordinates
  // of a search x and y count from its own start, and k = x - y.
  std::optional<Point> Advance(const Box& box, int32_t cost, bool mirrored) {
    Frontier& own = mirrored ? backward_ : forward_;
    Frontier& other = mirrored ? forward_ : backward_;
    const int32_t n = box.a1 - box.a0, m = box.b1 - box.b0, delta = n - m;
    const bool may_meet = mirrored == (delta % 2 == 0);
    own.Open(cost);
    for (int32_t k = -cost; k <= cost; k += 2) {
      const int32_t right = own.At(k - 1) + 1, down = own.At(k + 1);
      const int32_t from = std::max(right <= n ? right : -1, down - k <= m ? down : -1);
      own.At(k) = from < 0 ? Frontier::kNowhere : FollowEqual(box, from, from - k, mirrored);
      if (from < 0) continue;
      const int32_t x = own.At(k);
      const int32_t opposite = delta - k;
      if (!may_meet || !other.Covers(opposite) || other.At(opposite) < 0) continue;
      if (x + other.At(opposite) >= n) return Unmirror(box, x, x - k, mirrored);
    }
    spent_ += static_cast<uint64_t>(cost) + 1;
    return std::nullopt;
  }

  int32_t FollowEqual(const Box& box, int32_t x, int32_t y, bool mirrored) {
    const int32_t n = box.a1 - box.a0, m = box.b1 - box.b0, from = x;
    if (mirrored) {
      while (x < n && y < m && a_[box.a1 - 1 - x] == b_[box.b1 - 1 - y]) ++x, ++y;
    } else {
      while (x < n && y < m && a_[box.a0 + x] == b_[box.b0 + y]) ++x, ++y;
    }
    spent_ += static_cast<uint64_t>(x - from) / 4;  // Cheap steps.
    return x;
  }

  static Point Unmirror(const Box& box, int32_t x, int32_t y, bool mirrored) {
    return mirrored ? Point{box.a1 - x, box.b1 - y} : Point{box.a0 + x, box.b0 + y};
  }

  // The point where one of the two searches consumed most.
  Point Furthest(const Box& box) {
    Point best{box.a0, box.b0};
    int32_t most = -1;
    for (const bool mirrored : {false, true}) {
      Frontier& own = mirrored ? backward_ : forward_;
      for (int32_t k = -own.cost(); k <= own.cost(); ++k) {
        const int32_t x = own.At(k);
        if (x < 0 || 2 * x - k <= most) continue;
        most = 2 * x - k;
        best = Unmirror(box, x, x - k, mirrored);
      }
    }
    return best;
  }

  absl::Span<const uint32_t> a_;
  absl::Span<const uint32_t> b_;
  uint64_t budget_;
  uint64_t spent_ = 0;
  Frontier forward_;
  Frontier backward_;
};

// Finds elements that occur exactly once on each side of a box, in the same order on both.
class Anchors {
 public:
  explicit Anchors(uint32_t distinct) : seen_(distinct) {}

  std::vector<Point> Find(absl::Span<const uint32_t> a, absl::Span<const uint32_t> b,
                          const Box& box) {
    for (int32_t i = box.a0; i < box.a1; ++i) Count(seen_[a[i]].a, i);
    for (int32_t i = box.b0; i < box.b1; ++i) Count(seen_[b[i]].b, i);
    std::vector<Point> unique;
    for (int32_t i = box.a0; i < box.a1; ++i) {
      const Seen& seen = seen_[a[i]];
      if (seen.a >= 0 && seen.b >= 0) unique.push_back({seen.a, seen.b});
    }
    for (int32_t i = box.a0; i < box.a1; ++i) seen_[a[i]] = {};
    for (int32_t i = box.b0; i < box.b1; ++i) seen_[b[i]] = {};
    return LongestRising(unique);
  }

 private:
  static constexpr int32_t kNever = -1, kOften = -2;
  struct Seen {
    int32_t a = kNever, b = kNever;
  };

  static void Count(int32_t& place, int32_t at) { place = place == kNever ? at : kOften; }

  // The longest subsequence with rising y (patience sorting); x rises already.
  static std::vector<Point> LongestRising(const std::vector<Point>& points) {
    std::vector<size_t> tops;
    std::vector<size_t> previous(points.size());
    constexpr size_t kNone = std::numeric_limits<size_t>::max();
    for (size_t i = 0; i < points.size(); ++i) {
      const auto pile = std::lower_bound(tops.begin(), tops.end(), points[i].y,
                                         [&](size_t top, int32_t y) { return points[top].y < y; });
      previous[i] = pile == tops.begin() ? kNone : *(pile - 1);
      if (pile == tops.end()) {
        tops.push_back(i);
      } else {
        *pile = i;
      }
    }
    std::vector<Point> rising(tops.size());
    size_t at = tops.empty() ? kNone : tops.back();
    for (size_t i = rising.size(); i-- > 0; at = previous[at]) rising[i] = points[at];
    return rising;
  }

  std::vector<Seen> seen_;
};

Box Trim(absl::Span<const uint32_t> a, absl::Span<const uint32_t> b, Box box) {
  while (!box.IsTrivial() && a[box.a0] == b[box.b0]) ++box.a0, ++box.b0;
  while (!box.IsTrivial() && a[box.a1 - 1] == b[box.b1 - 1]) --box.a1, --box.b1;
  return box;
}

// The elements of a box that occur on both of its sides, and where they stand. All others are
// changed whatever the search says; without them it is short for texts that have little in common.
class CommonElements {
 public:
  explicit CommonElements(uint32_t distinct) : sides_(distinct) {}

  void Collect(absl::Span<const uint32_t> a, absl::Span<const uint32_t> b, const Box& box) {
    for (int32_t i = box.a0; i < box.a1; ++i) sides_[a[i]] |= 1;
    for (int32_t i = box.b0; i < box.b1; ++i) sides_[b[i]] |= 2;
    Keep(a, box.a0, box.a1, ids_a_, places_a_);
    Keep(b, box.b0, box.b1, ids_b_, places_b_);
    for (int32_t i = box.a0; i < box.a1; ++i) sides_[a[i]] = 0;
    for (int32_t i = box.b0; i < box.b1; ++i) sides_[b[i]] = 0;
  }

  const std::vector<uint32_t>& ids_a() const { return ids_a_; }
  const std::vector<uint32_t>& ids_b() const { return ids_b_; }
  const std::vector<int32_t>& places_a() const { return places_a_; }
  const std::vector<int32_t>& places_b() const { return places_b_; }

 private:
  void Keep(absl::Span<const uint32_t> all, int32_t begin, int32_t end, std::vector<uint32_t>& ids,
            std::vector<int32_t>& places) const {
    ids.clear();
    places.clear();
    for (int32_t i = begin; i < end; ++i) {
      if (sides_[all[i]] != 3) continue;
      ids.push_back(all[i]);
      places.push_back(i);
    }
  }

  std::vector<uint8_t> sides_;
  std::vector<uint32_t> ids_a_, ids_b_;
  std::vector<int32_t> places_a_, places_b_;
};

// Finds what is kept on both sides, box by box.
class Matcher {
 public:
  Matcher(absl::Span<const uint32_t> a, absl::Span<const uint32_t> b,
          const SequenceOptions& options)
      : a_(a),
        b_(b),
        search_((a.size() + b.size()) * static_cast<uint64_t>(options.effort) + kBudgetMin),
        anchors_(options.anchors ? options.distinct : 0),
        common_(options.distinct),
        use_anchors_(options.anchors),
        kept_a_(a.size(), true),
        kept_b_(b.size(), true) {}

  std::vector<IndexEdit> Run() {
    std::vector<Box> boxes = {
        {0, static_cast<int32_t>(a_.size()), 0, static_cast<int32_t>(b_.size()), 0}};
    while (!boxes.empty()) {
      const Box box = Trim(a_, b_, boxes.back());
      boxes.pop_back();
      if (box.IsTrivial() || search_.exhausted()) {
        Drop(box);
      } else if (!PushAnchored(box, boxes)) {
        SearchBox(box);
      }
    }
    return CollectEdits();
  }

 private:
  void Drop(const Box& box) {
    std::fill(kept_a_.begin() + box.a0, kept_a_.begin() + box.a1, false);
    std::fill(kept_b_.begin() + box.b0, kept_b_.begin() + box.b1, false);
  }

  bool PushAnchored(const Box& box, std::vector<Box>& boxes) {
    if (!use_anchors_ || box.depth >= kAnchorDepthMax) return false;
    const std::vector<Point> points = anchors_.Find(a_, b_, box);
    if (points.empty()) return false;
    Point last{box.a0, box.b0};
    for (const Point& point : points) {
      boxes.push_back({last.x, point.x, last.y, point.y, box.depth + 1});
      last = {point.x + 1, point.y + 1};
    }
    boxes.push_back({last.x, box.a1, last.y, box.b1, box.depth + 1});
    return true;
  }

  // Myers' search over the elements that both sides of the box have.
  void SearchBox(const Box& whole) {
    Drop(whole);
    common_.Collect(a_, b_, whole);
    search_.Target(common_.ids_a(), common_.ids_b());
    std::vector<Box> boxes = {{0, static_cast<int32_t>(common_.ids_a().size()), 0,
                               static_cast<int32_t>(common_.ids_b().size()), 0}};
    while (!boxes.empty()) {
      const Box outer = boxes.back();
      boxes.pop_back();
      const Box box = Trim(common_.ids_a(), common_.ids_b(), outer);
      Keep(outer.a0, box.a0, outer.b0);
      Keep(box.a1, outer.a1, box.b1);
      if (!box.IsTrivial() && !search_.exhausted()) PushHalves(box, boxes);
    }
  }

  // Common elements [a_begin, a_end) equal those from b_begin on.
  void Keep(int32_t a_begin, int32_t a_end, int32_t b_begin) {
    for (int32_t i = a_begin; i < a_end; ++i) {
      kept_a_[common_.places_a()[i]] = true;
      kept_b_[common_.places_b()[b_begin + i - a_begin]] = true;
    }
  }

  void PushHalves(const Box& box, std::vector<Box>& boxes) {
    const auto point = search_.Split(box);
    const bool gains = point && (point->x != box.a0 || point->y != box.b0) &&
                       (point->x != box.a1 || point->y != box.b1);
    if (!gains) return;
    boxes.push_back({box.a0, point->x, box.b0, point->y, 0});
    boxes.push_back({point->x, box.a1, point->y, box.b1, 0});
  }

  // Walks over the kept elements of both sides in step; what lies between is an edit.
  std::vector<IndexEdit> CollectEdits() const {
    std::vector<IndexEdit> edits;
    size_t a = 0, b = 0;
    while (a < kept_a_.size() || b < kept_b_.size()) {
      const size_t from_a = a, from_b = b;
      while (a < kept_a_.size() && !kept_a_[a]) ++a;
      while (b < kept_b_.size() && !kept_b_[b]) ++b;
      if (a > from_a || b > from_b) {
        edits.push_back({static_cast<uint32_t>(from_a), static_cast<uint32_t>(a),
                         static_cast<uint32_t>(from_b), static_cast<uint32_t>(b)});
      }
      if (a < kept_a_.size()) ++a;
      if (b < kept_b_.size()) ++b;
    }
    return edits;
  }

  absl::Span<const uint32_t> a_;
  absl::Span<const uint32_t> b_;
  Search search_;
  Anchors anchors_;
  CommonElements common_;
  bool use_anchors_;
  std::vector<bool> kept_a_;
  std::vector<bool> kept_b_;
};

}  // namespace

std::vector<IndexEdit> DiffSequences(absl::Span<const uint32_t> a, absl::Span<const uint32_t> b,
                                     const SequenceOptions& options) {
  return Matcher(a, b, options).Run();
}

}  // namespace syncengine::merge
