// Deltas and signatures of both families: a delta made here gives the result, a delta from anyone
// gives what a naive reader of librsync's commands makes of it, or an error.
#include <optional>
#include <string>

#include "src/kernels/checksum.h"
#include "tests/delta/content.h"
#include "tests/format/format_fixture.h"
#include "tests/fuzz/fuzz.h"

namespace syncengine::fuzz {
namespace {

using delta::DeltaFormat;
using delta::SignatureFormat;

// Big-endian, librsync's way.
std::optional<uint64_t> Number(absl::string_view& rest, size_t width) {
  if (rest.size() < width) return std::nullopt;
  uint64_t value = 0;
  for (size_t i = 0; i < width; ++i) value = value << 8 | static_cast<uint8_t>(rest[i]);
  rest.remove_prefix(width);
  return value;
}

bool Literal(absl::string_view& rest, std::optional<uint64_t> length, std::string& result) {
  if (!length.has_value() || *length == 0 || *length > rest.size()) return false;
  result.append(rest.data(), *length);
  rest.remove_prefix(*length);
  return true;
}

bool Copy(absl::string_view& rest, uint8_t command, absl::string_view base, std::string& result) {
  const auto offset = Number(rest, size_t{1} << (command - 0x45) / 4);
  if (!offset.has_value()) return false;
  const auto length = Number(rest, size_t{1} << (command - 0x45) % 4);
  if (!length.has_value() || *length == 0) return false;
  if (*offset > base.size() || *length > base.size() - *offset) return false;
  result.append(base.data() + *offset, *length);
  return true;
}

// docs/DELTA.md read literally.
std::optional<std::string> NaivePatch(absl::string_view base, absl::string_view delta) {
  if (delta.substr(0, 4) != absl::string_view("rs\x02\x36", 4)) return std::nullopt;
  delta.remove_prefix(4);
  std::string result;
  while (!delta.empty()) {
    const uint8_t command = static_cast<uint8_t>(delta.front());
    delta.remove_prefix(1);
    if (command == 0) return delta.empty() ? std::make_optional(result) : std::nullopt;
    bool ok = false;
    if (command <= 0x40) ok = Literal(delta, command, result);
    if (command > 0x40 && command <= 0x44) {
      ok = Literal(delta, Number(delta, size_t{1} << (command - 0x41)), result);
    }
    if (command > 0x44 && command <= 0x54) ok = Copy(delta, command, base, result);
    // A copy may be short and its output long: beyond the bounds of the test both readers differ.
    if (!ok || result.size() > (1u << 20)) return std::nullopt;
  }
  return std::nullopt;
}

void CheckPatch(absl::string_view base, absl::string_view delta) {
  const auto patched = delta_test::Patch(base, delta, {.result_bytes_max = 1u << 20});
  const auto naive = NaivePatch(base, delta);
  if (naive.has_value()) Require(patched.ok() && *patched == *naive, "both readers agree");
  if (patched.ok() && delta.substr(0, 2) == "rs") {
    Require(naive.has_value(), "the naive reader accepts what patch accepts");
  }
}

void CheckRoundTrip(Input& input) {
  delta::SignatureOptions options;
  options.format = static_cast<SignatureFormat>(1 + input.Below(5));
  options.block_bytes = 64u << input.Below(3);
  delta::DeltaOptions made;
  made.format = input.Below(2) == 0 ? DeltaFormat::kOwn : DeltaFormat::kLibrsync;
  made.level = static_cast<int>(input.Below(4));
  const absl::string_view base = input.Piece();
  const absl::string_view result = input.Rest();
  const auto signature = delta_test::Sign(base, options);
  Require(signature.ok(), "anything has a signature");
  const auto delta = delta_test::Delta(*signature, result, made);
  Require(delta.ok(), "anything has a delta");
  const auto patched = delta_test::Patch(base, *delta);
  Require(patched.ok() && *patched == result, "the delta gives the result");
}

void CheckSignature(absl::string_view bytes, absl::string_view content) {
  const auto signature = delta::DecodeSignature(bytes);
  if (!signature.ok()) return;
  Require(delta::EncodeSignature(*signature) == bytes, "a signature has one form");
  (void)delta_test::Delta(bytes, content);
}

}  // namespace
}  // namespace syncengine::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace syncengine;
  fuzz::Input input(data, size);
  const size_t mode = input.Below(4);
  if (mode == 0) fuzz::CheckRoundTrip(input);
  if (mode == 1) {
    const absl::string_view base = input.Piece();
    fuzz::CheckPatch(base, input.Rest());
  }
  if (mode >= 2) {
    std::string signature(input.Piece());
    if (mode == 3 && signature.size() >= 8) signature = testing::WithChecksum(signature);
    fuzz::CheckSignature(signature, input.Rest());
  }
  return 0;
}
