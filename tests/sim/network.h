// The network between simulated devices and the server: HTTP requests that are lost, late, doubled
// or cut off, before or after their effect.
#ifndef SYNCENGINE_TESTS_SIM_NETWORK_H_
#define SYNCENGINE_TESTS_SIM_NETWORK_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "syncengine/http/handler.h"
#include "syncengine/ports/http_transport.h"
#include "syncengine/testing/sim_ports.h"
#include "tests/sim/plan.h"

namespace syncengine::sim {

// What all links share.
struct Network {
  Network(SimMachine& server_machine, const Weather& conditions, uint64_t seed)
      : server(server_machine), weather(conditions), random(seed) {}

  SimMachine& server;
  const http::Handler* handler = nullptr;  // Null while the server is down.
  Weather weather;
  SimRandom random;
  bool calm = false;   // No more trouble.
  std::string canary;  // Must never be seen here; empty: anything may.
  bool canary_seen = false;
  uint64_t requests = 0;
  uint64_t troubles = 0;
  // What the server answered to commits that went in, by request; a repeated request gets the same
  // answer. Forgotten when the server is put back to a backup.
  std::map<std::string, std::string> effects;
  std::string second_effect;  // The first request that was answered in two ways.
};

// One device's way to the server.
class Link final : public HttpTransport {
 public:
  Link(Network& network, SimMachine& device)
      : network_(network), device_(device), executor_(device) {}

  void SetCut(bool cut) { cut_ = cut; }
  absl::StatusOr<HttpResponse> Call(const HttpRequest& request,
                                    const HttpCallOptions& options) override;
  uint64_t sent_bytes() const override { return sent_; }
  uint64_t received_bytes() const override { return received_; }

 private:
  struct Exchange;

  bool Trouble(uint64_t parts);
  void Deliver(const std::shared_ptr<Exchange>& exchange, absl::Duration delay);
  void Inspect(absl::string_view bytes);

  Network& network_;
  SimMachine& device_;
  SimExecutor executor_;
  bool cut_ = false;
  uint64_t sent_ = 0;
  uint64_t received_ = 0;
};

}  // namespace syncengine::sim

#endif  // SYNCENGINE_TESTS_SIM_NETWORK_H_
