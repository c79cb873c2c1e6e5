// GetFrames: block ids to frames, with one read for neighbouring frames of a segment.
#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "src/engine/keys.h"
#include "src/engine/transactions.h"
#include "src/engine/verbs.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/format/frame.h"

namespace syncengine::engine {
namespace {

// Reading over a gap this small is cheaper than another request to a remote object store.
constexpr uint64_t kGapBytesMax = 16u << 10;

struct FramePlace {
  SegmentId segment;
  uint32_t offset = 0;
  uint32_t length = 0;
  size_t index = 0;  // In the reply: order of first need.
};

struct Plan {
  std::vector<FramePlace> frames;
  size_t answered = 0;
};

// Frames in order of first need until the reply is full.
Plan PlanReply(absl::Span<const BlockRow> blocks) {
  Plan plan;
  absl::flat_hash_map<std::pair<SegmentId, uint32_t>, size_t> chosen;
  uint64_t bytes = 0;
  for (const BlockRow& block : blocks) {
    const std::pair<SegmentId, uint32_t> place{block.segment, block.offset};
    if (!chosen.contains(place)) {
      if (plan.answered > 0 && bytes + block.length > limits::kFramesReplyBytesTarget) break;
      chosen[place] = plan.frames.size();
      plan.frames.push_back({.segment = block.segment,
                             .offset = block.offset,
                             .length = block.length,
                             .index = plan.frames.size()});
      bytes += block.length;
    }
    ++plan.answered;
  }
  return plan;
}

absl::StatusOr<std::vector<BlockRow>> FindBlocks(const EnginePorts& ports, const NamespaceId& id,
                                                 absl::Span<const BlockId> ids) {
  std::vector<std::string> keys;
  for (const BlockId& block : ids) keys.push_back(BlockKey(block));
  std::vector<BlockRow> blocks;
  const auto read = [&](MetadataReader& rows, const HeadRow&) -> absl::Status {
    blocks.clear();
    SYNCENGINE_ASSIGN_OR_RETURN(const auto found, ReadRows<BlockRow>(rows, keys));
    for (size_t i = 0; i < ids.size(); ++i) {
      if (!found[i].has_value() || !found[i]->usable()) {
        return absl::NotFoundError(
            absl::StrCat("block ", ids[i].ToHex(), " is not in the namespace"));
      }
      blocks.push_back(*found[i]);
    }
    return absl::OkStatus();
  };
  SYNCENGINE_RETURN_IF_ERROR(ViewNamespace(ports, id, read));
  return blocks;
}

// Reads neighbours of one segment with one Get and cuts them into their frames.
absl::Status ReadRun(const EnginePorts& ports, const NamespaceId& id,
                     absl::Span<const FramePlace> run, std::vector<std::string>& frames) {
  const std::string name = SegmentObject(id, run.front().segment);
  const uint64_t begin = run.front().offset;
  const uint64_t length = run.back().offset + uint64_t{run.back().length} - begin;
  const absl::StatusOr<std::string> got = ports.objects.Get(name, begin, length);
  if (!got.ok() && !absl::IsOutOfRange(got.status())) return got.status();
  const std::string bytes = got.value_or("");
  if (bytes.size() != length) {
    return MakeError(Reason::kIntegrity, absl::StrCat(name, ": found ", bytes.size(), " bytes at ",
                                                      begin, ", expected ", length, "; run check"));
  }
  for (const FramePlace& place : run) {
    std::string frame = bytes.substr(place.offset - begin, place.length);
    const auto header = ParseFrameHeader(frame);
    if (!header.ok()) return Annotate(header.status(), absl::StrCat(name, " at ", place.offset));
    frames[place.index] = std::move(frame);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ReadFrames(const EnginePorts& ports, const NamespaceId& id,
                                                    std::vector<FramePlace> places) {
  std::vector<std::string> frames(places.size());
  std::sort(places.begin(), places.end(), [](const FramePlace& a, const FramePlace& b) {
    return std::tie(a.segment, a.offset) < std::tie(b.segment, b.offset);
  });
  for (size_t begin = 0; begin < places.size();) {
    size_t end = begin + 1;
    while (end < places.size() && places[end].segment == places[begin].segment &&
           places[end].offset <=
               places[end - 1].offset + uint64_t{places[end - 1].length} + kGapBytesMax) {
      ++end;
    }
    SYNCENGINE_RETURN_IF_ERROR(
        ReadRun(ports, id, absl::MakeConstSpan(places).subspan(begin, end - begin), frames));
    begin = end;
  }
  return frames;
}

}  // namespace

absl::StatusOr<FramesReply> GetFrames(const EnginePorts& ports, const NamespaceId& id,
                                      absl::Span<const BlockId> ids) {
  if (ids.empty() || ids.size() > limits::kFrameIdsMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("blocks: ", ids.size(), ", expected 1 to ", limits::kFrameIdsMax));
  }
  // A block may move to another segment between look-up and read; the second look finds it there.
  for (bool last_try : {false, true}) {
    SYNCENGINE_ASSIGN_OR_RETURN(const auto blocks, FindBlocks(ports, id, ids));
    const Plan plan = PlanReply(blocks);
    auto frames = ReadFrames(ports, id, plan.frames);
    if (frames.ok()) return FramesReply{.frames = *std::move(frames), .answered = plan.answered};
    if (!absl::IsNotFound(frames.status())) return frames.status();
    if (last_try) {
      return MakeError(
          Reason::kIntegrity,
          absl::StrCat("a segment is missing: ", frames.status().message(), "; run check"));
    }
  }
  return absl::InternalError("unreachable");
}

}  // namespace syncengine::engine
