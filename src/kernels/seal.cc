#include "src/kernels/seal.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <climits>
#include <cstdint>
#include <memory>

#include "absl/strings/str_cat.h"
#include "syncengine/base/error.h"

namespace syncengine::kernels {
namespace {

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

// Fetched once: a fetch takes a global lock and a search by name. Never freed, so that calls made
// while the process exits still find them.
const EVP_CIPHER* Gcm() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  return cipher;
}

const EVP_CIPHER* Ctr() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-CTR", nullptr);
  return cipher;
}

const uint8_t* Bytes(absl::string_view bytes) {
  return reinterpret_cast<const uint8_t*>(bytes.data());
}

absl::Status LibraryFailure(absl::string_view step) {
  ERR_clear_error();
  return absl::InternalError(absl::StrCat("AES: OpenSSL failed to ", step));
}

absl::Status CheckGcmInput(const GcmInput& input, size_t size) {
  if (input.key.size() == kAesKeyBytes && input.nonce.size() == kGcmNonceBytes &&
      size >= kGcmTagBytes && size <= INT_MAX && input.associated.size() <= INT_MAX) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      "AES-GCM: expected a 32-byte key, a 12-byte nonce and room for the tag");
}

}  // namespace

absl::Status GcmSeal(const GcmInput& input, absl::Span<char> buffer) {
  SYNCENGINE_RETURN_IF_ERROR(CheckGcmInput(input, buffer.size()));
  const Context context(EVP_CIPHER_CTX_new());
  auto* const bytes = reinterpret_cast<uint8_t*>(buffer.data());
  const int size = static_cast<int>(buffer.size() - kGcmTagBytes);
  int written = 0;
  const bool ok =
      context != nullptr &&
      EVP_EncryptInit_ex2(context.get(), Gcm(), Bytes(input.key), Bytes(input.nonce), nullptr) ==
          1 &&
      EVP_EncryptUpdate(context.get(), nullptr, &written, Bytes(input.associated),
                        static_cast<int>(input.associated.size())) == 1 &&
      EVP_EncryptUpdate(context.get(), bytes, &written, bytes, size) == 1 &&
      EVP_EncryptFinal_ex(context.get(), bytes + size, &written) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kGcmTagBytes, bytes + size) == 1;
  return ok ? absl::OkStatus() : LibraryFailure("seal");
}

absl::StatusOr<std::string> GcmOpen(const GcmInput& input, absl::string_view sealed) {
  SYNCENGINE_RETURN_IF_ERROR(CheckGcmInput(input, sealed.size()));
  const Context context(EVP_CIPHER_CTX_new());
  const absl::string_view ciphertext = sealed.substr(0, sealed.size() - kGcmTagBytes);
  std::string tag(sealed.substr(ciphertext.size()));
  std::string plain(ciphertext.size(), '\0');
  auto* const bytes = reinterpret_cast<uint8_t*>(plain.data());
  int written = 0;
  const bool ok =
      context != nullptr &&
      EVP_DecryptInit_ex2(context.get(), Gcm(), Bytes(input.key), Bytes(input.nonce), nullptr) ==
          1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &written, Bytes(input.associated),
                        static_cast<int>(input.associated.size())) == 1 &&
      EVP_DecryptUpdate(context.get(), bytes, &written, Bytes(ciphertext),
                        static_cast<int>(ciphertext.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kGcmTagBytes, tag.data()) == 1;
  if (!ok) return LibraryFailure("open");
  if (EVP_DecryptFinal_ex(context.get(), bytes + plain.size(), &written) != 1) {
    OPENSSL_cleanse(plain.data(), plain.size());
    ERR_clear_error();
    return MakeError(Reason::kIntegrity, "AES-GCM: the bytes are not what was sealed");
  }
  return plain;
}

absl::Status AesCtr(absl::string_view key, absl::string_view start, absl::Span<char> buffer) {
  if (key.size() != kAesKeyBytes || start.size() != kCtrBlockBytes || buffer.size() > INT_MAX) {
    return absl::InvalidArgumentError("AES-CTR: expected a 32-byte key and a 16-byte counter");
  }
  const Context context(EVP_CIPHER_CTX_new());
  auto* const bytes = reinterpret_cast<uint8_t*>(buffer.data());
  int written = 0;
  const bool ok =
      context != nullptr &&
      EVP_EncryptInit_ex2(context.get(), Ctr(), Bytes(key), Bytes(start), nullptr) == 1 &&
      EVP_EncryptUpdate(context.get(), bytes, &written, bytes, static_cast<int>(buffer.size())) ==
          1;
  return ok ? absl::OkStatus() : LibraryFailure("run the counter mode");
}

bool SecureEquals(absl::string_view a, absl::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace syncengine::kernels
