#include "src/stores/posix_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/stores/posix_error.h"
#include "syncengine/base/error.h"

namespace syncengine::stores {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

int64_t ToNanoseconds(const timespec& time) { return time.tv_sec * kSecond + time.tv_nsec; }

absl::StatusOr<FileStat> StatOpen(int fd, const std::string& path) {
  struct stat found {};
  if (fstat(fd, &found) != 0) return PosixError(errno, "stat", path);
  return ToFileStat(found);
}

class PosixReadableFile final : public ReadableFile {
 public:
  PosixReadableFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  absl::StatusOr<size_t> ReadAt(uint64_t offset, char* buffer, size_t size) override {
    size_t done = 0;
    while (done < size) {
      const ssize_t count = Retry([&] {
        return pread(fd_.get(), buffer + done, size - done, static_cast<off_t>(offset + done));
      });
      if (count < 0) return PosixError(errno, "read", path_);
      if (count == 0) break;
      done += static_cast<size_t>(count);
    }
    return done;
  }

  absl::StatusOr<FileStat> Stat() override { return StatOpen(fd_.get(), path_); }

 private:
  const UniqueFd fd_;
  const std::string path_;
};

class PosixWritableFile final : public WritableFile {
 public:
  PosixWritableFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  absl::Status WriteAt(uint64_t offset, absl::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t count = Retry([&] {
        return pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      });
      if (count < 0) return PosixError(errno, "write", path_);
      bytes.remove_prefix(static_cast<size_t>(count));
      offset += static_cast<uint64_t>(count);
    }
    return absl::OkStatus();
  }

  absl::Status Truncate(uint64_t size) override {
    if (Retry([&] { return ftruncate(fd_.get(), static_cast<off_t>(size)); }) == 0) {
      return absl::OkStatus();
    }
    return PosixError(errno, "truncate", path_);
  }

  // fsync, not fdatasync: the modification time is content to a folder client. Not repeated even
  // when interrupted, because a second fsync may report success for pages that were lost.
  absl::Status Sync() override {
    if (fsync(fd_.get()) == 0) return absl::OkStatus();
    return PosixError(errno, "fsync", path_);
  }

  absl::Status SetAttributes(std::optional<int64_t> mtime_ns,
                             std::optional<uint32_t> mode) override {
    if (mode.has_value() && fchmod(fd_.get(), *mode) != 0) {
      return PosixError(errno, "set the mode of", path_);
    }
    if (mtime_ns.has_value() && futimens(fd_.get(), ToTimes(*mtime_ns).data()) != 0) {
      return PosixError(errno, "set the time of", path_);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<FileStat> Stat() override { return StatOpen(fd_.get(), path_); }

 private:
  const UniqueFd fd_;
  const std::string path_;
};

class PosixLock final : public FileLock {
 public:
  explicit PosixLock(UniqueFd fd) : fd_(std::move(fd)) {}
  // An explicit unlock, because a child process may still hold a copy of the descriptor.
  ~PosixLock() override { flock(fd_.get(), LOCK_UN); }

 private:
  const UniqueFd fd_;
};

}  // namespace

FileKind ToFileKind(mode_t mode) {
  if (S_ISREG(mode)) return FileKind::kFile;
  if (S_ISDIR(mode)) return FileKind::kDirectory;
  if (S_ISLNK(mode)) return FileKind::kSymlink;
  return FileKind::kOther;
}

FileStat ToFileStat(const struct stat& found) {
  FileStat stat;
  stat.kind = ToFileKind(found.st_mode);
  stat.size = static_cast<uint64_t>(found.st_size);
  stat.mtime_ns = ToNanoseconds(found.st_mtim);
  stat.ctime_ns = ToNanoseconds(found.st_ctim);
  stat.device = found.st_dev;
  stat.inode = found.st_ino;
  stat.links = found.st_nlink;
  stat.mode = found.st_mode & 07777;
  return stat;
}

std::array<timespec, 2> ToTimes(int64_t mtime_ns) {
  int64_t seconds = mtime_ns / kSecond;
  int64_t rest = mtime_ns % kSecond;
  if (rest < 0) {  // Before 1970 the nanoseconds still count forward.
    --seconds;
    rest += kSecond;
  }
  return {timespec{0, UTIME_OMIT}, timespec{seconds, rest}};
}

std::unique_ptr<ReadableFile> NewPosixReadableFile(UniqueFd fd, std::string path) {
  return std::make_unique<PosixReadableFile>(std::move(fd), std::move(path));
}

std::unique_ptr<WritableFile> NewPosixWritableFile(UniqueFd fd, std::string path) {
  return std::make_unique<PosixWritableFile>(std::move(fd), std::move(path));
}

absl::StatusOr<std::unique_ptr<FileLock>> NewPosixLock(UniqueFd fd, const std::string& path) {
  if (Retry([&] { return flock(fd.get(), LOCK_EX | LOCK_NB); }) == 0) {
    return std::unique_ptr<FileLock>(std::make_unique<PosixLock>(std::move(fd)));
  }
  if (errno != EWOULDBLOCK) return PosixError(errno, "lock", path);
  return MakeError(Reason::kLocked, absl::StrCat("\"", path,
                                                 "\" is locked by somebody else; wait "
                                                 "until the other process ends, or end it"));
}

}  // namespace syncengine::stores
