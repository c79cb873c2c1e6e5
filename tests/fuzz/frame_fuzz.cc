// Frames and segments: what opens is what was sealed, and what parses has the bytes it claims.
#include <string>

#include "src/kernels/checksum.h"
#include "syncengine/base/limits.h"
#include "syncengine/format/frame.h"
#include "syncengine/format/segment.h"
#include "tests/format/golden_objects.h"
#include "tests/fuzz/fuzz.h"

namespace syncengine::fuzz {
namespace {

void CheckFrame(const NamespaceKeys& keys, absl::string_view bytes) {
  const auto header = ParseFrameHeader(bytes);
  const auto opened = OpenFrame(keys, bytes);
  if (!header.ok()) {
    Require(!opened.ok(), "a frame that opens parses");
    return;
  }
  Require(!header->blocks.empty(), "a frame has blocks");
  Require(header->header_bytes + header->stored_bytes <= bytes.size(), "a frame has its bytes");
  Require(!ParseFrameHeader(bytes.substr(0, bytes.size() - 1)).ok(), "a cut frame is refused");
  if (!opened.ok()) return;
  for (size_t i = 0; i < opened->size(); ++i) {
    const bool is_data = opened->header().kind == FrameKind::kData;
    const absl::string_view block = opened->block(i);
    Require(opened->id(i) == (is_data ? keys.IdOf(block) : keys.IdOfManifest(block)),
            "an opened block has its id");
  }
}

// With the golden base, which the golden delta frame names.
void CheckDelta(const NamespaceKeys& keys, absl::string_view bytes) {
  static const std::string base = testing::GoldenBase();
  const PlainBlock block = {.id = keys.IdOf(base), .bytes = base};
  const auto header = ParseFrameHeader(bytes);
  if (!header.ok() || header->kind != FrameKind::kDelta) return;
  Require(header->depth >= 1 && header->depth <= limits::kDeltaDepthMax, "a depth has its bound");
  Require(!header->bases.empty() && header->bases.size() <= limits::kDeltaBasesMax,
          "so have bases");
  Require(!OpenFrame(keys, bytes).ok(), "without bases it does not open");
  const auto opened = OpenFrame(keys, bytes, {&block, 1});
  if (!opened.ok()) return;
  for (size_t i = 0; i < opened->size(); ++i) {
    Require(opened->id(i) == keys.IdOf(opened->block(i)), "an opened block has its id");
  }
}

// What is sealed against a base comes back with it.
void CheckSealedDelta(const NamespaceKeys& keys, Input& input) {
  const std::string base(input.Piece());
  const std::string content(input.Rest());
  if (base.empty() || content.empty() || base == content) return;
  auto sealer = FrameSealer::Create(keys, testing::CountingId<FrameSalt>(9), {});
  const PlainBlock old = {.id = keys.IdOf(base), .bytes = base};
  const PlainBlock block = {.id = keys.IdOf(content), .bytes = content};
  const auto frame = (*sealer)->SealDelta({&block, 1}, {.blocks = {&old, 1}, .depth = 0});
  Require(frame.ok(), "anything may be sealed against anything");
  if (!frame->has_value()) return;
  const auto opened = OpenFrame(keys, **frame, {&old, 1});
  Require(opened.ok() && opened->block(0) == content, "it comes back");
}

void CheckSegment(absl::string_view bytes) {
  const auto segment = ParseSegment(bytes);
  if (!segment.ok()) return;
  SegmentBuilder builder(segment->namespace_id, segment->segment_id);
  for (const SegmentFrame& frame : segment->frames) {
    Require(frame.offset + frame.length <= bytes.size(), "a frame lies in its segment");
    Require(builder.Add(bytes.substr(frame.offset, frame.length)).ok(), "a frame can move");
  }
  Require(std::move(builder).Finish() == bytes, "a segment has one form");
}

}  // namespace
}  // namespace syncengine::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace syncengine;
  static const auto* const keys = testing::FixedKeys().release();
  fuzz::Input input(data, size);
  const size_t mode = input.Below(6);
  if (mode == 5) {
    fuzz::CheckSealedDelta(*keys, input);
    return 0;
  }
  const std::string bytes(input.Rest());
  if (mode == 0) fuzz::CheckFrame(*keys, bytes);
  if (mode == 1 && bytes.size() >= 8) fuzz::CheckFrame(*keys, testing::WithChecksum(bytes));
  if (mode == 2) fuzz::CheckSegment(bytes);
  if (mode == 3) fuzz::CheckDelta(*keys, bytes);
  if (mode == 4 && bytes.size() >= 8) fuzz::CheckDelta(*keys, testing::WithChecksum(bytes));
  return 0;
}
