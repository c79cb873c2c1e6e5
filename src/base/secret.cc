#include "syncengine/base/secret.h"

#include <cstring>

namespace syncengine {

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    Wipe();
    bytes_ = std::move(other.bytes_);
    other.Wipe();
  }
  return *this;
}

void Secret::Wipe() {
  // explicit_bzero is never optimised away. Capacity, not size: an earlier longer value may linger.
  explicit_bzero(bytes_.data(), bytes_.capacity());
  bytes_.clear();
}

}  // namespace syncengine
