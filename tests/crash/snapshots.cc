#include "tests/crash/snapshots.h"

#include "syncengine/testing/status_matchers.h"

namespace syncengine::testing {

Rows CopyRows(MetadataStore& store) {
  Rows rows;
  const std::vector<std::string> partitions = store.ListPartitions().value();
  for (const std::string& partition : partitions) {
    std::vector<KeyValue>& copied = rows[partition];
    SE_EXPECT_OK(store.View(partition, [&copied](MetadataReader& reader) -> absl::Status {
      auto all = reader.Scan({.limit = 1'000'000});
      if (all.ok()) copied = *std::move(all);
      return all.status();
    }));
  }
  return rows;
}

void PutRows(const Rows& rows, MetadataStore& store) {
  for (const auto& [partition, all] : rows) {
    SE_EXPECT_OK(store.Update(partition, [&](MetadataWriter& writer) -> absl::Status {
      for (const auto& [key, value] : all) {
        const absl::Status put = writer.Put(key, value);
        if (!put.ok()) return put;
      }
      return absl::OkStatus();
    }));
  }
}

Objects CopyObjects(ObjectStore& store) {
  Objects objects;
  const ObjectPage page = store.List("", "", 1000).value();
  EXPECT_FALSE(page.more);
  for (const ObjectEntry& entry : page.entries) {
    objects[entry.name] = store.Get(entry.name, 0, kWholeObject).value();
  }
  return objects;
}

void PutObjects(const Objects& objects, ObjectStore& store) {
  for (const auto& [name, bytes] : objects) SE_EXPECT_OK(store.Put(name, bytes));
}

}  // namespace syncengine::testing
