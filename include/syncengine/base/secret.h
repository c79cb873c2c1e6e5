// Key bytes that leave no copy behind.
#ifndef SYNCENGINE_BASE_SECRET_H_
#define SYNCENGINE_BASE_SECRET_H_

#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace syncengine {

// Holds secret bytes and wipes them when it goes. Moves wipe the source; copies are explicit. Never
// printed or logged. Thread-compatible.
class Secret {
 public:
  Secret() = default;
  explicit Secret(absl::string_view bytes) : bytes_(bytes) {}
  Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { other.Wipe(); }
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { Wipe(); }

  Secret Clone() const { return Secret(bytes_); }
  absl::string_view bytes() const { return bytes_; }
  bool empty() const { return bytes_.empty(); }

 private:
  void Wipe();

  std::string bytes_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_BASE_SECRET_H_
