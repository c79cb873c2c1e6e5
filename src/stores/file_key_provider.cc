#include "syncengine/stores/file_key_provider.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "src/stores/posix_error.h"
#include "src/stores/unique_fd.h"
#include "syncengine/base/error.h"
#include "syncengine/format/key_slot.h"

namespace syncengine {
namespace {

using stores::PosixError;
using stores::Retry;
using stores::UniqueFd;

constexpr size_t kRootKeyBytes = 32;

absl::Status CheckKeyFile(int fd, const std::string& path) {
  struct stat found {};
  if (fstat(fd, &found) != 0) return PosixError(errno, "stat root key", path);
  if (found.st_uid != geteuid()) {
    return absl::PermissionDeniedError(absl::StrCat("root key \"", path, "\" belongs to user ",
                                                    found.st_uid, ", expected ", geteuid(),
                                                    "; change its owner or run as that user"));
  }
  if ((found.st_mode & 077) != 0) {
    return absl::PermissionDeniedError(
        absl::StrCat("root key \"", path,
                     "\" is open to other users; expected mode 0600 (chmod 600), and "
                     "consider the key known to them"));
  }
  if (S_ISREG(found.st_mode) && found.st_size == kRootKeyBytes) return absl::OkStatus();
  return MakeError(Reason::kIntegrity, absl::StrCat("root key \"", path, "\" is not a file of ",
                                                    kRootKeyBytes, " bytes; restore it"));
}

absl::StatusOr<Secret> ReadKey(const std::string& path) {
  const UniqueFd fd(
      Retry([&] { return open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC); }));
  if (!fd.ok()) return PosixError(errno, "open root key", path);
  SYNCENGINE_RETURN_IF_ERROR(CheckKeyFile(fd.get(), path));
  std::array<char, kRootKeyBytes> bytes{};
  const absl::Cleanup wipe = [&bytes] { explicit_bzero(bytes.data(), bytes.size()); };
  const ssize_t size = Retry([&] { return pread(fd.get(), bytes.data(), bytes.size(), 0); });
  if (size == static_cast<ssize_t>(bytes.size())) return Secret({bytes.data(), bytes.size()});
  return PosixError(size < 0 ? errno : EIO, "read root key", path);
}

absl::Status WriteDurably(int fd, absl::string_view bytes, const std::string& path) {
  const ssize_t size = Retry([&] { return pwrite(fd, bytes.data(), bytes.size(), 0); });
  if (size < 0) return PosixError(errno, "write root key", path);
  if (static_cast<size_t>(size) != bytes.size()) return PosixError(ENOSPC, "write root key", path);
  if (fsync(fd) == 0) return absl::OkStatus();
  return PosixError(errno, "fsync root key", path);
}

// Makes the name of `path` durable.
absl::Status SyncParent(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const UniqueFd fd(open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.ok() && fsync(fd.get()) == 0) return absl::OkStatus();
  return PosixError(errno, "fsync", parent);
}

}  // namespace

FileKeyProvider::FileKeyProvider(Secret root_key, Entropy& entropy)
    : root_key_(std::move(root_key)), entropy_(entropy) {}

absl::Status FileKeyProvider::Create(absl::string_view path, Entropy& entropy) {
  std::array<uint8_t, kRootKeyBytes> key{};
  const absl::Cleanup wipe = [&key] { explicit_bzero(key.data(), key.size()); };
  entropy.Fill(absl::MakeSpan(key));
  const std::string target(path);
  // Written under another name first, so that the final name never shows half a key.
  const std::string temporary = absl::StrCat(target, ".new");
  unlink(temporary.c_str());
  const UniqueFd fd(Retry([&] {
    return open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  }));
  if (!fd.ok()) return PosixError(errno, "create root key", temporary);
  const absl::Cleanup remove = [&temporary] { unlink(temporary.c_str()); };
  SYNCENGINE_RETURN_IF_ERROR(
      WriteDurably(fd.get(), {reinterpret_cast<const char*>(key.data()), key.size()}, temporary));
  if (link(temporary.c_str(), target.c_str()) != 0) {
    return PosixError(errno, "create root key", target);
  }
  return SyncParent(target);
}

absl::StatusOr<std::unique_ptr<KeyProvider>> FileKeyProvider::Open(absl::string_view path,
                                                                   Entropy& entropy) {
  SYNCENGINE_ASSIGN_OR_RETURN(Secret root_key, ReadKey(std::string(path)));
  return std::unique_ptr<KeyProvider>(new FileKeyProvider(std::move(root_key), entropy));
}

absl::StatusOr<std::string> FileKeyProvider::Wrap(const NamespaceId& id, const Secret& bundle) {
  return WrapSlot({.type = SlotType::kRootKey, .secret = root_key_.bytes()}, id, bundle,
                  entropy_.NewId<SlotSalt>());
}

absl::StatusOr<Secret> FileKeyProvider::Unwrap(const NamespaceId& id, absl::string_view slot) {
  return UnwrapSlot({.type = SlotType::kRootKey, .secret = root_key_.bytes()}, id, slot);
}

}  // namespace syncengine
