#include "syncengine/delta/delta.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/delta/librsync_delta_writer.h"
#include "src/delta/own_delta_writer.h"
#include "src/kernels/compress.h"
#include "syncengine/base/error.h"

namespace syncengine::delta {
namespace {

constexpr size_t kSliceBytes = 512u << 10;  // Read, searched and hashed within the second cache.
constexpr size_t kSliceBlocks = 8;

// The new content, a slice and one block at a time.
class SliceReader {
 public:
  SliceReader(Source& source, size_t block_bytes)
      : source_(source),
        length_(std::max(kSliceBytes, kSliceBlocks * block_bytes)),
        buffer_(length_ + block_bytes, '\0') {}

  // The next slice; `used` bytes of the one before were dealt with. Empty and
  // last at the end.
  absl::StatusOr<Slice> Next(size_t used) {
    std::copy(buffer_.begin() + static_cast<ptrdiff_t>(used),
              buffer_.begin() + static_cast<ptrdiff_t>(filled_), buffer_.begin());
    filled_ -= used;
    bool ended = false;
    while (filled_ < buffer_.size() && !ended) {
      SYNCENGINE_ASSIGN_OR_RETURN(const size_t more,
                                  source_.Read(absl::MakeSpan(buffer_).subspan(filled_)));
      filled_ += more;
      ended = more == 0;
    }
    return Slice{.bytes = absl::string_view(buffer_).substr(0, filled_),
                 .length = ended ? filled_ : length_,
                 .is_last = ended};
  }

 private:
  Source& source_;
  const size_t length_;
  std::string buffer_;
  size_t filled_ = 0;
};

}  // namespace

absl::StatusOr<DeltaStats> WriteDelta(const BlockIndex& index, Source& result,
                                      const DeltaOptions& options, Sink& sink) {
  const Signature& signature = index.signature();
  SYNCENGINE_ASSIGN_OR_RETURN(const std::unique_ptr<DeltaWriter> writer,
                              DeltaWriter::Create(options, signature.base_bytes(), sink));
  SliceReader reader(result, signature.layout().block_bytes);
  SliceSteps found;
  for (bool more = true; more;) {
    SYNCENGINE_ASSIGN_OR_RETURN(Slice slice, reader.Next(found.end));
    slice.expected_block = found.expected_block;
    found = SearchSlice(index, slice);
    SYNCENGINE_RETURN_IF_ERROR(writer->Add(found.steps, slice.bytes.substr(0, found.end)));
    more = !slice.is_last;
  }
  return writer->Finish();
}

absl::StatusOr<std::unique_ptr<DeltaWriter>> DeltaWriter::Create(const DeltaOptions& options,
                                                                 std::optional<uint64_t> base_bytes,
                                                                 Sink& sink) {
  if (options.level != 0 &&
      (options.level < kernels::kCompressLevelMin || options.level > kernels::kCompressLevelMax)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "delta: expected level 0 to ", kernels::kCompressLevelMax, ", found ", options.level));
  }
  if (options.format == DeltaFormat::kLibrsync) {
    return std::make_unique<LibrsyncDeltaWriter>(sink);
  }
  return std::make_unique<OwnDeltaWriter>(options.level, base_bytes, sink);
}

absl::Status DeltaWriter::Add(const std::vector<Step>& steps, absl::string_view bytes) {
  AddResult(bytes);
  stats_.result_bytes += bytes.size();
  for (const Step& step : steps) {
    if (step.kind == Step::Kind::kCopy) {
      stats_.copied_bytes += step.length;
      SYNCENGINE_RETURN_IF_ERROR(AddCopy(step.offset, step.length));
    } else {
      stats_.literal_bytes += step.length;
      SYNCENGINE_RETURN_IF_ERROR(AddLiteral(bytes.substr(step.offset, step.length)));
    }
  }
  return absl::OkStatus();
}

}  // namespace syncengine::delta
