// A whole repository in one directory: the quickest way to embed the library.
//
//   SYNCENGINE_RETURN_IF_ERROR(LocalRepository::Initialise("/srv/drive"));
//   SYNCENGINE_ASSIGN_OR_RETURN(auto repository, LocalRepository::Open("/srv/drive"));
//   std::unique_ptr<Service> service = repository->OwnerSession();
//
// To put metadata or objects elsewhere, build an Engine (engine/engine.h) over other stores.
#ifndef SYNCENGINE_REPOSITORY_LOCAL_REPOSITORY_H_
#define SYNCENGINE_REPOSITORY_LOCAL_REPOSITORY_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/engine/engine.h"
#include "syncengine/ports/clock.h"
#include "syncengine/ports/entropy.h"
#include "syncengine/ports/executor.h"
#include "syncengine/ports/notifier.h"
#include "syncengine/ports/service.h"

namespace syncengine {

struct LocalRepositoryOptions {
  int threads = 4;  // Of the executor that users of the repository share.
  // See LmdbMetadataStore::Options: network file systems are refused otherwise.
  bool allow_any_file_system = false;
};

// The directory holds metadata/ (LMDB), content/ (segments) and root.key, which opens the keys of
// namespaces whose keys the server holds: whoever copies the directory for safekeeping may want to
// keep that file apart. Any number of processes may have one repository open; each sees the others'
// commits within a second. Thread-safe.
class LocalRepository {
 public:
  // Makes a repository in `directory`, which is created (with its parents, for its owner only) or
  // empty. kAlreadyExists when there is one; kFailedPrecondition when the directory holds anything
  // else. May be repeated when it was interrupted.
  static absl::Status Initialise(absl::string_view directory,
                                 const LocalRepositoryOptions& options = {});
  // Reason::kNotInitialised when there is none; other errors as Engine::Open,
  // LmdbMetadataStore::Open and FileKeyProvider::Open.
  static absl::StatusOr<std::unique_ptr<LocalRepository>> Open(
      absl::string_view directory, const LocalRepositoryOptions& options = {});
  // Sessions and whatever uses the ports below must be gone.
  ~LocalRepository();
  LocalRepository(const LocalRepository&) = delete;
  LocalRepository& operator=(const LocalRepository&) = delete;

  Engine& engine() { return *engine_; }
  std::unique_ptr<Service> OwnerSession() { return engine_->OwnerSession(); }

  // What the engine runs on, for servers, uploaders and downloaders beside it.
  const EnginePorts& ports() const;
  Notifier& notifier() { return ports().notifier; }
  Executor& executor() { return ports().executor; }
  Clock& clock() { return ports().clock; }
  Entropy& entropy() { return ports().entropy; }

 private:
  struct Stores;
  explicit LocalRepository(std::unique_ptr<Stores> stores);

  const std::unique_ptr<Stores> stores_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_REPOSITORY_LOCAL_REPOSITORY_H_
