// serve: an HTTP server over a directory repository.
#include <CLI/CLI.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "absl/strings/str_cat.h"
#include "examples/cli/commands.h"
#include "examples/cli/connection.h"
#include "syncengine/base/error.h"
#include "syncengine/http/server.h"
#include "syncengine/live/live_server.h"

namespace syncengine::cli {
namespace {

struct ServeOptions {
  std::string listen = "127.0.0.1:8384";
  std::string certificate;
  std::string key;
};

// Keeps live documents going until it is stopped: their texts become revisions.
void TickLive(std::stop_token stop, LiveServer& live) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    wake.wait_for(lock, stop, std::chrono::seconds(1), [] { return false; });
    const absl::Status status = live.Tick();
    if (!status.ok()) std::fprintf(stderr, "serve: %s\n", std::string(status.message()).c_str());
  }
}

absl::StatusOr<ExitCode> RunServe(const Context& context, const ServeOptions& options) {
  if (IsUrl(context.globals.repo)) {
    return absl::InvalidArgumentError("serve: expected --repo DIRECTORY, found a URL");
  }
  SYNCENGINE_ASSIGN_OR_RETURN(const auto repository, LocalRepository::Open(context.globals.repo));
  http::ServerOptions server_options;
  server_options.listen = options.listen;
  server_options.tls_certificate_file = options.certificate;
  server_options.tls_key_file = options.key;
  const std::unique_ptr<Service> owner = repository->OwnerSession();
  LiveServer live({*owner, repository->executor(), repository->entropy(), repository->clock(),
                   repository->notifier()});
  server_options.live = &live;
  SYNCENGINE_ASSIGN_OR_RETURN(
      const auto server,
      http::Server::Start(server_options, repository->engine(), repository->notifier(),
                          repository->executor(), repository->clock()));
  std::printf("listening on %s\n", server->url().c_str());
  std::fflush(stdout);
  std::jthread ticks([&live](std::stop_token stop) { TickLive(stop, live); });
  server->Run(context.stop);
  ticks.request_stop();
  ticks.join();
  SYNCENGINE_RETURN_IF_ERROR(live.Flush());
  return kOk;
}

}  // namespace

void AddServe(Registry& registry) {
  auto options = std::make_shared<ServeOptions>();  // Shared by the parser and the command.
  CLI::App* verb =
      AddVerb(registry, "serve", "Serve a directory repository over HTTP",
              "syncengine -r /srv/store serve --listen 127.0.0.1:8384",
              [options](const Context& context) { return RunServe(context, *options); });
  verb->add_option("--listen", options->listen, "Address and port; port 0 picks a free one")
      ->envname("SYNCENGINE_LISTEN")
      ->capture_default_str();
  verb->add_option("--tls-cert", options->certificate, "Certificate chain (PEM): serve https")
      ->envname("SYNCENGINE_TLS_CERT");
  verb->add_option("--tls-key", options->key, "Its private key (PEM)")
      ->envname("SYNCENGINE_TLS_KEY");
}

}  // namespace syncengine::cli
