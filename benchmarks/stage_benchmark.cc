// What the library adds to the raw libraries below it: its hashes, its compression, its frames
// beside bare calls of xxHash, zstd and OpenSSL that do the same work on the same bytes, and
// beside memcpy. A ratio of 1 is what the foreign library costs by itself; it comes from the best
// of interleaved passes of both, so that it holds on a busy machine.
#include <benchmark/benchmark.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <xxhash.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "src/kernels/checksum.h"
#include "src/kernels/compress.h"
#include "src/kernels/digest.h"
#include "src/kernels/seal.h"
#include "syncengine/format/frame.h"
#include "syncengine/format/keys.h"
#include "syncengine/testing/sim_random.h"

namespace syncengine::benchmarks {
namespace {

constexpr size_t kBlockBytes = 16u << 10;
constexpr size_t kBlocks = 16;
constexpr size_t kFrameBytes = kBlocks * kBlockBytes;
constexpr int kLevel = 3;
constexpr int kPasses = 60;
constexpr int kRepeats = 8;  // Within a pass, because the clock is coarse.
constexpr absl::string_view kKey = "a fixed key of thirty-two bytes.";
constexpr absl::string_view kNonce = "twelve bytes";

// Lines of a log: what compresses to about a quarter.
std::string LogLines() {
  SimRandom random(1);
  std::string text;
  while (text.size() < kFrameBytes) {
    absl::StrAppend(&text, "event ", random.Below(1'000'000), " from host-", random.Below(100),
                    " took ", random.Below(5000), " ms\n");
  }
  text.resize(kFrameBytes);
  return text;
}

const std::string& Content() {
  static const std::string* const content = new std::string(LogLines());
  return *content;
}

using Work = std::function<void()>;

double Seconds(const Work& work) {
  const std::clock_t start = std::clock();
  for (int i = 0; i < kRepeats; ++i) work();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC / kRepeats;
}

void Compare(benchmark::State& state, const std::string& baseline, const Work& ours,
             const Work& theirs) {
  double best = std::numeric_limits<double>::max();
  double best_theirs = best;
  for (int pass = 0; pass < kPasses; ++pass) {
    best = std::min(best, Seconds(ours));
    best_theirs = std::min(best_theirs, Seconds(theirs));
  }
  for (auto _ : state) ours();
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) *
                          static_cast<int64_t>(kFrameBytes));
  state.counters["x_" + baseline] = best_theirs / best;
}

// --------------------------------------------------------------------------------- bare libraries

// AES-256-GCM of `bytes` where they are, with a context of its own for each message.
void BareSeal(std::string& bytes) {
  EVP_CIPHER_CTX* const context = EVP_CIPHER_CTX_new();
  auto* const data = reinterpret_cast<unsigned char*>(bytes.data());
  const auto* const key = reinterpret_cast<const unsigned char*>(kKey.data());
  const auto* const nonce = reinterpret_cast<const unsigned char*>(kNonce.data());
  int size = 0;
  char tag[16];
  EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nullptr, key, nonce);
  EVP_EncryptUpdate(context, data, &size, data, static_cast<int>(bytes.size()));
  EVP_EncryptFinal_ex(context, data + size, &size);
  EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, sizeof(tag), tag);
  EVP_CIPHER_CTX_free(context);
  benchmark::DoNotOptimize(tag);
}

void BareHmac(absl::string_view bytes) {
  unsigned char digest[32];
  unsigned size = sizeof(digest);
  HMAC(EVP_sha256(), kKey.data(), static_cast<int>(kKey.size()),
       reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest, &size);
  benchmark::DoNotOptimize(digest);
}

std::string BareCompress(ZSTD_CCtx* context, absl::string_view bytes) {
  std::string packed(ZSTD_compressBound(bytes.size()), '\0');
  packed.resize(
      ZSTD_compressCCtx(context, packed.data(), packed.size(), bytes.data(), bytes.size(), kLevel));
  return packed;
}

std::string BareDecompress(ZSTD_DCtx* context, absl::string_view packed) {
  std::string plain(kFrameBytes, '\0');
  plain.resize(
      ZSTD_decompressDCtx(context, plain.data(), plain.size(), packed.data(), packed.size()));
  return plain;
}

struct FreeContexts {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};
using Packer = std::unique_ptr<ZSTD_CCtx, FreeContexts>;
using Unpacker = std::unique_ptr<ZSTD_DCtx, FreeContexts>;

// ----------------------------------------------------------------------------------------- stages

void Checksum(benchmark::State& state) {
  Compare(
      state, "xxhash", [] { benchmark::DoNotOptimize(kernels::Xxh3(Content())); },
      [] { benchmark::DoNotOptimize(XXH3_64bits(Content().data(), Content().size())); });
}

void ChecksumBesideMemcpy(benchmark::State& state) {
  std::string copy(kFrameBytes, '\0');
  Compare(
      state, "memcpy", [] { benchmark::DoNotOptimize(kernels::Xxh3(Content())); },
      [&] {
        std::memcpy(copy.data(), Content().data(), copy.size());
        benchmark::DoNotOptimize(copy.data());
        benchmark::ClobberMemory();
      });
}

std::unique_ptr<NamespaceKeys> Keys() {
  return NamespaceKeys::Create(NamespaceId(), std::string(NamespaceKeys::kRandomBytes, 'k'))
      .value();
}

// `visit` gets the content's blocks one after another.
template <typename Visitor>
void ForEachBlock(const Visitor& visit) {
  for (size_t i = 0; i < kBlocks; ++i) {
    visit(absl::string_view(Content()).substr(i * kBlockBytes, kBlockBytes));
  }
}

void BlockIds(benchmark::State& state) {
  const auto keys = Keys();
  Compare(
      state, "openssl",
      [&] { ForEachBlock([&](auto block) { benchmark::DoNotOptimize(keys->IdOf(block)); }); },
      [] { ForEachBlock(BareHmac); });
}

void Compress(benchmark::State& state) {
  const Packer packer(ZSTD_createCCtx());
  Compare(
      state, "zstd", [] { benchmark::DoNotOptimize(kernels::Compress(Content(), kLevel)); },
      [&] { benchmark::DoNotOptimize(BareCompress(packer.get(), Content())); });
}

void Seal(benchmark::State& state) {
  std::string ours = Content() + std::string(kernels::kGcmTagBytes, '\0');
  std::string theirs = Content();
  Compare(
      state, "openssl",
      [&] {
        kernels::GcmSeal({kKey, kNonce, ""}, absl::MakeSpan(ours)).IgnoreError();
      },
      [&] { BareSeal(theirs); });
}

// Blocks to a frame and back, ids, compression and encryption included, beside bare calls for just
// these.
void SealFrame(benchmark::State& state) {
  const auto keys = Keys();
  const Packer packer(ZSTD_createCCtx());
  Compare(
      state, "bare",
      [&] {  // A key for each frame, which in a segment many share.
        const auto sealer = FrameSealer::Create(*keys, FrameSalt(), {}).value();
        std::vector<PlainBlock> blocks;
        ForEachBlock([&](auto block) { blocks.push_back({keys->IdOf(block), block}); });
        benchmark::DoNotOptimize(sealer->Seal(FrameKind::kData, blocks));
      },
      [&] {
        ForEachBlock(BareHmac);
        std::string packed = BareCompress(packer.get(), Content());
        BareSeal(packed);
        benchmark::DoNotOptimize(packed.data());
      });
}

void OpenOneFrame(benchmark::State& state) {
  const auto keys = Keys();
  const auto sealer = FrameSealer::Create(*keys, FrameSalt(), {}).value();
  std::vector<PlainBlock> blocks;
  ForEachBlock([&](auto block) { blocks.push_back({keys->IdOf(block), block}); });
  const std::string frame = sealer->Seal(FrameKind::kData, blocks).value();
  const Packer packer(ZSTD_createCCtx());
  const Unpacker unpacker(ZSTD_createDCtx());
  const std::string packed = BareCompress(packer.get(), Content());
  if (!OpenFrame(*keys, frame).ok()) return state.SkipWithError("the frame does not open");
  Compare(
      state, "bare", [&] { benchmark::DoNotOptimize(OpenFrame(*keys, frame)); },
      [&] {
        std::string copy = packed;  // GCM costs the same in both directions.
        BareSeal(copy);
        benchmark::DoNotOptimize(BareDecompress(unpacker.get(), packed));
        ForEachBlock(BareHmac);
      });
}

[[maybe_unused]] const bool registered = [] {
  const auto add = [](const char* name, auto function) {
    benchmark::RegisterBenchmark(absl::StrCat("Stage/", name).c_str(), function)
        ->Unit(benchmark::kMicrosecond);
  };
  add("checksum", Checksum);
  add("checksum_beside_memcpy", ChecksumBesideMemcpy);
  add("block_ids", BlockIds);
  add("compress", Compress);
  add("seal", Seal);
  add("frame/seal", SealFrame);
  add("frame/open", OpenOneFrame);
  return true;
}();

}  // namespace
}  // namespace syncengine::benchmarks
