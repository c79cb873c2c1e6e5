// Digests of what is on a disk and in a store, the same in every process.
#ifndef SYNCENGINE_TESTS_CRASH_STATE_DIGEST_H_
#define SYNCENGINE_TESTS_CRASH_STATE_DIGEST_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "src/kernels/checksum.h"
#include "syncengine/base/coding.h"
#include "syncengine/ports/file_system.h"
#include "tests/crash/snapshots.h"

namespace syncengine::testing {

// Of several digests, in order.
inline uint64_t DigestOf(std::initializer_list<uint64_t> digests) {
  ByteWriter writer;
  for (const uint64_t digest : digests) writer.U64(digest);
  return kernels::Xxh3(writer.bytes());
}

inline std::string ReadAll(FileSystem& files, const std::string& path) {
  auto file = files.OpenToRead(path);
  if (!file.ok()) return absl::StrCat("unreadable: ", file.status().message());
  std::string bytes((*file)->Stat().value().size, '\0');
  bytes.resize((*file)->ReadAt(0, bytes.data(), bytes.size()).value());
  return bytes;
}

// Of everything below `path`: names, kinds, contents, modes and the times of files. Two disks with
// the same digest are the same disk for whoever opens them.
inline uint64_t DigestOf(FileSystem& files, const std::string& path = "") {
  ByteWriter writer;
  const std::vector<DirectoryEntry> entries = files.List(path).value();
  for (const DirectoryEntry& entry : entries) {
    const std::string child = path.empty() ? entry.name : absl::StrCat(path, "/", entry.name);
    const FileStat stat = files.Stat(child).value();
    writer.Long(entry.name);
    writer.U8(static_cast<uint8_t>(entry.kind));
    writer.U32(stat.mode);
    if (entry.kind == FileKind::kDirectory) {
      writer.U64(DigestOf(files, child));
    } else if (entry.kind == FileKind::kSymlink) {
      writer.Long(files.ReadSymlink(child).value());
    } else {
      writer.I64(stat.mtime_ns);
      writer.Long(ReadAll(files, child));
    }
  }
  return kernels::Xxh3(writer.bytes());
}

inline uint64_t DigestOf(const Rows& rows) {
  ByteWriter writer;
  for (const auto& [partition, all] : rows) {
    writer.Long(partition);
    writer.U64(all.size());
    for (const auto& [key, value] : all) {
      writer.Long(key);
      writer.Long(value);
    }
  }
  return kernels::Xxh3(writer.bytes());
}

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTS_CRASH_STATE_DIGEST_H_
