#include "src/folder/session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/folder/applier.h"
#include "src/folder/fetcher.h"
#include "src/folder/merging.h"
#include "src/folder/private_paths.h"
#include "src/folder/record.h"
#include "src/folder/recovery.h"
#include "src/folder/root_guard.h"
#include "src/folder/sender.h"
#include "src/folder/stat_print.h"
#include "syncengine/base/error.h"

namespace syncengine {

using folder::Identity;
using folder::Observation;
using folder::Outcome;
using folder::ProgressMeter;
using folder::State;

namespace {

// Somebody who changes the same names all the time must not keep a sync going for ever.
constexpr int kRoundsMax = 8;
// What was written this long before the last sync ended may not have been on the disk by then.
constexpr absl::Duration kWriteBack = absl::Minutes(1);
// No request arrives this long after it was sent.
constexpr absl::Duration kLateCommit = absl::Hours(24);

void AddIssues(const std::vector<Issue>& from, std::vector<Issue>& to) {
  for (const Issue& issue : from) {
    if (std::find(to.begin(), to.end(), issue) == to.end()) to.push_back(issue);
  }
}

void AddBlocked(const Plan& plan, std::vector<Issue>& issues) {
  for (const BlockedAction& blocked : plan.blocked) {
    AddIssues({{blocked.action.path,
                absl::StrCat(ActionKindName(blocked.action.kind), ": ", blocked.cause),
                "make it readable, or change the ignore rules"}},
              issues);
  }
}

}  // namespace

FolderClient::Session::Session(const FolderOptions& options, State state,
                               std::unique_ptr<FileLock> lock,
                               std::unique_ptr<folder::ContentCheck> check)
    : options_(options),
      state_(std::move(state)),
      lock_(std::move(lock)),
      workspace_(options_.files, options_.entropy, options_.clock),
      naming_{.device = options_.device},
      around_{options_.files, options_.opened, options_.executor, options_.entropy,
              options_.clock, state_,          workspace_,        naming_},
      check_(std::move(check)),
      remote_(options_.opened, state_),
      observer_(around_, remote_, *check_,
                {.ignore_file = options_.ignore_file,
                 .skip_symlinks = options_.symlinks == SymlinkPolicy::kSkip,
                 .mode = options_.mode,
                 .merge = options_.merge_contents}) {}

absl::StatusOr<std::unique_ptr<FolderClient::Session>> FolderClient::Session::Open(
    const FolderOptions& options) {
  SYNCENGINE_RETURN_IF_ERROR(folder::EnsureDirectory(options.files, folder::kPrivate));
  absl::StatusOr<std::unique_ptr<FileLock>> lock = options.files.Lock(folder::kLockFile);
  if (GetReason(lock.status()) == Reason::kLocked) {
    return MakeError(Reason::kRootInUse,
                     "the folder is being synced by another client; stop that one first");
  }
  SYNCENGINE_RETURN_IF_ERROR(Annotate(lock.status(), "lock the folder"));
  SYNCENGINE_ASSIGN_OR_RETURN(State state, State::Load(options.state));
  SYNCENGINE_ASSIGN_OR_RETURN(std::unique_ptr<folder::ContentCheck> check,
                              folder::ContentCheck::Create(options.files, options.opened));
  std::unique_ptr<Session> session(
      new Session(options, std::move(state), *std::move(lock), std::move(check)));
  SYNCENGINE_RETURN_IF_ERROR(session->Begin());
  return session;
}

FolderClient::Session::~Session() {
  if (!begun_) return;
  Identity identity = *state_.identity();
  identity.clean = true;
  state_.SetIdentity(identity);
  state_.Flush().IgnoreError();  // Not noted: the next start only takes more care.
}

absl::Status FolderClient::Session::Begin() {
  SYNCENGINE_RETURN_IF_ERROR(CheckIdentity());
  SYNCENGINE_RETURN_IF_ERROR(workspace_.Prepare());
  SetStamp();
  SYNCENGINE_RETURN_IF_ERROR(folder::Recover(around_.files, state_, workspace_, naming_));
  workspace_.EmptyTrash(options_.trash_days);
  begun_ = true;
  return absl::OkStatus();
}

absl::Status FolderClient::Session::CheckIdentity() {
  Identity identity;
  if (state_.identity().has_value()) {
    identity = *state_.identity();
    if (identity.name_space != options_.opened.record.id) {
      return absl::FailedPreconditionError(
          absl::StrCat("the folder was synced with another namespace than ",
                       options_.opened.record.name, "; use that one, or another folder"));
    }
    const absl::Status root = folder::CheckRoot(options_.files, identity);
    if (!root.ok() && !options_.accept_root) return root;
    if (!root.ok()) state_.ForgetTrees();
    SYNCENGINE_RETURN_IF_ERROR(MarkUnsure(identity));
  }
  identity.name_space = options_.opened.record.id;
  SYNCENGINE_ASSIGN_OR_RETURN(identity.root_marker,
                              folder::EnsureMarker(options_.files, options_.entropy));
  SYNCENGINE_ASSIGN_OR_RETURN(const FileStat root, options_.files.Stat(""));
  identity.root_inode = root.inode;
  identity.boot = options_.boot;
  identity.clean = false;
  state_.SetIdentity(identity);
  return state_.Flush();
}

// After a power cut: content that may not have reached the disk is read before it is believed.
absl::Status FolderClient::Session::MarkUnsure(const Identity& identity) {
  const bool unclean = !identity.clean && !options_.boot.empty() && identity.boot != options_.boot;
  if (!unclean) return absl::OkStatus();
  observer_.SetUnclean();
  const int64_t since = absl::ToUnixNanos(identity.checkpoint - kWriteBack);
  std::vector<NodeId> unsure;
  for (const auto& [node, row] : state_.synced()) {
    if (!row.racy && std::max(row.print.mtime_ns, row.print.ctime_ns) >= since) {
      unsure.push_back(node);
    }
  }
  for (const NodeId& node : unsure) {
    SyncedNode row = state_.synced().at(node);
    row.racy = true;
    state_.PutSynced(node, std::move(row));
  }
  return state_.Flush();
}

void FolderClient::Session::SetStamp() {
  naming_.stamp = absl::FormatTime("%Y-%m-%d %H%M%S", options_.clock.Now(), absl::UTCTimeZone());
}

absl::StatusOr<FolderPlan> FolderClient::Session::MakePlan(std::stop_token stop) {
  SetStamp();
  SYNCENGINE_ASSIGN_OR_RETURN(Observation seen, observer_.Look(/*dry=*/true, stop));
  FolderPlan result;
  result.brake = ReadBrake(seen.plan, state_.synced().size(), options_.brake);
  result.root_emptied = seen.emptied;
  result.token = ConfirmationToken(seen.plan);
  result.issues = std::move(seen.issues);
  AddIssues(seen.notes, result.issues);
  AddBlocked(seen.plan, result.issues);
  result.plan = std::move(seen.plan);
  return result;
}

absl::Status FolderClient::Session::CheckSafety(const Observation& seen,
                                                const std::string& confirm) {
  const BrakeReading brake = ReadBrake(seen.plan, state_.synced().size(), options_.brake);
  const bool emptied =
      seen.emptied && brake.deletions_there > 0 && options_.mode != SyncMode::kDownloadOnly;
  if (!brake.stop && !emptied) return absl::OkStatus();
  pending_confirmation_ = ConfirmationToken(seen.plan);
  if (confirm == pending_confirmation_) return absl::OkStatus();
  const std::string way_on =
      absl::StrCat("; nothing was changed. If that is meant, confirm with ", pending_confirmation_);
  if (emptied) {
    return MakeError(Reason::kRootChanged,
                     absl::StrCat("the folder is empty, but ", state_.synced().size(),
                                  " nodes were in it when it was last synced", way_on));
  }
  return MakeError(Reason::kSafetyStop,
                   absl::StrCat("this sync would delete ", brake.deletions_here, " nodes here and ",
                                brake.deletions_there, " on the server, more than the ",
                                brake.allowed, " allowed", way_on));
}

absl::StatusOr<SyncReport> FolderClient::Session::SyncOnce(const SyncOptions& options) {
  Outcome outcome;
  ProgressMeter meter(options.progress);
  pending_confirmation_.clear();
  observer_.LeaveNothingAlone();
  for (int round = 0; round < kRoundsMax; ++round) {
    SetStamp();
    outcome.look_again = false;
    outcome.failed.clear();
    outcome.report.issues.clear();
    SYNCENGINE_ASSIGN_OR_RETURN(Observation seen, observer_.Look(/*dry=*/false, options.stop));
    directories_ = seen.directories;
    SYNCENGINE_RETURN_IF_ERROR(CheckSafety(seen, options.confirm));
    AddIssues(seen.issues, outcome.report.issues);
    AddIssues(seen.notes, outcome.notes);
    AddBlocked(seen.plan, outcome.report.issues);
    if (seen.plan.merges > 0) {
      SYNCENGINE_RETURN_IF_ERROR(Merge(seen, outcome, options.stop));
      continue;
    }
    SYNCENGINE_RETURN_IF_ERROR(Apply(seen, outcome, meter, options.stop));
    outcome.report.idle = seen.complete && seen.plan.blocked.empty() && outcome.failed.empty();
    if (seen.plan.actions.empty()) break;
    SYNCENGINE_ASSIGN_OR_RETURN(const bool more, HasRemoteChanges(options.stop));
    const bool stuck = !outcome.failed.empty() && !outcome.look_again;
    if (stuck || (!more && !outcome.look_again)) break;
    outcome.report.idle = false;  // Until the next look.
  }
  AddIssues(outcome.notes, outcome.report.issues);
  meter.End();
  SYNCENGINE_RETURN_IF_ERROR(End(outcome));
  return outcome.report;
}

absl::Status FolderClient::Session::Apply(Observation& seen, Outcome& outcome, ProgressMeter& meter,
                                          std::stop_token stop) {
  if (!seen.plan.actions.empty()) {
    for (const Action& action : seen.plan.actions) {
      const bool content =
          action.kind == ActionKind::kDownload || action.kind == ActionKind::kUpload;
      if (content && action.node_kind == NodeKind::kFile) meter.Expect(1, action.size);
    }
    folder::Round round{seen.plan, seen.local, folder::Places(seen.local), outcome, meter, stop};
    for (const NodeId& node : seen.local.held) {
      auto row = state_.synced().find(node);
      if (row != state_.synced().end() && !round.places.Has(node)) {
        round.places.Put(node, row->second.position(), row->second.print);
      }
    }
    folder::Applier applier(around_, observer_.ignore(), round);
    SYNCENGINE_RETURN_IF_ERROR(
        applier.Run([this] { return folder::CheckRoot(options_.files, *state_.identity()); }));
    folder::Fetcher fetcher(around_, round);
    SYNCENGINE_RETURN_IF_ERROR(fetcher.Run());
    folder::Sender sender(around_, round);
    SYNCENGINE_RETURN_IF_ERROR(sender.Run());
  }
  return Record(seen);
}

absl::Status FolderClient::Session::Merge(const Observation& seen, Outcome& outcome,
                                          std::stop_token stop) {
  folder::Merging merging(around_, *check_,
                          {.mergers = options_.mergers ? *options_.mergers : own_mergers_,
                           .merge = options_.merge,
                           .copies_max = options_.conflict_copies_max});
  return merging.Run(seen, observer_, outcome, std::move(stop));
}

absl::Status FolderClient::Session::Record(const Observation& seen) {
  const int64_t granularity = options_.files.properties().mtime_granularity_ns;
  for (const Action& action : seen.plan.records) {
    if (action.kind == ActionKind::kForget) {
      folder::RecordGone(state_, action.node);
      continue;
    }
    const Fingerprint& print = seen.local.present.at(action.node).print;
    folder::RecordHead(state_, action.node, print,
                       folder::IsRacy(print, seen.scanned, granularity));
  }
  return state_.Flush();
}

absl::StatusOr<bool> FolderClient::Session::HasRemoteChanges(std::stop_token stop) {
  SYNCENGINE_RETURN_IF_ERROR(remote_.Update(stop));
  return !state_.remote().empty();
}

absl::Status FolderClient::Session::End(Outcome& outcome) {
  state_.SetIssues(outcome.report.issues);
  if (outcome.report.idle) {
    observer_.SetClean();
    state_.ClearUnmerged();
    state_.TidySent(options_.clock.Now() - kLateCommit);
    Identity identity = *state_.identity();
    identity.checkpoint = options_.clock.Now();
    state_.SetIdentity(identity);
  }
  SYNCENGINE_RETURN_IF_ERROR(state_.Flush());
  const bool all_applied = outcome.failed.empty() && state_.remote().empty();
  if (!all_applied || !state_.cursor().has_value() || state_.cursor() == acknowledged_) {
    return absl::OkStatus();
  }
  SYNCENGINE_RETURN_IF_ERROR(
      options_.opened.service->AcknowledgeChanges(options_.opened.record.id, *state_.cursor()));
  acknowledged_ = state_.cursor();
  return absl::OkStatus();
}

}  // namespace syncengine
