// sync, plan, status: a folder and a namespace kept the same.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "examples/cli/commands.h"
#include "examples/cli/connection.h"
#include "syncengine/base/error.h"
#include "syncengine/folder/folder_client.h"
#include "syncengine/folder/local_folder.h"

namespace syncengine::cli {
namespace {

struct SyncFolderOptions {
  std::string folder;
  bool watch = false;
  bool accept_root = false;
  std::string merge = "on";
  std::string mode = "two-way";
  std::optional<size_t> max_delete;
  std::string ignore_file = ".syncignore";
  std::string confirm;
  std::string device;
};

SyncMode ModeOf(const std::string& name) {
  if (name == "upload-only") return SyncMode::kUploadOnly;
  return name == "download-only" ? SyncMode::kDownloadOnly : SyncMode::kTwoWay;
}

OnConflict OnConflictOf(const SyncFolderOptions& options) {
  if (options.merge == "union") return OnConflict::kUnion;
  return options.merge == "keep-both" ? OnConflict::kKeepBoth : OnConflict::kReport;
}

std::string DeviceName(const SyncFolderOptions& options) {
  return options.device.empty() ? HostName() : options.device;
}

// The client of one folder with everything it works on. Not movable: its parts refer to each other.
struct OpenedFolder {
  std::unique_ptr<Connection> connection;
  OpenedNamespace opened;
  LocalFolder local;
  std::unique_ptr<FolderClient> client;
};

absl::StatusOr<std::unique_ptr<OpenedFolder>> OpenFolder(const Context& context,
                                                         const SyncFolderOptions& options) {
  auto folder = std::make_unique<OpenedFolder>();
  SYNCENGINE_ASSIGN_OR_RETURN(folder->local, OpenLocalFolder(options.folder));
  SYNCENGINE_ASSIGN_OR_RETURN(folder->connection, Connection::Open(context.globals));
  SYNCENGINE_ASSIGN_OR_RETURN(folder->opened, folder->connection->OpenNamespace());
  Connection& connection = *folder->connection;
  BrakeLimits brake;
  if (options.max_delete.has_value()) brake = {.count = *options.max_delete, .percent = 0};
  SYNCENGINE_ASSIGN_OR_RETURN(folder->client,
                              FolderClient::Open({.files = *folder->local.files,
                                                  .state = *folder->local.state,
                                                  .opened = folder->opened,
                                                  .executor = connection.executor(),
                                                  .entropy = connection.entropy(),
                                                  .clock = connection.clock(),
                                                  .device = DeviceName(options),
                                                  .ignore_file = options.ignore_file,
                                                  .mode = ModeOf(options.mode),
                                                  .brake = brake,
                                                  .merge_contents = options.merge != "off",
                                                  .merge = {.on_conflict = OnConflictOf(options)},
                                                  .boot = folder->local.boot,
                                                  .accept_root = options.accept_root}));
  return folder;
}

Json IssuesJson(const std::vector<Issue>& issues) {
  Json list = Json::array();
  for (const Issue& issue : issues) {
    list.push_back({{"path", issue.path}, {"cause", issue.cause}, {"hint", issue.hint}});
  }
  return list;
}

void PrintIssues(const std::vector<Issue>& issues) {
  for (const Issue& issue : issues) {
    std::fprintf(stderr, "syncengine: %s: %s (%s)\n", issue.path.c_str(), issue.cause.c_str(),
                 issue.hint.c_str());
  }
}

Json MergedJson(const std::vector<MergedFile>& merged) {
  Json list = Json::array();
  for (const MergedFile& file : merged) {
    list.push_back({{"path", PathText(file.path)},
                    {"node_id", file.node.ToHex()},
                    {"revision", file.revision.ToHex()},
                    {"ours", file.ours.ToHex()},
                    {"theirs", file.theirs.ToHex()},
                    {"base", file.base.ToHex()}});
  }
  return list;
}

std::string MergedText(const std::vector<MergedFile>& merged) {
  std::string text;
  for (const MergedFile& file : merged) {
    absl::StrAppend(&text, "merged ", PathText(file.path), " (ours ", file.ours.ToHex(),
                    ", theirs ", file.theirs.ToHex(), ")\n");
  }
  return text;
}

void PrintReport(const Context& context, const Connection& connection, const SyncReport& report) {
  PrintIssues(report.issues);
  const uint64_t sent = connection.SentBytes(report.sent_bytes);
  const uint64_t received = connection.ReceivedBytes(report.received_bytes);
  Print(
      context,
      {{"uploaded", report.uploaded},
       {"downloaded", report.downloaded},
       {"moved", report.moved},
       {"deleted", report.deleted},
       {"conflicts", report.conflicts},
       {"merged", MergedJson(report.merged)},
       {"issues", IssuesJson(report.issues)},
       {"sent_bytes", sent},
       {"received_bytes", received},
       {"idle", report.idle}},
      absl::StrCat(MergedText(report.merged),
                   absl::StrFormat("%d up, %d down, %d moved, %d deleted, %d conflicts; %s sent, "
                                   "%s received\n",
                                   report.uploaded, report.downloaded, report.moved, report.deleted,
                                   report.conflicts, BytesText(sent), BytesText(received))));
}

absl::StatusOr<ExitCode> RunWatch(const Context& context, OpenedFolder& folder) {
  const auto tell = [&](const absl::StatusOr<SyncReport>& report) {
    if (!report.ok()) {
      std::fprintf(stderr, "syncengine: %s\n", std::string(report.status().message()).c_str());
    } else if (!report->idle || report->uploaded + report->downloaded + report->deleted +
                                        report->moved + report->conflicts + report->merged.size() >
                                    0) {
      PrintReport(context, *folder.connection, *report);
    }
  };
  SYNCENGINE_RETURN_IF_ERROR(folder.client->Watch({}, tell, context.stop));
  return kOk;
}

absl::StatusOr<ExitCode> RunSync(const Context& context, const SyncFolderOptions& options) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto folder, OpenFolder(context, options));
  if (options.watch) return RunWatch(context, *folder);
  SYNCENGINE_ASSIGN_OR_RETURN(const SyncReport report,
                              folder->client->SyncOnce({.confirm = options.confirm,
                                                        .progress = ShowProgress(context, "sync"),
                                                        .stop = context.stop}));
  PrintReport(context, *folder->connection, report);
  if (!report.issues.empty()) return kPartlyDone;
  return report.conflicts > 0 ? kConflictsWait : kOk;
}

Json ActionJson(const Action& action) {
  return {{"action", std::string(ActionKindName(action.kind))},
          {"path", PathText(action.path)},
          {"from", action.from.empty() ? "" : PathText(action.from)},
          {"kind", std::string(NodeKindName(action.node_kind))},
          {"size", action.size},
          {"conflict", action.is_conflict_copy},
          {"reason", std::string(action.reason)}};
}

absl::StatusOr<ExitCode> RunPlan(const Context& context, const SyncFolderOptions& options) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto folder, OpenFolder(context, options));
  SYNCENGINE_ASSIGN_OR_RETURN(const FolderPlan plan, folder->client->MakePlan(context.stop));
  Json actions = Json::array();
  std::string text;
  for (const Action& action : plan.plan.actions) {
    actions.push_back(ActionJson(action));
    absl::StrAppend(&text, ActionKindName(action.kind), "  ", PathText(action.path), "  (",
                    action.reason, ")\n");
  }
  const bool stopped = plan.brake.stop || plan.root_emptied;
  if (stopped) absl::StrAppend(&text, "stopped for safety; confirm with: ", plan.token, "\n");
  PrintIssues(plan.issues);
  Print(context,
        {{"actions", std::move(actions)},
         {"issues", IssuesJson(plan.issues)},
         {"deletions_here", plan.brake.deletions_here},
         {"deletions_there", plan.brake.deletions_there},
         {"safety_stop", stopped},
         {"confirm", stopped ? plan.token : ""}},
        text);
  return stopped ? kSafetyStop : kOk;
}

absl::StatusOr<ExitCode> RunStatus(const Context& context, const SyncFolderOptions& options) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto folder, OpenFolder(context, options));
  SYNCENGINE_ASSIGN_OR_RETURN(const FolderPlan plan, folder->client->MakePlan(context.stop));
  const bool idle = plan.plan.empty();
  Print(context,
        {{"idle", idle},
         {"pending", plan.plan.actions.size()},
         {"conflicts", plan.plan.conflicts},
         {"issues", IssuesJson(plan.issues)}},
        absl::StrFormat("%s: %d actions to do, %d issues\n", idle ? "idle" : "not idle",
                        plan.plan.actions.size(), plan.issues.size()));
  PrintIssues(plan.issues);
  return plan.issues.empty() ? kOk : kPartlyDone;
}

using Run = absl::StatusOr<ExitCode> (*)(const Context&, const SyncFolderOptions&);

CLI::App* AddFolderVerb(Registry& registry, const std::string& name, const std::string& description,
                        const std::string& example, std::shared_ptr<SyncFolderOptions> options,
                        Run run) {
  CLI::App* verb =
      AddVerb(registry, name, description, example,
              [options, run](const Context& context) { return run(context, *options); });
  verb->add_option("folder", options->folder, "The local folder")->required();
  verb->add_option("--mode", options->mode, "two-way, upload-only or download-only")
      ->check(CLI::IsMember({"two-way", "upload-only", "download-only"}))
      ->capture_default_str();
  verb->add_option(
          "--merge", options->merge,
          "What both sides changed: on merges text and JSON; union and keep-both also take "
          "the lines of both where they contradict each other; off makes copies")
      ->check(CLI::IsMember({"on", "off", "union", "keep-both"}))
      ->capture_default_str();
  verb->add_option("--max-delete", options->max_delete,
                   "Stop before more deletions than this (default: the larger of 100 and 25 %)");
  verb->add_option("--ignore-file", options->ignore_file, "Rules for what not to sync")
      ->capture_default_str();
  verb->add_option(
      "--device-name", options->device,
      "For the names of conflicted copies where the server knows none; default: this host's "
      "name");
  verb->add_flag("--accept-root", options->accept_root,
                 "The folder was replaced on purpose: merge, delete nothing");
  return verb;
}

}  // namespace

void AddSync(Registry& registry) {
  // Each is shared by the parser and its command.
  auto sync = std::make_shared<SyncFolderOptions>();
  CLI::App* verb =
      AddFolderVerb(registry, "sync", "Sync a folder, once or continuously",
                    "syncengine -r http://host:8384 sync ~/Documents --watch", sync, RunSync);
  verb->add_flag("--watch", sync->watch, "Keep going: changes on either side travel by themselves");
  verb->add_option("--confirm", sync->confirm, "Go on with the plan that was stopped for safety");
  AddFolderVerb(registry, "plan", "What sync would do; changes nothing",
                "syncengine -r http://host:8384 plan ~/Documents",
                std::make_shared<SyncFolderOptions>(), RunPlan);
  AddFolderVerb(registry, "status", "Whether the folder is in sync, and what is wrong",
                "syncengine -r http://host:8384 status ~/Documents",
                std::make_shared<SyncFolderOptions>(), RunStatus);
}

}  // namespace syncengine::cli
