// Signature, delta and patch against librsync on the same bytes in memory, each
// with its defaults. `x_librsync` is how many times faster, from the best of
// interleaved passes of both, so that it holds on a busy machine; `size` is our
// output's size as a share of theirs.
#include <benchmark/benchmark.h>
#include <librsync.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "syncengine/delta/delta.h"
#include "syncengine/delta/patch.h"
#include "syncengine/delta/signature.h"

namespace syncengine::benchmarks {
namespace {

constexpr size_t kContentBytes = 64u << 20;
constexpr int kPasses = 3;

using Random = std::mt19937_64;

// ------------------------------------------------------------------------------------
// the contents

std::string Noise(size_t size, uint64_t seed) {
  Random random(seed);
  std::string noise(size, '\0');
  for (size_t i = 0; i + 8 <= size; i += 8) {
    const uint64_t word = random();
    std::memcpy(&noise[i], &word, sizeof(word));
  }
  return noise;
}

std::string Text(size_t size, uint64_t seed) {
  Random random(seed);
  std::string text;
  text.reserve(size + 64);
  while (text.size() < size) {
    absl::StrAppend(&text, "event ", random() % 1'000'000, " from host-", random() % 100, " took ",
                    random() % 5000, " ms\n");
  }
  text.resize(size);
  return text;
}

// `count` insertions, deletions and overwritings of up to 200 bytes.
std::string Edited(std::string content, int count) {
  Random random(static_cast<uint64_t>(count));
  std::string edited;
  edited.reserve(content.size() * 2);
  size_t done = 0;
  for (int i = 1; i <= count; ++i) {
    const size_t at = content.size() / static_cast<size_t>(count + 1) * static_cast<size_t>(i);
    const size_t size = 1 + random() % 200;
    edited.append(content, done, at - done);
    if (random() % 3 != 0) edited += Text(size, random());
    done = at + (random() % 3 != 0 ? size : 0);
  }
  return edited.append(content, done);
}

struct Pair {
  std::string base;
  std::string result;
};

Pair MakePair(const std::string& name) {
  if (name == "same") return {Noise(kContentBytes, 1), Noise(kContentBytes, 1)};
  if (name == "unrelated") return {Noise(kContentBytes, 1), Noise(kContentBytes, 2)};
  if (name == "edits") return {Noise(kContentBytes, 1), Edited(Noise(kContentBytes, 1), 1000)};
  return {Text(kContentBytes, 1), Edited(Text(kContentBytes, 1), 1000)};
}

// ------------------------------------------------------------------------------------------
// librsync

// Runs a job over a string; its output goes to `sink`.
void RunJob(rs_job_t* job, const std::string& input, delta::Sink& sink) {
  std::string room(64u << 10, '\0');
  rs_buffers_t buffers{};
  buffers.next_in = const_cast<char*>(input.data());
  buffers.avail_in = input.size();
  buffers.eof_in = 1;
  for (rs_result result = RS_BLOCKED; result == RS_BLOCKED;) {
    buffers.next_out = room.data();
    buffers.avail_out = room.size();
    result = rs_job_iter(job, &buffers);
    sink.Append(absl::string_view(room).substr(0, room.size() - buffers.avail_out)).IgnoreError();
  }
  rs_job_free(job);
}

void LibrsyncSignature(const std::string& base, delta::Sink& sink) {
  rs_magic_number magic = RS_RK_BLAKE2_SIG_MAGIC;
  size_t block_bytes = 0;
  size_t strong_bytes = 0;
  rs_sig_args(static_cast<rs_long_t>(base.size()), &magic, &block_bytes, &strong_bytes);
  RunJob(rs_sig_begin(block_bytes, strong_bytes, magic), base, sink);
}

void LibrsyncDelta(const std::string& signature, const std::string& result, delta::Sink& sink) {
  rs_signature_t* sums = nullptr;
  RunJob(rs_loadsig_begin(&sums), signature, sink);
  rs_build_hash_table(sums);
  RunJob(rs_delta_begin(sums), result, sink);
  rs_free_sumset(sums);
}

rs_result CopyFromString(void* base, rs_long_t offset, size_t* size, void** room) {
  const auto& bytes = *static_cast<const std::string*>(base);
  const size_t begin = std::min(static_cast<size_t>(offset), bytes.size());
  *size = std::min(*size, bytes.size() - begin);
  std::memcpy(*room, bytes.data() + begin, *size);
  return RS_DONE;
}

void LibrsyncPatch(const std::string& base, const std::string& delta, delta::Sink& sink) {
  RunJob(rs_patch_begin(CopyFromString, const_cast<std::string*>(&base)), delta, sink);
}

// --------------------------------------------------------------------------------------------
// ours

void OwnSignature(const std::string& base, delta::Sink& sink) {
  delta::StringSource source(base);
  delta::WriteSignature(source, base.size(), {}, sink).IgnoreError();
}

void OwnDelta(const std::string& signature, const std::string& result, delta::Sink& sink) {
  auto decoded = delta::DecodeSignature(signature);
  if (!decoded.ok()) return;
  const auto index = delta::BlockIndex::Create(*std::move(decoded));
  delta::StringSource source(result);
  delta::WriteDelta(**index, source, {}, sink).IgnoreError();
}

void OwnPatch(const std::string& base, const std::string& delta, delta::Sink& sink) {
  delta::StringBase old(base);
  delta::StringSource source(delta);
  delta::ApplyDelta(old, source, {}, sink).IgnoreError();
}

// ----------------------------------------------------------------------------------------
// measuring

using Work = std::function<void(delta::Sink&)>;

// Counts and forgets.
class CountingSink : public delta::Sink {
 public:
  absl::Status Append(absl::string_view bytes) override {
    count_ += bytes.size();
    return absl::OkStatus();
  }
  absl::Status Finish() override { return absl::OkStatus(); }
  size_t count() const { return count_; }

 private:
  size_t count_ = 0;
};

std::string Output(const Work& work) {
  delta::StringSink sink;
  work(sink);
  return sink.bytes();
}

// Of this processor, not of the wall clock: neither side waits for anything or
// starts a thread.
double Seconds(const Work& work) {
  CountingSink sink;
  const std::clock_t start = std::clock();
  work(sink);
  benchmark::DoNotOptimize(sink.count());
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

void Compare(benchmark::State& state, size_t bytes, const Work& ours, const Work& theirs) {
  double best = std::numeric_limits<double>::max();
  double best_theirs = best;
  for (auto _ : state) {
    for (int pass = 0; pass < kPasses; ++pass) {
      best = std::min(best, Seconds(ours));
      best_theirs = std::min(best_theirs, Seconds(theirs));
    }
  }
  state.counters["MB/s"] = static_cast<double>(bytes) / best / 1e6;
  state.counters["x_librsync"] = best_theirs / best;
  state.counters["size"] =
      static_cast<double>(Output(ours).size()) / static_cast<double>(Output(theirs).size());
}

using Step = void (*)(const std::string&, const std::string&, delta::Sink&);

Work Bind(Step step, const std::string& first, const std::string& second) {
  return [step, &first, &second](delta::Sink& sink) { step(first, second, sink); };
}

void Signature(benchmark::State& state, const std::string& name) {
  const Pair pair = MakePair(name);
  Compare(
      state, pair.base.size(), [&](delta::Sink& sink) { OwnSignature(pair.base, sink); },
      [&](delta::Sink& sink) { LibrsyncSignature(pair.base, sink); });
}

void Delta(benchmark::State& state, const std::string& name) {
  const Pair pair = MakePair(name);
  const std::string own = Output([&](delta::Sink& sink) { OwnSignature(pair.base, sink); });
  const std::string theirs = Output([&](delta::Sink& sink) { LibrsyncSignature(pair.base, sink); });
  Compare(state, pair.result.size(), Bind(OwnDelta, own, pair.result),
          Bind(LibrsyncDelta, theirs, pair.result));
}

void Patch(benchmark::State& state, const std::string& name) {
  const Pair pair = MakePair(name);
  const std::string signature = Output([&](delta::Sink& sink) { OwnSignature(pair.base, sink); });
  const std::string theirs = Output([&](delta::Sink& sink) { LibrsyncSignature(pair.base, sink); });
  const std::string own_delta = Output(Bind(OwnDelta, signature, pair.result));
  const std::string their_delta = Output(Bind(LibrsyncDelta, theirs, pair.result));
  const Work own_patch = Bind(OwnPatch, pair.base, own_delta);
  if (Output(own_patch) != pair.result) return state.SkipWithError("a wrong result");
  Compare(state, pair.result.size(), own_patch, Bind(LibrsyncPatch, pair.base, their_delta));
}

[[maybe_unused]] const bool registered = [] {
  const auto add = [](const std::string& name, auto function, const char* content) {
    benchmark::RegisterBenchmark(absl::StrCat("Delta/", name, "/", content).c_str(), function,
                                 content)
        ->Iterations(1)
        ->Unit(benchmark::kMillisecond);
  };
  add("signature", Signature, "edits");
  for (const char* content : {"same", "edits", "unrelated", "text"}) add("delta", Delta, content);
  for (const char* content : {"edits", "text"}) add("patch", Patch, content);
  return true;
}();

}  // namespace
}  // namespace syncengine::benchmarks
