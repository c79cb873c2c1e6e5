// The transport without a socket keeps the promises of every HttpTransport.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <utility>

#include "syncengine/http/loopback_transport.h"
#include "syncengine/stores/thread_pool.h"
#include "syncengine/testing/http_transport_conformance.h"

namespace syncengine::testing {
namespace {

struct LoopbackHarness {
  using Handler = std::function<HttpResponse(const HttpRequest&)>;
  HttpTransport& Connect(Handler handler) {
    transport = std::make_unique<http::LoopbackTransport>(std::move(handler), pool);
    return *transport;
  }
  ThreadPool pool{4};
  std::unique_ptr<HttpTransport> transport;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Loopback, HttpTransportConformance, LoopbackHarness);

}  // namespace
}  // namespace syncengine::testing
