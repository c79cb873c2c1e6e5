// Cuts and rolling hashes are the same with every kernel and however content arrives.
#include <memory>
#include <string>
#include <vector>

#include "src/kernels/leaf_digest.h"
#include "src/kernels/roll.h"
#include "src/kernels/scan.h"
#include "syncengine/chunking/chunker.h"
#include "tests/fuzz/fuzz.h"

namespace syncengine::fuzz {
namespace {

std::vector<size_t> Cuts(const Chunker& chunker, absl::string_view content, size_t step) {
  ChunkStream stream(chunker);
  std::vector<size_t> cuts;
  std::string together;
  const auto drain = [&] {
    while (const auto block = stream.Next()) {
      cuts.push_back(block->size());
      together.append(block->data(), block->size());
    }
  };
  for (size_t at = 0; at < content.size(); at += step) {
    stream.Append(content.substr(at, step));
    drain();
  }
  stream.Finish();
  drain();
  Require(together == content, "the blocks are the content");
  return cuts;
}

void CheckCuts(ChunkerSuite suite, absl::string_view content, size_t step) {
  const std::string key(kChunkerKeyBytes, 'k');
  std::vector<size_t> expected;
  for (const char* const kernel : {"scalar", "avx2", "avx512", "aesni", "vaes", "neon", "aes"}) {
    const auto chunker =
        Chunker::Create({.suite = suite, .average_bytes = 64, .kernel = kernel}, key);
    if (!chunker.ok()) continue;  // Not on this processor.
    const std::vector<size_t> whole = Cuts(**chunker, content, content.size() + 1);
    Require(Cuts(**chunker, content, step) == whole, "cuts do not depend on reads");
    if (expected.empty()) expected = whole;
    Require(whole == expected, "kernels agree");
    for (size_t i = 0; i < whole.size(); ++i) {
      Require(whole[i] <= (*chunker)->max_bytes(), "a block is not too long");
      Require(i + 1 == whole.size() || whole[i] >= (*chunker)->min_bytes(), "nor too short");
    }
  }
}

void CheckRoll(absl::string_view content, size_t window, uint64_t bits) {
  if (content.size() < window) return;
  const auto* const data = reinterpret_cast<const uint8_t*>(content.data());
  const kernels::RollFactors factors(0x08104225, window);
  const uint64_t filter_bits[4] = {bits, ~bits, bits * 0x9E3779B97F4A7C15u, 0};
  const kernels::RollFilter filter = {.bits = filter_bits, .shift = 24};
  const size_t end = content.size() - window + 1;
  const kernels::RollKernel& scalar = kernels::RollKernels().front();
  const uint32_t hash = scalar.hash(factors, data, window);
  const kernels::RollHit expected = scalar.find(factors, filter, data, 0, end, hash);
  for (const kernels::RollKernel& kernel : kernels::RollKernels()) {
    if (!kernel.supported()) continue;
    Require(kernel.hash(factors, data, window) == hash, "hashes agree");
    const kernels::RollHit hit = kernel.find(factors, filter, data, 0, end, hash);
    Require(hit.position == expected.position, "hits agree");
    Require(hit.position == end || hit.hash == expected.hash, "hashes of hits agree");
  }
}

void CheckLeaves(absl::string_view content) {
  constexpr size_t kLeaf = 64;
  std::vector<kernels::Digest> fast(content.size() / kLeaf), slow(fast.size());
  kernels::Sha256Leaves(content, kLeaf, absl::MakeSpan(fast));
  kernels::Sha256LeavesScalar(content, kLeaf, absl::MakeSpan(slow));
  Require(fast == slow, "digests agree");
}

}  // namespace
}  // namespace syncengine::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace syncengine;
  fuzz::Input input(data, size);
  const size_t mode = input.Below(4);
  const size_t step = 1 + input.Byte();
  if (mode == 0) fuzz::CheckCuts(ChunkerSuite::kFast, input.Rest(), step);
  // The scalar AES is slow.
  if (mode == 1) fuzz::CheckCuts(ChunkerSuite::kPrf, input.Rest().substr(0, 400), step);
  if (mode == 2) {
    const uint64_t bits = input.Byte() * 0x0101010101010101u;
    fuzz::CheckRoll(input.Rest(), step, bits);
  }
  if (mode == 3) fuzz::CheckLeaves(input.Rest());
  return 0;
}
