// forget and gc: old versions, and the space they took.
#include <CLI/CLI.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "examples/cli/commands.h"
#include "examples/cli/connection.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/engine/collector.h"
#include "syncengine/engine/forget.h"

namespace syncengine::cli {
namespace {

// Upkeep works on the stores themselves.
absl::StatusOr<const EnginePorts*> LocalPorts(Connection& connection, absl::string_view verb) {
  if (connection.local() != nullptr) return &connection.local()->ports();
  return absl::InvalidArgumentError(absl::StrCat(
      verb, ": works on a directory; run it where the repository is, beside the server"));
}

absl::StatusOr<absl::Duration> ParseDuration(absl::string_view option, const std::string& text) {
  absl::Duration duration;
  if (absl::ParseDuration(text, &duration) && duration >= absl::ZeroDuration()) return duration;
  return absl::InvalidArgumentError(
      absl::StrCat(option, ": expected a duration like 24h or 30m, found '", text, "'"));
}

struct ForgetOptions {
  std::string path;
  uint64_t keep_last = 1;
  std::string before;
  bool dry_run = false;
};

absl::StatusOr<ForgetRequest> RequestOf(const Context& context, const ForgetOptions& options) {
  ForgetRequest request{
      .keep_newest = options.keep_last, .dry_run = options.dry_run, .stop = context.stop};
  std::string error;
  if (!options.before.empty() &&
      !absl::ParseTime(absl::RFC3339_full, options.before, &request.before, &error)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--before: expected a time like 2026-01-31T00:00:00Z, found '", options.before,
                     "': ", error));
  }
  return request;
}

// The node at the path, and what is live below it.
absl::StatusOr<std::vector<NodeId>> NodesAt(const OpenedNamespace& opened,
                                            const std::string& path) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Revision head, FindNode(opened, path, true));
  std::vector<NodeId> nodes = {head.node};
  if (head.state.kind != NodeKind::kDirectory || head.state.deleted) return nodes;
  ListRequest request{.directory = head.node, .recursive = true};
  for (;;) {
    SYNCENGINE_ASSIGN_OR_RETURN(const ListPage page,
                                opened.service->List(opened.record.id, request));
    for (const ListEntry& entry : page.entries) nodes.push_back(entry.revision.node);
    if (!page.more || page.entries.empty()) return nodes;
    request.after = page.entries.back().path;
  }
}

absl::StatusOr<ForgetReport> ForgetBelow(const EnginePorts& ports, const OpenedNamespace& opened,
                                         const std::string& path, ForgetRequest request) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto nodes, NodesAt(opened, path));
  ForgetReport total;
  for (const NodeId& node : nodes) {
    if (node == kRootNode) continue;  // It has no history.
    request.node = node;
    SYNCENGINE_ASSIGN_OR_RETURN(const ForgetReport report,
                                ForgetRevisions(ports, opened.record.id, request));
    total.nodes += report.nodes;
    total.revisions += report.revisions;
  }
  return total;
}

absl::StatusOr<ExitCode> RunForget(const Context& context, const ForgetOptions& options) {
  SYNCENGINE_ASSIGN_OR_RETURN(const ForgetRequest request, RequestOf(context, options));
  SYNCENGINE_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context.globals));
  SYNCENGINE_ASSIGN_OR_RETURN(const EnginePorts* ports, LocalPorts(*connection, "forget"));
  SYNCENGINE_ASSIGN_OR_RETURN(const OpenedNamespace opened, connection->OpenNamespace());
  SYNCENGINE_ASSIGN_OR_RETURN(const ForgetReport report,
                              options.path.empty()
                                  ? ForgetRevisions(*ports, opened.record.id, request)
                                  : ForgetBelow(*ports, opened, options.path, request));
  Print(
      context,
      {{"dry_run", options.dry_run}, {"nodes", report.nodes}, {"revisions", report.revisions}},
      absl::StrFormat("%s %d revisions of %d files and directories\n",
                      options.dry_run ? "would forget" : "forgot", report.revisions, report.nodes));
  return kOk;
}

struct GcOptions {
  std::string grace = "24h";
  std::string trash = "168h";
  bool force = false;
  bool dry_run = false;
};

void PrintReport(const Context& context, const GcOptions& options, const CollectionReport& report) {
  std::string text = absl::StrFormat(
      "blocks    %d in use or condemned; %s: %d condemned, %d deleted; %d wait, %d are held\n"
      "segments  %d unused, %d mostly unused\n"
      "orphans   %d unused, %d suspected\n"
      "objects   %d deleted, %s freed; %d in the trash\n",
      report.blocks, options.dry_run ? "this run would do" : "this run", report.blocks_condemned,
      report.blocks_deleted, report.blocks_waiting, report.blocks_held, report.segments_doomed,
      report.segments_sparse, report.orphans_doomed, report.orphans_waiting, report.objects_deleted,
      BytesText(report.bytes_freed), report.objects_waiting);
  if (report.more) text += "there is more than one run takes: run it again\n";
  Print(context,
        {{"dry_run", options.dry_run},
         {"namespaces", report.namespaces},
         {"blocks", report.blocks},
         {"blocks_condemned", report.blocks_condemned},
         {"blocks_deleted", report.blocks_deleted},
         {"blocks_waiting", report.blocks_waiting},
         {"blocks_held", report.blocks_held},
         {"segments_doomed", report.segments_doomed},
         {"segments_sparse", report.segments_sparse},
         {"orphans_doomed", report.orphans_doomed},
         {"orphans_waiting", report.orphans_waiting},
         {"objects_deleted", report.objects_deleted},
         {"objects_waiting", report.objects_waiting},
         {"bytes_freed", report.bytes_freed},
         {"uploads_expired", report.uploads_expired},
         {"more", report.more}},
        text);
}

absl::StatusOr<ExitCode> RunGc(const Context& context, const GcOptions& options) {
  CollectorOptions run{.force = options.force,
                       .dry_run = options.dry_run,
                       .progress = ShowProgress(context, "gc"),
                       .stop = context.stop};
  SYNCENGINE_ASSIGN_OR_RETURN(run.grace, ParseDuration("--grace", options.grace));
  SYNCENGINE_ASSIGN_OR_RETURN(run.trash, ParseDuration("--trash", options.trash));
  SYNCENGINE_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context.globals));
  SYNCENGINE_ASSIGN_OR_RETURN(const EnginePorts* ports, LocalPorts(*connection, "gc"));
  SYNCENGINE_ASSIGN_OR_RETURN(const CollectionReport report, CollectGarbage(*ports, run));
  PrintReport(context, options, report);
  return kOk;
}

}  // namespace

void AddCollect(Registry& registry) {
  auto forget = std::make_shared<ForgetOptions>();  // Shared by the parser and the command.
  CLI::App* verb = AddVerb(
      registry, "forget", "Remove old revisions from the history; gc then returns their space",
      "syncengine -r /srv/store forget --keep-last 5 --before 2026-01-01T00:00:00Z",
      [forget](const Context& context) { return RunForget(context, *forget); });
  verb->add_option("path", forget->path,
                   "A file or a tree; without it everything, deleted files too");
  verb->add_option("--keep-last", forget->keep_last, "Revisions of each file that stay")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1} << 62));
  verb->add_option("--before", forget->before, "Only what was committed before this time");
  verb->add_flag("--dry-run", forget->dry_run, "Only count");

  auto gc = std::make_shared<GcOptions>();  // Shared by the parser and the command.
  verb = AddVerb(registry, "gc", "Collect what no revision needs: one step of a run each time",
                 "syncengine -r /srv/store gc",
                 [gc](const Context& context) { return RunGc(context, *gc); });
  verb->add_option("--grace", gc->grace, "How long blocks stay condemned, besides two runs (24h)");
  verb->add_option("--trash", gc->trash, "How long unused objects are kept (168h)");
  verb->add_flag("--force", gc->force, "Also when suspiciously much would go");
  verb->add_flag("--dry-run", gc->dry_run, "Only count");
}

}  // namespace syncengine::cli
