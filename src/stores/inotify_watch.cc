#include "src/stores/inotify_watch.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "src/stores/posix_error.h"
#include "src/stores/tree_path.h"
#include "syncengine/base/error.h"

namespace syncengine::stores {
namespace {

constexpr uint32_t kMask = IN_CREATE | IN_DELETE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_FROM |
                           IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR |
                           IN_EXCL_UNLINK;

std::string Join(const std::string& directory, absl::string_view name) {
  return directory.empty() ? std::string(name) : absl::StrCat(directory, "/", name);
}

bool IsAtOrBelow(const std::string& path, const std::string& directory) {
  return path == directory || absl::StartsWith(path, directory + "/");
}

class InotifyWatch final : public FileWatch {
 public:
  InotifyWatch(const PosixTree& tree, UniqueFd inotify, UniqueFd interrupt)
      : tree_(tree), inotify_(std::move(inotify)), interrupt_(std::move(interrupt)) {}

  absl::Status Add(absl::string_view path) override {
    SYNCENGINE_RETURN_IF_ERROR(CheckTreePath(path));
    SYNCENGINE_ASSIGN_OR_RETURN(const UniqueFd directory,
                                tree_.Open(path, O_PATH | O_DIRECTORY, 0, "watch"));
    // The link leads to the very directory that was opened, whatever its path means by now.
    const std::string link = absl::StrCat("/proc/self/fd/", directory.get());
    const int descriptor = inotify_add_watch(inotify_.get(), link.c_str(), kMask);
    if (descriptor >= 0) {
      paths_[descriptor] = std::string(path);
      return absl::OkStatus();
    }
    if (errno != ENOSPC) return PosixError(errno, "watch", path);
    return absl::ResourceExhaustedError(
        absl::StrCat("watch \"", path,
                     "\": the system's limit is reached; raise "
                     "fs.inotify.max_user_watches or rescan instead"));
  }

  absl::StatusOr<WatchBatch> Wait(absl::Duration timeout) override {
    const absl::Time deadline = absl::Now() + timeout;
    while (true) {
      SYNCENGINE_ASSIGN_OR_RETURN(const bool ready, Poll(deadline));
      if (!ready) return WatchBatch{};
      SYNCENGINE_ASSIGN_OR_RETURN(WatchBatch batch, ReadAll());
      if (batch.overflow || !batch.directories.empty()) return batch;
    }
  }

  void Interrupt() override { eventfd_write(interrupt_.get(), 1); }

 private:
  // Whether there are events; false on timeout and on Interrupt.
  absl::StatusOr<bool> Poll(absl::Time deadline) {
    std::array<pollfd, 2> fds = {pollfd{inotify_.get(), POLLIN, 0},
                                 pollfd{interrupt_.get(), POLLIN, 0}};
    int count = -1;
    while (count < 0) {
      count = poll(fds.data(), fds.size(), PollMilliseconds(deadline));
      if (count < 0 && errno != EINTR) return PosixError(errno, "wait for changes in", "");
    }
    if (fds[0].revents != 0) return true;
    eventfd_t ignored = 0;
    if (fds[1].revents != 0) eventfd_read(interrupt_.get(), &ignored);
    return false;
  }

  static int PollMilliseconds(absl::Time deadline) {
    if (deadline == absl::InfiniteFuture()) return -1;
    constexpr int64_t kLongest = 86'400'000;  // A day; poll takes an int.
    const absl::Duration left = deadline - absl::Now();
    const int64_t rounded_up = absl::ToInt64Milliseconds(left + absl::Microseconds(999));
    return static_cast<int>(std::clamp<int64_t>(rounded_up, 0, kLongest));
  }

  absl::StatusOr<WatchBatch> ReadAll() {
    WatchBatch batch;
    std::set<std::string> changed;
    alignas(inotify_event) std::array<char, 16 * 1024> buffer;
    while (true) {
      const ssize_t size =
          Retry([&] { return read(inotify_.get(), buffer.data(), buffer.size()); });
      if (size < 0 && errno != EAGAIN) return PosixError(errno, "read changes of", "");
      if (size <= 0) break;
      for (ssize_t at = 0; at < size;) {
        inotify_event event;
        std::memcpy(&event, buffer.data() + at, sizeof(event));
        const char* const name = buffer.data() + at + sizeof(event);
        Note(event, event.len > 0 ? absl::string_view(name) : absl::string_view(), batch, changed);
        at += static_cast<ssize_t>(sizeof(event) + event.len);
      }
    }
    batch.directories.assign(changed.begin(), changed.end());
    return batch;
  }

  void Note(const inotify_event& event, absl::string_view name, WatchBatch& batch,
            std::set<std::string>& changed) {
    if ((event.mask & IN_Q_OVERFLOW) != 0) batch.overflow = true;
    const auto it = paths_.find(event.wd);
    if (it == paths_.end()) return;
    const std::string path = it->second;
    if ((event.mask & IN_IGNORED) != 0) {
      paths_.erase(it);
      return;
    }
    changed.insert(path);
    const bool directory_left = (event.mask & IN_MOVED_FROM) != 0 && (event.mask & IN_ISDIR) != 0;
    if (directory_left) Forget(Join(path, name));
  }

  // inotify follows a directory to its new place; its path here would be wrong from now on.
  void Forget(const std::string& moved) {
    for (auto it = paths_.begin(); it != paths_.end();) {
      if (IsAtOrBelow(it->second, moved)) {
        inotify_rm_watch(inotify_.get(), it->first);
        it = paths_.erase(it);
      } else {
        ++it;
      }
    }
  }

  const PosixTree& tree_;
  const UniqueFd inotify_;
  const UniqueFd interrupt_;
  std::map<int, std::string> paths_;  // By watch descriptor.
};

}  // namespace

absl::StatusOr<std::unique_ptr<FileWatch>> NewInotifyWatch(const PosixTree& tree) {
  UniqueFd inotify(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!inotify.ok()) return PosixError(errno, "watch for changes in", "");
  UniqueFd interrupt(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!interrupt.ok()) return PosixError(errno, "watch for changes in", "");
  return std::unique_ptr<FileWatch>(
      std::make_unique<InotifyWatch>(tree, std::move(inotify), std::move(interrupt)));
}

}  // namespace syncengine::stores
