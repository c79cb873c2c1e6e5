// Segments: a batch of frames with their index, the unit of upload and of storage. docs/FORMAT.md
// has the bytes.
#ifndef SYNCENGINE_FORMAT_SEGMENT_H_
#define SYNCENGINE_FORMAT_SEGMENT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/base/ids.h"
#include "syncengine/format/frame.h"

namespace syncengine {

// Gathers frames into one segment. Frames go in as they are, whether just sealed or moved from
// another segment. Thread-compatible.
class SegmentBuilder {
 public:
  SegmentBuilder(const NamespaceId& namespace_id, const SegmentId& segment_id);

  // `frame` is one whole sealed frame. kResourceExhausted when the segment would get bigger than
  // limits::kSegmentBytesMax or have more than limits::kSegmentFramesMax frames: finish this one
  // and begin another.
  absl::Status Add(absl::string_view frame);

  bool empty() const { return frames_.empty(); }
  // Bytes that Finish would return now.
  size_t size() const;

  // The segment; the builder is used up. Must hold at least one frame.
  std::string Finish() &&;

 private:
  struct Place {
    uint32_t offset;
    uint32_t length;
  };

  std::string bytes_;
  std::vector<Place> frames_;
};

struct SegmentFrame {
  uint64_t offset = 0;  // In the segment; with `length`, the range to read for one block.
  uint64_t length = 0;
  FrameHeader header;
};

struct Segment {
  NamespaceId namespace_id;
  SegmentId segment_id;
  std::vector<SegmentFrame> frames;  // By offset, without gaps; at least one.
};

// Reads and checks a whole segment without keys: bounds, the index, every frame's structure and
// checksum, and that no two frames share salt and counter (their keystreams would be one).
// Reason::kIntegrity on bytes SegmentBuilder does not write, Reason::kVersion on newer versions of
// the segment or of a frame. Servers call it on every upload.
absl::StatusOr<Segment> ParseSegment(absl::string_view bytes);

}  // namespace syncengine

#endif  // SYNCENGINE_FORMAT_SEGMENT_H_
