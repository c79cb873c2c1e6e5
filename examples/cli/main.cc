// syncengine: the command line of the library, and its largest example.

#include <malloc.h>
#include <pthread.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <stop_token>
#include <string>
#include <thread>

#include "examples/cli/commands.h"
#include "examples/cli/context.h"
#include "syncengine/base/error.h"
#include "syncengine/base/version.h"

namespace syncengine::cli {
namespace {

// Turns SIGINT and SIGTERM into a stop request: work done so far is kept, and a second run resumes
// it. A second signal ends the program at once.
class SignalWatch {
 public:
  SignalWatch() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    // Blocked before any other thread starts, so that only the watcher sees them.
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    signal(SIGPIPE, SIG_IGN);
    watcher_ = std::jthread([this](std::stop_token done) { Watch(done); });
  }

  // Wakes the watcher with a signal of its own: a program that is done must not wait for a tick.
  ~SignalWatch() {
    watcher_.request_stop();
    pthread_kill(watcher_.native_handle(), SIGTERM);
  }

  std::stop_token token() const { return source_.get_token(); }
  int caught() const { return caught_; }

 private:
  void Watch(std::stop_token done) {
    while (true) {
      const int number = sigwaitinfo(&signals_, nullptr);
      if (done.stop_requested()) return;
      if (number <= 0) continue;
      if (caught_ != 0) std::_Exit(128 + number);
      caught_ = number;
      source_.request_stop();
    }
  }

  sigset_t signals_{};
  std::stop_source source_;
  std::atomic<int> caught_ = 0;
  std::jthread watcher_;
};

void AddGlobals(CLI::App& app, Globals& globals) {
  app.add_option("-r,--repo", globals.repo, "Repository: a directory, or the URL of a server")
      ->envname("SYNCENGINE_REPO");
  app.add_option("--namespace", globals.namespace_name, "Namespace to work in")
      ->envname("SYNCENGINE_NAMESPACE")
      ->capture_default_str();
  app.add_option("--passphrase-file", globals.passphrase_file,
                 "File with the passphrase of an end-to-end encrypted namespace "
                 "(or SYNCENGINE_PASSPHRASE)")
      ->envname("SYNCENGINE_PASSPHRASE_FILE");
  app.add_option("--token-file", globals.token_file,
                 "File with this device's token for a server (or SYNCENGINE_TOKEN)")
      ->envname("SYNCENGINE_TOKEN_FILE");
  app.add_option("--ca-file", globals.ca_file, "Certificates to trust for an https server")
      ->envname("SYNCENGINE_CA_FILE");
  app.add_option("--progress", globals.progress, "auto, plain or none")
      ->envname("SYNCENGINE_PROGRESS")
      ->check(CLI::IsMember({"auto", "plain", "none"}))
      ->capture_default_str();
  app.add_flag("--json", globals.json, "Print one JSON object");
}

std::string DefaultConfigFile() {
  if (const char* home = std::getenv("XDG_CONFIG_HOME"); home != nullptr && *home != '\0') {
    return std::string(home) + "/syncengine/config.toml";
  }
  const char* home = std::getenv("HOME");
  return std::string(home == nullptr ? "" : home) + "/.config/syncengine/config.toml";
}

int Fail(const Context& context, const absl::Status& status, int signal_number) {
  ExitCode code = ExitCodeFor(status);
  if (signal_number != 0 && absl::IsCancelled(status)) {
    code = signal_number == SIGTERM ? kTerminated : kInterrupted;
  }
  const auto reason = GetReason(status);
  std::fprintf(stderr, "syncengine: %s\n", std::string(status.message()).c_str());
  if (context.globals.json) {
    const Json error = {{"error",
                         {{"message", std::string(status.message())},
                          {"code", absl::StatusCodeToString(status.code())},
                          {"reason", reason ? std::string(ReasonName(*reason)) : ""},
                          {"exit", static_cast<int>(code)}}}};
    std::printf("%s\n", JsonText(error).c_str());
  }
  return code;
}

// Content moves in buffers of megabytes that come and go on several threads. Taken from the heap
// they leave it in pieces: the peak on a 3 GiB file was 394 MB instead of 275.
void TameTheHeap() {
  constexpr int kMapBytes = 1 << 20;
  constexpr int kKeptBytes = 8 << 20;  // Giving every freed page back makes the next a page fault.
  mallopt(M_ARENA_MAX, 2);
  mallopt(M_MMAP_THRESHOLD, kMapBytes);
  mallopt(M_TRIM_THRESHOLD, kKeptBytes);
}

int Main(int argc, char** argv) {
  TameTheHeap();
  SignalWatch signals;
  Context context;
  Command chosen;
  CLI::App app("Sync, version and store files: blocks, deltas, encryption, history.", "syncengine");
  app.set_version_flag("--version", ::syncengine::kVersion);
  app.set_config("--config", DefaultConfigFile(), "Defaults for the options, as TOML");
  app.require_subcommand(1);
  app.fallthrough();
  AddGlobals(app, context.globals);
  Registry registry{app, [&chosen](CLI::App* verb, Command command) {
                      verb->callback([&chosen, command] { chosen = command; });
                    }};
  for (const auto add : {AddInit, AddPut, AddGet, AddTree, AddHistory, AddServe, AddDevice, AddSync,
                         AddUpkeep, AddCollect, AddDelta, AddMerge, AddConflicts, AddLive}) {
    add(registry);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kOk : kUsage;
  }
  context.stop = signals.token();
  const absl::StatusOr<ExitCode> result = chosen(context);
  if (!result.ok()) return Fail(context, result.status(), signals.caught());
  if (signals.caught() == SIGTERM && *result == kInterrupted) return kTerminated;
  return *result;
}

}  // namespace
}  // namespace syncengine::cli

int main(int argc, char** argv) { return syncengine::cli::Main(argc, argv); }
