// A text that is cheap to edit, to copy and to check: leaves of up to two kilobytes that copies
// share, each with a checksum from which that of the whole is put together.
#ifndef SYNCENGINE_SRC_DIFFSYNC_ROPE_H_
#define SYNCENGINE_SRC_DIFFSYNC_ROPE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace syncengine::diffsync {

// Single-threaded, together with all its copies: they share leaves, and a leaf remembers what has
// been computed of it. Copying costs a pointer for each leaf.
class Rope {
 public:
  Rope() = default;
  explicit Rope(absl::string_view text) { Replace(0, 0, text); }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::string Text() const { return Slice(0, size_); }
  // [position, position + size) must be inside, here and below.
  std::string Slice(size_t position, size_t size) const;
  void Replace(size_t position, size_t deleted, absl::string_view inserted);

  // False when `position` is inside a code point. The end is a boundary.
  bool IsBoundary(size_t position) const;

  // Sum over all bytes b at i of (b + 1) * kBase^(size - 1 - i), modulo 2^61 - 1.
  uint64_t Checksum() const;

  // Byte offset of the code point with this index, and back; the end at most.
  size_t OffsetOfCodePoint(size_t index) const;
  size_t CodePointAtOffset(size_t offset) const;

 private:
  struct Leaf;
  struct Piece {
    std::shared_ptr<Leaf> leaf;  // Shared between copies of the rope until one of them edits it.
    size_t size = 0;
  };
  // The piece in which a position is: start <= position <= start + size.
  struct Place {
    size_t index = 0;
    size_t start = 0;
  };

  Place Locate(size_t position) const;
  Leaf& Own(size_t index);
  void Rebuild(Place first, size_t position, size_t deleted, absl::string_view inserted);

  std::vector<Piece> pieces_;
  size_t size_ = 0;
  mutable Place last_;  // Edits come in runs, so searches begin where the last one ended.
};

}  // namespace syncengine::diffsync

#endif  // SYNCENGINE_SRC_DIFFSYNC_ROPE_H_
