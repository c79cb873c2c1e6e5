#include "syncengine/format/sealed_name.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "src/format/envelope.h"
#include "src/kernels/digest.h"
#include "src/kernels/seal.h"
#include "syncengine/base/coding.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/format/name.h"

namespace syncengine {
namespace {

constexpr char kTokenVersion = 1;
constexpr size_t kIvBytes = kernels::kCtrBlockBytes;
constexpr size_t kTokenOverhead = 1 + kIvBytes;
constexpr uint8_t kAttributesVersion = 1;
constexpr internal::EnvelopeKind kAttributesEnvelope = {
    .magic = "SEA1", .purpose = KeyPurpose::kAttributes, .object = "attributes"};

static_assert((limits::kNameBytesMax + kTokenOverhead) * 4 / 3 + 1 <= limits::kSealedNameBytesMax);
static_assert(limits::kSealedAttributesMax >=
              internal::kEnvelopeOverhead + 1 + 8 + 4 + 2 + limits::kSymlinkTargetMax);

absl::Status BadToken() {
  return MakeError(Reason::kIntegrity, "sealed name: not sealed with these keys, or damaged");
}

absl::Status ValidatePlainName(absl::string_view name) {
  if (name.size() > limits::kNameBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("name: ", name.size(), " bytes, at most ",
                                                   limits::kNameBytesMax, " are allowed"));
  }
  return ValidateName(name);
}

std::string SyntheticIv(const NamespaceKeys& keys, absl::string_view name) {
  const kernels::Digest mac = kernels::HmacSha256(keys.name_mac_key()).Of(name);
  return std::string(kernels::AsBytes(mac).substr(0, kIvBytes));
}

}  // namespace

absl::StatusOr<std::string> SealName(const NamespaceKeys& keys, absl::string_view name) {
  SYNCENGINE_RETURN_IF_ERROR(ValidatePlainName(name));
  const std::string iv = SyntheticIv(keys, name);
  std::string token = absl::StrCat(std::string(1, kTokenVersion), iv, name);
  SYNCENGINE_RETURN_IF_ERROR(
      kernels::AesCtr(keys.name_cipher_key(), iv, absl::MakeSpan(token).subspan(kTokenOverhead)));
  return absl::WebSafeBase64Escape(token);
}

absl::StatusOr<std::string> OpenName(const NamespaceKeys& keys, absl::string_view token) {
  std::string bytes;
  if (token.size() > limits::kSealedNameBytesMax || !absl::WebSafeBase64Unescape(token, &bytes) ||
      absl::WebSafeBase64Escape(bytes) != token || bytes.size() <= kTokenOverhead) {
    return BadToken();
  }
  if (static_cast<uint8_t>(bytes[0]) > kTokenVersion) {
    return MakeError(Reason::kVersion, "sealed name: newer version; upgrade this program");
  }
  if (bytes[0] != kTokenVersion) return BadToken();
  const std::string iv = bytes.substr(1, kIvBytes);
  std::string name = bytes.substr(kTokenOverhead);
  SYNCENGINE_RETURN_IF_ERROR(kernels::AesCtr(keys.name_cipher_key(), iv, absl::MakeSpan(name)));
  if (!kernels::SecureEquals(SyntheticIv(keys, name), iv)) return BadToken();
  // Whoever shares the keys may have sealed a hostile name.
  if (!ValidatePlainName(name).ok()) return BadToken();
  return name;
}

absl::StatusOr<Attributes> SealAttributes(const NamespaceKeys& keys, const Attributes& plain,
                                          const EnvelopeSalt& salt) {
  if (!plain.sealed.empty() || plain.symlink_target.size() > limits::kSymlinkTargetMax) {
    return absl::InvalidArgumentError(
        "attributes: sealed already, or the symlink target is too long");
  }
  ByteWriter writer;
  writer.U8(kAttributesVersion);
  writer.I64(plain.mtime_ns);
  writer.U32(plain.mode);
  writer.Short(plain.symlink_target);
  Attributes sealed;
  SYNCENGINE_ASSIGN_OR_RETURN(
      sealed.sealed, internal::SealEnvelope(keys, kAttributesEnvelope, salt, writer.bytes()));
  return sealed;
}

absl::StatusOr<Attributes> OpenAttributes(const NamespaceKeys& keys, const Attributes& sealed) {
  if (sealed.sealed.size() > limits::kSealedAttributesMax) {
    return MakeError(Reason::kIntegrity, "attributes: the sealed form is too long");
  }
  SYNCENGINE_ASSIGN_OR_RETURN(const std::string bytes,
                              internal::OpenEnvelope(keys, kAttributesEnvelope, sealed.sealed));
  ByteReader reader(bytes, "attributes");
  const uint8_t version = reader.U8();
  if (version > kAttributesVersion) {
    return MakeError(Reason::kVersion, "attributes: newer version; upgrade this program");
  }
  Attributes plain{.mtime_ns = reader.I64(), .mode = reader.U32()};
  plain.symlink_target = std::string(reader.Short());
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  if (version != kAttributesVersion || plain.mode > 07777 ||
      plain.symlink_target.size() > limits::kSymlinkTargetMax) {
    return MakeError(Reason::kIntegrity, "attributes: out of bounds");
  }
  return plain;
}

}  // namespace syncengine
