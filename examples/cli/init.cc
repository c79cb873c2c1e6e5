// init: creates a repository and its namespace.
#include <CLI/CLI.hpp>
#include <memory>

#include "absl/strings/str_cat.h"
#include "examples/cli/commands.h"
#include "examples/cli/connection.h"
#include "syncengine/base/error.h"
#include "syncengine/transfer/opened_namespace.h"

namespace syncengine::cli {
namespace {

struct InitOptions {
  std::string target;
  uint32_t average_block_kib = 16;
};

absl::StatusOr<ExitCode> RunInit(const Context& context, const InitOptions& options) {
  Globals globals = context.globals;
  if (!options.target.empty()) globals.repo = options.target;
  if (globals.repo.empty()) {
    return absl::InvalidArgumentError("init: expected a directory, for example: init /srv/store");
  }
  // A second init adds a namespace to a repository that exists.
  if (!IsUrl(globals.repo)) {
    const absl::Status made = LocalRepository::Initialise(globals.repo);
    if (!made.ok() && !absl::IsAlreadyExists(made)) return made;
  }
  SYNCENGINE_ASSIGN_OR_RETURN(const auto connection, Connection::Open(globals));
  SYNCENGINE_ASSIGN_OR_RETURN(const auto passphrase,
                              OpenPassphrase(globals, connection->entropy()));
  const NewNamespace request{
      .name = globals.namespace_name,
      .key_holder = passphrase != nullptr ? KeyHolder::kEndToEnd : KeyHolder::kServer,
      .average_block_bytes = options.average_block_kib << 10};
  SYNCENGINE_ASSIGN_OR_RETURN(
      const NamespaceRecord record,
      CreateNamespace(connection->service(), request, passphrase.get(), connection->entropy()));
  Print(context,
        {{"repo_id", record.history.ToHex()},
         {"namespace", record.name},
         {"namespace_id", record.id.ToHex()},
         {"end_to_end", passphrase != nullptr}},
        absl::StrCat("created namespace '", record.name, "' in ", globals.repo, "\n"));
  return kOk;
}

}  // namespace

void AddInit(Registry& registry) {
  auto options = std::make_shared<InitOptions>();  // Shared by the parser and the command.
  CLI::App* verb =
      AddVerb(registry, "init", "Create a repository, or another namespace in one",
              "syncengine init /srv/store --passphrase-file key.txt",
              [options](const Context& context) { return RunInit(context, *options); });
  verb->add_option("target", options->target, "Directory or server; default: --repo");
  verb->add_option("--block-kib", options->average_block_kib, "Average block size in KiB")
      ->check(CLI::IsMember({4, 8, 16, 32, 64, 128, 256, 512, 1024}))
      ->capture_default_str();
}

}  // namespace syncengine::cli
