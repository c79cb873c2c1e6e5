// conflicts, resolve: what collided, and what shall become of it.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "examples/cli/commands.h"
#include "examples/cli/connection.h"
#include "examples/cli/revision_choice.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/transfer/resolve.h"

namespace syncengine::cli {
namespace {

constexpr size_t kShortestId = 4;

absl::string_view ReasonText(ConflictReason reason) {
  switch (reason) {
    case ConflictReason::kOverlap:
      return "overlap";
    case ConflictReason::kBinary:
      return "binary";
    case ConflictReason::kTooLarge:
      return "too_large";
    case ConflictReason::kNoBase:
      return "no_base";
    case ConflictReason::kNotAFile:
      return "not_a_file";
    case ConflictReason::kUnreadable:
      return "unreadable";
  }
  return "unknown";
}

absl::string_view DecisionText(ConflictDecision decision) {
  switch (decision) {
    case ConflictDecision::kOpen:
      return "open";
    case ConflictDecision::kTheirs:
      return "theirs";
    case ConflictDecision::kOurs:
      return "ours";
    case ConflictDecision::kBoth:
      return "both";
    case ConflictDecision::kMerged:
      return "merged";
  }
  return "unknown";
}

absl::StatusOr<std::vector<ConflictRecord>> AllConflicts(const OpenedNamespace& opened,
                                                         bool decided_too) {
  std::vector<ConflictRecord> all;
  ConflictsRequest request{.decided_too = decided_too,
                           .limit = static_cast<int>(limits::kConflictsPageMax)};
  for (bool more = true; more;) {
    SYNCENGINE_ASSIGN_OR_RETURN(ConflictPage page,
                                opened.service->ListConflicts(opened.record.id, request));
    more = page.more && !page.conflicts.empty();
    request.after = page.next;
    for (ConflictRecord& conflict : page.conflicts) all.push_back(std::move(conflict));
  }
  std::sort(all.begin(), all.end(), [](const ConflictRecord& a, const ConflictRecord& b) {
    return a.ours.sequence > b.ours.sequence;  // Newest first.
  });
  return all;
}

Json VersionJson(const Revision& revision, const std::string& device) {
  return {{"revision", revision.id.ToHex()},
          {"seq", revision.sequence},
          {"device", device},
          {"device_id", revision.device.ToHex()},
          {"time", TimeText(revision.committed_at)},
          {"size", revision.state.content.size}};
}

Json ConflictJson(const ConflictRecord& conflict) {
  Json hunks = Json::array();
  for (const ConflictHunk& hunk : conflict.hunks) {
    hunks.push_back({{"base", {hunk.base_begin, hunk.base_end}},
                     {"ours", {hunk.ours_begin, hunk.ours_end}},
                     {"theirs", {hunk.theirs_begin, hunk.theirs_end}}});
  }
  Json json = {{"conflict", conflict.id.ToHex()},
               {"path", PathText(conflict.path)},
               {"node_id", conflict.node.ToHex()},
               {"reason", ReasonText(conflict.reason)},
               {"base", conflict.ours.parent.IsZero() ? "" : conflict.ours.parent.ToHex()},
               {"ours", VersionJson(conflict.ours, conflict.ours_device)},
               {"theirs", VersionJson(conflict.theirs, conflict.theirs_device)},
               {"head", conflict.head.ToHex()},
               {"hunks", std::move(hunks)},
               {"copy", conflict.copy.has_value() ? PathText(conflict.copy_path) : ""},
               {"decision", DecisionText(conflict.decision)}};
  if (conflict.decision != ConflictDecision::kOpen) {
    json["resolution"] = conflict.resolution.ToHex();
    json["decided_at"] = TimeText(conflict.decided_at);
  }
  return json;
}

std::string DeviceText(const std::string& device) { return device.empty() ? "the owner" : device; }

std::string ConflictText(const ConflictRecord& conflict) {
  std::string text =
      absl::StrFormat("%s  %s  (%s%s)\n  theirs %s  %s, %s\n  ours   %s  %s, %s\n",
                      conflict.id.ToHex(), PathText(conflict.path), ReasonText(conflict.reason),
                      conflict.decision == ConflictDecision::kOpen
                          ? ""
                          : absl::StrCat(", decided: ", DecisionText(conflict.decision)),
                      conflict.theirs.id.ToHex(), DeviceText(conflict.theirs_device),
                      TimeText(conflict.theirs.committed_at), conflict.ours.id.ToHex(),
                      DeviceText(conflict.ours_device), TimeText(conflict.ours.committed_at));
  if (conflict.copy.has_value()) {
    absl::StrAppend(&text, "  copy   ", PathText(conflict.copy_path), "\n");
  }
  return text;
}

struct ConflictsOptions {
  std::string path;
  bool all = false;
};

bool Concerns(const ConflictRecord& conflict, const std::string& path) {
  return path.empty() || PathText(conflict.path) == PathText(path) ||
         (conflict.copy.has_value() && PathText(conflict.copy_path) == PathText(path));
}

absl::StatusOr<ExitCode> RunConflicts(const Context& context, const ConflictsOptions& options) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context.globals));
  SYNCENGINE_ASSIGN_OR_RETURN(const OpenedNamespace opened, connection->OpenNamespace());
  SYNCENGINE_ASSIGN_OR_RETURN(const auto conflicts, AllConflicts(opened, options.all));
  Json list = Json::array();
  std::string text;
  for (const ConflictRecord& conflict : conflicts) {
    if (!Concerns(conflict, options.path)) continue;
    list.push_back(ConflictJson(conflict));
    text += ConflictText(conflict);
  }
  Print(context, {{"conflicts", std::move(list)}}, text.empty() ? "no conflicts\n" : text);
  return kOk;
}

struct ResolveOptions {
  std::string conflict;
  std::string take;
  std::string file;
  std::string expected_head;
  bool undo = false;
};

// By path, or by its id or the beginning of that.
absl::StatusOr<ConflictRecord> ChooseConflict(const OpenedNamespace& opened,
                                              const std::string& wanted) {
  const bool by_path = absl::StartsWith(wanted, "/");
  if (!by_path && wanted.size() < kShortestId) {
    return absl::InvalidArgumentError(absl::StrCat("conflict: expected a path or at least ",
                                                   kShortestId, " digits of an id, found '", wanted,
                                                   "'; see: syncengine conflicts"));
  }
  SYNCENGINE_ASSIGN_OR_RETURN(const auto conflicts, AllConflicts(opened, /*decided_too=*/true));
  std::vector<const ConflictRecord*> found;
  for (const ConflictRecord& conflict : conflicts) {
    const bool open = conflict.decision == ConflictDecision::kOpen;
    const bool match = by_path
                           ? open && Concerns(conflict, wanted)
                           : absl::StartsWith(conflict.id.ToHex(), absl::AsciiStrToLower(wanted));
    if (match) found.push_back(&conflict);
  }
  if (found.size() == 1) return *found.front();
  if (found.empty()) {
    return absl::NotFoundError(
        absl::StrCat(wanted, ": no conflict waits there; see: syncengine conflicts"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat(wanted, ": ", found.size(), " conflicts; name one by its id"));
}

class StreamSource final : public ContentSource {
 public:
  explicit StreamSource(std::ifstream stream) : stream_(std::move(stream)) {}

  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    stream_.read(buffer, static_cast<std::streamsize>(size));
    if (stream_.bad()) return absl::UnknownError("the file cannot be read");
    return static_cast<size_t>(stream_.gcount());
  }

 private:
  std::ifstream stream_;
};

absl::StatusOr<std::unique_ptr<ContentSource>> OpenFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return absl::NotFoundError(absl::StrCat(path, ": cannot be opened"));
  return std::make_unique<StreamSource>(std::move(stream));
}

ResolvePorts PortsOf(Connection& connection, const OpenedNamespace& opened) {
  return {.opened = opened,
          .executor = connection.executor(),
          .entropy = connection.entropy(),
          .clock = connection.clock()};
}

absl::StatusOr<ResolveResult> Decide(const Context& context, Connection& connection,
                                     const OpenedNamespace& opened, const ConflictRecord& conflict,
                                     const ResolveOptions& options) {
  if (!options.file.empty()) {
    return ResolveWithContent(
        PortsOf(connection, opened), conflict, [&] { return OpenFile(options.file); },
        context.stop);
  }
  ResolveRequest request{.conflict = conflict.id, .expected_head = conflict.head};
  if (options.take == "ours") request.decision = ConflictDecision::kOurs;
  if (options.take == "both") request.decision = ConflictDecision::kBoth;
  return opened.service->Resolve(opened.record.id, request);
}

absl::StatusOr<ExitCode> UndoDecision(const Context& context, const OpenedNamespace& opened,
                                      const ConflictRecord& conflict) {
  SYNCENGINE_ASSIGN_OR_RETURN(
      const ResolveResult result,
      opened.service->Resolve(opened.record.id, {.conflict = conflict.id,
                                                 .decision = ConflictDecision::kOpen,
                                                 .expected_head = conflict.head}));
  if (!result.resolved) return absl::AbortedError("it changed meanwhile; look again");
  Print(context,
        {{"conflict", conflict.id.ToHex()},
         {"path", PathText(conflict.path)},
         {"decision", DecisionText(ConflictDecision::kOpen)},
         {"undone", DecisionText(conflict.decision)},
         {"revision", result.revision.ToHex()}},
        absl::StrCat(PathText(conflict.path), ": undecided again, revision ",
                     result.revision.ToHex(), "\n"));
  return kOk;
}

absl::StatusOr<ExitCode> UndoAutomaticMerge(const Context& context, Connection& connection,
                                            const OpenedNamespace& opened,
                                            const ResolveOptions& options) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Revision merge, FindNode(opened, options.conflict, true));
  if (options.take == "both")
    return absl::InvalidArgumentError("resolve --undo: expected --take ours or theirs");
  const bool ours = options.take == "ours";
  SYNCENGINE_ASSIGN_OR_RETURN(const Revision head,
                              UndoMerge(PortsOf(connection, opened), merge,
                                        ours ? MergeParent::kOurs : MergeParent::kTheirs));
  const RevisionId& other = ours ? merge.parent : merge.merged_from;
  Print(context,
        {{"path", PathText(options.conflict)},
         {"undone", "merge"},
         {"merge", merge.id.ToHex()},
         {"theirs", merge.parent.ToHex()},
         {"ours", merge.merged_from.ToHex()},
         {"revision", head.id.ToHex()}},
        absl::StrCat(PathText(options.conflict), ": the merge is undone, revision ",
                     head.id.ToHex(), "; the other version is revision ", other.ToHex(), "\n"));
  return kOk;
}

// A conflict by its id; by path the newest decision, if it still stands, or the automatic merge
// that is the head.
absl::StatusOr<ExitCode> RunUndo(const Context& context, const ResolveOptions& options) {
  if (!options.file.empty()) return absl::InvalidArgumentError("resolve: --undo takes no --with");
  SYNCENGINE_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context.globals));
  SYNCENGINE_ASSIGN_OR_RETURN(const OpenedNamespace opened, connection->OpenNamespace());
  if (!absl::StartsWith(options.conflict, "/")) {
    SYNCENGINE_ASSIGN_OR_RETURN(const ConflictRecord conflict,
                                ChooseConflict(opened, options.conflict));
    return UndoDecision(context, opened, conflict);
  }
  SYNCENGINE_ASSIGN_OR_RETURN(const auto conflicts, AllConflicts(opened, /*decided_too=*/true));
  const ConflictRecord* newest = nullptr;
  for (const ConflictRecord& conflict : conflicts) {
    if (conflict.decision == ConflictDecision::kOpen || !Concerns(conflict, options.conflict))
      continue;
    if (newest == nullptr || conflict.decided_at > newest->decided_at) newest = &conflict;
  }
  if (newest != nullptr && newest->resolution == newest->head)
    return UndoDecision(context, opened, *newest);
  return UndoAutomaticMerge(context, *connection, opened, options);
}

absl::StatusOr<ExitCode> RunResolve(const Context& context, const ResolveOptions& options) {
  if (options.undo) return RunUndo(context, options);
  if (options.take.empty() == options.file.empty()) {
    return absl::InvalidArgumentError("resolve: expected either --take or --with");
  }
  SYNCENGINE_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context.globals));
  SYNCENGINE_ASSIGN_OR_RETURN(const OpenedNamespace opened, connection->OpenNamespace());
  SYNCENGINE_ASSIGN_OR_RETURN(ConflictRecord conflict, ChooseConflict(opened, options.conflict));
  if (!options.expected_head.empty()) {
    SYNCENGINE_ASSIGN_OR_RETURN(conflict.head, RevisionId::FromHex(options.expected_head));
  }
  SYNCENGINE_ASSIGN_OR_RETURN(const ResolveResult result,
                              Decide(context, *connection, opened, conflict, options));
  if (!result.resolved) {
    return absl::AbortedError(
        absl::StrCat(PathText(conflict.path),
                     ": changed since the conflict was looked at; nothing was done, look again"));
  }
  const std::string decision = options.file.empty() ? options.take : "merged";
  Print(
      context,
      {{"conflict", conflict.id.ToHex()},
       {"path", PathText(conflict.path)},
       {"decision", decision},
       {"revision", result.revision.ToHex()},
       {"copy_kept", result.copy_kept}},
      absl::StrCat(PathText(conflict.path), ": ", decision, ", revision ", result.revision.ToHex(),
                   result.copy_kept ? "; the copy was edited and stays" : "", "\n"));
  return kOk;
}

}  // namespace

void AddConflicts(Registry& registry) {
  auto list = std::make_shared<ConflictsOptions>();  // Shared by the parser and the command.
  CLI::App* verb =
      AddVerb(registry, "conflicts", "Versions that could not be merged and wait for a decision",
              "syncengine -r http://host:8080 conflicts",
              [list](const Context& context) { return RunConflicts(context, *list); });
  verb->add_option("path", list->path, "Only those of this file or conflicted copy");
  verb->add_flag("--all", list->all, "Those that were decided, too");

  auto resolve = std::make_shared<ResolveOptions>();  // Shared by the parser and the command.
  verb = AddVerb(registry, "resolve", "Decide a conflict",
                 "syncengine -r http://host:8080 resolve /notes.txt --take ours",
                 [resolve](const Context& context) { return RunResolve(context, *resolve); });
  verb->add_option("conflict", resolve->conflict, "The file, or the conflict's id")->required();
  verb->add_option("--take", resolve->take,
                   "theirs: what is there stays; ours: the losing version takes its place; both: "
                   "the copy stays beside it")
      ->check(CLI::IsMember({"theirs", "ours", "both"}));
  verb->add_flag("--undo", resolve->undo,
                 "Takes the last decision, or the last automatic merge of the file, back: the "
                 "version that was there first (or, of a merge, --take ours) is the head again");
  verb->add_option("--with", resolve->file, "A local file with what shall be there from now on");
  verb->add_option("--expected-head", resolve->expected_head,
                   "Do nothing unless this revision is the head (default: as it is now)");
}

}  // namespace syncengine::cli
