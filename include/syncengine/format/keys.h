// The keys of one namespace and everything that is derived from them.
//
//   dedup secret (32 bytes, for ever) --> block ids, manifest ids, chunker key, name keys
//   generation key g (32 bytes each)  --> frames, manifest roots, attributes written under g
//
// Ids must not change when keys are rotated, or nothing would deduplicate any more; content keys
// must. So there are two roots. Each use has a key of its own, derived with HKDF-SHA256 (RFC 5869)
// from a root, the namespace id and a label; docs/FORMAT.md lists them.
#ifndef SYNCENGINE_FORMAT_KEYS_H_
#define SYNCENGINE_FORMAT_KEYS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "syncengine/base/ids.h"
#include "syncengine/base/secret.h"

namespace syncengine {

// What a sealed object is; objects of one kind never open as another.
enum class KeyPurpose { kFrame, kManifest, kAttributes };

// The key of one sealed object (or of one segment's frames), and a public value that commits to it:
// AES-GCM alone would let one ciphertext open under two keys.
struct ObjectKey {
  Secret key;              // 32 bytes.
  std::string commitment;  // 32 bytes.
};

// Immutable, Thread-safe. Every method is cheap (microseconds plus hashing) and none fails except
// where stated.
class NamespaceKeys {
 public:
  static constexpr size_t kRandomBytes = 64;
  static constexpr size_t kGenerationKeyBytes = 32;

  // Fresh keys, generation 1, from kRandomBytes unpredictable bytes.
  static absl::StatusOr<std::unique_ptr<NamespaceKeys>> Create(const NamespaceId& id,
                                                               absl::string_view random);
  // The keys in a bundle. Reason::kIntegrity on bytes that EncodeBundle does not write,
  // Reason::kVersion on a newer version.
  static absl::StatusOr<std::unique_ptr<NamespaceKeys>> DecodeBundle(const Secret& bundle);

  ~NamespaceKeys();
  NamespaceKeys(const NamespaceKeys&) = delete;
  NamespaceKeys& operator=(const NamespaceKeys&) = delete;

  // All keys in one secret: what key slots wrap (format/key_slot.h).
  Secret EncodeBundle() const;
  // The same keys and one more generation, which new content is sealed under. Old content stays
  // readable and ids stay the same. kResourceExhausted after limits::kKeyGenerationsMax.
  absl::StatusOr<std::unique_ptr<NamespaceKeys>> Rotate(absl::string_view random32) const;

  const NamespaceId& id() const;
  // The newest generation, at least 1.
  uint32_t generation() const;

  // HMAC-SHA256 of a data block; of the plaintext of a manifest node. Their keys differ, so no data
  // block can pass for a manifest node.
  BlockId IdOf(absl::string_view plaintext) const;
  BlockId IdOfManifest(absl::string_view plaintext) const;

  // 32 bytes for the chunker: cut points differ from namespace to namespace.
  absl::string_view chunker_key() const;
  // 32 bytes each, for format/sealed_name.h.
  absl::string_view name_mac_key() const;
  absl::string_view name_cipher_key() const;

  // The key of the object sealed under `generation` with `salt`. kFailedPrecondition when these
  // keys do not have that generation: fetch the bundle again.
  absl::StatusOr<ObjectKey> DeriveObjectKey(KeyPurpose purpose, uint32_t generation,
                                            absl::string_view salt) const;

 private:
  struct Roots;
  struct Derived;
  explicit NamespaceKeys(Roots roots);

  const std::unique_ptr<const Roots> roots_;
  const std::unique_ptr<const Derived> derived_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_FORMAT_KEYS_H_
