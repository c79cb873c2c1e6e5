// XXH3: finds damage (never malice) at memory speed (libxxhash).
#ifndef SYNCENGINE_KERNELS_CHECKSUM_H_
#define SYNCENGINE_KERNELS_CHECKSUM_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/strings/string_view.h"

namespace syncengine::kernels {

// XXH3-64 with seed 0.
uint64_t Xxh3(absl::string_view bytes);

// The same value from pieces. Thread-compatible.
class Xxh3Stream {
 public:
  Xxh3Stream();
  ~Xxh3Stream();
  Xxh3Stream(const Xxh3Stream&) = delete;
  Xxh3Stream& operator=(const Xxh3Stream&) = delete;

  void Append(absl::string_view bytes);
  uint64_t Value() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// XXH3-128 under a secret of kXxh3SecretBytes, in its canonical (big-endian) form. Whoever does not
// know the secret cannot aim for collisions; whoever does can.
inline constexpr size_t kXxh3SecretBytes = 192;
std::array<uint8_t, 16> Xxh3Secret128(absl::string_view bytes, absl::string_view secret);

}  // namespace syncengine::kernels

#endif  // SYNCENGINE_KERNELS_CHECKSUM_H_
