// Diff and merge of large texts beside git's, each run in a process of its own.
// Usage: diff_bench [FOLDER]; the inputs are made from a seed and written to FOLDER (default: a
// temporary one) for other programs to be measured on. Prints CPU seconds, peak memory and ratios.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "syncengine/merge/diff.h"
#include "syncengine/merge/three_way.h"

namespace syncengine {
namespace {

// SplitMix64 (Steele, Lea, Flood 2014).
class Generator {
 public:
  explicit Generator(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    state_ += 0x9E3779B97F4A7C15u;
    uint64_t z = state_;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  }
  size_t Below(size_t bound) { return static_cast<size_t>(Next() % bound); }

 private:
  uint64_t state_;
};

std::vector<std::string> Words(uint64_t seed) {
  Generator random(seed);
  std::vector<std::string> words(6000);
  for (std::string& word : words) {
    for (size_t left = 1 + random.Below(11); left > 0; --left) {
      word += static_cast<char>('a' + random.Below(26));
    }
  }
  return words;
}

// Lines of about 72 characters; frequent words are frequent.
std::string Text(uint64_t seed, size_t size, const std::vector<std::string>& words) {
  Generator random(seed);
  std::string text;
  for (size_t line = 0; text.size() < size;) {
    const size_t rank = random.Below(words.size());
    const std::string& word = words[rank * random.Below(rank + 1) / words.size()];
    text += word;
    line += word.size() + 1;
    text += line > 72 ? '\n' : ' ';
    if (line > 72) line = 0;
  }
  text.resize(size);
  return text;
}

std::string Edited(const std::string& text, size_t edits, uint64_t seed,
                   const std::vector<std::string>& words) {
  Generator random(seed);
  std::vector<size_t> places(edits);
  for (size_t& place : places) place = random.Below(text.size());
  std::sort(places.begin(), places.end());
  std::string edited;
  size_t last = 0;
  for (const size_t place : places) {
    if (place < last) continue;
    edited.append(text, last, place - last);
    const size_t kind = random.Below(10);
    last = place;
    if (kind >= 4) last = std::min(text.size(), place + 1 + random.Below(kind < 7 ? 29 : 11));
    for (size_t n = kind < 4 ? 1 + random.Below(5) : kind < 7 ? 0 : 1; n > 0; --n) {
      edited += words[random.Below(words.size())];
    }
  }
  return edited + text.substr(last);
}

struct Cost {
  double seconds = 0;
  double megabytes = 0;
};

constexpr int kPeakDescriptor = 3;

// The cheapest of three runs of a command, each in a process of its own.
Cost Measure(std::vector<std::string> command) {
  std::vector<char*> arguments;
  for (std::string& argument : command) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  Cost best{1e9, 1e9};
  for (int run = 0; run < 3; ++run) {
    std::fflush(stdout);
    int peak[2];
    if (pipe(peak) != 0) return best;
    const pid_t child = fork();
    if (child == 0) {
      dup2(peak[1], kPeakDescriptor);
      const bool quiet = std::freopen("/dev/null", "w", stdout) != nullptr;
      if (quiet) execvp(arguments[0], arguments.data());
      _exit(127);
    }
    rusage usage{};
    int status = 0;
    wait4(child, &status, 0, &usage);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
      std::fprintf(stderr, "%s: cannot be run\n", arguments[0]);
    }
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    best.seconds = std::min(best.seconds, seconds(usage.ru_utime) + seconds(usage.ru_stime));
    close(peak[1]);
    char told[64] = {};
    const bool tells = read(peak[0], told, sizeof told - 1) > 0;
    close(peak[0]);
    if (tells) best.megabytes = std::min(best.megabytes, std::strtod(told, nullptr));
  }
  return best;
}

void Write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string Read(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
}

// The most memory that this process held; what wait4 tells counts the time before exec, too.
double PeakMegabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kilobytes = 0;
    if (word == "VmHWM:" && status >> kilobytes) return kilobytes / 1024;
  }
  return 0;
}

int CompareFiles(const std::string& what, const std::vector<std::string>& files) {
  std::vector<std::string> texts;
  for (const std::string& file : files) texts.push_back(Read(file));
  if (what == "merge" && texts.size() == 3) {
    return Merge3({.base = texts[0], .ours = texts[1], .theirs = texts[2]}).text.empty() ? 1 : 0;
  }
  if (texts.size() != 2) return 0;
  DiffOptions options;
  if (what == "lines") options.granularity = Granularity::kLines;
  if (what == "words") options.granularity = Granularity::kWords;
  return Diff(texts[0], texts[1], options).empty() ? 1 : 0;
}

// What a child process does: --run WHAT FILE... reads the files, compares or merges them, and tells
// its peak memory on descriptor 3.
int RunOne(const std::string& what, const std::vector<std::string>& files) {
  const int result = CompareFiles(what, files);
  dprintf(kPeakDescriptor, "%f", PeakMegabytes());
  return result;
}

void Report(const char* name, const Cost& ours, const Cost& start, const Cost& git, double inputs) {
  std::printf("%-28s %8.3f s %8.1f MB (%4.1f x the inputs)   git %8.3f s   ratio %5.2f\n", name,
              ours.seconds, ours.megabytes - start.megabytes,
              (ours.megabytes - start.megabytes) / inputs, git.seconds, ours.seconds / git.seconds);
}

constexpr const char* kSelf = "/proc/self/exe";

void DiffCase(const std::string& folder, const std::string& name, const std::string& before,
              const std::string& after) {
  const std::string a = folder + "/" + name + "_a.txt", b = folder + "/" + name + "_b.txt";
  Write(a, before);
  Write(b, after);
  const Cost start = Measure({kSelf, "--run", "nothing"});
  const Cost git = Measure({"git", "diff", "--no-index", "--no-color", a, b});
  const double inputs = static_cast<double>(before.size() + after.size()) / 1e6;
  for (const char* unit : {"lines", "words", "characters"}) {
    const Cost cost = Measure({kSelf, "--run", unit, a, b});
    Report((name + " " + unit).c_str(), cost, start, git, inputs);
  }
}

void MergeCase(const std::string& folder, const std::vector<std::string>& words) {
  const std::string base = Text(2, 1'000'000, words);
  const std::string ours = Edited(base, 300, 8, words), theirs = Edited(base, 300, 9, words);
  const std::string o = folder + "/m_base.txt", a = folder + "/m_ours.txt",
                    b = folder + "/m_theirs.txt";
  Write(o, base);
  Write(a, ours);
  Write(b, theirs);
  const Cost start = Measure({kSelf, "--run", "nothing"});
  const Cost merge = Measure({kSelf, "--run", "merge", o, a, b});
  const Cost git = Measure({"git", "merge-file", "-p", a, o, b});
  Report("merge 1 MB", merge, start, git,
         static_cast<double>(base.size() + ours.size() + theirs.size()) / 1e6);
}

int Run(const std::string& folder) {
  const std::vector<std::string> words = Words(1), others = Words(8);
  const std::string one = Text(2, 1'000'000, words);
  DiffCase(folder, "1MB_1000_edits", one, Edited(one, 1000, 3, words));
  const std::string ten = Text(4, 10'000'000, words);
  DiffCase(folder, "10MB_100_edits", ten, Edited(ten, 100, 5, words));
  DiffCase(folder, "unrelated_200KB", Text(6, 200'000, words), Text(7, 200'000, others));
  DiffCase(folder, "unrelated_400KB", Text(6, 400'000, words), Text(7, 400'000, others));
  MergeCase(folder, words);
  return 0;
}

}  // namespace
}  // namespace syncengine

int main(int argc, char** argv) {
  if (argc >= 3 && std::string(argv[1]) == "--run") {
    return syncengine::RunOne(argv[2], std::vector<std::string>(argv + 3, argv + argc));
  }
  if (argc == 2) return syncengine::Run(argv[1]);
  std::string folder = (std::filesystem::temp_directory_path() / "diff_bench.XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return 1;
  const int result = syncengine::Run(folder);
  std::filesystem::remove_all(folder);
  return result;
}
