#include "tests/diffsync/live_world.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/diffsync/link_world.h"

namespace syncengine::diffsync_test {
namespace {

size_t CodePointEnd(const std::string& text, size_t at) {
  do ++at;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80);
  return at;
}

absl::Status Write(const WorldOptions& options, LiveText& text, const LiveSplice& splice) {
  if (!options.whole_texts) return text.Splice(splice.position, splice.deleted, splice.inserted);
  std::string whole = text.Text();
  whole.replace(splice.position, splice.deleted, splice.inserted);
  return text.Replace(whole);
}

// The marks around the parts: nobody edits them, so they tell where a part is.
std::string Mark(size_t index) { return absl::StrCat("\n== part ", index, " ==\n"); }

}  // namespace

Trace MakeTrace(Generator& random, size_t steps) {
  std::vector<std::string> text;  // Code points.
  Trace trace;
  size_t cursor = 0;
  const auto add = [&](size_t position, size_t deleted, const std::string& inserted) {
    trace.steps.push_back({position, deleted, inserted});
    std::vector<std::string> points;
    for (size_t at = 0; at < inserted.size();) {
      const size_t end = CodePointEnd(inserted, at);
      points.push_back(inserted.substr(at, end - at));
      at = end;
    }
    const auto from = text.begin() + static_cast<ptrdiff_t>(position);
    const auto after = text.erase(from, from + static_cast<ptrdiff_t>(deleted));
    text.insert(after, points.begin(), points.end());
    cursor = position + points.size();
  };
  while (trace.steps.size() < steps) {
    const size_t what = random.Below(100);
    if (what < 60) {
      const std::string word = RandomWord(random) + (random.Percent(12) ? ".\n" : " ");
      for (size_t at = 0; at < word.size();) {
        const size_t end = CodePointEnd(word, at);
        add(cursor, 0, word.substr(at, end - at));
        at = end;
      }
    } else if (what < 75) {
      for (size_t left = random.Below(6); left > 0 && cursor > 0; --left) add(cursor - 1, 1, "");
    } else if (what < 90) {
      cursor = random.Below(text.size() + 1);
    } else {
      const size_t deleted = std::min(text.size() - cursor, random.Below(20));
      add(cursor, deleted, random.Percent(50) ? RandomWord(random) : "");
    }
  }
  for (const std::string& point : text) trace.end += point;
  return trace;
}

Verdict ReplayParts(const WorldOptions& options, const std::vector<Trace>& traces) {
  std::string start, end;
  for (size_t i = 0; i < traces.size(); ++i) {
    start += Mark(i) + traces[i].start;
    end += Mark(i) + traces[i].end;
  }
  LinkWorld world(options, start);
  if (options.join_first) world.Settle();
  std::vector<size_t> begin(traces.size()), next(traces.size());
  for (size_t i = 0, at = 0; i < traces.size(); ++i) {
    begin[i] = at += Mark(i).size();
    at += traces[i].start.size();
  }
  world.on_arrival = [&](size_t index, const std::string&, const LiveArrival& arrival) {
    // Others edit in front of the part or behind it; at its very beginning is behind a mark.
    begin[index] = MapPosition(begin[index], arrival.remote);
  };
  size_t left = traces.size();
  std::string failure;
  while (left > 0 && failure.empty()) {
    const size_t i = world.random().Below(traces.size());
    LiveText& text = world.text(i);
    for (size_t burst = 1 + world.random().Below(30); burst > 0; --burst) {
      if (next[i] == traces[i].steps.size()) break;
      const TraceStep& step = traces[i].steps[next[i]++];
      const size_t first = text.CodePointAtOffset(begin[i]) + step.position;
      const size_t from = text.OffsetOfCodePoint(first);
      const size_t to = text.OffsetOfCodePoint(first + step.deleted);
      const absl::Status written = Write(options, text, {from, to - from, step.inserted});
      if (!written.ok()) failure = written.ToString();
      if (next[i] == traces[i].steps.size()) --left;
      world.Edited(i);
    }
    for (size_t steps = world.random().Below(6); steps > 0; --steps) {
      world.Step(world.random().Below(world.size()));
    }
  }
  Verdict verdict = world.Settle();
  if (!failure.empty()) verdict.why = failure;
  verdict.exact = verdict.converged && failure.empty() && world.Text() == end;
  return verdict;
}

Verdict EditAnywhere(const WorldOptions& options, size_t edits) {
  LinkWorld world(options, "");
  std::set<std::string> expected;
  uint32_t letters = 0;
  // Letters of four bytes, each used once.
  const auto letter = [&letters] {
    const uint32_t code = 0x10000 + letters++;
    std::string bytes;
    for (const int shift : {18, 12, 6, 0}) {
      bytes +=
          static_cast<char>((shift == 18 ? 0xF0 : 0x80) | (code >> shift & (shift == 18 ? 7 : 63)));
    }
    return bytes;
  };
  std::set<std::string> gone;
  for (size_t left = edits; left > 0;) {
    const size_t i = world.random().Below(world.size());
    LiveText& text = world.text(i);
    for (size_t burst = 1 + world.random().Below(8); burst > 0 && left > 0; --burst, --left) {
      const size_t points = text.size() / 4;
      const size_t from = world.random().Below(points + 1);
      const size_t cut =
          world.random().Percent(40) ? std::min(points - from, world.random().Below(4)) : 0;
      std::string inserted;
      for (size_t n = cut > 0 ? world.random().Below(2) : 1 + world.random().Below(3); n > 0; --n) {
        inserted += letter();
        expected.insert(inserted.substr(inserted.size() - 4));
      }
      const std::string before = text.Text();
      for (size_t k = 0; k < cut; ++k) gone.insert(before.substr((from + k) * 4, 4));
      if (!Write(options, text, {from * 4, cut * 4, inserted}).ok()) return {.why = "write"};
      world.Edited(i);
    }
    for (size_t steps = world.random().Below(6); steps > 0; --steps) {
      world.Step(world.random().Below(world.size()));
    }
  }
  Verdict verdict = world.Settle();
  std::multiset<std::string> found;
  const std::string text = world.Text();
  for (size_t at = 0; at < text.size(); at += 4) found.insert(text.substr(at, 4));
  for (const std::string& each : gone) expected.erase(each);
  verdict.exact =
      verdict.converged && std::equal(found.begin(), found.end(), expected.begin(), expected.end());
  return verdict;
}

}  // namespace syncengine::diffsync_test
