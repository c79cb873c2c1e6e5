// get and cat: bring files and trees back.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "examples/cli/commands.h"
#include "examples/cli/connection.h"
#include "examples/cli/local_place.h"
#include "examples/cli/revision_choice.h"
#include "syncengine/base/error.h"
#include "syncengine/transfer/downloader.h"
#include "syncengine/transfer/get_tree.h"

namespace syncengine::cli {
namespace {

namespace fs = std::filesystem;

struct GetOptions {
  std::string path;
  std::string local;
  std::string revision;
  std::string as_of;
};

absl::StatusOr<uint64_t> ParseAsOf(const OpenedNamespace& opened, const std::string& as_of) {
  uint64_t sequence = 0;
  if (absl::SimpleAtoi(as_of, &sequence)) return sequence;
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, as_of, &time, &error)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--as-of: expected a sequence number or a time like 2026-01-31T12:00:00Z, found '", as_of,
        "'"));
  }
  return SequenceAt(opened, time);
}

absl::StatusOr<std::vector<GetEntry>> Choose(const OpenedNamespace& opened,
                                             const GetOptions& options) {
  if (!options.as_of.empty()) {
    SYNCENGINE_ASSIGN_OR_RETURN(const uint64_t sequence, ParseAsOf(opened, options.as_of));
    return ListTreeAsOf(opened, options.path, sequence);
  }
  if (!options.revision.empty()) {
    SYNCENGINE_ASSIGN_OR_RETURN(const Revision chosen,
                                ChooseRevision(opened, options.path, options.revision));
    return std::vector<GetEntry>{{"", chosen.state}};
  }
  SYNCENGINE_ASSIGN_OR_RETURN(const Revision head, FindNode(opened, options.path, false));
  return ListTree(opened, head);
}

// As `cp -r`: into an existing directory, otherwise as the new name; "/" gives the root's content.
absl::StatusOr<LocalPlace> Destination(const GetOptions& options, const GetEntry& root) {
  std::error_code error;
  const std::string name = fs::path(options.path).filename().string();
  const bool is_root = name.empty();
  if (fs::is_directory(options.local, error)) {
    SYNCENGINE_ASSIGN_OR_RETURN(LocalPlace place, OpenLocalPlace(options.local + "/"));
    if (!is_root) place.path = name;
    return place;
  }
  if (root.state.kind == NodeKind::kDirectory && fs::exists(options.local, error)) {
    return absl::FailedPreconditionError(
        absl::StrCat(options.local, ": expected a directory or nothing, found a file"));
  }
  return OpenParentOf(options.local);
}

absl::StatusOr<ExitCode> RunGet(const Context& context, const GetOptions& options) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context.globals));
  SYNCENGINE_ASSIGN_OR_RETURN(const OpenedNamespace opened, connection->OpenNamespace());
  const absl::Duration start = connection->clock().Monotonic();
  SYNCENGINE_ASSIGN_OR_RETURN(std::vector<GetEntry> entries, Choose(opened, options));
  SYNCENGINE_ASSIGN_OR_RETURN(const LocalPlace place, Destination(options, entries.front()));
  const GetTreePorts ports{*place.files, opened, connection->executor(), connection->entropy()};
  SYNCENGINE_ASSIGN_OR_RETURN(const GetTreeReport report,
                              GetTree(ports, std::move(entries), place.path, {},
                                      ShowProgress(context, "get"), context.stop));
  const double seconds = absl::ToDoubleSeconds(connection->clock().Monotonic() - start);
  const uint64_t received = connection->ReceivedBytes(report.received_bytes);
  PrintIssues(report.issues);
  Print(context,
        {{"files", report.files},
         {"bytes", report.bytes},
         {"received_bytes", received},
         {"seconds", seconds},
         {"issues", IssuesJson(report.issues)}},
        absl::StrFormat("%d files, %s, %s received, %.2f s\n", report.files,
                        BytesText(report.bytes), BytesText(received), seconds));
  if (report.issues.empty()) return kOk;
  for (const TransferIssue& issue : report.issues) {
    const ExitCode code = ExitCodeFor(issue.cause);
    if (code == kIntegrity || code == kNoSpace) return code;
  }
  return kPartlyDone;
}

struct CatOptions {
  std::string path;
  std::string revision;
  uint64_t offset = 0;
  uint64_t length = ~uint64_t{0};
};

class StdoutSink : public ContentSink {
 public:
  absl::Status Write(absl::string_view bytes) override {
    if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size()) return absl::OkStatus();
    return absl::UnknownError(
        "stdout: cannot write; the reader closed the pipe or the disk is full");
  }
  absl::Status Finish() override {
    if (std::fflush(stdout) == 0) return absl::OkStatus();
    return absl::UnknownError(
        "stdout: cannot write; the reader closed the pipe or the disk is full");
  }
};

absl::StatusOr<ExitCode> RunCat(const Context& context, const CatOptions& options) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context.globals));
  SYNCENGINE_ASSIGN_OR_RETURN(const OpenedNamespace opened, connection->OpenNamespace());
  SYNCENGINE_ASSIGN_OR_RETURN(const Revision revision,
                              options.revision.empty()
                                  ? FindNode(opened, options.path, false)
                                  : ChooseRevision(opened, options.path, options.revision));
  if (revision.state.kind != NodeKind::kFile) {
    return absl::InvalidArgumentError(absl::StrCat(options.path, ": expected a file, found a ",
                                                   NodeKindName(revision.state.kind)));
  }
  StdoutSink sink;
  Downloader downloader(opened, connection->executor());
  SYNCENGINE_RETURN_IF_ERROR(downloader.ReadRange(revision.state.content, options.offset,
                                                  options.length, sink, context.stop));
  return kOk;
}

}  // namespace

void AddGet(Registry& registry) {
  auto get = std::make_shared<GetOptions>();  // Shared by the parser and the command.
  CLI::App* verb = AddVerb(registry, "get", "Download a file or tree",
                           "syncengine -r http://host:8080 get /photos ./photos",
                           [get](const Context& context) { return RunGet(context, *get); });
  verb->add_option("path", get->path, "What to get; / is everything")->required();
  verb->add_option("local", get->local, "Into this directory, or as this new name")->required();
  verb->add_option("--revision", get->revision, "An old revision of a file (id or its beginning)");
  verb->add_option("--as-of", get->as_of, "The tree as it was at a TIME or sequence number");

  auto cat = std::make_shared<CatOptions>();  // Shared by the parser and the command.
  verb = AddVerb(registry, "cat", "Write a file to stdout",
                 "syncengine -r /srv/store cat /notes.txt --offset 100 --length 20",
                 [cat](const Context& context) { return RunCat(context, *cat); });
  verb->add_option("path", cat->path, "The file")->required();
  verb->add_option("--revision", cat->revision, "An old revision (id or its beginning)");
  verb->add_option("--offset", cat->offset, "First byte");
  verb->add_option("--length", cat->length, "How many bytes");
}

}  // namespace syncengine::cli
