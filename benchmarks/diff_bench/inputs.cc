#include "benchmarks/diff_bench/inputs.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>

#include "syncengine/testing/sim_random.h"

namespace syncengine::diff_bench {
namespace {

std::vector<std::string> Words(uint64_t seed) {
  SimRandom random(seed);
  std::vector<std::string> words(6000);
  for (std::string& word : words) {
    for (uint64_t left = 1 + random.Below(11); left > 0; --left)
      word += static_cast<char>('a' + random.Below(26));
  }
  return words;
}

// Lines of about 72 characters; frequent words are frequent.
std::string Text(uint64_t seed, size_t size, const std::vector<std::string>& words) {
  SimRandom random(seed);
  std::string text;
  for (size_t line = 0; text.size() < size;) {
    const uint64_t rank = random.Below(words.size());
    const std::string& word = words[rank * random.Below(rank + 1) / words.size()];
    text += word;
    line += word.size() + 1;
    text += line > 72 ? '\n' : ' ';
    if (line > 72) line = 0;
  }
  text.resize(size);
  return text;
}

// Some words in, some bytes out, or one for the other.
std::string Edited(const std::string& text, size_t edits, uint64_t seed,
                   const std::vector<std::string>& words) {
  SimRandom random(seed);
  std::vector<size_t> places(edits);
  for (size_t& place : places) place = random.Below(text.size());
  std::sort(places.begin(), places.end());
  std::string edited;
  size_t last = 0;
  for (const size_t place : places) {
    if (place < last) continue;
    edited.append(text, last, place - last);
    const uint64_t kind = random.Below(10);
    last = place;
    if (kind >= 4) last = std::min(text.size(), place + 1 + random.Below(kind < 7 ? 29 : 11));
    for (uint64_t n = kind < 4 ? 1 + random.Below(5) : kind < 7 ? 0 : 1; n > 0; --n)
      edited += words[random.Below(words.size())];
  }
  return edited + text.substr(last);
}

void Write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

void WriteAll(const Input& input, const std::vector<std::string>& texts) {
  for (size_t i = 0; i < texts.size(); ++i) Write(input.files[i], texts[i]);
}

}  // namespace

std::vector<Input> ListInputs(const std::string& folder) {
  std::vector<Input> inputs;
  for (const char* name :
       {"1 MB, 1000 edits", "10 MB, 100 edits", "200 KB, unrelated", "400 KB, unrelated"}) {
    const std::string stem = folder + "/diff" + std::to_string(inputs.size());
    inputs.push_back({name, {stem + "_before.txt", stem + "_after.txt"}});
  }
  const std::string stem = folder + "/merge";
  inputs.push_back(
      {"1 MB, 300 edits a side", {stem + "_base.txt", stem + "_ours.txt", stem + "_theirs.txt"}});
  return inputs;
}

void WriteInputs(const std::string& folder) {
  const std::vector<Input> inputs = ListInputs(folder);
  const std::vector<std::string> words = Words(1), others = Words(8);
  const std::string one = Text(2, 1'000'000, words), ten = Text(4, 10'000'000, words);
  WriteAll(inputs[0], {one, Edited(one, 1000, 3, words)});
  WriteAll(inputs[1], {ten, Edited(ten, 100, 5, words)});
  WriteAll(inputs[2], {Text(6, 200'000, words), Text(7, 200'000, others)});
  WriteAll(inputs[3], {Text(6, 400'000, words), Text(7, 400'000, others)});
  WriteAll(inputs[4], {one, Edited(one, 300, 8, words), Edited(one, 300, 9, words)});
}

std::string ReadFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary | std::ios::ate);
  std::string text(stream ? static_cast<size_t>(stream.tellg()) : 0, '\0');
  stream.seekg(0);
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  return text;
}

}  // namespace syncengine::diff_bench
