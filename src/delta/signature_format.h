// The bytes of signatures (docs/DELTA.md).
#ifndef SYNCENGINE_DELTA_SIGNATURE_FORMAT_H_
#define SYNCENGINE_DELTA_SIGNATURE_FORMAT_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "src/kernels/checksum.h"
#include "syncengine/delta/signature.h"

namespace syncengine::delta {

// Gives a signature's bytes piece by piece: the header, an entry for each block
// in order, the trailer. Single-threaded.
class SignatureEncoder {
 public:
  SignatureEncoder(const Layout& layout, uint64_t base_bytes)
      : layout_(layout), base_bytes_(base_bytes) {}

  std::string Header();
  std::string Entry(uint32_t weak, absl::string_view strong);
  std::string Entry(const BlockHash& hash);
  std::string Trailer();

 private:
  const Layout layout_;
  const uint64_t base_bytes_;
  kernels::Xxh3Stream checksum_;
};

}  // namespace syncengine::delta

#endif  // SYNCENGINE_DELTA_SIGNATURE_FORMAT_H_
