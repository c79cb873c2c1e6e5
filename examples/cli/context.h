// What every command gets: the global options, and how it talks to the user.
#ifndef SYNCENGINE_EXAMPLES_CLI_CONTEXT_H_
#define SYNCENGINE_EXAMPLES_CLI_CONTEXT_H_

#include <functional>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "examples/cli/exit_code.h"
#include "syncengine/base/progress.h"
#include "syncengine/format/node.h"

namespace CLI {
class App;
}

namespace syncengine::cli {

using Json = nlohmann::ordered_json;

// Options that every verb takes.
struct Globals {
  std::string repo;
  std::string namespace_name = "main";
  std::string passphrase_file;
  std::string token_file;
  std::string ca_file;
  std::string progress = "auto";
  bool json = false;
};

// One run of the program. `stop` is requested by SIGINT and SIGTERM.
struct Context {
  Globals globals;
  std::stop_token stop;
};

// A verb's work: what the program exits with, or the error that ended it.
using Command = std::function<absl::StatusOr<ExitCode>(const Context&)>;

// Where a verb registers itself while the command line is parsed.
struct Registry {
  CLI::App& app;
  std::function<void(CLI::App*, Command)> on_call;
};

// Adds a verb; its options are then added to the result. `example` is shown by --help.
CLI::App* AddVerb(Registry& registry, const std::string& name, const std::string& description,
                  const std::string& example, Command command);

// One line of JSON on stdout with --json, otherwise the text.
void Print(const Context& context, const Json& json, absl::string_view text);

// Draws progress on stderr as the options say; call with a null progress to end the line.
ProgressCallback ShowProgress(const Context& context, absl::string_view verb);

std::string HostName();                        // "device" when it cannot be told.
std::string TimeText(absl::Time time);         // RFC 3339, UTC.
std::string BytesText(uint64_t bytes);         // "1.2 MiB"
std::string PathText(absl::string_view path);  // With a leading slash.
// The fields that every listing of nodes has.
Json EntryJson(absl::string_view path, const Revision& revision);
// JSON text holds UTF-8 only: other bytes become U+FFFD.
std::string JsonText(const Json& json);

}  // namespace syncengine::cli

#endif  // SYNCENGINE_EXAMPLES_CLI_CONTEXT_H_
