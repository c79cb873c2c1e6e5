#include "src/delta/signature_format.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "src/delta/block_hasher.h"
#include "syncengine/base/coding.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine::delta {
namespace {

constexpr absl::string_view kMagicFamily = "SEG";
constexpr char kVersion = '1';
constexpr size_t kMagicBytes = 4;
constexpr size_t kHeaderBytes = kMagicBytes + 1 + 4 + 8 + kSaltBytes;
constexpr size_t kTrailerBytes = 8;

struct LibrsyncMagic {
  SignatureFormat format;
  absl::string_view magic;
};
constexpr LibrsyncMagic kLibrsyncMagics[] = {
    {SignatureFormat::kLibrsyncRollsumMd4, "rs\x01\x36"},
    {SignatureFormat::kLibrsyncRollsumBlake2, "rs\x01\x37"},
    {SignatureFormat::kLibrsyncRabinMd4, "rs\x01\x46"},
    {SignatureFormat::kLibrsyncRabinBlake2, "rs\x01\x47"},
};
constexpr size_t kLibrsyncHeaderBytes = kMagicBytes + 4 + 4;

absl::Status Damaged(absl::string_view what) {
  return MakeError(Reason::kIntegrity, absl::StrCat("signature: ", what));
}

std::string BigU32(uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> shift));
  return bytes;
}

uint32_t ReadBigU32(absl::string_view bytes) {
  uint32_t value = 0;
  for (const char byte : bytes.substr(0, 4)) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

BlockHash MakeBlockHash(uint32_t weak, absl::string_view strong) {
  BlockHash hash{.weak = weak};
  for (size_t i = 0; i < strong.size(); ++i) hash.strong[i] = static_cast<uint8_t>(strong[i]);
  return hash;
}

// What is wrong with bytes that came from outside is their damage, not the
// caller's mistake.
absl::Status CheckDecodedLayout(const Layout& layout) {
  const absl::Status checked = CheckLayout(layout);
  return checked.ok() ? checked : MakeError(Reason::kIntegrity, checked.message());
}

absl::StatusOr<Signature> DecodeOwn(absl::string_view bytes) {
  if (bytes[kMagicFamily.size()] != kVersion) {
    return MakeError(Reason::kVersion, "signature: of a newer format; upgrade this program");
  }
  if (bytes.size() < kHeaderBytes + kTrailerBytes) return Damaged("ends too early");
  const absl::string_view body = bytes.substr(0, bytes.size() - kTrailerBytes);
  ByteReader trailer(bytes.substr(body.size()), "signature");
  if (trailer.U64() != kernels::Xxh3(body)) return Damaged("the checksum does not fit the bytes");
  ByteReader reader(body.substr(kMagicBytes), "signature");
  Layout layout{.format = SignatureFormat::kOwn};
  layout.strong_bytes = reader.U8();
  layout.block_bytes = reader.U32();
  const uint64_t base_bytes = reader.U64();
  const absl::string_view salt = reader.Raw(kSaltBytes);
  for (size_t i = 0; i < kSaltBytes; ++i) layout.salt[i] = static_cast<uint8_t>(salt[i]);
  SYNCENGINE_RETURN_IF_ERROR(CheckDecodedLayout(layout));
  const uint64_t blocks =
      base_bytes / layout.block_bytes + (base_bytes % layout.block_bytes != 0 ? 1 : 0);
  if (blocks > limits::kDeltaBlocksMax ||
      reader.remaining() != blocks * (4 + layout.strong_bytes)) {
    return Damaged("the number of entries does not fit the size of the base");
  }
  Signature signature(layout);
  signature.set_base_bytes(base_bytes);
  signature.Reserve(blocks);
  for (uint64_t i = 0; i < blocks; ++i) {
    const uint32_t weak = reader.U32();
    signature.Add(MakeBlockHash(weak, reader.Raw(layout.strong_bytes)));
  }
  SYNCENGINE_RETURN_IF_ERROR(reader.Finish());
  return signature;
}

absl::StatusOr<Signature> DecodeLibrsync(SignatureFormat format, absl::string_view bytes) {
  if (bytes.size() < kLibrsyncHeaderBytes) return Damaged("ends too early");
  const Layout layout{.format = format,
                      .block_bytes = ReadBigU32(bytes.substr(kMagicBytes)),
                      .strong_bytes = ReadBigU32(bytes.substr(kMagicBytes + 4))};
  SYNCENGINE_RETURN_IF_ERROR(CheckDecodedLayout(layout));
  bytes.remove_prefix(kLibrsyncHeaderBytes);
  const size_t entry_bytes = 4 + layout.strong_bytes;
  if (bytes.size() % entry_bytes != 0) return Damaged("ends inside an entry");
  if (bytes.size() / entry_bytes > limits::kDeltaBlocksMax) return Damaged("too many blocks");
  Signature signature(layout);
  signature.Reserve(bytes.size() / entry_bytes);
  for (; !bytes.empty(); bytes.remove_prefix(entry_bytes)) {
    signature.Add(MakeBlockHash(ReadBigU32(bytes), bytes.substr(4, layout.strong_bytes)));
  }
  return signature;
}

}  // namespace

std::string SignatureEncoder::Header() {
  for (const LibrsyncMagic& librsync : kLibrsyncMagics) {
    if (librsync.format != layout_.format) continue;
    return absl::StrCat(librsync.magic, BigU32(layout_.block_bytes), BigU32(layout_.strong_bytes));
  }
  ByteWriter writer;
  writer.Raw(kMagicFamily);
  writer.U8(kVersion);
  writer.U8(static_cast<uint8_t>(layout_.strong_bytes));
  writer.U32(layout_.block_bytes);
  writer.U64(base_bytes_);
  writer.Raw(absl::string_view(reinterpret_cast<const char*>(layout_.salt.data()), kSaltBytes));
  checksum_.Append(writer.bytes());
  return std::move(writer).Take();
}

std::string SignatureEncoder::Entry(uint32_t weak, absl::string_view strong) {
  if (layout_.format != SignatureFormat::kOwn) return absl::StrCat(BigU32(weak), strong);
  ByteWriter writer;
  writer.U32(weak);
  writer.Raw(strong);
  checksum_.Append(writer.bytes());
  return std::move(writer).Take();
}

std::string SignatureEncoder::Entry(const BlockHash& hash) {
  return Entry(hash.weak, absl::string_view(reinterpret_cast<const char*>(hash.strong.data()),
                                            layout_.strong_bytes));
}

std::string SignatureEncoder::Trailer() {
  if (layout_.format != SignatureFormat::kOwn) return "";
  ByteWriter writer;
  writer.U64(checksum_.Value());
  return std::move(writer).Take();
}

absl::StatusOr<Signature> DecodeSignature(absl::string_view bytes) {
  if (bytes.size() >= kMagicBytes) {
    const absl::string_view magic = bytes.substr(0, kMagicBytes);
    if (magic.substr(0, kMagicFamily.size()) == kMagicFamily) return DecodeOwn(bytes);
    for (const LibrsyncMagic& librsync : kLibrsyncMagics) {
      if (magic == librsync.magic) return DecodeLibrsync(librsync.format, bytes);
    }
  }
  return absl::InvalidArgumentError(
      "signature: expected one of this library "
      "or of librsync; these bytes are neither");
}

}  // namespace syncengine::delta
