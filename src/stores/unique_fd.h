// A file descriptor with an owner.
#ifndef SYNCENGINE_SRC_STORES_UNIQUE_FD_H_
#define SYNCENGINE_SRC_STORES_UNIQUE_FD_H_

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace syncengine::stores {

// Closes its descriptor when it goes. Thread-compatible.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd() {
    if (fd_ >= 0) close(fd_);
  }

  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

// Calls a system call until no signal interrupts it.
template <typename Call>
auto Retry(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

}  // namespace syncengine::stores

#endif  // SYNCENGINE_SRC_STORES_UNIQUE_FD_H_
