#include "syncengine/stores/memory_object_store.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "src/stores/object_name.h"
#include "syncengine/base/error.h"

namespace syncengine {

absl::Status MemoryObjectStore::Put(absl::string_view name, absl::string_view bytes) {
  SYNCENGINE_RETURN_IF_ERROR(stores::CheckObjectName(name));
  absl::MutexLock lock(&mutex_);
  if (objects_.contains(name)) return stores::ObjectExists(name);
  if (bytes.size() > options_.bytes_max - stored_bytes_) {
    return MakeError(Reason::kDiskFull,
                     absl::StrCat("object ", name, ": the memory store holds at most ",
                                  options_.bytes_max, " bytes"));
  }
  objects_.emplace(name, Object{.bytes = std::string(bytes)});
  stored_bytes_ += bytes.size();
  return absl::OkStatus();
}

absl::StatusOr<std::string> MemoryObjectStore::Get(absl::string_view name, uint64_t offset,
                                                   uint64_t length) {
  SYNCENGINE_RETURN_IF_ERROR(stores::CheckObjectName(name));
  absl::MutexLock lock(&mutex_);
  const auto it = objects_.find(name);
  if (it == objects_.end()) return stores::NoSuchObject(name);
  const Object& object = it->second;
  if (!object.readable()) {
    return absl::FailedPreconditionError(
        absl::StrCat("object ", name, " is cold; call Restore and wait until it is OK"));
  }
  if (offset > object.bytes.size()) {
    return stores::OffsetPastEnd(name, offset, object.bytes.size());
  }
  return object.bytes.substr(offset, length);
}

absl::StatusOr<ObjectEntry> MemoryObjectStore::Stat(absl::string_view name) {
  SYNCENGINE_RETURN_IF_ERROR(stores::CheckObjectName(name));
  absl::MutexLock lock(&mutex_);
  const auto it = objects_.find(name);
  if (it == objects_.end()) return stores::NoSuchObject(name);
  return ObjectEntry{it->first, it->second.bytes.size(), it->second.tier};
}

absl::Status MemoryObjectStore::Delete(absl::string_view name) {
  SYNCENGINE_RETURN_IF_ERROR(stores::CheckObjectName(name));
  absl::MutexLock lock(&mutex_);
  const auto it = objects_.find(name);
  if (it == objects_.end()) return absl::OkStatus();
  stored_bytes_ -= it->second.bytes.size();
  objects_.erase(it);
  return absl::OkStatus();
}

absl::StatusOr<ObjectPage> MemoryObjectStore::List(absl::string_view prefix,
                                                   absl::string_view after, int limit) {
  SYNCENGINE_RETURN_IF_ERROR(stores::CheckObjectPageLimit(limit));
  absl::MutexLock lock(&mutex_);
  ObjectPage page;
  auto it = after < prefix ? objects_.lower_bound(prefix) : objects_.upper_bound(after);
  for (; it != objects_.end() && absl::StartsWith(it->first, prefix); ++it) {
    if (page.entries.size() == static_cast<size_t>(limit)) {
      page.more = true;
      break;
    }
    page.entries.push_back({it->first, it->second.bytes.size(), it->second.tier});
  }
  return page;
}

absl::Status MemoryObjectStore::SetTier(absl::string_view name, Tier tier) {
  SYNCENGINE_RETURN_IF_ERROR(stores::CheckObjectName(name));
  if (!options_.tiers) return absl::UnimplementedError("this memory store has no tiers");
  absl::MutexLock lock(&mutex_);
  const auto it = objects_.find(name);
  if (it == objects_.end()) return stores::NoSuchObject(name);
  it->second.tier = tier;
  it->second.polls_left = std::max(options_.restore_polls, 0) + 1;
  return absl::OkStatus();
}

absl::Status MemoryObjectStore::Restore(absl::string_view name) {
  SYNCENGINE_RETURN_IF_ERROR(stores::CheckObjectName(name));
  absl::MutexLock lock(&mutex_);
  const auto it = objects_.find(name);
  if (it == objects_.end()) return stores::NoSuchObject(name);
  Object& object = it->second;
  if (!object.readable() && --object.polls_left > 0) {
    return absl::UnavailableError(absl::StrCat("object ", name, " is being restored; ask again"));
  }
  return absl::OkStatus();
}

uint64_t MemoryObjectStore::stored_bytes() const {
  absl::MutexLock lock(&mutex_);
  return stored_bytes_;
}

}  // namespace syncengine
