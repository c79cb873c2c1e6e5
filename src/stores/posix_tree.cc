#include "src/stores/posix_tree.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "src/stores/posix_error.h"
#include "src/stores/tree_path.h"
#include "syncengine/base/error.h"

namespace syncengine::stores {
namespace {

constexpr int kAlways = O_CLOEXEC | O_NOFOLLOW;

// Opens one component. O_NOFOLLOW together with O_DIRECTORY or O_PATH does not say ELOOP for a
// symlink, so this asks.
int OpenComponent(int directory, const std::string& name, int flags, mode_t mode) {
  const int fd = Retry([&] { return openat(directory, name.c_str(), flags | kAlways, mode); });
  const bool ambiguous = fd < 0 ? errno == ENOTDIR : (flags & O_PATH) != 0;
  if (!ambiguous) return fd;
  const int error = errno;
  struct stat found {};
  const int stated =
      fd < 0 ? fstatat(directory, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) : fstat(fd, &found);
  const bool symlink = stated == 0 && S_ISLNK(found.st_mode);
  if (fd >= 0 && !symlink) return fd;
  if (fd >= 0) close(fd);
  errno = symlink ? ELOOP : error;
  return -1;
}

}  // namespace

PosixTree::PosixTree(UniqueFd root, bool use_openat2)
    : root_(std::move(root)), use_openat2_(use_openat2) {
  if (!use_openat2_) return;
  const UniqueFd probe(OpenAt2(".", O_PATH | O_DIRECTORY, 0));
  // Old kernels do not know the call, some sandboxes forbid it.
  use_openat2_ = probe.ok() || (errno != ENOSYS && errno != EPERM);
}

int PosixTree::OpenAt2(const std::string& path, int flags, mode_t mode) const {
  open_how how{};
  // RESOLVE_NO_SYMLINKS says ELOOP for the last component too, which O_NOFOLLOW would prevent.
  how.flags = static_cast<uint64_t>(flags | O_CLOEXEC);
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  constexpr int kRacesMax = 16;  // EAGAIN: a rename happened while the kernel was walking.
  for (int i = 0; i < kRacesMax; ++i) {
    const long fd =
        Retry([&] { return syscall(SYS_openat2, root_.get(), path.c_str(), &how, sizeof(how)); });
    if (fd >= 0 || errno != EAGAIN) return static_cast<int>(fd);
  }
  return -1;
}

int PosixTree::Walk(const std::string& path, int flags, mode_t mode) const {
  const std::vector<std::string> names = absl::StrSplit(path, '/');
  UniqueFd directory;
  for (size_t i = 0; i + 1 < names.size(); ++i) {
    const int at = directory.ok() ? directory.get() : root_.get();
    directory = UniqueFd(OpenComponent(at, names[i], O_PATH | O_DIRECTORY, 0));
    if (!directory.ok()) return -1;
  }
  const int at = directory.ok() ? directory.get() : root_.get();
  return OpenComponent(at, names.back(), flags, mode);
}

absl::StatusOr<UniqueFd> PosixTree::Open(absl::string_view path, int flags, mode_t mode,
                                         absl::string_view action) const {
  UniqueFd fd(OpenRaw(path, flags, mode));
  if (fd.ok()) return fd;
  return PosixError(errno, action, path);
}

int PosixTree::OpenRaw(absl::string_view path, int flags, mode_t mode) const {
  const std::string relative = path.empty() ? "." : std::string(path);
  const int fd = use_openat2_ ? OpenAt2(relative, flags, mode) : Walk(relative, flags, mode);
  // RESOLVE_BENEATH says EXDEV for what leaves the root.
  if (fd < 0 && errno == EXDEV) errno = ELOOP;
  return fd;
}

absl::StatusOr<UniqueFd> PosixTree::OpenFile(absl::string_view path, int flags, mode_t mode,
                                             absl::string_view action) const {
  SYNCENGINE_RETURN_IF_ERROR(CheckTreePath(path));
  UniqueFd fd(OpenRaw(path, flags, mode));
  if (fd.ok()) return fd;
  if (errno == ENOTDIR) return PosixError(ENOENT, action, path);  // A path through a file.
  return PosixError(errno == ENXIO ? EINVAL : errno, action, path);
}

absl::StatusOr<Place> PosixTree::Find(absl::string_view path, absl::string_view action) const {
  SYNCENGINE_RETURN_IF_ERROR(CheckTreePath(path));
  const SplitTreePath split(path);
  absl::StatusOr<UniqueFd> parent = Open(split.parent, O_PATH | O_DIRECTORY, 0, action);
  if (absl::IsFailedPrecondition(parent.status())) {
    // A path through a file names nothing.
    return absl::NotFoundError(parent.status().message());
  }
  if (!parent.ok()) return parent.status();
  return Place{*std::move(parent), path.empty() ? "." : std::string(split.name)};
}

}  // namespace syncengine::stores
