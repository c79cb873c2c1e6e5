#include "benchmarks/merge_eval/baseline.h"

#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace syncengine::merge_eval {
namespace {

struct Output {
  std::string text;
  bool succeeded = false;
};

Output Run(const std::string& command) {
  Output output;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return output;
  char buffer[1 << 16];
  for (size_t size = 0; (size = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    output.text.append(buffer, size);
  output.succeeded = ::pclose(pipe) == 0;
  return output;
}

// For the shell.
std::string Quote(const std::string& path) {
  return absl::StrCat("'", absl::StrReplaceAll(path, {{"'", "'\\''"}}), "'");
}

void Write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

absl::StatusOr<Case> ParseCase(absl::string_view line) {
  const auto json = nlohmann::json::parse(line.begin(), line.end(), nullptr, false);
  Case one;
  const std::pair<const char*, std::string*> fields[] = {
      {"id", &one.id},     {"path", &one.path},     {"base", &one.base},
      {"ours", &one.ours}, {"theirs", &one.theirs}, {"merged", &one.merged}};
  for (const auto& [name, field] : fields) {
    if (!json.is_object() || !json.contains(name) || !json[name].is_string())
      return absl::InvalidArgumentError(absl::StrCat("expected an object with a string ", name));
    *field = json[name].get<std::string>();
  }
  return one;
}

}  // namespace

GitMerge::GitMerge() {
  std::string pattern = (std::filesystem::temp_directory_path() / "merge_eval_XXXXXX").string();
  if (::mkdtemp(pattern.data()) != nullptr) folder_ = pattern;
}

GitMerge::~GitMerge() {
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

std::optional<std::string> GitMerge::Merge(const Case& one) const {
  if (folder_.empty()) return std::nullopt;
  Write(folder_ + "/base", one.base);
  Write(folder_ + "/ours", one.ours);
  Write(folder_ + "/theirs", one.theirs);
  Output output = Run(
      absl::StrCat("cd ", Quote(folder_), " && git merge-file -p ours base theirs 2>/dev/null"));
  if (!output.succeeded) return std::nullopt;
  return std::move(output.text);
}

absl::StatusOr<std::vector<Case>> ReadCases(const std::string& path) {
  const std::string reader = absl::EndsWith(path, ".zst") ? "zstd -dc --long=27 " : "cat ";
  const Output output = Run(reader + Quote(path));
  if (!output.succeeded)
    return absl::UnavailableError(absl::StrCat(path, ": cannot be read; is zstd installed?"));
  std::vector<Case> cases;
  for (const absl::string_view line : absl::StrSplit(output.text, '\n', absl::SkipEmpty())) {
    auto one = ParseCase(line);
    if (!one.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ", case ", cases.size() + 1, ": ", one.status().message()));
    }
    cases.push_back(*std::move(one));
  }
  return cases;
}

}  // namespace syncengine::merge_eval
