#include "src/kernels/checksum.h"

#include <xxhash.h>

#include <cstring>

namespace syncengine::kernels {

uint64_t Xxh3(absl::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

struct Xxh3Stream::State {
  struct Free {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  std::unique_ptr<XXH3_state_t, Free> xxh3{XXH3_createState()};
};

Xxh3Stream::Xxh3Stream() : state_(std::make_unique<State>()) {
  XXH3_64bits_reset(state_->xxh3.get());
}

Xxh3Stream::~Xxh3Stream() = default;

void Xxh3Stream::Append(absl::string_view bytes) {
  XXH3_64bits_update(state_->xxh3.get(), bytes.data(), bytes.size());
}

uint64_t Xxh3Stream::Value() const { return XXH3_64bits_digest(state_->xxh3.get()); }

std::array<uint8_t, 16> Xxh3Secret128(absl::string_view bytes, absl::string_view secret) {
  const XXH128_hash_t hash =
      XXH3_128bits_withSecret(bytes.data(), bytes.size(), secret.data(), secret.size());
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, hash);
  std::array<uint8_t, 16> value;
  std::memcpy(value.data(), canonical.digest, value.size());
  return value;
}

}  // namespace syncengine::kernels
