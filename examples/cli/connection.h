// Opens what --repo names: a directory (the engine runs in this process) or a server.
#ifndef SYNCENGINE_EXAMPLES_CLI_CONNECTION_H_
#define SYNCENGINE_EXAMPLES_CLI_CONNECTION_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "examples/cli/context.h"
#include "syncengine/http/client.h"
#include "syncengine/http/curl_transport.h"
#include "syncengine/ports/key_provider.h"
#include "syncengine/repository/local_repository.h"
#include "syncengine/stores/system_clock.h"
#include "syncengine/stores/system_entropy.h"
#include "syncengine/stores/thread_pool.h"
#include "syncengine/transfer/opened_namespace.h"

namespace syncengine::cli {

bool IsUrl(absl::string_view repo);

// A repository in reach. Move-only.
class Connection {
 public:
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const Globals& globals);

  Service& service() { return *service_; }
  Executor& executor() { return executor_; }
  Clock& clock() { return clock_; }
  Entropy& entropy() { return entropy_; }
  // Null for a server.
  LocalRepository* local() { return local_.get(); }
  // The namespace that the options name, with its keys.
  absl::StatusOr<OpenedNamespace> OpenNamespace();
  // Bytes on the wire; for a directory, what the caller counted at the Service boundary.
  uint64_t SentBytes(uint64_t counted) const;
  uint64_t ReceivedBytes(uint64_t counted) const;

 private:
  explicit Connection(const Globals& globals);
  absl::Status OpenLocal();
  absl::Status OpenRemote();

  const Globals globals_;
  SystemClock clock_;
  SystemEntropy entropy_;
  ThreadPool executor_;
  std::unique_ptr<LocalRepository> local_;
  std::unique_ptr<HttpTransport> transport_;
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<Service> session_;
  std::unique_ptr<KeyProvider> passphrase_;
  Service* service_ = nullptr;
};

// The provider for --passphrase-file or SYNCENGINE_PASSPHRASE; null when neither is given.
absl::StatusOr<std::unique_ptr<KeyProvider>> OpenPassphrase(const Globals& globals,
                                                            Entropy& entropy);

// The head of the node at `path`. When nothing lives there, the newest tombstone that was.
absl::StatusOr<Revision> FindNode(const OpenedNamespace& opened, const std::string& path,
                                  bool deleted_too);

}  // namespace syncengine::cli

#endif  // SYNCENGINE_EXAMPLES_CLI_CONNECTION_H_
