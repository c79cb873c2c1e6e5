// Every metadata store that ships, against the port's promises.
#include "syncengine/testing/metadata_store_conformance.h"

#include "syncengine/stores/lmdb_metadata_store.h"
#include "syncengine/stores/memory_metadata_store.h"
#include "syncengine/testing/temporary_directory.h"

namespace syncengine::testing {
namespace {

struct MemoryHarness {
  MetadataStore& store() { return memory; }
  MemoryMetadataStore memory;
};

struct LmdbHarness {
  MetadataStore& store() { return *lmdb; }
  TemporaryDirectory directory;
  std::unique_ptr<MetadataStore> lmdb = LmdbMetadataStore::Open(directory.path()).value();
};

// Grows many times during the suite.
struct SmallLmdbHarness {
  MetadataStore& store() { return *lmdb; }
  TemporaryDirectory directory;
  std::unique_ptr<MetadataStore> lmdb =
      LmdbMetadataStore::Open(directory.path(), {.map_bytes = 64 << 10}).value();
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, MetadataStoreConformance, MemoryHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, MetadataStoreIsolation, MemoryHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(Lmdb, MetadataStoreConformance, LmdbHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(Lmdb, MetadataStoreIsolation, LmdbHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(SmallLmdb, MetadataStoreConformance, SmallLmdbHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(SmallLmdb, MetadataStoreIsolation, SmallLmdbHarness);

}  // namespace
}  // namespace syncengine::testing
