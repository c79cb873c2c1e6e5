// Writes down what this program does to one file, at the system calls, so that the states a power
// cut could have left can be made afterwards.
#ifndef SYNCENGINE_TESTS_CRASH_DISK_TRACE_H_
#define SYNCENGINE_TESTS_CRASH_DISK_TRACE_H_

#include <cstdint>
#include <string>
#include <vector>

namespace syncengine::testing {

struct TracedCall {
  enum class Kind { kWrite, kTruncate, kSync };
  Kind kind = Kind::kWrite;
  uint64_t offset = 0;  // kTruncate: the new size.
  std::string bytes;
  bool durable = false;  // The file was opened with O_SYNC or O_DSYNC: as if a sync followed.
};

// While one exists, what pwrite, pwritev, write, writev, ftruncate, fsync and fdatasync do to files
// with this name (in whatever directory) is written down. Not more than one at a time.
class DiskTrace {
 public:
  explicit DiskTrace(std::string file_name);
  ~DiskTrace();
  DiskTrace(const DiskTrace&) = delete;
  DiskTrace& operator=(const DiskTrace&) = delete;

  // How many calls so far.
  size_t count() const;
  // Ends the tracing and gives all of it.
  std::vector<TracedCall> Stop();
};

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTS_CRASH_DISK_TRACE_H_
