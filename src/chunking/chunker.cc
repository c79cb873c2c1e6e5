#include "syncengine/chunking/chunker.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/kernels/scan.h"
#include "syncengine/base/error.h"

namespace syncengine {
namespace {

using kernels::ScanHit;
using kernels::ScanSuite;

ScanSuite ToScanSuite(ChunkerSuite suite) {
  return suite == ChunkerSuite::kFast ? ScanSuite::kFast : ScanSuite::kPrf;
}

// The signed value below which lies the share twice_probability / (2 * average) of all values.
int32_t Threshold(uint64_t twice_probability, uint32_t average_bytes) {
  const uint64_t share = (twice_probability << 31) / average_bytes;
  return static_cast<int32_t>(int64_t{std::numeric_limits<int32_t>::min()} +
                              static_cast<int64_t>(share));
}

}  // namespace

absl::Status ChunkerOptions::Validate() const {
  if (suite != ChunkerSuite::kFast && suite != ChunkerSuite::kPrf) {
    return absl::InvalidArgumentError(absl::StrCat(
        "chunker: expected suite 1 (fast) or 2 (prf), found ", static_cast<int>(suite)));
  }
  if (!std::has_single_bit(average_bytes) || average_bytes < kChunkerAverageMin ||
      average_bytes > kChunkerAverageMax) {
    return absl::InvalidArgumentError(absl::StrCat(
        "chunker: expected an average that is a power of two from ", kChunkerAverageMin, " to ",
        kChunkerAverageMax, " bytes, found ", average_bytes));
  }
  return absl::OkStatus();
}

struct Chunker::Kernel {
  Kernel(const kernels::ScanKernel& chosen, absl::string_view key, uint32_t average_bytes)
      : functions(chosen),
        window(kernels::ScanWindow(chosen.suite)),
        accept(Threshold(3, average_bytes)),
        promising(Threshold(16, average_bytes)),
        secret(reinterpret_cast<const uint8_t*>(key.data())) {}

  const kernels::ScanKernel& functions;
  const size_t window;
  const int32_t accept;     // Probability 1.5 / A: a candidate below it is taken at once.
  const int32_t promising;  // Probability 8 / A: nearly every block has a candidate below it.
  const kernels::ScanKey secret;
};

absl::StatusOr<std::unique_ptr<const Chunker>> Chunker::Create(const ChunkerOptions& options,
                                                               absl::string_view key) {
  SYNCENGINE_RETURN_IF_ERROR(options.Validate());
  if (key.size() != kChunkerKeyBytes) {
    return absl::InvalidArgumentError(absl::StrCat("chunker: expected a key of ", kChunkerKeyBytes,
                                                   " bytes, found ", key.size()));
  }
  const absl::string_view name =
      options.kernel.empty() ? kernels::ForcedScanKernel() : absl::string_view(options.kernel);
  SYNCENGINE_ASSIGN_OR_RETURN(const kernels::ScanKernel* chosen,
                              kernels::ChooseScanKernel(ToScanSuite(options.suite), name));
  auto kernel = std::make_unique<const Kernel>(*chosen, key, options.average_bytes);
  return std::unique_ptr<const Chunker>(new Chunker(options.average_bytes, std::move(kernel)));
}

Chunker::Chunker(uint32_t average_bytes, std::unique_ptr<const Kernel> kernel)
    : average_bytes_(average_bytes),
      min_bytes_(static_cast<uint32_t>(uint64_t{average_bytes} * 3 / 5)),
      max_bytes_(static_cast<uint32_t>(uint64_t{average_bytes} * 1577 / 1000)),
      kernel_(std::move(kernel)) {}

Chunker::~Chunker() = default;

absl::string_view Chunker::kernel() const { return kernel_->functions.name; }

size_t Chunker::Cut(absl::string_view bytes, bool is_last) const {
  if (bytes.size() < max_bytes_ && !is_last) return 0;
  if (bytes.size() <= min_bytes_) return bytes.size();
  return Pick(bytes.substr(0, max_bytes_));
}

// The best candidate from min_bytes_ to the end of `bytes`, each included.
size_t Chunker::Pick(absl::string_view bytes) const {
  const Kernel& kernel = *kernel_;
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  const size_t end = bytes.size() + 1;
  const size_t begin = kernel.functions.skip(data, min_bytes_, end, kernel.window);
  // Starting at `promising` instead of the greatest value saves most steps down to the minimum and
  // cannot change it: whatever lies below includes the minimum.
  ScanHit best = kernel.functions.find(kernel.secret, data, begin, end, kernel.promising);
  if (best.position == end) {
    constexpr int32_t kGreatest = std::numeric_limits<int32_t>::max();
    best = kernel.functions.find(kernel.secret, data, begin, end, kGreatest);
  }
  if (best.position == end) return bytes.size();
  while (best.value >= kernel.accept) {
    const ScanHit next =
        kernel.functions.find(kernel.secret, data, best.position + 1, end, best.value);
    if (next.position == end) break;
    best = next;
  }
  return best.position;
}

void ChunkStream::Append(absl::string_view piece) {
  // Moving the rest down only when half the buffer is used up keeps the total work linear.
  if (begin_ >= buffer_.size() / 2) {
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
  buffer_.append(piece.data(), piece.size());
}

std::optional<absl::string_view> ChunkStream::Next() {
  const absl::string_view rest = absl::string_view(buffer_).substr(begin_);
  const size_t size = chunker_.Cut(rest, finished_);
  if (size == 0) return std::nullopt;
  begin_ += size;
  return rest.substr(0, size);
}

}  // namespace syncengine
