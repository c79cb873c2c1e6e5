#include "tests/crash/tally.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "absl/hash/hash.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace syncengine::testing {
namespace {

constexpr uint64_t kQuickStates = 3;
constexpr uint64_t kQuickSeeds = 3;
constexpr int64_t kQuickStride = 17;

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

}  // namespace

Tally::Tally()
    : states_per_point_(Setting("CRASH_STATES", kQuickStates)),
      seeds_(Setting("CRASH_SEEDS", kQuickSeeds)),
      fault_stride_(kQuickStride) {
  const char* const sweep = std::getenv("FAULT_SWEEP");
  if (sweep != nullptr && absl::string_view(sweep) == "full") fault_stride_ = 1;
}

Tally& Tally::Get() {
  static Tally* const tally = new Tally;
  return *tally;
}

bool Tally::CountState(uint64_t digest, uint64_t expectation) {
  ++states_;
  distinct_.insert(digest);
  return checked_.insert(absl::HashOf(digest, expectation)).second;
}

std::set<std::string> Tally::operations() const {
  std::set<std::string> names;
  for (const auto& [name, count] : operations_) names.insert(name);
  return names;
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
      "scenarios %lld, operations %lld (all crashed at), states %lld, distinct %llu, crashes in "
      "recovery %lld, fault runs %lld, failed tests %d\noperations: %s\n",
      static_cast<long long>(scenarios_), static_cast<long long>(operations),
      static_cast<long long>(states_), static_cast<unsigned long long>(distinct_.size()),
      static_cast<long long>(second_crashes_), static_cast<long long>(fault_runs_),
      run->failed_test_count(), kinds.c_str());
}

}  // namespace syncengine::testing
