#include "syncengine/stores/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/functional/function_ref.h"
#include "src/stores/inotify_watch.h"
#include "src/stores/posix_error.h"
#include "src/stores/posix_file.h"
#include "src/stores/posix_tree.h"
#include "src/stores/tree_path.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine {
namespace {

using stores::Place;
using stores::PosixError;
using stores::Retry;
using stores::UniqueFd;

constexpr uint32_t kVfat = 0x4d44;
constexpr uint32_t kExfat = 0x2011bab0;

bool HasExchange(uint32_t type) {
  constexpr std::array<uint32_t, 7> kKnown = {
      0xef53,      // ext4
      0x58465342,  // XFS
      0x9123683e,  // Btrfs
      0x01021994,  // tmpfs
      0xf2f52010,  // F2FS
      0x2fc12fc1,  // ZFS
      0xca451a4e,  // bcachefs
  };
  return std::find(kKnown.begin(), kKnown.end(), type) != kKnown.end();
}

bool IgnoresCase(uint32_t type) {
  constexpr std::array<uint32_t, 6> kKnown = {
      kVfat,      kExfat,
      0xff534d42,  // CIFS
      0xfe534d42,  // SMB2
      0x5346544e,  // NTFS
      0x7366746e,  // NTFS3
  };
  return std::find(kKnown.begin(), kKnown.end(), type) != kKnown.end();
}

FileSystem::Properties PropertiesOf(uint32_t type) {
  FileSystem::Properties properties;
  properties.case_sensitive = !IgnoresCase(type);
  properties.exchange = HasExchange(type);
  if (type == kVfat) properties.mtime_granularity_ns = 2'000'000'000;
  if (type == kExfat) properties.mtime_granularity_ns = 10'000'000;
  return properties;
}

// Calls `visit` for every entry but "." and ".."; 0, or the error that ended the listing.
int VisitEntries(DIR* directory, absl::FunctionRef<void(const dirent&)> visit) {
  while (true) {
    errno = 0;  // The only way to tell the end from an error.
    const dirent* const entry = readdir(directory);
    if (entry == nullptr) return errno;
    const absl::string_view name = entry->d_name;
    if (name != "." && name != "..") visit(*entry);
  }
}

FileKind EntryKind(int directory, const dirent& entry) {
  switch (entry.d_type) {
    case DT_REG:
      return FileKind::kFile;
    case DT_DIR:
      return FileKind::kDirectory;
    case DT_LNK:
      return FileKind::kSymlink;
    case DT_UNKNOWN:
      break;  // Some file systems do not tell.
    default:
      return FileKind::kOther;
  }
  struct stat found {};
  if (fstatat(directory, entry.d_name, &found, AT_SYMLINK_NOFOLLOW) != 0) return FileKind::kOther;
  return stores::ToFileKind(found.st_mode);
}

class RootedFileSystem final : public FileSystem {
 public:
  RootedFileSystem(UniqueFd root, bool use_openat2, const Properties& properties)
      : tree_(std::move(root), use_openat2), properties_(properties) {}

  Properties properties() const override { return properties_; }
  absl::StatusOr<std::unique_ptr<ReadableFile>> OpenToRead(absl::string_view path) override;
  absl::StatusOr<std::unique_ptr<WritableFile>> Create(absl::string_view path,
                                                       uint32_t mode) override;
  absl::StatusOr<FileStat> Stat(absl::string_view path) override;
  absl::StatusOr<std::vector<DirectoryEntry>> List(absl::string_view path) override;
  absl::StatusOr<std::vector<StatEntry>> ListWithStats(absl::string_view path) override;
  absl::Status MakeDirectory(absl::string_view path, uint32_t mode) override;
  absl::Status MakeSymlink(absl::string_view path, absl::string_view target) override;
  absl::StatusOr<std::string> ReadSymlink(absl::string_view path) override;
  absl::Status RemoveFile(absl::string_view path) override;
  absl::Status RemoveDirectory(absl::string_view path) override;
  absl::Status Rename(absl::string_view from, absl::string_view to, RenameMode mode) override;
  absl::Status SetAttributes(absl::string_view path, std::optional<int64_t> mtime_ns,
                             std::optional<uint32_t> mode) override;
  absl::Status SyncDirectory(absl::string_view path) override;
  absl::StatusOr<uint64_t> FreeBytes() override;
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(absl::string_view path) override;
  absl::StatusOr<std::unique_ptr<FileWatch>> Watch() override;

 private:
  absl::StatusOr<UniqueFd> OpenDirectory(absl::string_view path, absl::string_view action);
  absl::Status VisitDirectory(absl::string_view path,
                              absl::FunctionRef<void(int directory, const dirent&)> visit);

  const stores::PosixTree tree_;
  const Properties properties_;
};

absl::StatusOr<std::unique_ptr<ReadableFile>> RootedFileSystem::OpenToRead(absl::string_view path) {
  // O_NONBLOCK: opening a pipe or a device must not wait for its other end.
  SYNCENGINE_ASSIGN_OR_RETURN(UniqueFd fd,
                              tree_.OpenFile(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, "open"));
  struct stat found {};
  if (fstat(fd.get(), &found) != 0) return PosixError(errno, "stat", path);
  if (S_ISDIR(found.st_mode)) return PosixError(EISDIR, "open", path);
  if (!S_ISREG(found.st_mode)) return PosixError(EINVAL, "open as a file", path);
  return stores::NewPosixReadableFile(std::move(fd), std::string(path));
}

absl::StatusOr<std::unique_ptr<WritableFile>> RootedFileSystem::Create(absl::string_view path,
                                                                       uint32_t mode) {
  SYNCENGINE_ASSIGN_OR_RETURN(
      UniqueFd fd, tree_.OpenFile(path, O_WRONLY | O_CREAT | O_EXCL, mode & 07777, "create"));
  return stores::NewPosixWritableFile(std::move(fd), std::string(path));
}

absl::StatusOr<FileStat> RootedFileSystem::Stat(absl::string_view path) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Place place, tree_.Find(path, "stat"));
  struct stat found {};
  if (fstatat(place.directory.get(), place.name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) {
    return PosixError(errno, "stat", path);
  }
  return stores::ToFileStat(found);
}

absl::StatusOr<UniqueFd> RootedFileSystem::OpenDirectory(absl::string_view path,
                                                         absl::string_view action) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Place place, tree_.Find(path, action));
  UniqueFd fd(Retry([&] {
    return openat(place.directory.get(), place.name.c_str(),
                  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  }));
  if (fd.ok()) return fd;
  const int error = errno;
  struct stat found {};
  const bool symlink =
      error == ENOTDIR &&
      fstatat(place.directory.get(), place.name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0 &&
      S_ISLNK(found.st_mode);
  return PosixError(symlink ? ELOOP : error, action, path);
}

absl::StatusOr<std::vector<DirectoryEntry>> RootedFileSystem::List(absl::string_view path) {
  std::vector<DirectoryEntry> entries;
  SYNCENGINE_RETURN_IF_ERROR(VisitDirectory(path, [&](int directory, const dirent& entry) {
    entries.push_back({entry.d_name, EntryKind(directory, entry)});
  }));
  return entries;
}

absl::StatusOr<std::vector<StatEntry>> RootedFileSystem::ListWithStats(absl::string_view path) {
  std::vector<StatEntry> entries;
  SYNCENGINE_RETURN_IF_ERROR(VisitDirectory(path, [&](int directory, const dirent& entry) {
    struct stat found {};
    if (fstatat(directory, entry.d_name, &found, AT_SYMLINK_NOFOLLOW) == 0) {
      entries.push_back({entry.d_name, stores::ToFileStat(found)});
    } else {
      entries.push_back({entry.d_name, PosixError(errno, "stat", entry.d_name)});
    }
  }));
  return entries;
}

absl::Status RootedFileSystem::VisitDirectory(
    absl::string_view path, absl::FunctionRef<void(int directory, const dirent&)> visit) {
  SYNCENGINE_ASSIGN_OR_RETURN(UniqueFd fd, OpenDirectory(path, "list"));
  DIR* const directory = fdopendir(fd.get());
  if (directory == nullptr) return PosixError(errno, "list", path);
  fd.Release();  // closedir closes it.
  const absl::Cleanup close_directory = [directory] { closedir(directory); };
  const int error =
      VisitEntries(directory, [&](const dirent& entry) { visit(dirfd(directory), entry); });
  return error == 0 ? absl::OkStatus() : PosixError(error, "list", path);
}

absl::Status RootedFileSystem::MakeDirectory(absl::string_view path, uint32_t mode) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Place place, tree_.Find(path, "create directory"));
  if (mkdirat(place.directory.get(), place.name.c_str(), mode) == 0) return absl::OkStatus();
  return PosixError(errno, "create directory", path);
}

absl::Status RootedFileSystem::MakeSymlink(absl::string_view path, absl::string_view target) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Place place, tree_.Find(path, "create symlink"));
  const std::string text(target);
  if (text.empty() || text.size() >= limits::kSymlinkTargetMax ||
      text.find('\0') != std::string::npos) {
    return PosixError(EINVAL, "create symlink with a target that is empty, too long or has NUL",
                      path);
  }
  if (symlinkat(text.c_str(), place.directory.get(), place.name.c_str()) == 0) {
    return absl::OkStatus();
  }
  return PosixError(errno, "create symlink", path);
}

absl::StatusOr<std::string> RootedFileSystem::ReadSymlink(absl::string_view path) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Place place, tree_.Find(path, "read symlink"));
  std::string target(limits::kSymlinkTargetMax, '\0');
  const ssize_t size =
      readlinkat(place.directory.get(), place.name.c_str(), target.data(), target.size());
  if (size < 0 && errno == EINVAL) {
    return absl::FailedPreconditionError(
        PosixError(EINVAL, "read what is not a symlink", path).message());
  }
  if (size < 0) return PosixError(errno, "read symlink", path);
  target.resize(static_cast<size_t>(size));
  return target;
}

absl::Status RootedFileSystem::RemoveFile(absl::string_view path) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Place place, tree_.Find(path, "remove"));
  if (unlinkat(place.directory.get(), place.name.c_str(), 0) == 0) return absl::OkStatus();
  return PosixError(errno, "remove", path);
}

absl::Status RootedFileSystem::RemoveDirectory(absl::string_view path) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Place place, tree_.Find(path, "remove directory"));
  if (unlinkat(place.directory.get(), place.name.c_str(), AT_REMOVEDIR) == 0) {
    return absl::OkStatus();
  }
  return PosixError(errno == EEXIST ? ENOTEMPTY : errno, "remove directory", path);
}

// Where renameat2 knows no flags a link does the same for files: it never replaces.
absl::Status LinkAndUnlink(const Place& from, int to_directory, const std::string& to_name,
                           absl::string_view to_path) {
  if (linkat(from.directory.get(), from.name.c_str(), to_directory, to_name.c_str(), 0) != 0) {
    return PosixError(errno, "rename without replacing to", to_path);
  }
  if (unlinkat(from.directory.get(), from.name.c_str(), 0) == 0) return absl::OkStatus();
  return PosixError(errno, "remove the old name of", to_path);
}

absl::Status RootedFileSystem::Rename(absl::string_view from, absl::string_view to,
                                      RenameMode mode) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Place source, tree_.Find(from, "rename"));
  SYNCENGINE_RETURN_IF_ERROR(stores::CheckTreePath(to));
  const stores::SplitTreePath parts(to);
  Place target{UniqueFd(), std::string(parts.name)};
  const bool beside = !to.empty() && parts.parent == stores::SplitTreePath(from).parent;
  if (!beside) {
    SYNCENGINE_ASSIGN_OR_RETURN(target, tree_.Find(to, "rename to"));
  }
  const int to_directory = beside ? source.directory.get() : target.directory.get();
  unsigned flags = 0;
  if (mode == RenameMode::kNoReplace) flags = RENAME_NOREPLACE;
  if (mode == RenameMode::kExchange) flags = RENAME_EXCHANGE;
  if (Retry([&] {
        return renameat2(source.directory.get(), source.name.c_str(), to_directory,
                         target.name.c_str(), flags);
      }) == 0) {
    return absl::OkStatus();
  }
  const int error = errno;
  if (mode == RenameMode::kNoReplace && error == EINVAL && !properties_.exchange) {
    return LinkAndUnlink(source, to_directory, target.name, to);
  }
  // rename(2) may say EEXIST for a directory that is not empty.
  const bool not_empty = mode == RenameMode::kReplace && error == EEXIST;
  return PosixError(not_empty ? ENOTEMPTY : error, "rename to", to);
}

// None when it is no file or may not be opened; then its attributes cannot be synced.
UniqueFd OpenToSync(const Place& place) {
  const int at = place.directory.get();
  struct stat found {};
  if (fstatat(at, place.name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) return UniqueFd(-1);
  if (!S_ISREG(found.st_mode)) return UniqueFd(-1);
  for (const int access : {O_RDONLY, O_WRONLY}) {
    UniqueFd fd(Retry([&] {
      return openat(at, place.name.c_str(), access | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    }));
    if (fd.ok()) return fd;
  }
  return UniqueFd(-1);
}

absl::Status RootedFileSystem::SetAttributes(absl::string_view path,
                                             std::optional<int64_t> mtime_ns,
                                             std::optional<uint32_t> mode) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Place place, tree_.Find(path, "set attributes of"));
  const int at = place.directory.get();
  // Before, as the new mode may forbid it.
  const UniqueFd file = OpenToSync(place);
  if (mode.has_value() && fchmodat(at, place.name.c_str(), *mode, AT_SYMLINK_NOFOLLOW) != 0) {
    return PosixError(errno == EOPNOTSUPP ? EINVAL : errno, "set the mode of", path);
  }
  if (mtime_ns.has_value() && utimensat(at, place.name.c_str(), stores::ToTimes(*mtime_ns).data(),
                                        AT_SYMLINK_NOFOLLOW) != 0) {
    return PosixError(errno, "set the time of", path);
  }
  if (file.ok() && fsync(file.get()) != 0) return PosixError(errno, "fsync", path);
  return absl::OkStatus();
}

absl::Status RootedFileSystem::SyncDirectory(absl::string_view path) {
  SYNCENGINE_ASSIGN_OR_RETURN(const UniqueFd fd, OpenDirectory(path, "fsync"));
  if (fsync(fd.get()) == 0) return absl::OkStatus();
  return PosixError(errno, "fsync", path);
}

absl::StatusOr<uint64_t> RootedFileSystem::FreeBytes() {
  struct statvfs found {};
  if (fstatvfs(tree_.root(), &found) != 0) return PosixError(errno, "ask for free space of", "");
  return uint64_t{found.f_bavail} * found.f_frsize;
}

absl::StatusOr<std::unique_ptr<FileLock>> RootedFileSystem::Lock(absl::string_view path) {
  SYNCENGINE_ASSIGN_OR_RETURN(const Place place, tree_.Find(path, "lock"));
  UniqueFd fd(Retry([&] {
    return openat(place.directory.get(), place.name.c_str(),
                  O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  }));
  if (!fd.ok()) return PosixError(errno, "lock", path);
  return stores::NewPosixLock(std::move(fd), std::string(path));
}

absl::StatusOr<std::unique_ptr<FileWatch>> RootedFileSystem::Watch() {
  return stores::NewInotifyWatch(tree_);
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileSystem>> PosixFileSystem::Open(absl::string_view root,
                                                                  const Options& options) {
  const std::string path(root);
  UniqueFd fd(Retry([&] { return open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (!fd.ok()) return PosixError(errno, "open root", root);
  struct statfs found {};
  if (fstatfs(fd.get(), &found) != 0) return PosixError(errno, "open root", root);
  return std::unique_ptr<FileSystem>(std::make_unique<RootedFileSystem>(
      std::move(fd), options.use_openat2, PropertiesOf(static_cast<uint32_t>(found.f_type))));
}

}  // namespace syncengine
