// The server inside the library: a repository of namespaces over the storage ports.
//
//   auto engine = Engine::Open({.objects = objects, .metadata = metadata, ...});
//   std::unique_ptr<Service> session = (*engine)->OwnerSession();
//
// A repository is one MetadataStore and one ObjectStore that belong together. Any number of
// engines, in any number of processes, may have one repository open when the stores allow it: all
// state is in the stores. LocalRepository (repository/local_repository.h) bundles an engine with
// stores in a directory.
#ifndef SYNCENGINE_ENGINE_ENGINE_H_
#define SYNCENGINE_ENGINE_ENGINE_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/base/ids.h"
#include "syncengine/ports/clock.h"
#include "syncengine/ports/entropy.h"
#include "syncengine/ports/executor.h"
#include "syncengine/ports/key_provider.h"
#include "syncengine/ports/metadata_store.h"
#include "syncengine/ports/notifier.h"
#include "syncengine/ports/object_store.h"
#include "syncengine/ports/service.h"
#include "syncengine/ports/session_opener.h"

namespace syncengine {

// Names a repository; drawn when it is initialised.
using RepositoryId = Id<struct RepositoryIdTag, 16>;

// What an engine works on. Everything outlives the engine and is Thread-safe.
struct EnginePorts {
  ObjectStore& objects;
  MetadataStore& metadata;
  Notifier& notifier;
  Clock& clock;
  Entropy& entropy;
  Executor& executor;  // Only its signals are used: a waiting call blocks its own thread.
  // Wraps the keys of namespaces whose keys the server holds; without it there are only end-to-end
  // ones (kFailedPrecondition).
  KeyProvider* keys = nullptr;
};

// Thread-safe; holds no state but the repository's id. Sessions must not outlive it.
//
// How the sessions keep the promises of Service:
// - A commit that went in is answered from its stored result when it is repeated; a commit that was
//   refused changed nothing and is judged anew.
// - The names of one commit are judged by how they are after it, so that two nodes may swap names;
//   everything else is judged in the order of the changes.
// - WaitChanges looks at the journal when a hint comes and at least every second, so that it also
//   sees what other processes commit, and checks each time that the device is not revoked.
// - A device's token is `se1_`, 32 random bytes and a checksum in base64url. Only its hash is kept;
//   for a day, AddDevice with the same nonce can give it once more to who knows that nonce.
class Engine final : public SessionOpener {
 public:
  // Makes an empty repository of empty stores and opens it. kAlreadyExists when there is one.
  static absl::StatusOr<std::unique_ptr<Engine>> Initialise(const EnginePorts& ports);
  // Reason::kNotInitialised when there is no repository; Reason::kVersion when a newer library made
  // it.
  static absl::StatusOr<std::unique_ptr<Engine>> Open(const EnginePorts& ports);

  const RepositoryId& id() const { return id_; }

  // The session of the repository's owner, who may do everything. Commits carry the zero device.
  std::unique_ptr<Service> OwnerSession();
  // The session of a device, which may do everything but manage devices.
  absl::StatusOr<std::unique_ptr<Service>> OpenSession(absl::string_view token) override;

  // Gives every namespace a new history id. Call it after the stores were restored from a backup:
  // clients then compare everything and supply what is missing, instead of trusting cursors into a
  // future that never happened.
  absl::Status StartNewHistories();

 private:
  Engine(const EnginePorts& ports, const RepositoryId& id) : ports_(ports), id_(id) {}

  const EnginePorts ports_;
  const RepositoryId id_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_ENGINE_ENGINE_H_
