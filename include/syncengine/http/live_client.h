// The network half of a LiveText over HTTP: carries its packets to a server's hub.
//
//   LiveClient client(transport, token, namespace_id, "/notes.txt");
//   while (writing) {
//     auto reply = client.Exchange(text.NextPacket());
//     if (reply.ok()) arrival = text.Receive(*reply);   // else: the same packet again, later
//     if (!text.HasUnsent()) client.Wait(text.sequence(), absl::Seconds(30), stop);
//   }
#ifndef SYNCENGINE_HTTP_LIVE_CLIENT_H_
#define SYNCENGINE_HTTP_LIVE_CLIENT_H_

#include <cstdint>
#include <stop_token>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "syncengine/base/ids.h"
#include "syncengine/base/secret.h"
#include "syncengine/ports/http_transport.h"

namespace syncengine::http {

// Thread-safe; calls block on the transport. Nothing is retried: a LiveText gives the same packet
// again until it is answered, and kUnavailable says that it is worth doing so.
class LiveClient {
 public:
  // `transport` outlives the client. `path` is that of a file in the namespace.
  LiveClient(HttpTransport& transport, Secret token, const NamespaceId& id, absl::string_view path);

  // The hub's reply to a packet.
  absl::StatusOr<std::string> Exchange(absl::string_view packet, std::stop_token stop = {});
  // Returns when the hub's sequence is no longer `sequence` (LiveText::sequence), or after
  // `timeout` (at most limits::kWaitSecondsMax): the sequence it has then.
  absl::StatusOr<uint64_t> Wait(uint64_t sequence, absl::Duration timeout,
                                std::stop_token stop = {});

 private:
  HttpTransport& transport_;
  const Secret token_;
  const std::string target_;
};

}  // namespace syncengine::http

#endif  // SYNCENGINE_HTTP_LIVE_CLIENT_H_
