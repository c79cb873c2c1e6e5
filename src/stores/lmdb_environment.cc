#include "src/stores/lmdb_environment.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "src/stores/lmdb_row.h"
#include "syncengine/base/error.h"

namespace syncengine::stores {
namespace {

constexpr unsigned kReadersMax = 1024;
constexpr char kFormatKey[] = "format";
constexpr char kFormat[] = "syncengine metadata 2";

std::string FormatKey() { return OwnKey(kFormatKey); }
// Below this a failed commit is blamed on the full disk: LMDB reports a short write as EIO.
constexpr uint64_t kNearlyFullBytes = 1u << 20;

using FileIdentity = std::pair<dev_t, ino_t>;

// Which directories this process has open.
struct Registry {
  absl::Mutex mutex;
  std::map<FileIdentity, std::weak_ptr<LmdbEnvironment>> open ABSL_GUARDED_BY(mutex);
};

Registry& GetRegistry() {
  static Registry* const registry = new Registry;  // Never destroyed: stores may be static too.
  return *registry;
}

absl::Status FileError(int error, absl::string_view what) {
  const std::string message = absl::StrCat(what, ": ", std::strerror(error));
  switch (error) {
    case ENOENT:
      return absl::NotFoundError(message);
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(message);
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return MakeError(Reason::kDiskFull, absl::StrCat(message, "; free some space"));
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return absl::ResourceExhaustedError(message);
    case EAGAIN:
    case EINTR:
    case EBUSY:
      return absl::UnavailableError(message);
    case EINVAL:
    case ENAMETOOLONG:
      return absl::InvalidArgumentError(message);
    case ENOTDIR:
      return absl::FailedPreconditionError(message);
    default:
      return MakeError(Reason::kIntegrity, message);
  }
}

// File systems whose mmap or locks are not those of one machine's kernel.
bool IsRefusedFileSystem(long type) {
  constexpr std::array<uint32_t, 11> kRefused = {
      0x6969,      // NFS
      0x517b,      // SMB
      0xff534d42,  // CIFS
      0xfe534d42,  // SMB2
      0x65735546,  // FUSE
      0x01021997,  // 9p
      0x00c36400,  // Ceph
      0x5346414f,  // AFS
      0x73757245,  // Coda
      0x0bd00bd0,  // Lustre
      0x47504653,  // GPFS
  };
  return std::find(kRefused.begin(), kRefused.end(), static_cast<uint32_t>(type)) != kRefused.end();
}

absl::Status CheckFileSystem(const std::string& directory) {
  struct statfs found {};
  if (statfs(directory.c_str(), &found) != 0) return FileError(errno, directory);
  if (!IsRefusedFileSystem(found.f_type)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      directory,
      " is on a network or user-space file system, which may lose or damage the metadata; "
      "choose a local disk (or allow_any_file_system, at your own risk)"));
}

// Makes the names inside `directory` durable, which LMDB leaves to its user.
absl::Status SyncDirectory(const std::string& directory) {
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return FileError(errno, directory);
  const absl::Cleanup close_fd = [fd] { close(fd); };
  if (fsync(fd) != 0) return FileError(errno, absl::StrCat("fsync of ", directory));
  return absl::OkStatus();
}

// The directory's identity; creates it when missing.
absl::StatusOr<FileIdentity> PrepareDirectory(const std::string& directory) {
  const bool made = mkdir(directory.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) return FileError(errno, absl::StrCat("create ", directory));
  // Also when it was there: who made it may have died before. A parent that may not be read was
  // not made together with it.
  const absl::Status synced = SyncDirectory(absl::StrCat(directory, "/.."));
  if (made || !absl::IsPermissionDenied(synced)) SYNCENGINE_RETURN_IF_ERROR(synced);
  struct stat found {};
  if (stat(directory.c_str(), &found) != 0) return FileError(errno, directory);
  return FileIdentity{found.st_dev, found.st_ino};
}

// An LMDB file that holds nothing but the format. A transaction's changes are durable when it
// returns OK.
absl::Status WriteNewFile(const std::string& path) {
  MDB_env* env = nullptr;
  SYNCENGINE_RETURN_IF_ERROR(LmdbError(mdb_env_create(&env), "create an LMDB environment"));
  const absl::Cleanup close_env = [env] { mdb_env_close(env); };
  SYNCENGINE_RETURN_IF_ERROR(
      LmdbError(mdb_env_open(env, path.c_str(), MDB_NOSUBDIR | MDB_NOTLS, 0600), path));
  MDB_txn* transaction = nullptr;
  SYNCENGINE_RETURN_IF_ERROR(LmdbError(mdb_txn_begin(env, nullptr, 0, &transaction), path));
  const std::string row_key = FormatKey();
  std::string format = SealRow(row_key, kFormat);
  MDB_val key{row_key.size(), const_cast<char*>(row_key.data())};
  MDB_val sealed{format.size(), format.data()};
  MDB_dbi rows = 0;
  int code = mdb_dbi_open(transaction, nullptr, 0, &rows);
  if (code == MDB_SUCCESS) code = mdb_put(transaction, rows, &key, &sealed, 0);
  if (code != MDB_SUCCESS) {
    mdb_txn_abort(transaction);
    return LmdbError(code, path);
  }
  return LmdbError(mdb_txn_commit(transaction), path);
}

// Makes the store's file under another name first: LMDB cannot open a file of its own whose
// creation was cut short.
absl::Status EnsureFile(const std::string& directory) {
  const std::string file = absl::StrCat(directory, "/data.mdb");
  if (access(file.c_str(), F_OK) == 0) return absl::OkStatus();
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return FileError(errno, directory);
  const absl::Cleanup close_fd = [fd] { close(fd); };
  if (flock(fd, LOCK_EX) != 0) return FileError(errno, absl::StrCat("lock ", directory));
  if (access(file.c_str(), F_OK) == 0) return absl::OkStatus();
  const std::string draft = absl::StrCat(file, ".new");
  const std::string draft_lock = absl::StrCat(draft, "-lock");
  unlink(draft.c_str());
  unlink(draft_lock.c_str());
  SYNCENGINE_RETURN_IF_ERROR(WriteNewFile(draft));
  unlink(draft_lock.c_str());
  if (rename(draft.c_str(), file.c_str()) != 0) return FileError(errno, file);
  return SyncDirectory(directory);
}

}  // namespace

absl::Status LmdbError(int code, absl::string_view what) {
  if (code == MDB_SUCCESS) return absl::OkStatus();
  if (code > 0) return FileError(code, what);
  const std::string message = absl::StrCat(what, ": ", mdb_strerror(code));
  switch (code) {
    case MDB_READERS_FULL:
      return absl::UnavailableError(absl::StrCat(message, "; too many readers at once"));
    case MDB_TXN_FULL:
      return absl::ResourceExhaustedError(absl::StrCat(message, "; split the transaction"));
    case MDB_MAP_FULL:
    case MDB_MAP_RESIZED:
      return absl::UnavailableError(message);
    case MDB_VERSION_MISMATCH:
      return MakeError(Reason::kVersion, message);
    default:
      return MakeError(Reason::kIntegrity, message);
  }
}

absl::StatusOr<std::shared_ptr<LmdbEnvironment>> LmdbEnvironment::Open(
    const std::string& directory, const LmdbMetadataStore::Options& options) {
  SYNCENGINE_ASSIGN_OR_RETURN(const FileIdentity identity, PrepareDirectory(directory));
  if (!options.allow_any_file_system) SYNCENGINE_RETURN_IF_ERROR(CheckFileSystem(directory));
  Registry& registry = GetRegistry();
  absl::MutexLock lock(&registry.mutex);
  std::weak_ptr<LmdbEnvironment>& slot = registry.open[identity];
  // An entry of the parent process is of no use after a fork.
  if (auto shared = slot.lock(); shared != nullptr && shared->pid_ == getpid()) return shared;
  SYNCENGINE_RETURN_IF_ERROR(EnsureFile(directory));
  MDB_env* env = nullptr;
  SYNCENGINE_RETURN_IF_ERROR(LmdbError(mdb_env_create(&env), "create an LMDB environment"));
  std::shared_ptr<LmdbEnvironment> opened(new LmdbEnvironment(directory, options, env));
  SYNCENGINE_RETURN_IF_ERROR(Annotate(opened->OpenFiles(), directory));
  SYNCENGINE_RETURN_IF_ERROR(Annotate(opened->CheckFormat(), directory));
  SYNCENGINE_RETURN_IF_ERROR(SyncDirectory(directory));
  slot = opened;
  return opened;
}

LmdbEnvironment::LmdbEnvironment(std::string directory, const LmdbMetadataStore::Options& options,
                                 MDB_env* env)
    : directory_(std::move(directory)), options_(options), pid_(getpid()), env_(env) {}

LmdbEnvironment::~LmdbEnvironment() {
  // A forked child must leave alone what belongs to its parent.
  if (getpid() == pid_) mdb_env_close(env_);
}

absl::Status LmdbEnvironment::OpenFiles() {
  SYNCENGINE_RETURN_IF_ERROR(LmdbError(mdb_env_set_maxreaders(env_, kReadersMax), "readers"));
  SYNCENGINE_RETURN_IF_ERROR(LmdbError(mdb_env_set_mapsize(env_, options_.map_bytes), "map size"));
  // No flag that weakens durability. NOTLS ties read transactions to objects instead of threads.
  SYNCENGINE_RETURN_IF_ERROR(
      LmdbError(mdb_env_open(env_, directory_.c_str(), MDB_NOTLS, 0600), "open metadata store"));
  int dead = 0;  // Slots of killed processes would keep old pages alive for ever.
  SYNCENGINE_RETURN_IF_ERROR(LmdbError(mdb_reader_check(env_, &dead), "check readers"));
  SYNCENGINE_ASSIGN_OR_RETURN(MDB_txn* const transaction, Begin(MDB_RDONLY));
  const int code = mdb_dbi_open(transaction, nullptr, 0, &rows_);
  if (code != MDB_SUCCESS) {
    mdb_txn_abort(transaction);
  } else {
    mdb_txn_commit(transaction);  // Keeps the handle.
  }
  transactions_.ReaderUnlock();
  return LmdbError(code, "open the database");
}

absl::Status LmdbEnvironment::CheckFormat() {
  const std::string row_key = FormatKey();
  MDB_val key{row_key.size(), const_cast<char*>(row_key.data())};
  bool found = false;
  const auto read = [&](MDB_txn* transaction) -> absl::Status {
    MDB_val sealed{};
    const int code = mdb_get(transaction, rows_, &key, &sealed);
    if (code == MDB_NOTFOUND) return absl::OkStatus();
    SYNCENGINE_RETURN_IF_ERROR(LmdbError(code, "read the format"));
    SYNCENGINE_ASSIGN_OR_RETURN(
        const absl::string_view format,
        OpenRow(row_key, {static_cast<const char*>(sealed.mv_data), sealed.mv_size}));
    found = true;
    if (format == kFormat) return absl::OkStatus();
    return MakeError(Reason::kVersion, absl::StrCat("expected format \"", kFormat, "\", found \"",
                                                    format, "\"; use a newer release"));
  };
  SYNCENGINE_RETURN_IF_ERROR(Read(read));
  if (found) return absl::OkStatus();
  std::string format = SealRow(row_key, kFormat);
  return Write([&](MDB_txn* transaction) -> WriteResult {
    MDB_val sealed{format.size(), format.data()};
    const int code = mdb_put(transaction, rows_, &key, &sealed, 0);
    if (code == MDB_MAP_FULL) return {Outcome::kMapFull, absl::OkStatus()};
    if (code == MDB_SUCCESS) return {Outcome::kCommit, absl::OkStatus()};
    return {Outcome::kAbort, LmdbError(code, "write the format")};
  });
}

absl::Status LmdbEnvironment::CheckUsable() const {
  if (getpid() == pid_) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("metadata store ", directory_,
                   " was opened before fork(); open it again in the child process"));
}

// Returns with `transactions_` held shared when OK; the caller releases it.
absl::StatusOr<MDB_txn*> LmdbEnvironment::Begin(unsigned flags) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  SYNCENGINE_RETURN_IF_ERROR(CheckUsable());
  int code = MDB_SUCCESS;
  for (int attempt = 0; attempt < 4; ++attempt) {
    transactions_.ReaderLock();
    MDB_txn* transaction = nullptr;
    code = mdb_txn_begin(env_, nullptr, flags, &transaction);
    if (code == MDB_SUCCESS) return transaction;
    transactions_.ReaderUnlock();
    if (code == MDB_MAP_RESIZED) {  // Another process made the file grow.
      SYNCENGINE_RETURN_IF_ERROR(AdoptSize());
    } else if (code == MDB_READERS_FULL) {
      int dead = 0;
      mdb_reader_check(env_, &dead);
    } else {
      break;
    }
  }
  return LmdbError(code, absl::StrCat("begin a transaction in ", directory_));
}

absl::Status LmdbEnvironment::Read(absl::FunctionRef<absl::Status(MDB_txn*)> body)
    ABSL_NO_THREAD_SAFETY_ANALYSIS {
  SYNCENGINE_ASSIGN_OR_RETURN(MDB_txn* const transaction, Begin(MDB_RDONLY));
  const absl::Status status = body(transaction);
  mdb_txn_abort(transaction);
  transactions_.ReaderUnlock();
  return status;
}

absl::Status LmdbEnvironment::Write(absl::FunctionRef<WriteResult(MDB_txn*)> body) {
  for (;;) {
    SYNCENGINE_ASSIGN_OR_RETURN(const std::optional<uint64_t> full_at, WriteOnce(body));
    if (!full_at.has_value()) return absl::OkStatus();
    SYNCENGINE_RETURN_IF_ERROR(Grow(*full_at));
  }
}

absl::StatusOr<std::optional<uint64_t>> LmdbEnvironment::WriteOnce(
    absl::FunctionRef<WriteResult(MDB_txn*)> body) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  {
    absl::MutexLock lock(&poison_mutex_);
    if (!poison_.empty()) return absl::FailedPreconditionError(poison_);
  }
  SYNCENGINE_ASSIGN_OR_RETURN(MDB_txn* const transaction, Begin(0));
  const absl::Cleanup unlock = [this] { transactions_.ReaderUnlock(); };
  const uint64_t size = map_bytes();
  const WriteResult result = body(transaction);
  int code = MDB_MAP_FULL;
  if (result.outcome == Outcome::kCommit) {
    code = mdb_txn_commit(transaction);  // Frees the transaction in any case.
  } else {
    mdb_txn_abort(transaction);
  }
  if (result.outcome == Outcome::kAbort) SYNCENGINE_RETURN_IF_ERROR(result.status);
  if (result.outcome == Outcome::kAbort) return std::nullopt;
  if (code == MDB_MAP_FULL) return size;
  SYNCENGINE_RETURN_IF_ERROR(CommitStatus(code));
  return std::nullopt;
}

absl::Status LmdbEnvironment::CommitStatus(int code) {
  if (code == MDB_SUCCESS) return absl::OkStatus();
  const absl::Status status = LmdbError(code, absl::StrCat("commit in ", directory_));
  if (GetReason(status) == Reason::kDiskFull || code == MDB_TXN_FULL) return status;
  if (code == EIO && IsDiskNearlyFull()) {
    return MakeError(Reason::kDiskFull,
                     absl::StrCat("commit in ", directory_, ": the disk is full; free some space"));
  }
  absl::MutexLock lock(&poison_mutex_);
  poison_ = absl::StrCat("metadata store ", directory_,
                         " is read-only since a commit failed and its outcome is unknown (",
                         status.message(), "); check the disk, then open the store again");
  return status;
}

bool LmdbEnvironment::IsDiskNearlyFull() const {
  struct statvfs found {};
  if (statvfs(directory_.c_str(), &found) != 0) return false;
  return uint64_t{found.f_bavail} * found.f_frsize < kNearlyFullBytes;
}

// Doubles the map unless somebody else did since it was full at `full_at` bytes.
absl::Status LmdbEnvironment::Grow(uint64_t full_at) {
  absl::MutexLock lock(&transactions_);
  int dead = 0;
  mdb_reader_check(env_, &dead);
  if (map_bytes() > full_at) return absl::OkStatus();
  if (full_at >= options_.map_bytes_max) {
    return MakeError(Reason::kDiskFull,
                     absl::StrCat("metadata store ", directory_, " reached map_bytes_max, ",
                                  options_.map_bytes_max, " bytes; open it with a larger one"));
  }
  const uint64_t grown = std::min(full_at * 2, options_.map_bytes_max);
  return LmdbError(mdb_env_set_mapsize(env_, grown), "grow the map");
}

absl::Status LmdbEnvironment::AdoptSize() {
  absl::MutexLock lock(&transactions_);
  return LmdbError(mdb_env_set_mapsize(env_, 0), "adopt the size of the map");
}

uint64_t LmdbEnvironment::map_bytes() const {
  MDB_envinfo info{};
  mdb_env_info(env_, &info);
  return info.me_mapsize;
}

}  // namespace syncengine::stores
