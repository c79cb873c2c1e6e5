#include "tests/crash/tally.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace syncengine::testing {
namespace {

constexpr uint64_t kQuickStates = 3;
constexpr uint64_t kQuickSeeds = 3;
constexpr int64_t kQuickStride = 17;
constexpr size_t kProgressStep = 5000;  // In distinct states.

class Printer final : public ::testing::Environment {
 public:
  void TearDown() override { Tally::Get().Print(); }
};

const auto* const kPrinter = ::testing::AddGlobalTestEnvironment(new Printer);

// A number from the environment.
uint64_t Setting(const char* name, uint64_t otherwise) {
  const char* const text = std::getenv(name);
  uint64_t number = otherwise;
  if (text != nullptr && !absl::SimpleAtoi(text, &number)) {
    ADD_FAILURE() << name << ": expected a number, found " << text;
  }
  return number;
}

// With the environment's CRASH_DIGESTS=path the digests of all states are left there, eight bytes
// each, so that states that several processes met count once.
void WriteDigests(const std::string& path, const absl::flat_hash_set<uint64_t>& digests) {
  std::ofstream file(path, std::ios::binary);
  for (const uint64_t digest : digests) {
    file.write(reinterpret_cast<const char*>(&digest), sizeof digest);
  }
  file.flush();
  EXPECT_TRUE(file.good()) << path << ": cannot be written";
}

}  // namespace

Tally::Tally()
    : states_per_point_(Setting("CRASH_STATES", kQuickStates)),
      seeds_(Setting("CRASH_SEEDS", kQuickSeeds)),
      fault_stride_(kQuickStride) {
  const char* const sweep = std::getenv("FAULT_SWEEP");
  if (sweep != nullptr && absl::string_view(sweep) == "full") fault_stride_ = 1;
  const char* const digests = std::getenv("CRASH_DIGESTS");
  if (digests != nullptr) digests_path_ = digests;
  const char* const shard = std::getenv("CRASH_SHARD");
  if (shard == nullptr) return;
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(shard, '/');
  if (!absl::SimpleAtoi(parts.first, &shard_) || !absl::SimpleAtoi(parts.second, &shards_) ||
      shard_ >= shards_) {
    ADD_FAILURE() << "CRASH_SHARD: expected \"1/2\", found " << shard;
  }
}

Tally& Tally::Get() {
  static Tally* const tally = new Tally;
  return *tally;
}

void Tally::CountOperation(absl::string_view call) {
  ++operations_[std::string(call)];
  is_covered_ = false;
}

bool Tally::CountState(uint64_t digest, uint64_t expectation) {
  if (!std::exchange(is_covered_, true)) ++covered_;
  ++states_;
  const bool is_new = distinct_.insert(digest).second;
  if (is_new && !digests_path_.empty() && distinct_.size() % kProgressStep == 0) {
    std::printf("%zu distinct states of %lld\n", distinct_.size(), static_cast<long long>(states_));
    std::fflush(stdout);
  }
  return checked_.insert(absl::HashOf(digest, expectation)).second;
}

void Tally::Print() const {
  if (scenarios_ == 0 && fault_runs_ == 0) return;
  int64_t operations = 0;
  std::string kinds;
  for (const auto& [name, count] : operations_) {
    operations += count;
    absl::StrAppend(&kinds, kinds.empty() ? "" : ", ", name, " ", count);
  }
  const auto* const run = ::testing::UnitTest::GetInstance();
  std::printf(
      "scenarios %lld, operations %lld, covered %lld, states %lld, distinct %llu, crashes in "
      "recovery %lld, fault runs %lld, failed tests %d\noperations: %s\n",
      static_cast<long long>(scenarios_), static_cast<long long>(operations),
      static_cast<long long>(covered_), static_cast<long long>(states_),
      static_cast<unsigned long long>(distinct_.size()), static_cast<long long>(second_crashes_),
      static_cast<long long>(fault_runs_), run->failed_test_count(), kinds.c_str());
  if (run->failed_test_count() > 0) return;
  EXPECT_EQ(covered_, operations) << "a place where power may fail was left out";
  if (!digests_path_.empty()) WriteDigests(digests_path_, distinct_);
}

}  // namespace syncengine::testing
