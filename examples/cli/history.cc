// revisions, restore, changes: the past.
#include <CLI/CLI.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "examples/cli/commands.h"
#include "examples/cli/connection.h"
#include "examples/cli/revision_choice.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/format/name.h"
#include "syncengine/transfer/put_tree.h"

namespace syncengine::cli {
namespace {

struct HistoryOptions {
  std::string path;
  std::string revision;
};

absl::StatusOr<ExitCode> RunRevisions(const Context& context, const HistoryOptions& options) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context.globals));
  SYNCENGINE_ASSIGN_OR_RETURN(const OpenedNamespace opened, connection->OpenNamespace());
  SYNCENGINE_ASSIGN_OR_RETURN(const Revision head, FindNode(opened, options.path, true));
  SYNCENGINE_ASSIGN_OR_RETURN(const std::vector<Revision> all, AllRevisions(opened, head.node));
  Json list = Json::array();
  std::string text;
  for (const Revision& revision : all) {
    const bool newest = revision.id == head.id;
    Json json = {{"revision", revision.id.ToHex()},
                 {"seq", revision.sequence},
                 {"size", revision.state.content.size},
                 {"device", revision.device.ToHex()},
                 {"time", TimeText(revision.committed_at)},
                 {"state", revision.state.deleted ? "deleted" : "uploaded"},
                 {"name", revision.state.name},
                 {"keep_reason", newest ? "head" : "every revision is kept"}};
    if (!revision.parent.IsZero()) json["parent"] = revision.parent.ToHex();
    if (!revision.merged_from.IsZero()) json["merged_from"] = revision.merged_from.ToHex();
    if (revision.aside) json["aside"] = true;
    list.push_back(std::move(json));
    text += absl::StrFormat("%s  %s  %12d  %s%s\n", revision.id.ToHex(),
                            TimeText(revision.committed_at), revision.state.content.size,
                            revision.state.deleted ? "deleted" : revision.state.name,
                            revision.aside ? "  (kept aside)"
                            : revision.merged_from.IsZero()
                                ? ""
                                : absl::StrCat("  (merges ", revision.merged_from.ToHex(), ")"));
  }
  Print(context, {{"revisions", std::move(list)}}, text);
  return kOk;
}

// The state that makes `chosen` the head again: where the node is now, or where it last was.
absl::StatusOr<NodeState> RestoredState(const OpenedNamespace& opened, Entropy& entropy,
                                        const std::string& path, const Revision& head,
                                        const Revision& chosen) {
  NodeState state = chosen.state;
  state.deleted = false;
  state.parent = head.state.parent;
  state.name = head.state.name;
  if (!head.state.deleted) return state;
  SYNCENGINE_ASSIGN_OR_RETURN(std::vector<std::string> names, SplitPath(path));
  state.name = names.back();
  names.pop_back();
  SYNCENGINE_ASSIGN_OR_RETURN(state.parent, MakeDirectories(opened, entropy, JoinPath(names)));
  return state;
}

absl::StatusOr<ExitCode> RunRestore(const Context& context, const HistoryOptions& options) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context.globals));
  SYNCENGINE_ASSIGN_OR_RETURN(const OpenedNamespace opened, connection->OpenNamespace());
  SYNCENGINE_ASSIGN_OR_RETURN(const Revision head, FindNode(opened, options.path, true));
  SYNCENGINE_ASSIGN_OR_RETURN(const Revision chosen,
                              ChooseRevision(opened, options.path, options.revision));
  if (chosen.state.deleted) {
    return absl::InvalidArgumentError(absl::StrCat("restore: revision ", options.revision,
                                                   " is the deletion itself; choose an older one"));
  }
  Change change{.node = head.node, .base = head.id};
  SYNCENGINE_ASSIGN_OR_RETURN(
      change.state, RestoredState(opened, connection->entropy(), options.path, head, chosen));
  const CommitRequest request{.op = connection->entropy().NewId<OpId>(), .changes = {change}};
  SYNCENGINE_ASSIGN_OR_RETURN(const CommitResult result,
                              opened.service->Commit(opened.record.id, request));
  if (!result.committed) {
    return absl::AbortedError(absl::StrCat(
        options.path, ": something else is at this path now, or it changed meanwhile; try again"));
  }
  const ChangeOutcome& outcome = result.outcomes.front();
  Print(context, {{"revision", outcome.revision.ToHex()}, {"seq", outcome.sequence}},
        absl::StrCat(options.path, ": restored as revision ", outcome.revision.ToHex(), "\n"));
  return kOk;
}

struct ChangesOptions {
  std::string cursor;
  std::string wait = "0s";
  int limit = 1000;
};

absl::string_view KindText(const ChangesEntry& entry) {
  if (entry.entry.kind == JournalKind::kUploading) return "uploading";
  if (entry.entry.kind == JournalKind::kAborted) return "aborted";
  if (entry.entry.kind == JournalKind::kAside) return "aside";
  if (!entry.revision.has_value()) return "committed";
  if (entry.revision->state.deleted) return "delete";
  return entry.revision->parent.IsZero() ? "create" : "change";
}

absl::string_view StateText(const ChangesEntry& entry) {
  switch (entry.entry.kind) {
    case JournalKind::kUploading:
      return "pending";
    case JournalKind::kAborted:
      return "aborted";
    case JournalKind::kCommitted:
    case JournalKind::kAside:
      break;
  }
  return "uploaded";
}

Json ChangeJson(const ChangesEntry& entry) {
  return {{"seq", entry.entry.sequence},
          {"kind", KindText(entry)},
          {"path", PathText(entry.path)},
          {"node_id", entry.entry.node.ToHex()},
          {"revision", entry.entry.revision.IsZero() ? "" : entry.entry.revision.ToHex()},
          {"state", StateText(entry)},
          {"device", entry.entry.device.ToHex()},
          {"time", TimeText(entry.entry.time)},
          {"size", entry.revision ? entry.revision->state.content.size : entry.entry.size}};
}

absl::StatusOr<ExitCode> RunChanges(const Context& context, const ChangesOptions& options) {
  absl::Duration wait;
  if (!absl::ParseDuration(options.wait, &wait) || wait < absl::ZeroDuration()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--wait: expected a duration like 30s, found '", options.wait, "'"));
  }
  SYNCENGINE_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context.globals));
  SYNCENGINE_ASSIGN_OR_RETURN(const OpenedNamespace opened, connection->OpenNamespace());
  ChangesRequest request{.limit = options.limit};
  if (!options.cursor.empty()) {
    SYNCENGINE_ASSIGN_OR_RETURN(request.after, ParseCursor(options.cursor));
  }
  SYNCENGINE_ASSIGN_OR_RETURN(
      const ChangesPage page,
      wait > absl::ZeroDuration()
          ? opened.service->WaitChanges(opened.record.id, request, wait, context.stop)
          : opened.service->Changes(opened.record.id, request));
  Json entries = Json::array();
  std::string text;
  for (const ChangesEntry& entry : page.entries) {
    entries.push_back(ChangeJson(entry));
    absl::StrAppendFormat(&text, "%8d  %-9s  %s\n", entry.entry.sequence, KindText(entry),
                          PathText(entry.path));
  }
  const std::string cursor = FormatCursor(page.next);
  absl::StrAppend(&text, "cursor ", cursor, "\n");
  Print(context, {{"entries", std::move(entries)}, {"cursor", cursor}, {"head", page.head}}, text);
  return kOk;
}

}  // namespace

void AddHistory(Registry& registry) {
  auto revisions = std::make_shared<HistoryOptions>();  // Shared by the parser and the command.
  CLI::App* verb =
      AddVerb(registry, "revisions", "History of a file, newest first",
              "syncengine -r /srv/store revisions /notes.txt",
              [revisions](const Context& context) { return RunRevisions(context, *revisions); });
  verb->add_option("path", revisions->path, "The file; a deleted one is found too")->required();

  auto restore = std::make_shared<HistoryOptions>();  // Shared by the parser and the command.
  verb = AddVerb(registry, "restore", "Make an old revision the head again",
                 "syncengine -r /srv/store restore /notes.txt --revision 3fa9",
                 [restore](const Context& context) { return RunRestore(context, *restore); });
  verb->add_option("path", restore->path, "The file; a deleted one is found too")->required();
  verb->add_option("--revision", restore->revision, "Which (id or its beginning)")->required();

  auto changes = std::make_shared<ChangesOptions>();  // Shared by the parser and the command.
  verb = AddVerb(registry, "changes", "The journal after a cursor; waits for news on request",
                 "syncengine -r http://host:8080 changes --cursor C --wait 30s",
                 [changes](const Context& context) { return RunChanges(context, *changes); });
  verb->add_option("--cursor", changes->cursor, "Where the last call ended");
  verb->add_option("--wait", changes->wait, "Wait this long when there is nothing yet");
  verb->add_option("--limit", changes->limit, "At most this many entries")
      ->check(CLI::Range(1, static_cast<int>(limits::kChangesPageMax)));
}

}  // namespace syncengine::cli
