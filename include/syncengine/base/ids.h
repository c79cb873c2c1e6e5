// Fixed-size identifiers, one C++ type per meaning, so that a block id can never be passed where a
// segment id is meant.
#ifndef SYNCENGINE_BASE_IDS_H_
#define SYNCENGINE_BASE_IDS_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace syncengine {

namespace internal {
std::string HexEncode(absl::string_view bytes);
// Decodes exactly `2 * size` lower- or upper-case hex digits; kInvalidArgument otherwise.
absl::Status HexDecode(absl::string_view hex, uint8_t* bytes, size_t size);
absl::Status WrongIdSize(size_t found, size_t expected);
}  // namespace internal

// An opaque value of N bytes, ordered bytewise. The all-zero value means "none". A plain value:
// copies freely, Thread-compatible.
template <typename Tag, size_t N>
class Id {
 public:
  static constexpr size_t kSize = N;

  constexpr Id() = default;
  explicit constexpr Id(const std::array<uint8_t, N>& bytes) : bytes_(bytes) {}

  // kInvalidArgument unless `bytes` is exactly N bytes long.
  static absl::StatusOr<Id> FromBytes(absl::string_view bytes) {
    if (bytes.size() != N) return internal::WrongIdSize(bytes.size(), N);
    Id id;
    std::memcpy(id.bytes_.data(), bytes.data(), N);
    return id;
  }
  // kInvalidArgument unless `hex` is exactly 2N hex digits.
  static absl::StatusOr<Id> FromHex(absl::string_view hex) {
    Id id;
    absl::Status decoded = internal::HexDecode(hex, id.bytes_.data(), N);
    if (!decoded.ok()) return decoded;
    return id;
  }

  absl::string_view bytes() const {
    return absl::string_view(reinterpret_cast<const char*>(bytes_.data()), N);
  }
  const uint8_t* data() const { return bytes_.data(); }
  uint8_t* mutable_data() { return bytes_.data(); }
  std::string ToHex() const { return internal::HexEncode(bytes()); }
  bool IsZero() const { return *this == Id(); }

  friend constexpr auto operator<=>(const Id&, const Id&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const Id& id) {
    return H::combine_contiguous(std::move(h), id.bytes_.data(), N);
  }

 private:
  std::array<uint8_t, N> bytes_{};
};

// Names a block by a keyed hash of its plaintext.
using BlockId = Id<struct BlockIdTag, 32>;
// Names a segment; random, never reused.
using SegmentId = Id<struct SegmentIdTag, 16>;
// Names a file, directory or symlink for its whole life; chosen at random by whoever creates it.
using NodeId = Id<struct NodeIdTag, 16>;
// Names one committed state of one node; unique over all histories.
using RevisionId = Id<struct RevisionIdTag, 16>;
using NamespaceId = Id<struct NamespaceIdTag, 16>;
// Names one life of a namespace's journal; a journal restored from a backup gets a new one.
using HistoryId = Id<struct HistoryIdTag, 16>;
using DeviceId = Id<struct DeviceIdTag, 16>;
// Makes a mutating request repeatable: the same id gives the same stored answer and one effect.
using OpId = Id<struct OpIdTag, 16>;
using UploadId = Id<struct UploadIdTag, 16>;

// The root directory of every namespace; it always exists and is never committed to.
inline constexpr NodeId kRootNode{};

}  // namespace syncengine

#endif  // SYNCENGINE_BASE_IDS_H_
