// Bounded zstd: nothing but one whole frame of the size that was asked for comes out.
#include <string>

#include "src/kernels/compress.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using syncengine::fuzz::Require;
  syncengine::fuzz::Input input(data, size);
  const size_t low = input.Byte();
  const size_t claimed = low | size_t{input.Byte()} << 8;
  const std::string bytes(input.Rest());
  const auto plain = syncengine::kernels::DecompressExactly(bytes, claimed);
  if (plain.ok()) Require(plain->size() == claimed, "it has the size that was asked for");
  syncengine::kernels::LooksIncompressible(bytes);
  const auto frame = syncengine::kernels::Compress(bytes, 1 + static_cast<int>(low % 3));
  Require(frame.ok(), "anything may be compressed");
  if (!frame->has_value()) return 0;
  Require((*frame)->size() < bytes.size(), "it is smaller");
  const auto again = syncengine::kernels::DecompressExactly(**frame, bytes.size());
  Require(again.ok() && *again == bytes, "it comes back");
  Require(!syncengine::kernels::DecompressExactly(**frame, bytes.size() + 1).ok(), "not longer");
  return 0;
}
