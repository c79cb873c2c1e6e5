// ls, stat, mkdir, mv, rm: look up and change the tree.
#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "examples/cli/commands.h"
#include "examples/cli/connection.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/format/name.h"
#include "syncengine/transfer/put_tree.h"

namespace syncengine::cli {
namespace {

struct PathOptions {
  std::string path = "/";
  bool recursive = false;
};

std::string EntryText(absl::string_view path, const Revision& revision) {
  const NodeState& state = revision.state;
  const char* mark = state.kind == NodeKind::kDirectory ? "/" : "";
  return absl::StrFormat("%12d  %s  %s  %s%s\n", state.content.size,
                         TimeText(absl::FromUnixNanos(state.attributes.mtime_ns)).substr(0, 19),
                         revision.id.ToHex().substr(0, 8), path, mark);
}

// Calls `visit` for each entry of a listing.
template <typename Visitor>
absl::Status ForEachEntry(const OpenedNamespace& opened, const NodeId& directory, bool recursive,
                          Visitor visit) {
  ListRequest request{.directory = directory,
                      .limit = static_cast<int>(limits::kListPageMax),
                      .recursive = recursive};
  for (bool more = true; more;) {
    SYNCENGINE_ASSIGN_OR_RETURN(ListPage page, opened.service->List(opened.record.id, request));
    more = page.more && !page.entries.empty();
    if (more) request.after = page.entries.back().path;
    for (const ListEntry& entry : page.entries) visit(entry);
  }
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> RunLs(const Context& context, const PathOptions& options) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context.globals));
  SYNCENGINE_ASSIGN_OR_RETURN(const OpenedNamespace opened, connection->OpenNamespace());
  SYNCENGINE_ASSIGN_OR_RETURN(const Revision head, FindNode(opened, options.path, false));
  Json entries = Json::array();
  std::string text;
  const std::string base = options.path == "/" ? "" : PathText(options.path);
  const auto add = [&](const std::string& path, const Revision& revision) {
    if (context.globals.json) entries.push_back(EntryJson(path, revision));
    if (!context.globals.json) text += EntryText(path, revision);
  };
  if (head.state.kind != NodeKind::kDirectory) {
    add(base, head);
  } else {
    SYNCENGINE_RETURN_IF_ERROR(ForEachEntry(
        opened, head.node, options.recursive,
        [&](const ListEntry& entry) { add(absl::StrCat(base, "/", entry.path), entry.revision); }));
  }
  Print(context, {{"entries", std::move(entries)}}, text);
  return kOk;
}

absl::StatusOr<ExitCode> RunStat(const Context& context, const PathOptions& options) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context.globals));
  SYNCENGINE_ASSIGN_OR_RETURN(const OpenedNamespace opened, connection->OpenNamespace());
  SYNCENGINE_ASSIGN_OR_RETURN(const Revision head, FindNode(opened, options.path, false));
  Json entry = EntryJson(options.path, head);
  entry["seq"] = head.sequence;
  entry["committed_at"] = TimeText(head.committed_at);
  Json json = entry;
  json["entries"] = Json::array({entry});
  std::string text;
  for (const auto& [key, value] : entry.items()) {
    text += absl::StrFormat("%-13s %s\n", absl::StrCat(key, ":"),
                            value.is_string() ? value.get<std::string>() : value.dump());
  }
  Print(context, json, text);
  return kOk;
}

absl::StatusOr<ExitCode> RunMkdir(const Context& context, const PathOptions& options) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context.globals));
  SYNCENGINE_ASSIGN_OR_RETURN(const OpenedNamespace opened, connection->OpenNamespace());
  SYNCENGINE_ASSIGN_OR_RETURN(const NodeId node,
                              MakeDirectories(opened, connection->entropy(), options.path));
  SYNCENGINE_ASSIGN_OR_RETURN(const Revision head,
                              opened.service->Stat(opened.record.id, {"", node}));
  const Json entry = EntryJson(options.path, head);
  Json json = entry;
  json["entries"] = Json::array({entry});
  Print(context, json, "");
  return kOk;
}

absl::Status DescribeFailure(const std::string& path, const ChangeOutcome& outcome) {
  switch (outcome.verdict) {
    case ChangeVerdict::kNameTaken:
      return absl::AlreadyExistsError(
          absl::StrCat(path, ": already exists; remove it first or choose another name"));
    case ChangeVerdict::kNotEmpty:
      return absl::FailedPreconditionError(
          absl::StrCat(path, ": is not empty; use --recursive to remove what is in it"));
    case ChangeVerdict::kCycle:
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": a directory cannot be moved into itself"));
    default:
      return absl::AbortedError(absl::StrCat(path, ": changed meanwhile on the server; try again"));
  }
}

// Commits and says which change failed.
absl::StatusOr<CommitResult> CommitAll(const OpenedNamespace& opened, Entropy& entropy,
                                       std::vector<Change> changes, const std::string& path) {
  CommitRequest request{.op = entropy.NewId<OpId>(), .changes = std::move(changes)};
  SYNCENGINE_ASSIGN_OR_RETURN(CommitResult result,
                              opened.service->Commit(opened.record.id, request));
  if (result.committed) return result;
  for (const ChangeOutcome& outcome : result.outcomes) {
    if (outcome.verdict != ChangeVerdict::kCommitted &&
        outcome.verdict != ChangeVerdict::kNotTried) {
      return DescribeFailure(path, outcome);
    }
  }
  return absl::InternalError("commit: refused without a reason");
}

struct MoveOptions {
  std::string from;
  std::string to;
};

// Where `to` puts the node: into an existing directory, otherwise as the new name.
absl::Status Retarget(const OpenedNamespace& opened, const std::string& to, NodeState& state) {
  const auto target = FindNode(opened, to, false);
  if (target.ok() && target->state.kind == NodeKind::kDirectory) {
    state.parent = target->node;
    return absl::OkStatus();
  }
  if (!target.ok() && !absl::IsNotFound(target.status())) return target.status();
  SYNCENGINE_ASSIGN_OR_RETURN(std::vector<std::string> names, SplitPath(to));
  if (names.empty()) return absl::InvalidArgumentError("mv: the root cannot be replaced");
  state.name = std::move(names.back());
  names.pop_back();
  SYNCENGINE_ASSIGN_OR_RETURN(const Revision parent, FindNode(opened, JoinPath(names), false));
  state.parent = parent.node;
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> RunMv(const Context& context, const MoveOptions& options) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context.globals));
  SYNCENGINE_ASSIGN_OR_RETURN(const OpenedNamespace opened, connection->OpenNamespace());
  SYNCENGINE_ASSIGN_OR_RETURN(const Revision head, FindNode(opened, options.from, false));
  if (head.node == kRootNode) return absl::InvalidArgumentError("mv: the root cannot be moved");
  Change change{.node = head.node, .base = head.id, .state = head.state};
  SYNCENGINE_RETURN_IF_ERROR(Retarget(opened, options.to, change.state));
  SYNCENGINE_ASSIGN_OR_RETURN(
      const CommitResult result,
      CommitAll(opened, connection->entropy(), {std::move(change)}, options.to));
  const ChangeOutcome& outcome = result.outcomes.front();
  Print(context, {{"revision", outcome.revision.ToHex()}, {"seq", outcome.sequence}}, "");
  return kOk;
}

Change Tombstone(const Revision& head) {
  Change change{.node = head.node, .base = head.id, .state = head.state};
  change.state.deleted = true;
  change.state.content = {};
  return change;
}

absl::StatusOr<ExitCode> RunRm(const Context& context, const PathOptions& options) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context.globals));
  SYNCENGINE_ASSIGN_OR_RETURN(const OpenedNamespace opened, connection->OpenNamespace());
  SYNCENGINE_ASSIGN_OR_RETURN(const Revision head, FindNode(opened, options.path, false));
  std::vector<Change> doomed;
  if (head.node != kRootNode) doomed.push_back(Tombstone(head));
  if (options.recursive && head.state.kind == NodeKind::kDirectory) {
    SYNCENGINE_RETURN_IF_ERROR(ForEachEntry(
        opened, head.node, true,
        [&doomed](const ListEntry& entry) { doomed.push_back(Tombstone(entry.revision)); }));
  }
  const size_t count = doomed.size();
  uint64_t sequence = 0;
  while (!doomed.empty()) {
    // Listed parents first, so the end of the list empties directories before they go.
    const size_t batch = std::min(doomed.size(), limits::kCommitChangesMax);
    std::vector<Change> changes(std::make_move_iterator(doomed.rbegin()),
                                std::make_move_iterator(doomed.rbegin() + batch));
    doomed.resize(doomed.size() - batch);
    SYNCENGINE_ASSIGN_OR_RETURN(
        const CommitResult result,
        CommitAll(opened, connection->entropy(), std::move(changes), options.path));
    sequence = result.outcomes.back().sequence;
  }
  Print(context, {{"deleted", count}, {"seq", sequence}}, "");
  return kOk;
}

CLI::App* AddPathVerb(Registry& registry, const std::string& name, const std::string& description,
                      const std::string& example, bool needs_path,
                      absl::StatusOr<ExitCode> (*run)(const Context&, const PathOptions&),
                      const char* recursive) {
  auto options = std::make_shared<PathOptions>();  // Shared by the parser and the command.
  CLI::App* verb =
      AddVerb(registry, name, description, example,
              [options, run](const Context& context) { return run(context, *options); });
  CLI::Option* path = verb->add_option("path", options->path, "Path in the namespace");
  if (needs_path) path->required();
  if (recursive != nullptr) verb->add_flag("-R,--recursive", options->recursive, recursive);
  return verb;
}

}  // namespace

void AddTree(Registry& registry) {
  AddPathVerb(registry, "ls", "List a directory", "syncengine -r /srv/store ls /photos", false,
              RunLs, "Also everything below");
  AddPathVerb(registry, "stat", "Show one file or directory",
              "syncengine -r /srv/store stat /notes.txt", true, RunStat, nullptr);
  AddPathVerb(registry, "mkdir", "Make a directory and its missing parents",
              "syncengine -r /srv/store mkdir /photos/2026", true, RunMkdir, nullptr);
  AddPathVerb(registry, "rm", "Delete a file or directory; its history stays",
              "syncengine -r /srv/store rm -R /old", true, RunRm, "Also everything below");
  auto move = std::make_shared<MoveOptions>();  // Shared by the parser and the command.
  CLI::App* verb = AddVerb(registry, "mv", "Move or rename; moves no content",
                           "syncengine -r /srv/store mv /a.txt /archive/b.txt",
                           [move](const Context& context) { return RunMv(context, *move); });
  verb->add_option("from", move->from, "What to move")->required();
  verb->add_option("to", move->to, "Into this directory, or as this name")->required();
}

}  // namespace syncengine::cli
