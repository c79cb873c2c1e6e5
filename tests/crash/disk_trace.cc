#include "tests/crash/disk_trace.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

namespace syncengine::testing {
namespace {

std::atomic<bool> active{false};

struct Recording {
  absl::Mutex mutex;
  std::string suffix ABSL_GUARDED_BY(mutex);
  std::vector<TracedCall> calls ABSL_GUARDED_BY(mutex);
};

Recording& GetRecording() {
  static Recording* const recording = new Recording;
  return *recording;
}

bool IsTraced(int fd, const std::string& suffix) {
  char path[4096];
  const std::string link = absl::StrCat("/proc/self/fd/", fd);
  const ssize_t size = readlink(link.c_str(), path, sizeof path);
  return size > 0 && absl::EndsWith({path, static_cast<size_t>(size)}, suffix);
}

void Note(int fd, TracedCall call) {
  Recording& recording = GetRecording();
  absl::MutexLock lock(&recording.mutex);
  if (!active || !IsTraced(fd, recording.suffix)) return;
  call.durable = (fcntl(fd, F_GETFL) & (O_SYNC | O_DSYNC)) != 0;
  recording.calls.push_back(std::move(call));
}

std::string Joined(const iovec* pieces, int count, size_t size) {
  std::string bytes;
  for (int i = 0; i < count; ++i) {
    bytes.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
  }
  bytes.resize(size);
  return bytes;
}

void NoteWrite(int fd, uint64_t offset, std::string bytes) {
  Note(fd, {TracedCall::Kind::kWrite, offset, std::move(bytes)});
}

template <typename Function>
Function Next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

DiskTrace::DiskTrace(std::string file_name) {
  Recording& recording = GetRecording();
  absl::MutexLock lock(&recording.mutex);
  recording.suffix = absl::StrCat("/", file_name);
  recording.calls.clear();
  active = true;
}

DiskTrace::~DiskTrace() { active = false; }

size_t DiskTrace::count() const {
  Recording& recording = GetRecording();
  absl::MutexLock lock(&recording.mutex);
  return recording.calls.size();
}

std::vector<TracedCall> DiskTrace::Stop() {
  active = false;
  Recording& recording = GetRecording();
  absl::MutexLock lock(&recording.mutex);
  return std::move(recording.calls);
}

}  // namespace syncengine::testing

// The program's own symbols come before the C library's, also for LMDB's shared library.
extern "C" {

using syncengine::testing::active;
using syncengine::testing::Joined;
using syncengine::testing::Next;
using syncengine::testing::Note;
using syncengine::testing::NoteWrite;
using syncengine::testing::TracedCall;

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  static const auto next = Next<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  const ssize_t written = next(fd, bytes, size, offset);
  if (active && written > 0)
    NoteWrite(fd, offset, {static_cast<const char*>(bytes), static_cast<size_t>(written)});
  return written;
}

ssize_t pwritev(int fd, const iovec* pieces, int count, off_t offset) {
  static const auto next = Next<ssize_t (*)(int, const iovec*, int, off_t)>("pwritev");
  const ssize_t written = next(fd, pieces, count, offset);
  if (active && written > 0) NoteWrite(fd, offset, Joined(pieces, count, written));
  return written;
}

ssize_t write(int fd, const void* bytes, size_t size) {
  static const auto next = Next<ssize_t (*)(int, const void*, size_t)>("write");
  const ssize_t written = next(fd, bytes, size);
  if (active && written > 0) {
    NoteWrite(fd, lseek(fd, 0, SEEK_CUR) - written,
              {static_cast<const char*>(bytes), static_cast<size_t>(written)});
  }
  return written;
}

ssize_t writev(int fd, const iovec* pieces, int count) {
  static const auto next = Next<ssize_t (*)(int, const iovec*, int)>("writev");
  const ssize_t written = next(fd, pieces, count);
  if (active && written > 0) {
    NoteWrite(fd, lseek(fd, 0, SEEK_CUR) - written, Joined(pieces, count, written));
  }
  return written;
}

int ftruncate(int fd, off_t size) noexcept {
  static const auto next = Next<int (*)(int, off_t)>("ftruncate");
  const int done = next(fd, size);
  if (active && done == 0) Note(fd, {TracedCall::Kind::kTruncate, static_cast<uint64_t>(size), ""});
  return done;
}

int fsync(int fd) {
  static const auto next = Next<int (*)(int)>("fsync");
  const int done = next(fd);
  if (active && done == 0) Note(fd, {TracedCall::Kind::kSync, 0, ""});
  return done;
}

int fdatasync(int fd) {
  static const auto next = Next<int (*)(int)>("fdatasync");
  const int done = next(fd);
  if (active && done == 0) Note(fd, {TracedCall::Kind::kSync, 0, ""});
  return done;
}

// A store that wrote through its mapping could not be traced.
int msync(void* address, size_t size, int flags) {
  if (active) std::abort();
  static const auto next = Next<int (*)(void*, size_t, int)>("msync");
  return next(address, size, flags);
}

}  // extern "C"
