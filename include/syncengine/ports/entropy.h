// Port: unpredictable bytes.
#ifndef SYNCENGINE_PORTS_ENTROPY_H_
#define SYNCENGINE_PORTS_ENTROPY_H_

#include <cstdint>

#include "absl/types/span.h"

namespace syncengine {

// Thread-safe. Salts, ids and keys come from here, so a production implementation must be
// cryptographically strong and must not be duplicated by fork.
class Entropy {
 public:
  virtual ~Entropy() = default;

  // Fills `bytes`. An implementation that cannot must not return.
  virtual void Fill(absl::Span<uint8_t> bytes) = 0;

  template <typename IdType>
  IdType NewId() {
    IdType id;
    Fill(absl::MakeSpan(id.mutable_data(), IdType::kSize));
    return id;
  }
};

}  // namespace syncengine

#endif  // SYNCENGINE_PORTS_ENTROPY_H_
