// Content and edits from seeds, and the three steps in one call, for the tests of this room.
#ifndef SYNCENGINE_TESTS_DELTA_CONTENT_H_
#define SYNCENGINE_TESTS_DELTA_CONTENT_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "absl/status/statusor.h"
#include "syncengine/base/error.h"
#include "syncengine/delta/delta.h"
#include "syncengine/delta/patch.h"
#include "syncengine/delta/signature.h"

namespace syncengine::delta_test {

using Random = std::mt19937_64;

inline std::string Noise(Random& random, size_t size) {
  std::string noise(size, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  return noise;
}

inline std::string Text(Random& random, size_t size) {
  static constexpr const char* kWords[] = {"block ", "delta ", "of the ", "signature ", "a ", "\n"};
  std::string text;
  while (text.size() < size) text += kWords[random() % 6] + std::to_string(random() % 1000);
  text.resize(size);
  return text;
}

enum class Shape { kNoise, kText, kZeros, kPeriod, kSparse };
inline constexpr Shape kShapes[] = {Shape::kNoise, Shape::kText, Shape::kZeros, Shape::kPeriod,
                                    Shape::kSparse};

inline std::string Content(Shape shape, Random& random, size_t size) {
  if (shape == Shape::kNoise) return Noise(random, size);
  if (shape == Shape::kText) return Text(random, size);
  std::string content(size, '\0');
  for (size_t i = 0; i < size && shape == Shape::kPeriod; ++i) content[i] = "abcde"[i % 5];
  for (size_t i = 0; i < size && shape == Shape::kSparse; i += 1 + random() % 3000) {
    content[i] = static_cast<char>(random());
  }
  return content;
}

// One random insertion, deletion, overwriting, move or repetition.
inline void Edit(Random& random, std::string& content) {
  const size_t at = content.empty() ? 0 : random() % content.size();
  const size_t size = 1 + random() % (1 + content.size() / 8);
  const std::string piece = content.substr(at, size);
  const size_t to = random() % (content.size() + 1);
  switch (random() % 5) {
    case 0:
      content.insert(to, Noise(random, size));
      break;
    case 1:
      content.erase(at, size);
      break;
    case 2:
      content.replace(at, piece.size(), Text(random, piece.size()));
      break;
    case 3:
      content.erase(at, size);
      content.insert(std::min(to, content.size()), piece);
      break;
    default:
      content.insert(to, piece);
  }
}

inline absl::StatusOr<std::string> Sign(absl::string_view base,
                                        const delta::SignatureOptions& options = {}) {
  delta::StringSource source(base);
  delta::StringSink sink;
  SYNCENGINE_RETURN_IF_ERROR(delta::WriteSignature(source, base.size(), options, sink));
  return sink.bytes();
}

inline absl::StatusOr<std::string> Delta(absl::string_view signature, absl::string_view result,
                                         const delta::DeltaOptions& options = {}) {
  SYNCENGINE_ASSIGN_OR_RETURN(delta::Signature decoded, delta::DecodeSignature(signature));
  SYNCENGINE_ASSIGN_OR_RETURN(const auto index, delta::BlockIndex::Create(std::move(decoded)));
  delta::StringSource source(result);
  delta::StringSink sink;
  SYNCENGINE_RETURN_IF_ERROR(delta::WriteDelta(*index, source, options, sink).status());
  return sink.bytes();
}

inline absl::StatusOr<std::string> Patch(absl::string_view base, absl::string_view delta,
                                         const delta::PatchOptions& options = {}) {
  delta::StringBase old(base);
  delta::StringSource source(delta);
  delta::StringSink sink;
  SYNCENGINE_RETURN_IF_ERROR(delta::ApplyDelta(old, source, options, sink).status());
  if (!sink.finished()) return absl::InternalError("success without Finish()");
  return sink.bytes();
}

}  // namespace syncengine::delta_test

#endif  // SYNCENGINE_TESTS_DELTA_CONTENT_H_
