// Makes the writes of this test program fail below LMDB, at the system calls.
#ifndef SYNCENGINE_TESTS_STORES_FAILING_DISK_H_
#define SYNCENGINE_TESTS_STORES_FAILING_DISK_H_

namespace syncengine::testing {

// While one exists, pwrite, pwritev and writev answer with `write_errno`, fsync and fdatasync with
// `sync_errno`, from call number `from_call` of those with an errno on. Not more than one at a
// time.
class FailingDisk {
 public:
  struct Options {
    int write_errno = 0;  // 0: works.
    int sync_errno = 0;
    int from_call = 0;
  };

  explicit FailingDisk(const Options& options);
  ~FailingDisk();
  FailingDisk(const FailingDisk&) = delete;
  FailingDisk& operator=(const FailingDisk&) = delete;

  int failures() const;
};

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTS_STORES_FAILING_DISK_H_
