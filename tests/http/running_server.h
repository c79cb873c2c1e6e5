// A real server on a free loopback port, its fake backend, and raw sockets to tease it with.
#ifndef SYNCENGINE_TESTS_HTTP_RUNNING_SERVER_H_
#define SYNCENGINE_TESTS_HTTP_RUNNING_SERVER_H_

#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "absl/strings/string_view.h"
#include "syncengine/http/client.h"
#include "syncengine/http/server.h"
#include "syncengine/stores/in_process_notifier.h"
#include "syncengine/stores/system_clock.h"
#include "syncengine/stores/system_entropy.h"
#include "syncengine/stores/thread_pool.h"
#include "syncengine/testing/temporary_directory.h"
#include "tests/http/fake_backend.h"

namespace syncengine::http {

inline constexpr char kToken[] = "se1_token";

// Serves until destroyed.
class RunningServer {
 public:
  explicit RunningServer(ServerOptions options = {}, int workers = 2);
  ~RunningServer();

  std::string url() const { return server_->url(); }
  int port() const;
  Server& server() { return *server_; }
  FakeBackend& backend() { return backend_; }
  InProcessNotifier& notifier() { return notifier_; }
  ClientPorts ports() { return {executor_, clock_, entropy_}; }
  // Ends Run and waits for it.
  void Join();

 private:
  SystemClock clock_;
  SystemEntropy entropy_;
  InProcessNotifier notifier_;
  FakeBackend backend_{notifier_};
  ThreadPool executor_;
  std::unique_ptr<Server> server_;
  std::jthread thread_;
};

// A self-signed certificate for 127.0.0.1 and its key, as files in `directory`.
struct TlsFiles {
  std::string certificate;
  std::string key;
};
TlsFiles WriteTlsFiles(const std::string& directory);

// A socket that says what it is told to.
class RawSocket {
 public:
  explicit RawSocket(int port);
  ~RawSocket();
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  // False when the peer does not listen any more.
  bool Send(absl::string_view bytes);
  void CloseSending();
  // All bytes until the peer closes; "timeout" at the end when it does not within ten seconds.
  std::string ReadToEnd();
  // Until `text` was received, or the end.
  std::string ReadUntil(absl::string_view text);

 private:
  int descriptor_;
};

}  // namespace syncengine::http

#endif  // SYNCENGINE_TESTS_HTTP_RUNNING_SERVER_H_
