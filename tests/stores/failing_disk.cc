#include "tests/stores/failing_disk.h"

#include <dlfcn.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <atomic>
#include <cerrno>

namespace syncengine::testing {
namespace {

std::atomic<bool> active{false};
std::atomic<int> write_errno{0};
std::atomic<int> sync_errno{0};
std::atomic<int> calls_left{0};
std::atomic<int> failure_count{0};

// Whether the next call with this errno fails; sets errno then.
bool Fails(int error) {
  if (!active || error == 0 || calls_left-- > 0) return false;
  ++failure_count;
  errno = error;
  return true;
}

template <typename Function>
Function Next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

FailingDisk::FailingDisk(const Options& options) {
  write_errno = options.write_errno;
  sync_errno = options.sync_errno;
  calls_left = options.from_call;
  failure_count = 0;
  active = true;
}
FailingDisk::~FailingDisk() { active = false; }

int FailingDisk::failures() const { return failure_count; }

}  // namespace syncengine::testing

// The program's own symbols come before the C library's, also for LMDB's shared library.
extern "C" {

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  using namespace syncengine::testing;
  static const auto next = Next<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  return Fails(write_errno) ? -1 : next(fd, bytes, size, offset);
}

ssize_t pwritev(int fd, const iovec* pieces, int count, off_t offset) {
  using namespace syncengine::testing;
  static const auto next = Next<ssize_t (*)(int, const iovec*, int, off_t)>("pwritev");
  return Fails(write_errno) ? -1 : next(fd, pieces, count, offset);
}

ssize_t writev(int fd, const iovec* pieces, int count) {
  using namespace syncengine::testing;
  static const auto next = Next<ssize_t (*)(int, const iovec*, int)>("writev");
  return Fails(write_errno) ? -1 : next(fd, pieces, count);
}

int fsync(int fd) {
  using namespace syncengine::testing;
  static const auto next = Next<int (*)(int)>("fsync");
  return Fails(sync_errno) ? -1 : next(fd);
}

int fdatasync(int fd) {
  using namespace syncengine::testing;
  static const auto next = Next<int (*)(int)>("fdatasync");
  return Fails(sync_errno) ? -1 : next(fd);
}

}  // extern "C"
