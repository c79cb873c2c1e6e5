// merge: a three-way merge of plain files.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "examples/cli/commands.h"
#include "syncengine/base/error.h"
#include "syncengine/merge/merger.h"
#include "syncengine/merge/three_way.h"

namespace syncengine::cli {
namespace {

struct MergeFiles {
  std::string base;
  std::string ours;
  std::string theirs;
  bool show_base = false;
};

absl::StatusOr<std::string> ReadWhole(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return absl::NotFoundError(absl::StrCat(path, ": cannot be opened"));
  std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (stream.bad()) return absl::UnknownError(absl::StrCat(path, ": cannot be read"));
  return text;
}

absl::StatusOr<ExitCode> RunMerge(const Context& context, const MergeFiles& files) {
  SYNCENGINE_ASSIGN_OR_RETURN(const std::string base, ReadWhole(files.base));
  SYNCENGINE_ASSIGN_OR_RETURN(const std::string ours, ReadWhole(files.ours));
  SYNCENGINE_ASSIGN_OR_RETURN(const std::string theirs, ReadWhole(files.theirs));
  const MergeInput input{.base = base, .ours = ours, .theirs = theirs};
  const MergeResult result = MergerRegistry().Merge(files.ours, input);
  if (result.verdict == Verdict::kNotMergeable) {
    return absl::InvalidArgumentError(absl::StrCat(files.ours, ": ", result.reason));
  }
  std::string text = result.clean() ? result.text
                                    : MarkConflicts(input, result,
                                                    {.ours = files.ours,
                                                     .base = files.base,
                                                     .theirs = files.theirs,
                                                     .show_base = files.show_base});
  Json json = {{"clean", result.clean()}, {"conflicts", result.conflicts.size()}};
  if (context.globals.json) json["text"] = text;
  Print(context, json, text);
  return result.clean() ? kOk : kConflictsWait;
}

}  // namespace

void AddMerge(Registry& registry) {
  auto files = std::make_shared<MergeFiles>();  // Shared by the parser and the command.
  CLI::App* verb = AddVerb(registry, "merge", "Merge two versions of a text or JSON file to stdout",
                           "syncengine merge base.txt ours.txt theirs.txt > merged.txt",
                           [files](const Context& context) { return RunMerge(context, *files); });
  verb->add_option("base", files->base, "What both grew from")->required();
  verb->add_option("ours", files->ours, "One version")->required();
  verb->add_option("theirs", files->theirs, "The other version")->required();
  verb->add_flag("--show-base", files->show_base, "Show the base inside conflict markers too");
}

}  // namespace syncengine::cli
