#include "syncengine/repository/local_repository.h"

#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "syncengine/base/error.h"
#include "syncengine/stores/file_key_provider.h"
#include "syncengine/stores/in_process_notifier.h"
#include "syncengine/stores/lmdb_metadata_store.h"
#include "syncengine/stores/local_object_store.h"
#include "syncengine/stores/posix_file_system.h"
#include "syncengine/stores/system_clock.h"
#include "syncengine/stores/system_entropy.h"
#include "syncengine/stores/thread_pool.h"

namespace syncengine {
namespace {

constexpr absl::string_view kMetadata = "metadata";
constexpr absl::string_view kContent = "content";
constexpr absl::string_view kRootKey = "root.key";

std::string Child(absl::string_view directory, absl::string_view name) {
  return absl::StrCat(directory, "/", name);
}

absl::Status FromErrorCode(const std::error_code& error, absl::string_view what) {
  if (!error) return absl::OkStatus();
  return absl::ErrnoToStatus(error.value(), what);
}

// Creates what is missing of the path; a directory made here is for its owner only.
absl::Status EnsureDirectory(const std::string& path) {
  std::error_code error;
  const bool created = std::filesystem::create_directories(path, error);
  SYNCENGINE_RETURN_IF_ERROR(FromErrorCode(error, absl::StrCat("create ", path)));
  if (!created) return absl::OkStatus();
  std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  return FromErrorCode(error, absl::StrCat("protect ", path));
}

// OK when everything in the directory could be of an interrupted Initialise.
absl::Status CheckNothingElse(const std::string& directory) {
  std::error_code error;
  for (std::filesystem::directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name == kMetadata || name == kContent || name == kRootKey) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        directory, ": expected an empty directory for a new repository, found '", name, "'"));
  }
  return FromErrorCode(error, absl::StrCat("list ", directory));
}

// The key comes before the metadata, so metadata without a key has lost it: a new key would open
// nothing that is there.
absl::Status EnsureRootKey(const std::string& directory, Entropy& entropy) {
  const std::string key = Child(directory, kRootKey);
  std::error_code error;
  if (!std::filesystem::exists(key, error) &&
      std::filesystem::exists(Child(directory, kMetadata), error)) {
    return absl::FailedPreconditionError(
        absl::StrCat(key, " is missing beside existing metadata; restore it from its backup"));
  }
  const absl::Status made = FileKeyProvider::Create(key, entropy);
  return absl::IsAlreadyExists(made) ? absl::OkStatus() : made;
}

// Makes the names in `directory` durable.
absl::Status SyncNames(absl::string_view directory) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto files, PosixFileSystem::Open(directory));
  return files->SyncDirectory("");
}

}  // namespace

// Later members use earlier ones.
struct LocalRepository::Stores {
  explicit Stores(int threads) : executor(threads) {}

  absl::Status Open(absl::string_view directory, const LocalRepositoryOptions& options) {
    SYNCENGINE_ASSIGN_OR_RETURN(files, PosixFileSystem::Open(Child(directory, kContent)));
    SYNCENGINE_ASSIGN_OR_RETURN(objects, LocalObjectStore::Open(*files, entropy));
    SYNCENGINE_ASSIGN_OR_RETURN(
        metadata,
        LmdbMetadataStore::Open(Child(directory, kMetadata),
                                {.allow_any_file_system = options.allow_any_file_system}));
    SYNCENGINE_ASSIGN_OR_RETURN(keys, FileKeyProvider::Open(Child(directory, kRootKey), entropy));
    ports.emplace(EnginePorts{.objects = *objects,
                              .metadata = *metadata,
                              .notifier = notifier,
                              .clock = clock,
                              .entropy = entropy,
                              .executor = executor,
                              .keys = keys.get()});
    return absl::OkStatus();
  }

  SystemClock clock;
  SystemEntropy entropy;
  InProcessNotifier notifier;
  std::unique_ptr<FileSystem> files;
  std::unique_ptr<ObjectStore> objects;
  std::unique_ptr<MetadataStore> metadata;
  std::unique_ptr<KeyProvider> keys;
  ThreadPool executor;  // Destroyed first: its tasks may use everything else.
  std::optional<EnginePorts> ports;
};

LocalRepository::LocalRepository(std::unique_ptr<Stores> stores) : stores_(std::move(stores)) {}

LocalRepository::~LocalRepository() = default;

const EnginePorts& LocalRepository::ports() const { return *stores_->ports; }

absl::Status LocalRepository::Initialise(absl::string_view directory,
                                         const LocalRepositoryOptions& options) {
  const std::string root(directory);
  SYNCENGINE_RETURN_IF_ERROR(EnsureDirectory(root));
  SYNCENGINE_RETURN_IF_ERROR(CheckNothingElse(root));
  SYNCENGINE_RETURN_IF_ERROR(EnsureDirectory(Child(root, kContent)));
  Stores stores(options.threads);
  SYNCENGINE_RETURN_IF_ERROR(EnsureRootKey(root, stores.entropy));
  SYNCENGINE_RETURN_IF_ERROR(EnsureDirectory(Child(root, kMetadata)));
  SYNCENGINE_RETURN_IF_ERROR(stores.Open(root, options));
  SYNCENGINE_RETURN_IF_ERROR(SyncNames(root));
  return Annotate(Engine::Initialise(*stores.ports).status(), root);
}

absl::StatusOr<std::unique_ptr<LocalRepository>> LocalRepository::Open(
    absl::string_view directory, const LocalRepositoryOptions& options) {
  std::error_code error;
  for (const absl::string_view name : {kMetadata, kContent, kRootKey}) {
    if (std::filesystem::exists(Child(directory, name), error)) continue;
    if (error) return FromErrorCode(error, absl::StrCat("open ", directory));
    return MakeError(Reason::kNotInitialised,
                     absl::StrCat("there is no repository in ", directory, " ('", name,
                                  "' is missing); initialise one there first"));
  }
  auto stores = std::make_unique<Stores>(options.threads);
  SYNCENGINE_RETURN_IF_ERROR(stores->Open(directory, options));
  std::unique_ptr<LocalRepository> repository(new LocalRepository(std::move(stores)));
  auto engine = Engine::Open(repository->ports());
  if (!engine.ok()) return Annotate(engine.status(), directory);
  repository->engine_ = *std::move(engine);
  return repository;
}

}  // namespace syncengine
