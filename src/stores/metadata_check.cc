#include "src/stores/metadata_check.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "syncengine/base/limits.h"

namespace syncengine::stores {

absl::Status CheckPartition(absl::string_view partition) {
  bool good = !partition.empty() && partition.size() <= kPartitionBytesMax;
  for (const char c : partition) {
    good = good &&
           (absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == ':' || c == '.' || c == '-');
  }
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("metadata partition \"", absl::CHexEscape(partition.substr(0, 80)),
                   "\": expected 1 to ", kPartitionBytesMax, " bytes of [a-z0-9:.-]"));
}

absl::Status CheckKey(absl::string_view key) {
  if (!key.empty() && key.size() <= limits::kMetadataKeyMax) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "metadata key of ", key.size(), " bytes: expected 1 to ", limits::kMetadataKeyMax));
}

absl::Status CheckKeyAndValue(absl::string_view key, absl::string_view value) {
  if (value.size() > limits::kMetadataValueMax) {
    return absl::InvalidArgumentError(absl::StrCat("metadata value of ", value.size(),
                                                   " bytes: expected at most ",
                                                   limits::kMetadataValueMax));
  }
  return CheckKey(key);
}

absl::Status CheckRange(const ScanRange& range) {
  if (range.limit >= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("metadata scan limit ", range.limit, ": expected at least 1"));
}

}  // namespace syncengine::stores
