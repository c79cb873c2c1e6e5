#include "syncengine/format/key_slot.h"

#include "absl/strings/str_cat.h"
#include "src/kernels/digest.h"
#include "src/kernels/seal.h"
#include "syncengine/base/coding.h"
#include "syncengine/base/error.h"

namespace syncengine {
namespace {

constexpr absl::string_view kMagic = "SEK1";
constexpr uint8_t kVersion = 1;
constexpr uint8_t kSuite = 1;
constexpr uint8_t kScryptR = 8;
constexpr uint8_t kScryptP = 1;
constexpr size_t kSaltBytes = 32;
constexpr size_t kNonceBytes = kernels::kGcmNonceBytes;
constexpr size_t kCommitmentBytes = 32;
constexpr size_t kRootKeyBytes = 32;
static_assert(SlotSalt::kSize == kSaltBytes + kNonceBytes);

// Magic, version, type, suite, cost (3), bundle bytes, namespace, salt, nonce, commitment.
constexpr size_t kHeaderBytes =
    4 + 1 + 1 + 1 + 3 + 4 + NamespaceId::kSize + kSaltBytes + kNonceBytes + kCommitmentBytes;
constexpr size_t kBundleBytesMax = 64 + limits::kKeyGenerationsMax * 36;

struct SlotHeader {
  uint8_t version = 0;
  uint8_t type = 0;
  uint8_t suite = 0;
  uint8_t log2_n = 0;
  uint8_t r = 0;
  uint8_t p = 0;
  uint32_t bundle_bytes = 0;
  NamespaceId id;
  absl::string_view salt;
  absl::string_view nonce;
  absl::string_view commitment;
};

absl::Status DoesNotOpen() {
  return MakeError(Reason::kPassphrase,
                   "key slot: this passphrase or key does not open it; check it and try again");
}

absl::Status CheckKey(const SlotKey& key) {
  const bool fits =
      key.type == SlotType::kRootKey ? key.secret.size() == kRootKeyBytes : !key.secret.empty();
  const bool known = key.type == SlotType::kRootKey || key.type == SlotType::kPassphrase;
  if (fits && known) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "key slot: expected a passphrase that is not empty, or a root key of 32 bytes");
}

bool CostIsAllowed(int log2_n, const SlotOptions& options) {
  return log2_n >= options.scrypt_log2_n_min && log2_n <= limits::kScryptLog2Max;
}

// The cost fields of the type, and nothing else in them.
bool CostIsAllowed(const SlotHeader& header, const SlotOptions& options) {
  if (header.type == static_cast<uint8_t>(SlotType::kRootKey)) {
    return header.log2_n == 0 && header.r == 0 && header.p == 0;
  }
  return CostIsAllowed(header.log2_n, options) && header.r == kScryptR && header.p == kScryptP;
}

SlotHeader ReadHeader(ByteReader& reader) {
  SlotHeader header;
  header.version = reader.U8();
  header.type = reader.U8();
  header.suite = reader.U8();
  header.log2_n = reader.U8();
  header.r = reader.U8();
  header.p = reader.U8();
  header.bundle_bytes = reader.U32();
  header.id = reader.ReadId<NamespaceId>();
  header.salt = reader.Raw(kSaltBytes);
  header.nonce = reader.Raw(kNonceBytes);
  header.commitment = reader.Raw(kCommitmentBytes);
  return header;
}

std::string EncodeHeader(const SlotHeader& header) {
  ByteWriter writer;
  writer.Raw(kMagic);
  writer.U8(header.version);
  writer.U8(header.type);
  writer.U8(header.suite);
  writer.U8(header.log2_n);
  writer.U8(header.r);
  writer.U8(header.p);
  writer.U32(header.bundle_bytes);
  writer.Raw(header.id.bytes());
  writer.Raw(header.salt);
  writer.Raw(header.nonce);
  writer.Raw(header.commitment);
  return std::move(writer).Take();
}

// 32 bytes of key and 32 bytes of commitment. The header's cost was checked.
absl::StatusOr<Secret> DeriveSlotKey(const SlotKey& key, const SlotHeader& header) {
  Secret stretched(key.secret);
  if (key.type == SlotType::kPassphrase) {
    const kernels::ScryptCost cost = {.log2_n = header.log2_n, .r = kScryptR, .p = kScryptP};
    SYNCENGINE_ASSIGN_OR_RETURN(stretched, kernels::Scrypt(key.secret, header.salt, cost, 32));
  }
  const std::string info = absl::StrCat("syncengine/v1/slot", header.id.bytes());
  return kernels::HkdfSha256({.key = stretched.bytes(), .salt = header.salt, .info = info},
                             kernels::kAesKeyBytes + kCommitmentBytes);
}

bool HeaderIsSound(const SlotHeader& header, const NamespaceId& id, size_t slot_bytes) {
  return header.version == kVersion && header.suite == kSuite && header.id == id &&
         header.bundle_bytes <= kBundleBytesMax &&
         slot_bytes == kHeaderBytes + header.bundle_bytes + kernels::kGcmTagBytes;
}

}  // namespace

absl::StatusOr<std::string> WrapSlot(const SlotKey& key, const NamespaceId& id,
                                     const Secret& bundle, const SlotSalt& salt,
                                     const SlotOptions& options) {
  SYNCENGINE_RETURN_IF_ERROR(CheckKey(key));
  const bool stretch = key.type == SlotType::kPassphrase;
  if (stretch && !CostIsAllowed(options.scrypt_log2_n, options)) {
    return absl::InvalidArgumentError(
        absl::StrCat("key slot: scrypt cost 2^", options.scrypt_log2_n, ", expected 2^",
                     options.scrypt_log2_n_min, " to 2^", limits::kScryptLog2Max));
  }
  if (bundle.empty() || bundle.bytes().size() > kBundleBytesMax) {
    return absl::InvalidArgumentError("key slot: the bundle is empty or too big");
  }
  SlotHeader header = {.version = kVersion,
                       .type = static_cast<uint8_t>(key.type),
                       .suite = kSuite,
                       .log2_n = static_cast<uint8_t>(stretch ? options.scrypt_log2_n : 0),
                       .r = stretch ? kScryptR : uint8_t{0},
                       .p = stretch ? kScryptP : uint8_t{0},
                       .bundle_bytes = static_cast<uint32_t>(bundle.bytes().size()),
                       .id = id,
                       .salt = salt.bytes().substr(0, kSaltBytes),
                       .nonce = salt.bytes().substr(kSaltBytes)};
  SYNCENGINE_ASSIGN_OR_RETURN(const Secret derived, DeriveSlotKey(key, header));
  header.commitment = derived.bytes().substr(kernels::kAesKeyBytes);
  std::string slot = EncodeHeader(header);
  const std::string associated = slot;
  // Room first: growing later could leave a copy of the plain bundle behind.
  slot.reserve(kHeaderBytes + bundle.bytes().size() + kernels::kGcmTagBytes);
  absl::StrAppend(&slot, bundle.bytes());
  slot.resize(slot.size() + kernels::kGcmTagBytes);
  SYNCENGINE_RETURN_IF_ERROR(
      kernels::GcmSeal({.key = derived.bytes().substr(0, kernels::kAesKeyBytes),
                        .nonce = header.nonce,
                        .associated = associated},
                       absl::MakeSpan(slot).subspan(kHeaderBytes)));
  return slot;
}

absl::StatusOr<Secret> UnwrapSlot(const SlotKey& key, const NamespaceId& id, absl::string_view slot,
                                  const SlotOptions& options) {
  SYNCENGINE_RETURN_IF_ERROR(CheckKey(key));
  if (slot.size() < kHeaderBytes + kernels::kGcmTagBytes || slot.substr(0, 4) != kMagic) {
    return DoesNotOpen();
  }
  ByteReader reader(slot.substr(kMagic.size()), "key slot");
  const SlotHeader header = ReadHeader(reader);
  if (header.version > kVersion) {
    return MakeError(Reason::kVersion,
                     absl::StrCat("key slot: version ", header.version, "; upgrade this program"));
  }
  if (header.type != static_cast<uint8_t>(key.type)) {
    return absl::InvalidArgumentError("key slot: it is for another type of key");
  }
  if (!HeaderIsSound(header, id, slot.size()) || !CostIsAllowed(header, options)) {
    return DoesNotOpen();
  }
  SYNCENGINE_ASSIGN_OR_RETURN(const Secret derived, DeriveSlotKey(key, header));
  if (!kernels::SecureEquals(derived.bytes().substr(kernels::kAesKeyBytes), header.commitment)) {
    return DoesNotOpen();
  }
  auto bundle = kernels::GcmOpen({.key = derived.bytes().substr(0, kernels::kAesKeyBytes),
                                  .nonce = header.nonce,
                                  .associated = slot.substr(0, kHeaderBytes)},
                                 slot.substr(kHeaderBytes));
  if (!bundle.ok()) return DoesNotOpen();
  Secret secret{absl::string_view(*bundle)};
  explicit_bzero(bundle->data(), bundle->size());
  return secret;
}

}  // namespace syncengine
