// Every file system that ships, against the port's promises.
#include "syncengine/testing/file_system_conformance.h"

#include "syncengine/stores/memory_file_system.h"
#include "syncengine/stores/posix_file_system.h"
#include "syncengine/testing/manual_clock.h"
#include "syncengine/testing/temporary_directory.h"

namespace syncengine::testing {
namespace {

struct MemoryHarness {
  FileSystem& files() { return memory; }
  ManualClock clock;
  MemoryFileSystem memory{clock};
};

struct CoarseMemoryHarness {
  FileSystem& files() { return memory; }
  ManualClock clock;
  MemoryFileSystem memory{clock,
                          {.case_sensitive = false,
                           .exchange = false,
                           .mtime_granularity_ns = 2'000'000'000,
                           .power_cuts = true}};
};

struct PosixHarness {
  FileSystem& files() { return *posix; }
  TemporaryDirectory directory;
  std::unique_ptr<FileSystem> posix = PosixFileSystem::Open(directory.path()).value();
};

struct WalkingPosixHarness {
  FileSystem& files() { return *posix; }
  TemporaryDirectory directory;
  std::unique_ptr<FileSystem> posix =
      PosixFileSystem::Open(directory.path(), {.use_openat2 = false}).value();
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, FileSystemConformance, MemoryHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, FileSystemRootConformance, MemoryHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, FileWatchConformance, MemoryHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(CoarseMemory, FileSystemConformance, CoarseMemoryHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(Posix, FileSystemConformance, PosixHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(Posix, FileSystemRootConformance, PosixHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(Posix, FileWatchConformance, PosixHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(WalkingPosix, FileSystemConformance, WalkingPosixHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(WalkingPosix, FileSystemRootConformance, WalkingPosixHarness);

}  // namespace
}  // namespace syncengine::testing
