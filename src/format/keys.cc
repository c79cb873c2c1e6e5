#include "syncengine/format/keys.h"

#include <iterator>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/kernels/digest.h"
#include "syncengine/base/coding.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine {
namespace {

constexpr uint8_t kBundleVersion = 1;
constexpr size_t kKeyBytes = 32;
constexpr absl::string_view kLabelPrefix = "syncengine/v1/";

// The labels of a purpose: of its key in a generation, and of an object's key below that.
struct PurposeLabels {
  absl::string_view generation;
  absl::string_view object;
};

PurposeLabels LabelsOf(KeyPurpose purpose) {
  switch (purpose) {
    case KeyPurpose::kFrame:
      return {"blocks", "frame"};
    case KeyPurpose::kManifest:
      return {"manifests", "manifest"};
    case KeyPurpose::kAttributes:
      return {"attributes", "attribute"};
  }
  return {};
}

Secret DeriveKey(absl::string_view root, const NamespaceId& id, absl::string_view label) {
  const std::string info = absl::StrCat(kLabelPrefix, label);
  return kernels::HkdfSha256({.key = root, .salt = id.bytes(), .info = info}, kKeyBytes);
}

BlockId ToBlockId(const kernels::Digest& digest) { return BlockId(digest); }

absl::Status CheckRandom(absl::string_view random, size_t expected) {
  if (random.size() == expected) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("namespace keys: expected ", expected, " random bytes, found ", random.size()));
}

}  // namespace

// What the bundle holds.
struct NamespaceKeys::Roots {
  NamespaceId id;
  Secret dedup;
  std::map<uint32_t, Secret> generations;  // Never empty.
};

// What every block needs, derived once.
struct NamespaceKeys::Derived {
  explicit Derived(const Roots& roots)
      : block_ids(DeriveKey(roots.dedup.bytes(), roots.id, "block-id").bytes()),
        manifest_ids(DeriveKey(roots.dedup.bytes(), roots.id, "manifest-id").bytes()),
        chunker(DeriveKey(roots.dedup.bytes(), roots.id, "chunker")),
        name_mac(DeriveKey(roots.dedup.bytes(), roots.id, "name-mac")),
        name_cipher(DeriveKey(roots.dedup.bytes(), roots.id, "name-cipher")) {}

  kernels::HmacSha256 block_ids;
  kernels::HmacSha256 manifest_ids;
  Secret chunker;
  Secret name_mac;
  Secret name_cipher;
};

NamespaceKeys::NamespaceKeys(Roots roots)
    : roots_(std::make_unique<const Roots>(std::move(roots))),
      derived_(std::make_unique<const Derived>(*roots_)) {}

NamespaceKeys::~NamespaceKeys() = default;

absl::StatusOr<std::unique_ptr<NamespaceKeys>> NamespaceKeys::Create(const NamespaceId& id,
                                                                     absl::string_view random) {
  SYNCENGINE_RETURN_IF_ERROR(CheckRandom(random, kRandomBytes));
  Roots roots{.id = id, .dedup = Secret(random.substr(0, kKeyBytes))};
  roots.generations.emplace(1, Secret(random.substr(kKeyBytes)));
  return std::unique_ptr<NamespaceKeys>(new NamespaceKeys(std::move(roots)));
}

Secret NamespaceKeys::EncodeBundle() const {
  // Reserved whole, so that growing leaves no unwiped copy behind.
  std::string bundle;
  bundle.reserve(1 + NamespaceId::kSize + kKeyBytes + 4 +
                 roots_->generations.size() * (4 + kKeyBytes));
  const auto append_u32 = [&bundle](uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) bundle.push_back(static_cast<char>(value >> shift));
  };
  bundle.push_back(static_cast<char>(kBundleVersion));
  absl::StrAppend(&bundle, roots_->id.bytes(), roots_->dedup.bytes());
  append_u32(static_cast<uint32_t>(roots_->generations.size()));
  for (const auto& [generation, key] : roots_->generations) {
    append_u32(generation);
    absl::StrAppend(&bundle, key.bytes());
  }
  Secret secret{absl::string_view(bundle)};
  explicit_bzero(bundle.data(), bundle.size());
  return secret;
}

absl::StatusOr<std::unique_ptr<NamespaceKeys>> NamespaceKeys::DecodeBundle(const Secret& bundle) {
  ByteReader reader(bundle.bytes(), "key bundle");
  const uint8_t version = reader.U8();
  if (reader.ok() && version > kBundleVersion) {
    return MakeError(Reason::kVersion, "key bundle: written by a newer version; upgrade this one");
  }
  Roots roots{.id = reader.ReadId<NamespaceId>(), .dedup = Secret(reader.Raw(kKeyBytes))};
  const uint32_t count = reader.U32();
  if (version != kBundleVersion || count == 0 || count > limits::kKeyGenerationsMax) {
    return MakeError(Reason::kIntegrity, "key bundle: not a key bundle");
  }
  uint32_t previous = 0;
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    const uint32_t generation = reader.U32();
    Secret key(reader.Raw(kKeyBytes));
    if (!reader.ok() || generation <= previous) {
      return MakeError(Reason::kIntegrity, "key bundle: generations are cut off or not ascending");
    }
    roots.generations.emplace(generation, std::move(key));
    previous = generation;
  }
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  return std::unique_ptr<NamespaceKeys>(new NamespaceKeys(std::move(roots)));
}

absl::StatusOr<std::unique_ptr<NamespaceKeys>> NamespaceKeys::Rotate(
    absl::string_view random32) const {
  SYNCENGINE_RETURN_IF_ERROR(CheckRandom(random32, kGenerationKeyBytes));
  if (roots_->generations.size() >= limits::kKeyGenerationsMax || generation() == ~uint32_t{0}) {
    return absl::ResourceExhaustedError(
        absl::StrCat("namespace keys: all ", limits::kKeyGenerationsMax,
                     " generations are used; move to a new namespace"));
  }
  Roots roots{.id = roots_->id, .dedup = roots_->dedup.Clone()};
  for (const auto& [old, key] : roots_->generations) roots.generations.emplace(old, key.Clone());
  roots.generations.emplace(generation() + 1, Secret(random32));
  return std::unique_ptr<NamespaceKeys>(new NamespaceKeys(std::move(roots)));
}

const NamespaceId& NamespaceKeys::id() const { return roots_->id; }
uint32_t NamespaceKeys::generation() const { return roots_->generations.rbegin()->first; }

BlockId NamespaceKeys::IdOf(absl::string_view plaintext) const {
  return ToBlockId(derived_->block_ids.Of(plaintext));
}

BlockId NamespaceKeys::IdOfManifest(absl::string_view plaintext) const {
  return ToBlockId(derived_->manifest_ids.Of(plaintext));
}

absl::string_view NamespaceKeys::chunker_key() const { return derived_->chunker.bytes(); }
absl::string_view NamespaceKeys::name_mac_key() const { return derived_->name_mac.bytes(); }
absl::string_view NamespaceKeys::name_cipher_key() const { return derived_->name_cipher.bytes(); }

absl::StatusOr<ObjectKey> NamespaceKeys::DeriveObjectKey(KeyPurpose purpose, uint32_t generation,
                                                         absl::string_view salt) const {
  const auto found = roots_->generations.find(generation);
  if (found == roots_->generations.end()) {
    return absl::FailedPreconditionError(absl::StrCat("namespace keys: no generation ", generation,
                                                      " (newest is ", this->generation(),
                                                      "); fetch the keys again"));
  }
  const PurposeLabels labels = LabelsOf(purpose);
  const Secret key = DeriveKey(found->second.bytes(), roots_->id, labels.generation);
  const std::string info = absl::StrCat(kLabelPrefix, labels.object, roots_->id.bytes());
  const Secret okm =
      kernels::HkdfSha256({.key = key.bytes(), .salt = salt, .info = info}, 2 * kKeyBytes);
  return ObjectKey{.key = Secret(okm.bytes().substr(0, kKeyBytes)),
                   .commitment = std::string(okm.bytes().substr(kKeyBytes))};
}

}  // namespace syncengine
