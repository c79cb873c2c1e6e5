// What a live document costs: a recorded trace typed into a LiveText, a packet each 50 splices, to
// a hub that holds a second link. Usage: live_bench FILE.trace (tools/live_traces.py writes them).
#include <malloc.h>

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "syncengine/base/coding.h"
#include "syncengine/diffsync/live_hub.h"
#include "syncengine/diffsync/live_text.h"

namespace syncengine {
namespace {

constexpr size_t kSplicesPerPacket = 50;

struct Step {
  size_t position = 0;
  size_t deleted = 0;
  absl::string_view inserted;
};

double CpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

size_t HeapBytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

struct Traffic {
  size_t packets = 0, sent = 0, received = 0;
};

bool Exchange(LiveText& writer, LiveHub& hub, Traffic& traffic) {
  const std::string request = writer.NextPacket();
  const auto answer = hub.Receive(request);
  if (!answer.ok() || !writer.Receive(answer->reply).ok()) return false;
  ++traffic.packets;
  traffic.sent += request.size();
  traffic.received += answer->reply.size();
  return true;
}

int Run(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(stream)),
                          std::istreambuf_iterator<char>());
  ByteReader reader(bytes, "trace");
  const absl::string_view end = reader.Long();
  std::vector<Step> steps;
  size_t typed = 0;
  while (reader.remaining() > 0 && reader.ok()) {
    Step step{reader.U32(), reader.U32()};
    step.inserted = reader.Long();
    typed += step.inserted.size();
    steps.push_back(step);
  }
  if (!reader.ok() || steps.empty()) {
    std::fprintf(stderr, "%s: expected a trace that tools/live_traces.py wrote\n", file.c_str());
    return 2;
  }
  const size_t heap_before = HeapBytes();
  const double start = CpuSeconds();
  LiveHub hub = *LiveHub::Create({.epoch = 1}, "");
  LiveText writer = *LiveText::Create({.link = 1}, ""),
           reader_end = *LiveText::Create({.link = 2}, "");
  Traffic traffic, other;
  size_t heap_peak = 0, count = 0;
  bool ok = Exchange(writer, hub, traffic);
  for (const Step& step : steps) {
    const size_t from = writer.OffsetOfCodePoint(step.position);
    const size_t to = writer.OffsetOfCodePoint(step.position + step.deleted);
    ok = ok && writer.Splice(from, to - from, step.inserted).ok();
    if (++count % kSplicesPerPacket != 0) continue;
    ok = ok && Exchange(writer, hub, traffic) && Exchange(reader_end, hub, other);
    if (count % 5000 == 0) heap_peak = std::max(heap_peak, HeapBytes() - heap_before);
  }
  ok = ok && Exchange(writer, hub, traffic) && Exchange(reader_end, hub, other);
  const double seconds = CpuSeconds() - start;
  heap_peak = std::max(heap_peak, HeapBytes() - heap_before);
  const bool right = ok && hub.Text() == end && writer.Text() == end && reader_end.Text() == end;
  std::printf("%zu splices, %zu bytes typed, %zu packets, %s\n", steps.size(), typed,
              traffic.packets, right ? "right text at all three ends" : "WRONG TEXT");
  std::printf(
      "cpu %.2f s (two links and the hub), heap %.1f MB at most, for both links and the hub\n",
      seconds, static_cast<double>(heap_peak) / 1e6);
  std::printf("bytes per typed byte: %.2f sent, %.2f received\n",
              static_cast<double>(traffic.sent) / static_cast<double>(typed),
              static_cast<double>(traffic.received) / static_cast<double>(typed));
  return right ? 0 : 1;
}

}  // namespace
}  // namespace syncengine

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: live_bench FILE.trace\n");
    return 2;
  }
  return syncengine::Run(argv[1]);
}
