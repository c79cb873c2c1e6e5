// Mergers by kind of file, and the place to add one's own.
#ifndef SYNCENGINE_MERGE_MERGER_H_
#define SYNCENGINE_MERGE_MERGER_H_

#include <memory>
#include <vector>

#include "absl/strings/string_view.h"
#include "syncengine/merge/three_way.h"

namespace syncengine {

// Merges one kind of content. Implementations are Thread-safe, never throw, keep the laws of
// three_way.h, and give the same result for the same input on every machine: two devices that merge
// the same versions must not disagree.
class Merger {
 public:
  virtual ~Merger() = default;

  // True when this merger is for the file: `name` is its last path component, `content` one of its
  // versions (a base, as a rule), of which only the beginning should be looked at.
  virtual bool Accepts(absl::string_view name, absl::string_view content) const = 0;

  // kNotMergeable passes the file on to the next merger that accepts it.
  virtual MergeResult Merge(const MergeInput& input, const MergeOptions& options) const = 0;
};

// Any text, by lines and words: Merge3.
class TextMerger final : public Merger {
 public:
  bool Accepts(absl::string_view name, absl::string_view content) const override;
  MergeResult Merge(const MergeInput& input, const MergeOptions& options) const override;
};

// JSON (".json" and the like, without comments): by lines when that is clean and gives JSON in
// which no object has a member twice; else by values: members of objects by name, elements of
// arrays by an identifying member ("id", "name", "url", ...) or, without one, by a diff of their
// values; strings by words; different insertions at one place are both kept in objects, keyed
// arrays and sets of strings. Layout is taken from the side that changed it; bytes that no change
// touches stay. What this cannot solve is reported as the conflicts of the lines; OnConflict does
// not apply, because two JSON texts one after the other are none. What does not parse is merged as
// text.
class JsonMerger final : public Merger {
 public:
  bool Accepts(absl::string_view name, absl::string_view content) const override;
  MergeResult Merge(const MergeInput& input, const MergeOptions& options) const override;
};

// The mergers in the order they are asked. Thread-compatible: add first, then share.
class MergerRegistry {
 public:
  // JSON, then text.
  MergerRegistry();
  MergerRegistry(MergerRegistry&&) = default;
  MergerRegistry& operator=(MergerRegistry&&) = default;

  // Asked before all that are there. Not null.
  void Add(std::unique_ptr<const Merger> merger);

  // The result of the first merger that accepts the file and does not pass; kNotMergeable when none
  // does. A side that equals the base, or both sides equal, is decided before any merger is asked.
  MergeResult Merge(absl::string_view name, const MergeInput& input,
                    const MergeOptions& options = {}) const;

 private:
  std::vector<std::unique_ptr<const Merger>> mergers_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_MERGE_MERGER_H_
