#include "syncengine/delta/patch.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/delta/delta_format.h"
#include "src/delta/delta_input.h"
#include "src/delta/result_writer.h"
#include "src/delta/varint.h"
#include "src/kernels/compress.h"
#include "syncengine/base/coding.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/delta/delta.h"

namespace syncengine::delta {
namespace {

absl::Status Damaged(absl::string_view what) {
  return MakeError(Reason::kIntegrity, absl::StrCat("delta: ", what));
}

// ----------------------------------------------------------------------------------
// the own format

absl::Status CheckBase(DeltaInput& input, uint64_t base_bytes) {
  SYNCENGINE_ASSIGN_OR_RETURN(const std::string header, input.Exactly(8));
  ByteReader reader(header, "delta");
  const uint64_t expected = reader.U64();
  if (expected == kAnyBase || expected == base_bytes) return absl::OkStatus();
  return Damaged(
      absl::StrCat("made for a base of ", expected, " bytes, this one has ", base_bytes));
}

// The steps and literals of the next frame.
absl::StatusOr<std::string> ReadFrame(DeltaInput& input, FrameKind kind) {
  SYNCENGINE_ASSIGN_OR_RETURN(const uint64_t size, input.Varint());
  if (size > limits::kDeltaFrameBytesMax) return Damaged("a frame is larger than allowed");
  if (kind == FrameKind::kStored) return input.Exactly(size);
  if (kind != FrameKind::kZstd) return Damaged("a frame of an unknown kind");
  SYNCENGINE_ASSIGN_OR_RETURN(const uint64_t packed_size, input.Varint());
  if (packed_size >= size) return Damaged("a compressed frame that did not shrink");
  SYNCENGINE_ASSIGN_OR_RETURN(const std::string packed, input.Exactly(packed_size));
  return kernels::DecompressExactly(packed, size);
}

// The steps of a frame, taken one by one; the literals are what is left of it.
class FrameSteps {
 public:
  // `next_offset` goes on from frame to frame.
  FrameSteps(absl::string_view frame, uint64_t& next_offset)
      : rest_(frame), next_offset_(next_offset) {}

  // How many there are.
  absl::StatusOr<uint64_t> Count() {
    const auto count = TakeVarint(rest_);
    // A step takes a byte at least.
    if (!count || *count == 0 || *count > limits::kDeltaFrameOpsMax || *count > rest_.size()) {
      return Damaged("a frame's number of steps is out of bounds");
    }
    return *count;
  }

  absl::StatusOr<Step> Next() {
    const auto head = TakeVarint(rest_);
    if (!head) return Damaged("a step is cut off");
    Step step{.length = *head >> 1};
    if ((*head & 1) == 0) return step;
    const auto distance = TakeVarint(rest_);
    if (!distance) return Damaged("a step is cut off");
    step.kind = Step::Kind::kCopy;
    // Wraps for damaged steps only, which the bounds of the base then refuse.
    step.offset = next_offset_ + static_cast<uint64_t>(UnZigZag(*distance));
    next_offset_ = step.offset + step.length;
    return step;
  }

  absl::string_view rest() const { return rest_; }

 private:
  absl::string_view rest_;
  uint64_t& next_offset_;
};

absl::Status ApplyFrame(absl::string_view frame, uint64_t& next_offset, ResultWriter& result) {
  // Two passes over the steps: the first finds where the literals begin.
  uint64_t first_offset = next_offset;
  FrameSteps steps(frame, next_offset);
  FrameSteps scout(frame, first_offset);
  SYNCENGINE_ASSIGN_OR_RETURN(const uint64_t count, steps.Count());
  SYNCENGINE_RETURN_IF_ERROR(scout.Count().status());
  for (uint64_t i = 0; i < count; ++i) SYNCENGINE_RETURN_IF_ERROR(scout.Next().status());
  absl::string_view literals = scout.rest();
  for (uint64_t i = 0; i < count; ++i) {
    SYNCENGINE_ASSIGN_OR_RETURN(const Step step, steps.Next());
    SYNCENGINE_RETURN_IF_ERROR(result.BeginStep(step.length));
    if (step.kind == Step::Kind::kCopy) {
      SYNCENGINE_RETURN_IF_ERROR(result.Copy(step.offset, step.length));
      continue;
    }
    if (step.length > literals.size()) return Damaged("a literal is cut off");
    SYNCENGINE_RETURN_IF_ERROR(result.Append(literals.substr(0, step.length)));
    literals.remove_prefix(step.length);
  }
  if (!literals.empty()) return Damaged("a frame holds bytes that no step uses");
  return absl::OkStatus();
}

absl::Status CheckResult(DeltaInput& input, ResultWriter& result) {
  SYNCENGINE_ASSIGN_OR_RETURN(const uint64_t size, input.Varint());
  SYNCENGINE_ASSIGN_OR_RETURN(const std::string digest, input.Exactly(kernels::kDigestBytes));
  SYNCENGINE_RETURN_IF_ERROR(input.ExpectEnd());
  if (size != result.size()) {
    return Damaged(absl::StrCat("declares ", size, " bytes, its steps make ", result.size()));
  }
  if (digest != kernels::AsBytes(result.Digest())) {
    return Damaged(
        "the result is not the content the delta was made from; the "
        "base is another one "
        "or the delta is damaged");
  }
  return absl::OkStatus();
}

absl::Status ApplyOwn(DeltaInput& input, uint64_t base_bytes, ResultWriter& result) {
  SYNCENGINE_RETURN_IF_ERROR(CheckBase(input, base_bytes));
  uint64_t next_offset = 0;
  for (;;) {
    SYNCENGINE_ASSIGN_OR_RETURN(const uint8_t kind, input.Byte());
    if (static_cast<FrameKind>(kind) == FrameKind::kEnd) return CheckResult(input, result);
    SYNCENGINE_ASSIGN_OR_RETURN(const std::string frame,
                                ReadFrame(input, static_cast<FrameKind>(kind)));
    SYNCENGINE_RETURN_IF_ERROR(ApplyFrame(frame, next_offset, result));
  }
}

// ---------------------------------------------------------------------------------
// librsync's format

absl::Status ApplyLiteral(DeltaInput& input, uint64_t length, ResultWriter& result) {
  SYNCENGINE_RETURN_IF_ERROR(result.BeginStep(length));
  while (length > 0) {
    SYNCENGINE_ASSIGN_OR_RETURN(const absl::string_view some, input.Some(length));
    SYNCENGINE_RETURN_IF_ERROR(result.Append(some));
    length -= some.size();
  }
  return absl::OkStatus();
}

absl::Status ApplyCommand(DeltaInput& input, uint8_t command, ResultWriter& result) {
  if (command <= kCommandLiteralInlineMax) return ApplyLiteral(input, command, result);
  if (command < kCommandCopy) {
    SYNCENGINE_ASSIGN_OR_RETURN(const uint64_t length,
                                input.BigEndian(1 << (command - kCommandLiteral)));
    return ApplyLiteral(input, length, result);
  }
  if (command > kCommandMax) return Damaged(absl::StrCat("unknown command ", command));
  const int widths = command - kCommandCopy;
  SYNCENGINE_ASSIGN_OR_RETURN(const uint64_t offset, input.BigEndian(1 << (widths / 4)));
  SYNCENGINE_ASSIGN_OR_RETURN(const uint64_t length, input.BigEndian(1 << (widths % 4)));
  SYNCENGINE_RETURN_IF_ERROR(result.BeginStep(length));
  return result.Copy(offset, length);
}

absl::Status ApplyLibrsync(DeltaInput& input, ResultWriter& result) {
  for (;;) {
    SYNCENGINE_ASSIGN_OR_RETURN(const uint8_t command, input.Byte());
    if (command == kCommandEnd) return input.ExpectEnd();
    SYNCENGINE_RETURN_IF_ERROR(ApplyCommand(input, command, result));
  }
}

absl::StatusOr<bool> IsOwn(absl::string_view magic) {
  if (magic == kLibrsyncDeltaMagic) return false;
  if (magic.substr(0, kDeltaMagicFamily.size()) != kDeltaMagicFamily) {
    return absl::InvalidArgumentError(
        "delta: expected one of this library or "
        "of librsync; these bytes are neither");
  }
  if (magic.back() == kDeltaVersion) return true;
  return MakeError(Reason::kVersion, "delta: of a newer format; upgrade this program");
}

}  // namespace

absl::StatusOr<PatchStats> ApplyDelta(Base& base, Source& delta, const PatchOptions& options,
                                      Sink& result) {
  DeltaInput input(delta);
  SYNCENGINE_ASSIGN_OR_RETURN(const std::string magic, input.Exactly(kMagicBytes));
  SYNCENGINE_ASSIGN_OR_RETURN(const bool own, IsOwn(magic));
  using Hashing = ResultWriter::Hashing;
  ResultWriter writer(base, input, options, own ? Hashing::kOn : Hashing::kOff, result);
  SYNCENGINE_RETURN_IF_ERROR(own ? ApplyOwn(input, base.size(), writer)
                                 : ApplyLibrsync(input, writer));
  SYNCENGINE_RETURN_IF_ERROR(result.Finish());
  return PatchStats{.result_bytes = writer.size(), .delta_bytes = input.taken(), .verified = own};
}

}  // namespace syncengine::delta
