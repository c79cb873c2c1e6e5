// What the fuzz targets share. A target is one file with one function, LLVMFuzzerTestOneInput, that
// gives the library arbitrary bytes and checks laws of what comes back. libFuzzer drives it
// (`make fuzz`), or replay.cc does, which runs the corpus in every build.
#ifndef SYNCENGINE_TESTS_FUZZ_FUZZ_H_
#define SYNCENGINE_TESTS_FUZZ_FUZZ_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"

// What libFuzzer calls; always returns 0.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace syncengine::fuzz {

// Ends the program when `law` does not hold: both drivers then keep the input.
inline void Require(bool holds, const char* law) {
  if (holds) return;
  std::fprintf(stderr, "broken law: %s\n", law);
  std::abort();
}

// Takes an input apart from its front; at its end everything is zero or empty. Thread-compatible.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  uint8_t Byte() {
    if (rest_.empty()) return 0;
    const uint8_t byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }
  // In [0, bound), bound at most 256.
  size_t Below(size_t bound) { return Byte() % bound; }
  // A length in two bytes, little-endian, and that many bytes or what is left.
  absl::string_view Piece() {
    const size_t low = Byte();
    const size_t claimed = low | size_t{Byte()} << 8;
    const size_t length = std::min(claimed, rest_.size());  // Of what the length itself left.
    const absl::string_view piece = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return piece;
  }
  absl::string_view Rest() const { return rest_; }
  bool empty() const { return rest_.empty(); }

 private:
  absl::string_view rest_;
};

// An input that Input::Piece reads back.
inline std::string AsPiece(absl::string_view bytes) {
  std::string piece;
  piece.push_back(static_cast<char>(bytes.size()));
  piece.push_back(static_cast<char>(bytes.size() >> 8));
  piece.append(bytes.data(), bytes.size());
  return piece;
}

}  // namespace syncengine::fuzz

#endif  // SYNCENGINE_TESTS_FUZZ_FUZZ_H_
