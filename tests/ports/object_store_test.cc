// Every object store that ships, against the port's promises.
#include "syncengine/testing/object_store_conformance.h"

#include "syncengine/stores/local_object_store.h"
#include "syncengine/stores/memory_object_store.h"
#include "syncengine/stores/posix_file_system.h"
#include "syncengine/testing/seeded_entropy.h"
#include "syncengine/testing/temporary_directory.h"

namespace syncengine::testing {
namespace {

struct MemoryHarness {
  ObjectStore& store() { return memory; }
  MemoryObjectStore memory;
};

struct TieredMemoryHarness {
  ObjectStore& store() { return memory; }
  MemoryObjectStore memory{MemoryObjectStore::Options{.tiers = true}};
};

struct LocalHarness {
  ObjectStore& store() { return *local; }
  TemporaryDirectory directory;
  std::unique_ptr<FileSystem> files = PosixFileSystem::Open(directory.path()).value();
  SeededEntropy entropy{1};
  std::unique_ptr<ObjectStore> local = LocalObjectStore::Open(*files, entropy).value();
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, ObjectStoreConformance, MemoryHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(TieredMemory, ObjectStoreConformance, TieredMemoryHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(Local, ObjectStoreConformance, LocalHarness);

}  // namespace
}  // namespace syncengine::testing
