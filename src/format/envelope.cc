#include "src/format/envelope.h"

#include "absl/strings/str_cat.h"
#include "src/kernels/seal.h"
#include "syncengine/base/coding.h"
#include "syncengine/base/error.h"

namespace syncengine::internal {
namespace {

constexpr uint8_t kVersion = 1;
constexpr uint8_t kSuite = 1;
constexpr size_t kMagicBytes = 4;
constexpr size_t kCommitmentBytes = 32;
constexpr size_t kHeaderBytes = kMagicBytes + 2 + 4 + EnvelopeSalt::kSize + kCommitmentBytes;
static_assert(kEnvelopeOverhead == kHeaderBytes + kernels::kGcmTagBytes);

// Each key seals one message, so the nonce can be constant.
constexpr char kNonce[kernels::kGcmNonceBytes] = {};
absl::string_view Nonce() { return absl::string_view(kNonce, sizeof kNonce); }

absl::Status Damaged(const EnvelopeKind& kind, absl::string_view what) {
  return MakeError(Reason::kIntegrity, absl::StrCat(kind.object, ": ", what));
}

}  // namespace

absl::StatusOr<std::string> SealEnvelope(const NamespaceKeys& keys, const EnvelopeKind& kind,
                                         const EnvelopeSalt& salt, absl::string_view plain) {
  const uint32_t generation = keys.generation();
  SYNCENGINE_ASSIGN_OR_RETURN(const ObjectKey key,
                              keys.DeriveObjectKey(kind.purpose, generation, salt.bytes()));
  ByteWriter writer;
  writer.Raw(kind.magic);
  writer.U8(kVersion);
  writer.U8(kSuite);
  writer.U32(generation);
  writer.Raw(salt.bytes());
  writer.Raw(key.commitment);
  std::string sealed = std::move(writer).Take();
  const std::string associated = absl::StrCat(sealed, keys.id().bytes());
  absl::StrAppend(&sealed, plain);
  sealed.resize(sealed.size() + kernels::kGcmTagBytes);
  SYNCENGINE_RETURN_IF_ERROR(
      kernels::GcmSeal({.key = key.key.bytes(), .nonce = Nonce(), .associated = associated},
                       absl::MakeSpan(sealed).subspan(kHeaderBytes)));
  return sealed;
}

absl::StatusOr<std::string> OpenEnvelope(const NamespaceKeys& keys, const EnvelopeKind& kind,
                                         absl::string_view sealed) {
  if (sealed.size() < kEnvelopeOverhead || sealed.substr(0, kMagicBytes) != kind.magic) {
    return Damaged(kind, "not such an object, or cut off");
  }
  ByteReader reader(sealed.substr(kMagicBytes), kind.object);
  const uint8_t version = reader.U8();
  const uint8_t suite = reader.U8();
  if (version > kVersion) {
    return MakeError(Reason::kVersion,
                     absl::StrCat(kind.object, ": version ", version, "; upgrade this program"));
  }
  if (version != kVersion || suite != kSuite) return Damaged(kind, "unknown version or suite");
  const uint32_t generation = reader.U32();
  const absl::string_view salt = reader.Raw(EnvelopeSalt::kSize);
  const absl::string_view commitment = reader.Raw(kCommitmentBytes);
  SYNCENGINE_ASSIGN_OR_RETURN(const ObjectKey key,
                              keys.DeriveObjectKey(kind.purpose, generation, salt));
  if (!kernels::SecureEquals(key.commitment, commitment)) {
    return Damaged(kind, "sealed with other keys, or damaged");
  }
  const std::string associated = absl::StrCat(sealed.substr(0, kHeaderBytes), keys.id().bytes());
  auto plain =
      kernels::GcmOpen({.key = key.key.bytes(), .nonce = Nonce(), .associated = associated},
                       sealed.substr(kHeaderBytes));
  if (!plain.ok()) return Annotate(plain.status(), kind.object);
  return plain;
}

}  // namespace syncengine::internal
