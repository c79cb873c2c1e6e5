// put: adds or updates files and trees.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "examples/cli/commands.h"
#include "examples/cli/connection.h"
#include "examples/cli/local_place.h"
#include "syncengine/base/error.h"
#include "syncengine/transfer/put_tree.h"

namespace syncengine::cli {
namespace {

constexpr uint64_t kBufferBytes = 32u << 20;  // Enough to keep every processor busy.

struct PutOptions {
  std::vector<std::string> places;  // LOCAL... DIR
  bool mirror = false;
  bool deltas = false;
  int level = 3;
};

void AddReport(const PutTreeReport& from, PutTreeReport& to) {
  to.files += from.files;
  to.files_unchanged += from.files_unchanged;
  to.deleted += from.deleted;
  to.upload.files += from.upload.files;
  to.upload.bytes += from.upload.bytes;
  to.upload.blocks += from.upload.blocks;
  to.upload.blocks_new += from.upload.blocks_new;
  to.upload.stored_bytes += from.upload.stored_bytes;
  to.upload.sent_bytes += from.upload.sent_bytes;
  to.upload.sequence = std::max(to.upload.sequence, from.upload.sequence);
  to.merged.insert(to.merged.end(), from.merged.begin(), from.merged.end());
  to.conflicts.insert(to.conflicts.end(), from.conflicts.begin(), from.conflicts.end());
  to.issues.insert(to.issues.end(), from.issues.begin(), from.issues.end());
}

// `put dir D` makes D/dir, `put dir/ D` puts the content of dir into D.
std::string RemotePlace(const std::string& local, const std::string& directory) {
  const std::string base(absl::StripSuffix(PathText(directory), "/"));
  const std::string name = std::filesystem::path(local).filename().string();
  if (name.empty() || name == "." || name == "..") return base.empty() ? "/" : base;
  return absl::StrCat(base, "/", name);
}

Json MergedJson(const std::vector<PutMerge>& merged) {
  Json list = Json::array();
  for (const PutMerge& file : merged) {
    list.push_back({{"path", file.path},
                    {"revision", file.revision.ToHex()},
                    {"ours", file.ours.ToHex()},
                    {"theirs", file.theirs.ToHex()}});
  }
  return list;
}

Json ConflictsJson(const std::vector<PutConflict>& conflicts) {
  Json list = Json::array();
  for (const PutConflict& file : conflicts) {
    list.push_back({{"path", file.path}, {"conflict", file.ours.ToHex()}, {"copy", file.copy}});
  }
  return list;
}

Json ReportJson(const PutTreeReport& report, uint64_t sent_bytes, double seconds) {
  return {{"files", report.files},
          {"files_unchanged", report.files_unchanged},
          {"deleted", report.deleted},
          {"bytes", report.upload.bytes},
          {"blocks", report.upload.blocks},
          {"blocks_new", report.upload.blocks_new},
          {"sent_bytes", sent_bytes},
          {"stored_bytes", report.upload.stored_bytes},
          {"seq", report.upload.sequence},
          {"seconds", seconds},
          {"merged", MergedJson(report.merged)},
          {"conflicts", ConflictsJson(report.conflicts)},
          {"issues", IssuesJson(report.issues)}};
}

std::string ReportText(const PutTreeReport& report, uint64_t sent_bytes, double seconds) {
  return absl::StrFormat(
      "%d files (%d unchanged), %s read, %d blocks (%d new), %s sent, %s stored, %.2f s\n",
      report.files, report.files_unchanged, BytesText(report.upload.bytes), report.upload.blocks,
      report.upload.blocks_new, BytesText(sent_bytes), BytesText(report.upload.stored_bytes),
      seconds);
}

absl::Status PutOne(const Context& context, const PutOptions& options, Connection& connection,
                    const OpenedNamespace& opened, MetadataStore* cache, const std::string& local,
                    PutTreeReport& total) {
  SYNCENGINE_ASSIGN_OR_RETURN(const LocalPlace place, OpenLocalPlace(local));
  const PutTreeRequest request{.local = place.path,
                               .remote = RemotePlace(local, options.places.back()),
                               .mirror = options.mirror,
                               .device = HostName()};
  const PutTreePorts ports{.files = *place.files,
                           .opened = opened,
                           .executor = connection.executor(),
                           .entropy = connection.entropy(),
                           .clock = connection.clock(),
                           .cache = cache};
  UploaderOptions upload;
  upload.buffer_bytes = kBufferBytes;
  upload.compression_level = options.level;
  // Over a network, old content would be fetched to save less than that is.
  upload.deltas = connection.local() != nullptr || options.deltas;
  auto report = PutTree(ports, request, upload, ShowProgress(context, "put"), context.stop);
  if (!report.ok()) return Annotate(report.status(), local);
  AddReport(*report, total);
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> RunPut(const Context& context, const PutOptions& options) {
  if (options.places.size() < 2) {
    return absl::InvalidArgumentError("put: expected LOCAL... DIR, for example: put ./src /backup");
  }
  SYNCENGINE_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context.globals));
  SYNCENGINE_ASSIGN_OR_RETURN(const OpenedNamespace opened, connection->OpenNamespace());
  const std::unique_ptr<MetadataStore> cache = OpenPutCache();
  const absl::Duration start = connection->clock().Monotonic();
  PutTreeReport total;
  for (size_t i = 0; i + 1 < options.places.size(); ++i) {
    SYNCENGINE_RETURN_IF_ERROR(
        PutOne(context, options, *connection, opened, cache.get(), options.places[i], total));
  }
  const double seconds = absl::ToDoubleSeconds(connection->clock().Monotonic() - start);
  const uint64_t sent = connection->SentBytes(total.upload.sent_bytes);
  PrintIssues(total.issues);
  Print(context, ReportJson(total, sent, seconds), ReportText(total, sent, seconds));
  if (!total.issues.empty()) return kPartlyDone;
  return total.conflicts.empty() ? kOk : kConflictsWait;
}

}  // namespace

void AddPut(Registry& registry) {
  auto options = std::make_shared<PutOptions>();  // Shared by the parser and the command.
  CLI::App* verb =
      AddVerb(registry, "put", "Add or update files and trees; unchanged files are not read again",
              "syncengine -r /srv/store put ./photos /",
              [options](const Context& context) { return RunPut(context, *options); });
  verb->add_option("places", options->places,
                   "LOCAL... DIR: local files and folders, then the remote directory; "
                   "'./' puts the content of a folder")
      ->required();
  verb->add_flag("--mirror", options->mirror, "Also remove what is gone locally");
  verb->add_flag("--deltas", options->deltas,
                 "On a server, too, fetch what is replaced to store differences only");
  verb->add_option("--level", options->level, "zstd level")->check(CLI::Range(1, 19));
}

}  // namespace syncengine::cli
