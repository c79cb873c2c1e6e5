#include "src/transfer/segment_writer.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/format/segment.h"

namespace syncengine {
namespace {

// One sealing task: a few frames, so that a key is derived once for them.
constexpr size_t kPartBytes = 1u << 20;
// What fits into a segment even when nothing shrinks.
constexpr uint64_t kSegmentPlainMax = 24u << 20;
static_assert(kSegmentPlainMax + kPartBytes < limits::kSegmentBytesMax);
constexpr size_t kStoringMax = 4;

}  // namespace

absl::StatusOr<std::vector<std::string>> SealFrames(const NamespaceKeys& keys,
                                                    const UploaderOptions& options,
                                                    const FrameSalt& salt,
                                                    const std::vector<FramePlan>& plans) {
  SYNCENGINE_ASSIGN_OR_RETURN(
      const std::unique_ptr<FrameSealer> sealer,
      FrameSealer::Create(keys, salt, {.compression_level = options.compression_level}));
  std::vector<std::string> frames;
  frames.reserve(plans.size());
  for (const FramePlan& plan : plans) {
    SYNCENGINE_ASSIGN_OR_RETURN(std::string frame, sealer->Seal(plan.kind, plan.blocks));
    if (options.verify_sealed) {
      const auto opened = OpenFrame(keys, frame);
      if (!opened.ok()) {
        return absl::InternalError(absl::StrCat(
            "a frame just sealed does not open; the memory or processor of this machine "
            "may be faulty: ",
            opened.status().message()));
      }
    }
    frames.push_back(std::move(frame));
  }
  return frames;
}

absl::StatusOr<StoredSegment> StoreSegment(const StoreRequest& request,
                                           std::vector<std::string> frames) {
  const UploadContext& context = request.context;
  SegmentBuilder builder(context.id(), request.segment);
  for (std::string& frame : frames) {
    SYNCENGINE_RETURN_IF_ERROR(builder.Add(frame));
    frame = std::string();
  }
  const std::string bytes = std::move(builder).Finish();
  SYNCENGINE_ASSIGN_OR_RETURN(
      PutSegmentResult result, RetryUnavailable(context.retry(), request.spread, [&] {
        return context.service().PutSegment(context.id(), request.upload, bytes);
      }));
  return StoredSegment{std::move(result), bytes.size()};
}

uint64_t SegmentWriter::Add(const PlainBlock& block, const std::shared_ptr<const Arena>& arena) {
  if (frame_.bytes > 0 && (frame_.bytes + block.bytes.size() > limits::kFrameBytesTarget ||
                           frame_.blocks.size() == limits::kFrameBlocksMax)) {
    CloseFrame();
  }
  const uint64_t target = plain_target_ == 0 ? limits::kSegmentBytesTarget : plain_target_;
  if (current_ != nullptr && current_->plain_bytes > 0 &&
      current_->plain_bytes + block.bytes.size() > target) {
    CloseSegment();
  }
  Open& segment = Current();
  segment.plain_bytes += block.bytes.size();
  frame_.blocks.push_back(block);
  frame_.bytes += block.bytes.size();
  if (frame_.arenas.empty() || frame_.arenas.back() != arena) frame_.arenas.push_back(arena);
  return segment.number;
}

SegmentWriter::Open& SegmentWriter::Current() {
  if (current_ == nullptr) {
    current_ = std::make_unique<Open>();
    current_->number = ++last_number_;
  }
  return *current_;
}

void SegmentWriter::CloseFrame() {
  if (frame_.blocks.empty()) return;
  part_bytes_ += frame_.bytes;
  part_.push_back(std::exchange(frame_, {}));
  if (part_bytes_ >= kPartBytes) SealPart();
}

void SegmentWriter::SealPart() {
  if (part_.empty()) return;
  Open& segment = *current_;
  const size_t part = segment.parts.size();
  segment.parts.emplace_back();
  ++segment.sealing;
  part_bytes_ = 0;
  context_.crew.Run(
      [&keys = context_.keys(), &options = context_.options,
       salt = context_.entropy.NewId<FrameSalt>(),
       plans = std::exchange(part_, {})] { return SealFrames(keys, options, salt, plans); },
      [this, &segment, part](absl::StatusOr<std::vector<std::string>> frames) {
        PartSealed(segment, part, std::move(frames));
      });
}

void SegmentWriter::PartSealed(Open& segment, size_t part,
                               absl::StatusOr<std::vector<std::string>> frames) {
  --segment.sealing;
  if (!frames.ok()) return context_.Fail(frames.status());
  uint64_t bytes = 0;
  for (const std::string& frame : *frames) bytes += frame.size();
  segment.sealed_bytes += bytes;
  context_.held_bytes += bytes;
  segment.parts[part] = *std::move(frames);
  StoreReady();
}

void SegmentWriter::CloseSegment() {
  CloseFrame();
  SealPart();
  current_->closed = true;
  closed_.push_back(std::move(current_));
  StoreReady();
}

bool SegmentWriter::Flush() {
  if (current_ == nullptr) return false;
  CloseSegment();
  return true;
}

void SegmentWriter::StoreReady() {
  const size_t storing_max =
      std::min<size_t>(kStoringMax, static_cast<size_t>(context_.executor.Parallelism()));
  for (auto it = closed_.begin(); it != closed_.end() && storing_ < storing_max;) {
    if ((*it)->sealing > 0 || !context_.failure.ok()) {
      ++it;
      continue;
    }
    Store(std::move(*it));
    it = closed_.erase(it);
  }
}

void SegmentWriter::Store(std::unique_ptr<Open> segment) {
  ++storing_;
  // Follow how well this content shrinks, so that segments come out near their target size.
  const double shrunk = static_cast<double>(std::max<uint64_t>(segment->sealed_bytes, 1)) /
                        static_cast<double>(segment->plain_bytes);
  plain_target_ = std::clamp(static_cast<uint64_t>(limits::kSegmentBytesTarget / shrunk),
                             uint64_t{limits::kSegmentBytesTarget}, kSegmentPlainMax);
  std::vector<std::string> frames;
  for (std::vector<std::string>& part : segment->parts) {
    for (std::string& frame : part) frames.push_back(std::move(frame));
  }
  segment->parts.clear();
  const StoreRequest request{context_, upload_, context_.entropy.NewId<SegmentId>(),
                             context_.NewSpread()};
  context_.crew.Run(
      [request, frames = std::move(frames)]() mutable {
        return StoreSegment(request, std::move(frames));
      },
      [this, segment = std::move(segment)](const absl::StatusOr<StoredSegment>& stored) {
        Stored(*segment, stored);
      });
}

void SegmentWriter::Stored(const Open& segment, const absl::StatusOr<StoredSegment>& stored) {
  --storing_;
  context_.held_bytes -= segment.sealed_bytes;
  if (!stored.ok()) return context_.Fail(stored.status());
  if (!stored->result.stored) {
    return context_.Fail(absl::InternalError(
        "the service refused a segment of data blocks for missing children, but those have none"));
  }
  context_.stats.stored_bytes += stored->bytes;
  context_.stats.sent_bytes += stored->bytes;
  Settle(segment);
  StoreReady();
}

void SegmentWriter::Settle(const Open& segment) {
  durable_above_.insert(segment.number);
  while (!durable_above_.empty() && *durable_above_.begin() == durable_ + 1) {
    ++durable_;
    durable_above_.erase(durable_above_.begin());
  }
}

bool SegmentWriter::SealAll() {
  if (current_ == nullptr) return true;
  CloseFrame();
  SealPart();
  return current_->sealing == 0;
}

std::vector<std::string> SegmentWriter::Lend() {
  std::vector<std::string> frames;
  if (current_ == nullptr) return frames;
  for (std::vector<std::string>& part : current_->parts) {
    for (std::string& frame : part) frames.push_back(std::move(frame));
  }
  current_->parts.clear();
  return frames;
}

void SegmentWriter::LentIsStored() {
  if (current_ == nullptr) return;
  const std::unique_ptr<Open> lent = std::move(current_);
  context_.held_bytes -= lent->sealed_bytes;
  Settle(*lent);
}

void SegmentWriter::TakeBack(std::vector<std::string> frames) {
  if (current_ == nullptr) return;
  current_->parts.push_back(std::move(frames));
  CloseSegment();
}

}  // namespace syncengine
