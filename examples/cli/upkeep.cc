// check and stats.
#include <CLI/CLI.hpp>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "examples/cli/commands.h"
#include "examples/cli/connection.h"
#include "syncengine/base/error.h"
#include "syncengine/engine/check.h"
#include "syncengine/transfer/verify.h"

namespace syncengine::cli {
namespace {

struct CheckOptions {
  bool read_data = false;
};

absl::StatusOr<ExitCode> RunCheck(const Context& context, const CheckOptions& options) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context.globals));
  Json problems = Json::array();
  std::string text;
  const auto add = [&](const std::string& problem) {
    problems.push_back(problem);
    absl::StrAppend(&text, "problem: ", problem, "\n");
  };
  if (connection->local() != nullptr) {
    const EnginePorts& ports = connection->local()->ports();
    SYNCENGINE_ASSIGN_OR_RETURN(
        const CheckReport report,
        CheckRepository(ports.metadata, ports.objects,
                        {.read_data = options.read_data, .progress = {}, .stop = context.stop}));
    for (const CheckProblem& problem : report.problems) {
      add(absl::StrCat(problem.place, ": ", problem.what));
    }
  }
  SYNCENGINE_ASSIGN_OR_RETURN(const OpenedNamespace opened, connection->OpenNamespace());
  SYNCENGINE_ASSIGN_OR_RETURN(
      const VerifyReport verified,
      VerifyNamespace(opened, connection->executor(), {.read_data = options.read_data},
                      ShowProgress(context, "check"), context.stop));
  for (const VerifyIssue& issue : verified.issues) {
    add(absl::StrCat(PathText(issue.path), " revision ", issue.revision.ToHex(), ": ",
                     issue.cause.message()));
  }
  absl::StrAppendFormat(&text, "%d revisions, %d blocks, %s read: %d problems\n",
                        verified.revisions, verified.blocks, BytesText(verified.received_bytes),
                        problems.size());
  const bool clean = problems.empty();
  Print(context,
        {{"clean", clean},
         {"problems", std::move(problems)},
         {"revisions", verified.revisions},
         {"blocks", verified.blocks},
         {"received_bytes", verified.received_bytes}},
        text);
  return clean ? kOk : kIntegrity;
}

absl::StatusOr<ExitCode> RunStats(const Context& context) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context.globals));
  SYNCENGINE_ASSIGN_OR_RETURN(const OpenedNamespace opened, connection->OpenNamespace());
  SYNCENGINE_ASSIGN_OR_RETURN(const Usage usage, opened.service->GetUsage(opened.record.id));
  Print(context,
        {{"logical_bytes", usage.logical_bytes},
         {"stored_bytes", usage.stored_bytes},
         {"blocks", usage.blocks},
         {"segments", usage.segments},
         {"revisions", usage.revisions},
         {"nodes", usage.nodes}},
        absl::StrFormat("logical   %12s\nstored    %12s\nblocks    %12d\nsegments  %12d\n"
                        "revisions %12d\nnodes     %12d\n",
                        BytesText(usage.logical_bytes), BytesText(usage.stored_bytes), usage.blocks,
                        usage.segments, usage.revisions, usage.nodes));
  return kOk;
}

}  // namespace

void AddUpkeep(Registry& registry) {
  auto options = std::make_shared<CheckOptions>();  // Shared by the parser and the command.
  AddVerb(registry, "check", "Verify that everything is there; --read-data opens every block",
          "syncengine -r /srv/store check --read-data",
          [options](const Context& context) { return RunCheck(context, *options); })
      ->add_flag("--read-data", options->read_data, "Read, decrypt and verify all content");
  AddVerb(registry, "stats", "Sizes and counts", "syncengine -r /srv/store stats", RunStats);
}

}  // namespace syncengine::cli
