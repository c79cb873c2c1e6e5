#include "tests/sim/network.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/match.h"

namespace syncengine::sim {
namespace {

absl::StatusOr<HttpResponse> Answer(const http::Handler& handler, const HttpRequest& request,
                                    const HttpCallOptions& options) {
  http::Handler::Answer answer = handler.Handle(request);
  if (auto* response = std::get_if<HttpResponse>(&answer)) return std::move(*response);
  http::Parked& parked = std::get<http::Parked>(answer);
  const absl::StatusOr<ChangesPage> page = parked.session->WaitChanges(
      parked.id, parked.request, std::min(parked.wait, options.timeout), options.stop);
  if (absl::IsCancelled(page.status())) return page.status();
  return http::Handler::PollResponse(page);
}

}  // namespace

// One request on its way; shared by the caller and the server's fibers, whichever ends last.
struct Link::Exchange {
  HttpRequest request;
  HttpCallOptions options;
  std::unique_ptr<Signal> settled;
  std::optional<absl::StatusOr<HttpResponse>> response;
  bool cut = false;
};

bool Link::Trouble(uint64_t parts) {
  if (network_.calm || !network_.random.Chance(parts)) return false;
  ++network_.troubles;
  device_.scheduler().Trace("network trouble");
  return true;
}

void Link::Inspect(absl::string_view bytes) {
  if (network_.canary.empty() || bytes.find(network_.canary) == absl::string_view::npos) return;
  network_.canary_seen = true;
}

// What a commit was answered, if it went in before; empty otherwise.
std::string EffectOf(const Network& network, const HttpRequest& request) {
  const auto effect = network.effects.find(request.body);
  return effect == network.effects.end() ? "" : effect->second;
}

void NoteEffect(Network& network, const HttpRequest& request, const std::string& before,
                const absl::StatusOr<HttpResponse>& response) {
  constexpr absl::string_view kCommitted = R"("committed":true)";
  if (!response.ok() || response->status != 200) return;
  if (!before.empty() && before != response->body) network.second_effect = request.target;
  if (absl::EndsWith(request.target, "/commits") && absl::StrContains(response->body, kCommitted)) {
    network.effects.emplace(request.body, response->body);
  }
}

// One arrival at the server. Only the first that is answered counts.
void Link::Deliver(const std::shared_ptr<Exchange>& exchange, absl::Duration delay) {
  network_.server.Spawn([exchange, delay, &network = network_] {
    SimMachine& server = network.server;
    if (delay > absl::ZeroDuration()) server.scheduler().Sleep(delay);
    if (network.handler != nullptr && server.PortCall("request arrives")) {
      const std::string before = EffectOf(network, exchange->request);
      absl::StatusOr<HttpResponse> response =
          Answer(*network.handler, exchange->request, exchange->options);
      NoteEffect(network, exchange->request, before, response);
      if (!server.dead() && !exchange->response) exchange->response = std::move(response);
    }
    if (!exchange->response) exchange->cut = true;
    exchange->settled->Notify();
  });
}

absl::StatusOr<HttpResponse> Link::Call(const HttpRequest& request,
                                        const HttpCallOptions& options) {
  if (!device_.PortCall("send")) return MachineIsDead();
  if (options.stop.stop_requested()) return absl::CancelledError("sim: stopped");
  ++network_.requests;
  sent_ += request.body.size();
  Inspect(request.body);
  Inspect(request.target);
  if (cut_ || network_.server.dead() || Trouble(network_.weather.lose_request)) {
    device_.scheduler().Sleep(absl::Milliseconds(50));
    return absl::UnavailableError("sim: no connection");
  }
  auto exchange = std::make_shared<Exchange>();
  exchange->request = request;
  exchange->options = options;
  exchange->settled = executor_.NewSignal();
  const auto some_delay = [this] {
    const int64_t most = absl::ToInt64Milliseconds(network_.weather.delay_max);
    return network_.calm || most == 0 ? absl::ZeroDuration()
                                      : absl::Milliseconds(network_.random.Below(most));
  };
  Deliver(exchange, some_delay());
  if (Trouble(network_.weather.repeat_request)) Deliver(exchange, some_delay());
  const std::stop_callback stopped(options.stop, [exchange] { exchange->settled->Notify(); });
  exchange->settled->Wait(options.timeout);
  if (device_.dead()) return MachineIsDead();
  if (options.stop.stop_requested()) return absl::CancelledError("sim: stopped");
  if (!exchange->response || cut_ || Trouble(network_.weather.lose_reply)) {
    return absl::UnavailableError("sim: no answer");
  }
  absl::StatusOr<HttpResponse> response = *exchange->response;
  if (!response.ok()) return response;
  received_ += response->body.size();
  Inspect(response->body);
  return response;
}

}  // namespace syncengine::sim
