// The memory that plaintext lies in while it is uploaded.
#ifndef SYNCENGINE_SRC_TRANSFER_ARENA_H_
#define SYNCENGINE_SRC_TRANSFER_ARENA_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace syncengine {

// Buffers of one size that go round: memory fresh from the system would cost a page fault for every
// 4 KiB, which was a tenth of the work of putting a tree. Never holds more than were in use at
// once. Thread-safe.
class ArenaPool {
 public:
  using Buffer = std::unique_ptr<char[]>;

  explicit ArenaPool(size_t size) : size_(size) {}

  Buffer Take() {
    absl::MutexLock lock(&mutex_);
    if (free_.empty()) return std::make_unique_for_overwrite<char[]>(size_);
    Buffer buffer = std::move(free_.back());
    free_.pop_back();
    return buffer;
  }
  void Give(Buffer buffer) {
    absl::MutexLock lock(&mutex_);
    free_.push_back(std::move(buffer));
  }
  size_t size() const { return size_; }

 private:
  const size_t size_;
  absl::Mutex mutex_;
  std::vector<Buffer> free_ ABSL_GUARDED_BY(mutex_);
};

// Plaintext that blocks point into.
class Arena {
 public:
  // `held` counts the bytes of all arenas and outlives them.
  Arena(std::shared_ptr<ArenaPool> pool, std::atomic<uint64_t>& held)
      : pool_(std::move(pool)), bytes_(pool_->Take()), held_(held) {
    held_ += size();
  }
  ~Arena() {
    held_ -= size();
    pool_->Give(std::move(bytes_));
  }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  char* data() { return bytes_.get(); }
  const char* data() const { return bytes_.get(); }
  size_t size() const { return pool_->size(); }

 private:
  const std::shared_ptr<ArenaPool> pool_;  // Shared: arenas outlive the reader that made them.
  ArenaPool::Buffer bytes_;
  std::atomic<uint64_t>& held_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_ARENA_H_
