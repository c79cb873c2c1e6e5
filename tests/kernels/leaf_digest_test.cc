// Leaves hashed side by side are those hashed one by one.
#include "src/kernels/leaf_digest.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace syncengine::kernels {
namespace {

TEST(LeafDigestTest, IsSha256OfEachLeafAtEveryAlignmentAndCount) {
  std::mt19937_64 random(5);
  std::string bytes(5 * 1024 + 16, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  for (const size_t leaf_bytes : {0, 64, 128, 192, 1024}) {
    for (size_t count = 0; count <= 5; ++count) {
      for (size_t start = 0; start < 16; ++start) {
        const absl::string_view leaves = absl::string_view(bytes).substr(start, count * leaf_bytes);
        std::vector<Digest> found(count);
        std::vector<Digest> expected(count);
        Sha256Leaves(leaves, leaf_bytes, absl::MakeSpan(found));
        Sha256LeavesScalar(leaves, leaf_bytes, absl::MakeSpan(expected));
        EXPECT_EQ(found, expected) << leaf_bytes << " " << count << " " << start;
        for (size_t i = 0; i < count; ++i) {
          EXPECT_EQ(expected[i], Sha256(leaves.substr(i * leaf_bytes, leaf_bytes)));
        }
      }
    }
  }
}

}  // namespace
}  // namespace syncengine::kernels
